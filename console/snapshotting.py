"""Snapshots of stations' configuration on the command line: taken, and held against each other. Reads stations only."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import snapshots as store
from charging.errors import RemoteError, UnknownThing
from charging.migration import inventory
from charging.migration.inventory import Inventory
from charging.migration.snapshots import differences, snapshot
from charging.ocpp.channels.configurations import fingerprint_key
from charging.ocpp.redact import is_secret
from charging.settings import Settings
from console import workplace
from tasks import channels, opening

_AT_ONCE = 8


def taken(home: Path, station_ids: Sequence[str], *, label: str, via: Literal["legacy", "target"]) -> dict[str, Any]:
    """Ask stations for everything and store it; one that does not answer is named, and costs no other its snapshot."""
    settings = configuration.load(workplace.of(home))
    answers = asyncio.run(_asked(settings, station_ids, via=via))
    at, stored, silent = system_clock(), {}, {}
    key = fingerprint_key(settings)
    with opening.engine(settings) as engine, engine.begin() as connection:
        for station_id, answer in answers.items():
            if isinstance(answer, RemoteError):
                silent[station_id] = str(answer)
                continue
            secrets = frozenset(filter(is_secret, answer.settings))
            kept = snapshot(answer, secrets=secrets, key=key)
            store.store(connection, station_id, kept, label=label, via=via, at=at)
            stored[station_id] = len(kept.values)
    return {"label": label, "stored": stored, "silent": silent}


def compared(home: Path, station_id: str, *, before: str, after: str) -> dict[str, Any]:
    """Return what is not as it was between the latest snapshots of two labels; empty ones are the last two.

    Raises:
        UnknownThing: if there is no such snapshot.
    """
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine, engine.connect() as connection:
        rows = store.of_station(connection, station_id)
    old = _labelled(rows[:-1] if not before and not after else rows, before, station_id)
    new = _labelled(rows, after, station_id)
    found = differences(store.snapshot_of(old), store.snapshot_of(new))
    return {
        "station_id": station_id,
        "before": {"label": old["label"], "taken_at": old["taken_at"].isoformat(), "via": old["via"]},
        "after": {"label": new["label"], "taken_at": new["taken_at"].isoformat(), "via": new["via"]},
        "settings": len(new["settings"]),
        "untold": sorted(key for key, value in new["settings"].items() if value is None),
        "differences": canonical.plain(found),
    }


def taken_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was stored, and who did not answer."""
    for station_id, number in result["stored"].items():
        yield f"{station_id:<20} {number} settings, as {result['label']!r}"
    for station_id, why in result["silent"].items():
        yield f"{station_id:<20} NOT TAKEN: {why}"


def compared_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each difference."""
    for end in ("before", "after"):
        one = result[end]
        yield f"{end:<7} {one['label']!r}, {one['taken_at']}, through the {one['via']}"
    for one in result["differences"]:
        yield f"  {one['change']:<10} {one['key']}: {one['before']!r} -> {one['after']!r}"
    if result["untold"]:
        yield f"kept back, and not compared: {', '.join(result['untold'])}"
    yield f"{len(result['differences'])} of {result['settings']} settings are not as they were"


async def _asked(
    settings: Settings, station_ids: Sequence[str], *, via: Literal["legacy", "target"]
) -> dict[str, Inventory | RemoteError]:
    turns = asyncio.Semaphore(_AT_ONCE)
    async with channels.office(settings, via) as channel:

        async def ask(station_id: str) -> Inventory | RemoteError:
            async with turns:
                try:
                    return await inventory.take(channel, station_id)
                except RemoteError as error:
                    return error

        answers = await asyncio.gather(*map(ask, station_ids))
    return dict(zip(station_ids, answers, strict=True))


def _labelled(rows: Sequence[Any], label: str, station_id: str) -> Any:
    found = [row for row in rows if not label or row["label"] == label]
    if not found:
        known = ", ".join(sorted({repr(row["label"]) for row in rows})) or "none"
        what = f"{label!r} of {station_id}" if label else f"of {station_id} to compare with"
        raise UnknownThing("snapshot", what, f"there are: {known}; rehome snapshot take makes one")
    return found[-1]
