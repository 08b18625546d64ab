"""Pointing the stations of a wave at the target, and back. What happened to each is in the journal, not in Prefect."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from prefect import get_run_logger, task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database import hold, journal
from charging.database.operations import visits
from charging.database.queries import moves as read
from charging.database.queries import visits as read_visits
from charging.errors import RehomeError, UnknownThing
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import Outcome
from charging.migration.lifecycle import Stage
from charging.migration.ports import Channel, Inspector, Journal, Move
from charging.migration.recipes import Address, Method, Recipe
from charging.ocpp.channels.configurations import Configurations, fingerprint_key
from charging.settings import Settings
from tasks import channels, diagnostics, opening, planning, returns
from tasks.uncollected import seldom_collected


@task(task_run_name="plan-{plan_id}")
def waves(plan_id: str, chosen: Sequence[int]) -> tuple[str, list[int]]:
    """Return the plan that is meant (the latest where none is named) and its waves, or the chosen ones of them.

    Raises:
        UnknownThing: if there is no such plan, or no such wave in it.
    """
    with opening.engine() as engine, engine.connect() as connection:
        plan_id = plan_id or read.latest_plan(connection)
        read.require_plan(connection, plan_id)
        there = read.waves(connection, plan_id)
    if unknown := sorted(set(chosen).difference(there)):
        known = ", ".join(map(str, there)) or "no waves"
        raise UnknownThing("wave", f"{unknown[0]} of {plan_id}", f"the plan has {known}")
    return plan_id, [wave for wave in there if not chosen or wave in chosen]


@task(task_run_name="cut-over-wave-{wave}")
def cut_over(plan_id: str, wave: int) -> dict[str, int]:
    """Move every station of a wave that is not at rest yet; return how many ended in which stage."""
    settings = configuration.load()
    recipes = {recipe.name: recipe for recipe in planning.recipes(settings)}
    with opening.engine(settings) as engine, hold.alone(engine, plan_id) as held:
        moves = _moves(engine, plan_id, wave=wave)
        outcomes = asyncio.run(
            _across(
                settings,
                held,
                _recipes(moves, recipes),
                lambda crossing: cutover.cut_over(moves, recipes=recipes, crossing=crossing),
            )
        )
        _ask_for_logs(settings, engine, outcomes, _recipes(moves, recipes))
    return dict(Counter(str(outcome.stage) for outcome in outcomes))


@task(task_run_name="roll-back-{plan_id}")
def roll_back(plan_id: str, *, wave: int | None, stations: Sequence[str], reason: str) -> dict[str, int]:
    """Bring the stations of a wave, or those named, back to the legacy; return how many ended in which stage.

    Those that a person moved get an order of return each.
    """
    settings = configuration.load()
    recipes = {recipe.name: recipe for recipe in planning.recipes(settings)}
    with opening.engine(settings) as engine, hold.alone(engine, plan_id) as held:
        moves, by_hand = _going_back(engine, plan_id, wave=wave, stations=stations)
        outcomes = (
            asyncio.run(
                _across(
                    settings,
                    held,
                    _recipes(moves, recipes),
                    lambda crossing: cutover.roll_back(moves, recipes=recipes, crossing=crossing, reason=reason),
                )
            )
            if moves
            else []
        )
        with engine.begin() as connection:
            orders = returns.proposed(connection, settings, plan_id, by_hand, reason=reason)
            opened = visits.send_back(connection, plan_id, orders, at=system_clock())
    return dict(Counter([*(str(outcome.stage) for outcome in outcomes), *[str(Stage.TO_SITE)] * len(opened)]))


@task(task_run_name="moved-by-hand-{plan_id}")
def by_hand(plan_id: str, *, wave: int | None, stations: Sequence[str]) -> list[str]:
    """Return those of the stations that a person moved: only a person brings them back."""
    with opening.engine() as engine:
        return _going_back(engine, plan_id, wave=wave, stations=stations)[1]


@task(task_run_name="look-at-{plan_id}")
def stages(plan_id: str, *, wave: int | None, stations: Sequence[str]) -> dict[str, str]:
    """Return the stage of each station of a wave, or of those named, without touching any."""
    with opening.engine() as engine:
        moves, hands = _going_back(engine, plan_id, wave=wave, stations=stations)
    return {move.station_id: str(move.stage) for move in moves} | dict.fromkeys(hands, str(Stage.VERIFIED))


@task(task_run_name="outcome-{plan_id}-{wave}")
def outcome(plan_id: str, wave: int) -> dict[str, Any]:
    """Return how a wave stands: stations by stage, those that moved, and those that did not with the reason."""
    with opening.engine() as engine:
        moves = _moves(engine, plan_id, wave=wave)
    return {
        "plan_id": plan_id,
        "wave": wave,
        "held": "",
        "dry_run": False,
        "stages": dict(Counter(str(move.stage) for move in moves)),
        "verified": [move.station_id for move in moves if move.stage is Stage.VERIFIED],
        "not_moved": [
            {"station_id": move.station_id, "stage": str(move.stage), "reason": move.reason}
            for move in moves
            if move.stage is not Stage.VERIFIED
        ],
    }


async def _across(
    settings: Settings,
    held: hold.Hold,
    chosen: Mapping[str, Recipe],
    act: Callable[[Crossing], Awaitable[list[Outcome]]],
) -> list[Outcome]:
    """Act with both channels open; `chosen` is each station's recipe."""
    async with (
        journal.opened(held.engine, held.plan_id, hold=held) as kept,
        channels.opened(settings, "legacy", recipes=chosen) as legacy,
        channels.opened(settings, "target", recipes=chosen) as target,
    ):
        looks = {
            name: Configurations(name, channel, engine=held.engine, clock=system_clock, key=fingerprint_key(settings))
            for name, channel in (("legacy", legacy), ("target", target))
            if isinstance(channel, Inspector)
        }
        with seldom_collected():
            return await act(_crossing(settings, chosen, legacy=legacy, target=target, kept=kept, looks=looks))


def _ask_for_logs(
    settings: Settings, engine: sa.Engine, outcomes: Sequence[Outcome], recipes: Mapping[str, Recipe]
) -> None:
    """Ask the stations that did not move for their logs. Where that fails, the wave has ended all the same."""
    behind_gateway = {each for each, recipe in recipes.items() if recipe.method is Method.GATEWAY}
    try:
        asked = asyncio.run(diagnostics.after_a_wave(settings, engine, outcomes, behind_gateway=behind_gateway))
    except (RehomeError, sa.exc.OperationalError, sa.exc.InterfaceError) as problem:
        get_run_logger().warning("the logs of stations that did not move were not asked for: %s", problem)
        return
    for one in asked:
        get_run_logger().info("log of %s: %s, %s", one["station_id"], one["state"], one["reason"])


def _recipes(moves: Sequence[Move], recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    return {move.station_id: recipes[move.recipe] for move in moves if move.recipe in recipes}


def _crossing(
    settings: Settings,
    chosen: Mapping[str, Recipe],
    *,
    legacy: Channel,
    target: Channel,
    kept: Journal,
    looks: Mapping[str, Configurations],
) -> Crossing:
    here = Address(url=channels.address(settings, "legacy", recipes=chosen))
    there = Address(url=channels.address(settings, "target", recipes=chosen))
    return Crossing(
        legacy=End(channel=legacy, address=here, snapshots=looks.get("legacy")),
        target=End(channel=target, address=there, snapshots=looks.get("target")),
        journal=kept,
        clock=system_clock,
        pace=Pace(**settings.pace.model_dump()),
    )


def _moves(engine: sa.Engine, plan_id: str, *, wave: int | None) -> list[Move]:
    with engine.connect() as connection:
        return read.moves(connection, plan_id, wave=wave)


def _going_back(
    engine: sa.Engine, plan_id: str, *, wave: int | None, stations: Sequence[str]
) -> tuple[list[Move], list[str]]:
    """Return whom the engine would bring back, and whom only a person can: those that a person moved."""
    moves = _moves(engine, plan_id, wave=wave)
    with engine.connect() as connection:
        hands = read_visits.moved_by_hand(connection, plan_id)
    meant = set(stations) or {move.station_id for move in moves}
    rest = [move for move in moves if move.station_id not in hands]
    named = [station_id for station_id in stations if station_id not in hands]
    return (_chosen(rest, named) if named or not stations else []), sorted(meant & hands.keys())


def _chosen(moves: Sequence[Move], stations: Sequence[str]) -> list[Move]:
    """Return the moves of the stations that were named, or all where none was.

    Raises:
        UnknownThing: if one of them is in no wave that is looked at: a slip of the pen must not pass for done.
    """
    if unknown := sorted(set(stations).difference(move.station_id for move in moves)):
        raise UnknownThing("station", unknown[0], "name stations that are in a wave of this plan")
    return [move for move in moves if not stations or move.station_id in stations]
