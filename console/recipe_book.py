"""Recipes on the command line: listed, shown for a station, and a file of one's own checked before it is used."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from charging import settings as configuration
from charging.database.queries import clean
from charging.errors import RecipeError, SettingsError, SourceNotFound, UnknownThing
from charging.migration import slots
from charging.migration.choosing import choose, fits
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address, Recipe, orders, told
from charging.network.model import Station
from charging.settings import Settings
from console import workplace
from tasks import channels, opening, planning

_NO_ADDRESS = Address(url="wss://TARGET/ocpp")
"""Stands for the target where the settings do not say which address stations dial there."""


def listed(home: Path) -> list[dict[str, Any]]:
    """Return every recipe, by name."""
    return [_facts(recipe) for recipe in planning.recipes(configuration.load(workplace.of(home)))]


def shown(home: Path, name: str, *, station_id: str) -> dict[str, Any]:
    """Return one recipe, filled in for a station.

    Raises:
        UnknownThing: if there is none of that name.
    """
    settings = configuration.load(workplace.of(home))
    found = {recipe.name: recipe for recipe in planning.recipes(settings)}
    if name not in found:
        near = ", ".join(other for other in found if other[:3] == name[:3]) or "see rehome recipe list"
        raise UnknownThing("recipe", name, near)
    recipe, address = _as_example(found[name]), _target(settings)
    return _facts(recipe) | {
        "source": recipe.source,
        "reset": recipe.reset,
        "drain": recipe.drain,
        "await_seconds": recipe.await_seconds,
        "rollback_via": recipe.rollback_via,
        "notes": [*recipe.notes, *_example_notes(recipe)],
        "writes": [
            {"key": order.key, "value": order.shown(order.value), "read_back": str(order.read_back)}
            for order in orders(recipe, station_id=station_id, address=address)
        ],
        "instructions": list(told(recipe, station_id=station_id, address=address)),
    }


def checked(home: Path, file: Path) -> dict[str, Any]:
    """Return what is wrong with a recipe file, if anything, and which stations of the clean network it would move.

    Raises:
        SourceNotFound: if there is no such file.
    """
    if not file.is_file():
        raise SourceNotFound(str(file))
    settings = configuration.load(workplace.of(home))
    result: dict[str, Any] = {"file": str(file), "problem": "", "recipe": None, "stations": []}
    try:
        text = file.read_text("utf-8")
        [recipe] = parse_recipes({file.name: text})
        others = [other for other in planning.recipes(settings) if other.file != file.name]
        _require_new_name(recipe, others)
        fitting = [station for station in _stations(settings) if fits(recipe, station)]
        result["recipe"] = _facts(recipe)
        result["stations"] = [station.station_id for station in fitting if choose([*others, recipe], station) is recipe]
    except UnicodeDecodeError:
        result["problem"] = f"recipe {file.name}: it is not UTF-8; save it as UTF-8"
    except RecipeError as error:
        result["problem"] = str(error)
    return result


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each recipe."""
    for one in result["recipes"]:
        tested = f"tested {len(one['tested'])} times" if one["tested"] else "not tested"
        versions = f" {one['firmware']}" if one["firmware"] else ""
        yield f"{one['recipe']:<18} {one['method']:<9} {one['protocol']:<10} {one['vendor']}{versions}, {tested}"
    yield f"{len(result['recipes'])} recipes; rehome recipe show NAME tells what one does"


def show_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads of one recipe."""
    yield f"{result['recipe']}, version {result['version']}, of {result['file']}"
    yield f"  for      {result['vendor']}, models {', '.join(result['models'])}, firmware {result['firmware'] or 'any'}"
    yield f"  by       {result['method']}, {result['protocol']}; one change moves a {result['scope']}"
    yield f"  source   {result['source']}"
    yield f"  tested   {len(result['tested'])} times"
    for number, order in enumerate(result["writes"], start=1):
        yield f"  write {number}  {order['key']} = {order['value']}  (read back: {order['read_back']})"
    if result["writes"]:
        yield f"  then     reset {result['reset']}, wait {result['await_seconds']} s, back via {result['rollback_via']}"
    for number, text in enumerate(result["instructions"], start=1):
        yield f"  step {number}   {text}"
    for text in result["notes"]:
        yield f"  note     {text}"


def check_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong, or which stations the recipe would move."""
    if result["problem"]:
        yield f"WRONG  {result['problem']}"
        return
    yield f"{result['file']}: recipe {result['recipe']['recipe']} can be used"
    known = result["stations"]
    yield f"it is the one for {len(known)} known stations{': ' if known else ''}{', '.join(known[:10])}" + (
        " …" if len(known) > 10 else ""
    )


def _require_new_name(recipe: Recipe, others: Iterable[Recipe]) -> None:
    for other in others:
        if other.name == recipe.name:
            raise RecipeError(recipe.file, f"{recipe.name!r} is also the name of {other.file}", "rename one")


def _as_example(recipe: Recipe) -> Recipe:
    """Return a recipe whose writes depend on the station as for one that uses its first connection profile."""
    if recipe.profile is None:
        return recipe
    used, free, *_ = recipe.profile.slots
    security = recipe.profile.security_profile or 0
    found = {"slot": free, "priority": f"{free},{used}", "security_profile": security, "problem": ""}
    return slots.filled(recipe, found)


def _example_notes(recipe: Recipe) -> list[str]:
    if recipe.profile is None:
        return []
    return [f"shown for a station that uses profile {recipe.profile.slots[0]}; its own security profile is kept"]


def _facts(recipe: Recipe) -> dict[str, Any]:
    bounds = (f"from {recipe.firmware_from}" * bool(recipe.firmware_from), f"before {recipe.firmware_to}")
    return {
        "recipe": recipe.name,
        "version": recipe.version,
        "file": recipe.file,
        "vendor": recipe.vendor,
        "models": list(recipe.models),
        "firmware": " ".join(filter(None, (bounds[0], bounds[1] * bool(recipe.firmware_to)))),
        "protocol": recipe.protocol,
        "method": str(recipe.method),
        "scope": recipe.scope,
        "tested": [dict(one) for one in recipe.tested],
    }


def _target(settings: Settings) -> Address:
    try:
        return replace(_NO_ADDRESS, url=channels.dialled(settings, "target"))
    except SettingsError:
        return _NO_ADDRESS


def _stations(settings: Settings) -> list[Station]:
    with opening.engine(settings) as engine, engine.connect() as connection:
        return clean.stations(connection)
