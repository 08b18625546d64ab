"""Which way each station takes: moved remotely, put on the list for a visit, or left waiting. Always with a reason."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from charging.migration.recipes import Method, Recipe
from charging.network.model import Lane, Station


class Way(StrEnum):
    """What becomes of a station in this migration."""

    REMOTE = "remote"
    TO_SITE = "to_site"
    WAITING = "waiting"
    """Someone has to do something first; then it is planned again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A station's way and why."""

    way: Way
    reason: str


def route(station: Station, *, recipe: Recipe | None, tools: Collection[str] = ()) -> Route:
    """Return the way that a station takes, given the recipe that fits it and the makers' tools that there are."""
    match station.lane:
        case Lane.WAREHOUSE:
            return Route(way=Way.WAITING, reason="never seen: configure it for the target before it is installed")
        case Lane.FAULTED:
            return Route(way=Way.WAITING, reason="in a fault: repair it first")
        case Lane.OFFLINE:
            seen = f"since {station.last_seen_at:%Y-%m-%d}" if station.last_seen_at else "for as long as is known"
            return Route(way=Way.TO_SITE, reason=f"silent {seen}: no remote method reaches it")
        case Lane.LIVE:
            return _live(station, recipe=recipe, tools=tools)


def _live(station: Station, *, recipe: Recipe | None, tools: Collection[str]) -> Route:
    kind = " ".join(part for part in (station.vendor, station.model, station.firmware) if part) or "its unknown type"
    if recipe is None:
        return Route(way=Way.TO_SITE, reason=f"no recipe for {kind}")
    if recipe.method.is_remote or (recipe.method is Method.SCRIPT and recipe.tool in tools):
        return Route(way=Way.REMOTE, reason=f"live, with recipe {recipe.name}")
    match recipe.method:
        case Method.ONSITE if recipe.place == "portal":
            return Route(way=Way.TO_SITE, reason=f"recipe {recipe.name} asks for work in the maker's portal")
        case Method.ONSITE:
            return Route(way=Way.TO_SITE, reason=f"recipe {recipe.name} asks for a visit")
        case Method.SCRIPT:
            reason = f"recipe {recipe.name} asks for the tool {recipe.tool}: describe it under [tools.{recipe.tool}]"
        case Method.DISCOVER:
            reason = f"no sourced recipe for {kind}: run rehome recipe discover {station.station_id}"
        case _:
            reason = f"recipe {recipe.name} asks for a {recipe.method} campaign first"
    return Route(way=Way.WAITING, reason=reason)
