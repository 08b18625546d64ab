"""Asking a station from the command line what it has, and proposing a recipe from it. Reads only."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.queries import clean
from charging.errors import RecipeError, UnknownThing, UserError
from charging.migration import discovery, inventory
from charging.migration.choosing import choose, generation
from charging.migration.discovery import Candidate
from charging.migration.inventory import Inventory
from charging.migration.proposing import propose
from charging.migration.recipes import Address, Recipe
from charging.network.model import Station
from charging.ocpp.redact import redact
from charging.settings import Settings
from console import workplace
from tasks import channels, opening, planning


def discover(home: Path, station_id: str, *, via: Literal["legacy", "target"], out: Path | None) -> dict[str, Any]:
    """Return what a station has that may hold its back-office's address, and a recipe proposed from it.

    Raises:
        BackOfficeUnavailable: if the back-office does not answer.
        StationUnreachable: if the station answers nothing.
        UnknownThing: if no extract knows the station.
        UserError: if the file is there already.
    """
    if out is not None and out.exists():
        raise UserError(f"{out} is there already: name a new file, or move it away")
    settings = configuration.load(workplace.of(home))
    station = _station(settings, station_id)
    recipes = planning.recipes(settings)
    known = discovery.known_keys(recipes, generation=generation(station.ocpp_protocol))
    took = asyncio.run(_ask(settings, via, station_id, known=known, most_keys=_most_keys(recipes, station)))
    address = Address(url=channels.dialled(settings, via))
    found = discovery.candidates(took, legacy=address, known=known)
    today = system_clock().astimezone(settings.zone).date()
    protocol = "ocpp2.0.1" if generation(station.ocpp_protocol) == "2" else "ocpp1.6"
    proposal = propose(station, found, protocol=protocol, on=today)
    if out is not None and proposal.text:
        with out.open("x", encoding="utf-8") as file:
            file.write(proposal.text)
            os.fsync(file.fileno())
    return {
        "station_id": station_id,
        "settings": len(took.settings),
        "is_listed": took.is_listed,
        "hidden": list(took.hidden),
        "unanswered": list(took.unanswered),
        "candidates": [_told(candidate) for candidate in found],
        "proposal": proposal.text,
        "reason": proposal.reason,
        "file": str(out) if out is not None and proposal.text else "",
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was found, each with its evidence, then the proposal."""
    listed = "its whole list" if result["is_listed"] else "no list of its own, only answers by name"
    yield f"{result['station_id']}: {result['settings']} settings, {listed}"
    if result["hidden"]:
        yield f"not on its list, but answered by name: {', '.join(result['hidden'])}"
    if result["unanswered"]:
        yield f"it fell silent at: {', '.join(result['unanswered'])}"
    for one in result["candidates"]:
        writable = {True: "read-only", False: "writable", None: "perhaps writable"}[one["is_read_only"]]
        yield f"  {one['key']} = {one['value']}  ({writable})"
        yield f"      {'; '.join(one['evidence'])}" + (f"; made of {one['template']}" if one["template"] else "")
    yield ("proposal: " if result["proposal"] else "no proposal: ") + result["reason"]
    if result["file"]:
        yield f"written to {result['file']}: read it, and try it in the lab"
    elif result["proposal"]:
        yield from ("", *result["proposal"].splitlines())


async def _ask(
    settings: Settings,
    via: Literal["legacy", "target"],
    station_id: str,
    *,
    known: frozenset[str],
    most_keys: int | None,
) -> Inventory:
    async with channels.office(settings, via) as channel:
        return await inventory.take(channel, station_id, by_name=known, most_keys=most_keys)


def _station(settings: Settings, station_id: str) -> Station:
    with opening.engine(settings) as engine, engine.connect() as connection:
        for station in clean.stations(connection):
            if station.station_id == station_id:
                return station
    raise UnknownThing("station", station_id, "extract and cleanse first: its maker and model are needed")


def _most_keys(recipes: tuple[Recipe, ...], station: Station) -> int | None:
    try:
        recipe = choose(recipes, station)
    except RecipeError:
        return None  # which recipe is right is no question here
    return recipe.most_keys if recipe else None


def _told(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as it may be shown: some stations tell their passwords when asked for everything."""
    value = redact({"key": candidate.key, "value": candidate.value})["value"]
    return {
        "key": candidate.key,
        "value": value,
        "is_read_only": candidate.is_read_only,
        "evidence": list(candidate.evidence),
        "template": candidate.template,
    }
