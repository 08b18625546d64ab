"""Orders to bring back by hand what a person moved by hand: what each says, and opening them."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from charging.database.operations import snapshots
from charging.database.queries import clean, moves
from charging.database.queries import visits as read
from charging.errors import SettingsError
from charging.migration.choosing import choose
from charging.migration.homeward import Known, way_back
from charging.migration.recipes import Address, Recipe
from charging.migration.visits import Return
from charging.settings import Settings
from tasks import channels, planning


def proposed(
    connection: sa.Connection, settings: Settings, plan_id: str, station_ids: Collection[str], *, reason: str
) -> list[Return]:
    """Return what each order would say, for those of the stations that a person moved; the others are left out."""
    since = read.moved_by_hand(connection, plan_id)
    chosen = sorted(since.keys() & set(station_ids))
    if not chosen:
        return []
    recipes = planning.recipes(settings)
    by_name, legacy = {recipe.name: recipe for recipe in recipes}, _legacy(settings)
    stations = {station.station_id: station for station in clean.stations(connection)}
    known = {move.station_id: move for move in moves.moves(connection, plan_id)}
    returns = []
    for station_id in chosen:
        move = known.get(station_id)
        recipe = by_name.get(str(move.recipe)) if move else None
        if recipe is None and station_id in stations:
            recipe = choose(recipes, stations[station_id])
        was = Known(
            recipe=recipe,
            effects=move.effects if move else {},
            settings=_settings_before(connection, station_id, until=since[station_id]),
        )
        returns.append(
            Return(
                station_id=station_id,
                reason=f"to be brought back by hand, as it was moved: {reason}",
                instructions=way_back(station_id, known=was, legacy=legacy),
                owner=_owner(recipe),
            )
        )
    return returns


def _legacy(settings: Settings) -> Address | None:
    try:
        return Address(url=channels.dialled(settings, "legacy"))
    except SettingsError:
        return None  # the words then name no address, only that it is to be as before


def _owner(recipe: Recipe | None) -> str:
    return "operator" if recipe is not None and recipe.place == "portal" else "maintenance"


def _settings_before(connection: sa.Connection, station_id: str, *, until: datetime) -> Mapping[str, str | None]:
    """Return what a station told last through the legacy before a person had moved it."""
    rows = [
        row
        for row in snapshots.of_station(connection, station_id)
        if row["via"] == "legacy" and row["taken_at"] <= until
    ]
    return snapshots.snapshot_of(rows[-1]).values if rows else {}
