"""Making a plan: which stations move together, and which need something else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import moves as write
from charging.database.queries import clean
from charging.errors import RecipeError, SettingsError
from charging.migration.choosing import choose
from charging.migration.lifecycle import DEADLINES, Stage
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, Method, Recipe
from charging.migration.recipes import told as recipe_told
from charging.migration.waves import Plan, Sizing, plan_waves
from charging.network import Station
from charging.settings import Settings
from tasks import channels, line, opening


@task
def plan(*, pilot: int, cap: int, despite: str = "") -> dict[str, Any]:
    """Plan every station of the clean network; the same network gives the same plan, stored once.

    Raises:
        GateClosed: if too much stands in quarantine, and `despite` does not say why to go on.
    """
    settings = configuration.load()
    now = system_clock()
    with opening.engine(settings) as engine:
        line.require_running(engine, "plan_waves", despite=despite)
    with opening.engine(settings) as engine, engine.begin() as connection:
        stations = clean.stations(connection)
        planned = plan_waves(
            stations, recipes=recipes(settings), sizing=Sizing(pilot=pilot, cap=cap), tools=settings.tools.keys()
        )
        told = _told(stations, settings)
        lanes = {station.station_id: str(station.lane) for station in stations}
        moves = _moves(planned, lanes=lanes)
        content = canonical.digest([pilot, cap, moves])
        plan_id = f"plan-{content[:10]}"
        for move in moves:
            move.update(told.get(str(move["station_id"]), {}) if move["wave"] is None else {})
            move["deadline_at"] = now + DEADLINES[Stage.PLANNED] if move["stage"] == Stage.PLANNED else None
        is_new = write.store_plan(
            connection,
            plan_id=plan_id,
            parameters={"pilot": pilot, "cap": cap},
            content_sha256=content,
            moves=moves,
            at=now,
        )
    return {
        "plan_id": plan_id,
        "is_new": is_new,
        "waves": [
            {"wave": wave.number, "stations": len(wave.stations), "is_pilot": wave.is_pilot} for wave in planned.waves
        ],
        "held": [{"station_id": held.station_id, "way": str(held.way), "reason": held.reason} for held in planned.held],
    }


def recipes(settings: Settings) -> tuple[Recipe, ...]:
    """Return the recipes that ship and those of the settings' own folder.

    Raises:
        RecipeError: if one of them is not valid.
        SettingsError: if the settings name a folder that is none.
    """
    if settings.recipes is None:
        return parse_recipes(shipped_texts())
    folder = settings.home / settings.recipes
    if not folder.is_dir():
        raise SettingsError("recipes", f"names {folder}, which is no folder", "make it, or leave the setting out")
    return parse_recipes(shipped_texts() | {file.name: _read(file) for file in sorted(folder.glob("*.toml"))})


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(file.name, f"it is not UTF-8 ({error.reason})", "save it as UTF-8") from None


def _told(stations: Sequence[Station], settings: Settings) -> dict[str, dict[str, str]]:
    """Return, by station, what its recipe tells the person who moves it by hand, and whose turn that is."""
    try:
        address = Address(url=channels.dialled(settings, "target"))
    except SettingsError:
        return {}  # the words would name no address: the order says only what is to be achieved
    known = recipes(settings)
    chosen = {station.station_id: choose(known, station) for station in stations}
    return {
        station_id: {
            "instructions": "\n".join(recipe_told(recipe, station_id=station_id, address=address)),
            "owner": "operator" if recipe.place == "portal" else "maintenance",
        }
        for station_id, recipe in chosen.items()
        if recipe is not None and recipe.method is Method.ONSITE
    }


def _moves(planned: Plan, *, lanes: dict[str, str]) -> list[dict[str, object]]:
    """Return one row for each station; one that waits stays planned without a wave."""
    in_waves: list[dict[str, object]] = [
        {
            "station_id": station.station_id,
            "wave": wave.number,
            "lane": lanes[station.station_id],
            "recipe": station.recipe,
            "stage": Stage.PLANNED,
            "attempt": 1,
            "reason": "",
        }
        for wave in planned.waves
        for station in wave.stations
    ]
    held: list[dict[str, object]] = [
        {
            "station_id": held.station_id,
            "wave": None,
            "lane": lanes[held.station_id],
            "recipe": None,
            "stage": Stage.TO_SITE if held.way == "to_site" else Stage.PLANNED,
            "attempt": 1,
            "reason": held.reason,
        }
        for held in planned.held
    ]
    return in_waves + held
