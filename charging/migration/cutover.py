"""The cutover engine: moves a wave's stations to the target, and each that does not make it back to the legacy.

A saga per station. Every effect has an intent before it and a conclusion after it; only what the target has observed
counts as an arrival; every wait has a deadline; every station ends in a named stage with a reason. Killed anywhere and
started again from the journal, it ends in the same place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from charging.errors import RemoteError, UnknownThing
from charging.migration.crossing import Crossing
from charging.migration.journey import Journey, Turn
from charging.migration.lifecycle import FINAL, TRANSITIONS, Stage
from charging.migration.looking import look_after, look_before
from charging.migration.ports import Move
from charging.migration.recipes import ReadBack, Recipe, orders
from charging.migration.rollback import go_back, left_to_a_person
from charging.migration.steps import appear, find_slot, is_idle, point, set_availability
from charging.migration.watch import doubts, shows_another, stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where a station's journey ended, and why."""

    station_id: str
    stage: Stage
    attempt: int
    reason: str
    is_touched: bool
    """Whether anything was sent to it that changes something, or may have been."""


async def cut_over(moves: Iterable[Move], *, recipes: Mapping[str, Recipe], crossing: Crossing) -> list[Outcome]:
    """Move stations to the target, from whatever stage each is in, until all are in a final one.

    Raises:
        UnknownThing: if a move names a recipe that is not given; nothing has been sent then.
        BaseExceptionGroup: if the journal or the engine itself failed for a station; all others have been finished.
    """
    journeys = [_journey(move, recipes=recipes, crossing=crossing) for move in moves]
    return await _finish([_travel(journey) for journey in journeys])


async def roll_back(
    moves: Iterable[Move], *, recipes: Mapping[str, Recipe], crossing: Crossing, reason: str
) -> list[Outcome]:
    """Bring stations back to the legacy, also verified ones; those that have not begun or are back stay as they are.

    So do those that a person moved: what is known of their way there says nothing of a way back, which is a work order.

    Raises:
        UnknownThing: if a move names a recipe that is not given; nothing has been sent then.
        BaseExceptionGroup: if the journal or the engine itself failed for a station; all others have been finished.
    """
    journeys = [_journey(move, recipes=recipes, crossing=crossing) for move in moves]
    return await _finish([_turn_round(journey, reason=reason) for journey in journeys])


def _journey(move: Move, *, recipes: Mapping[str, Recipe], crossing: Crossing) -> Journey:
    if move.recipe not in recipes:
        raise UnknownThing("recipe", move.recipe, f"station {move.station_id} needs it: give its file")
    return Journey(move, recipe=recipes[move.recipe], crossing=crossing)


async def _finish(travels: Iterable[Awaitable[Outcome]]) -> list[Outcome]:
    """Let every journey end before any failure is told: one station's trouble is not another's."""
    results = await asyncio.gather(*travels, return_exceptions=True)
    if failures := [result for result in results if isinstance(result, BaseException)]:
        raise BaseExceptionGroup("some journeys could not be recorded", failures)
    return [result for result in results if isinstance(result, Outcome)]


async def _travel(journey: Journey) -> Outcome:
    while journey.stage not in FINAL:
        try:
            turn = await _STAGES[journey.stage](journey)
        except RemoteError as error:
            turn = _escape(journey, str(error))
        await journey.enter(turn)
    return _outcome(journey)


async def _turn_round(journey: Journey, *, reason: str) -> Outcome:
    if Stage.ROLLING_BACK in TRANSITIONS[journey.stage] and not journey.was_moved_by_hand:
        await journey.crossing.starts.pass_through()
        await journey.enter(Turn(after=Stage.ROLLING_BACK, reason=reason))
    if journey.stage is Stage.ROLLING_BACK:
        return await _travel(journey)
    return _outcome(journey)


def _outcome(journey: Journey) -> Outcome:
    return Outcome(
        station_id=journey.station_id,
        stage=journey.stage,
        attempt=journey.attempt,
        reason=journey.reason,
        is_touched=bool(journey.effects),
    )


async def _start(journey: Journey) -> Turn:
    await journey.crossing.starts.pass_through()
    return Turn(after=Stage.READY, reason="its turn in the wave has come")


async def _prepare(journey: Journey) -> Turn:
    """Look at both sides before anything is touched."""
    legacy, target, station_id = journey.crossing.legacy, journey.crossing.target, journey.station_id
    here, there = await asyncio.gather(
        *(journey.patiently(partial(office.look, station_id)) for office in (legacy, target))
    )
    if here is None:
        return Turn(after=Stage.TO_SITE, reason="the legacy does not know it")
    if there is None:
        return Turn(after=Stage.ROLLED_BACK, reason="not begun: the target does not know it; load it first")
    if await journey.patiently(lambda: target.answers(station_id, journey.switch_key)):
        return Turn(after=Stage.TO_SITE, reason="it is at the target already, and nobody here moved it")
    if problem := await _unfit(journey):
        return Turn(after=Stage.ROLLED_BACK, reason=f"not begun: {problem}")
    evidence: dict[str, object] = {"firmware": here.firmware}
    evidence |= {"heard_at": here.heard_at.isoformat() if here.heard_at else None}
    evidence |= await look_before(journey)
    return Turn(after=Stage.DRAINING, reason="it answers on the legacy and the target expects it", evidence=evidence)


async def _unfit(journey: Journey) -> str | None:
    """Say why its recipe cannot be carried out on this very station, or None. Reads only."""
    legacy = journey.crossing.legacy
    keys = [write.key for write in journey.recipe.writes if write.read_back is not ReadBack.NEVER]
    if unknown := await journey.patiently(lambda: legacy.unknown_key(journey.station_id, keys)):
        return f"it has no key {unknown}"
    if problem := await find_slot(journey, legacy):
        return problem
    return "it shows the address of another station" if await shows_another(journey, legacy) else None


async def _drain(journey: Journey) -> Turn:
    legacy = journey.crossing.legacy
    if problem := await set_availability(journey, legacy, "Inoperative", step="inoperative"):
        return Turn(after=Stage.ROLLING_BACK, reason=problem)
    if not await is_idle(journey, legacy):
        return Turn(after=Stage.ROLLING_BACK, reason="a charge had not ended in time")
    return Turn(after=Stage.WRITING, reason="no transaction is open")


async def _write(journey: Journey) -> Turn:
    legacy, target = journey.crossing.legacy, journey.crossing.target
    there = orders(journey.recipe, station_id=journey.station_id, address=target.address)
    if problem := await point(journey, leave=legacy, reach=target, orders=there):
        return Turn(after=Stage.ROLLING_BACK, reason=problem)
    return Turn(after=Stage.CUT_OVER, reason="every key was written, and it was told to go")


async def _arrive(journey: Journey) -> Turn:
    target = journey.crossing.target
    *_, switching = orders(journey.recipe, station_id=journey.station_id, address=target.address)
    if problem := await appear(journey, target, order=switching):
        return Turn(after=Stage.ROLLING_BACK, reason=f"it accepted everything and did not arrive: {problem}")
    return Turn(after=Stage.ARRIVED, reason="the target has heard it and reads its configuration back")


async def _verify(journey: Journey) -> Turn:
    legacy, target = journey.crossing.legacy, journey.crossing.target
    problem = await doubts(journey, target, came_from=legacy) or await stays(journey, at=target, left=legacy)
    if problem:
        return Turn(after=Stage.ROLLING_BACK, reason=problem)
    if problem := await set_availability(journey, target, "Operative", step="operative"):
        return Turn(after=Stage.ROLLING_BACK, reason=problem)
    found = await look_after(journey, target)
    reason = f"it serves at the target and has left the legacy{found.words}"
    return Turn(after=Stage.VERIFIED, reason=reason, evidence=found.evidence)


def _escape(journey: Journey, problem: str) -> Turn:
    """Return where a station goes when the other side has not answered by the stage's deadline."""
    after = _ESCAPE[journey.stage]
    return left_to_a_person(journey, problem) if after is Stage.TO_SITE else Turn(after=after, reason=problem)


_STAGES: Mapping[Stage, Callable[[Journey], Awaitable[Turn]]] = {
    Stage.PLANNED: _start,
    Stage.READY: _prepare,
    Stage.DRAINING: _drain,
    Stage.WRITING: _write,
    Stage.CUT_OVER: _arrive,
    Stage.ARRIVED: _verify,
    Stage.ROLLING_BACK: go_back,
}

_ESCAPE: Mapping[Stage, Stage] = {
    Stage.READY: Stage.ROLLED_BACK,
    Stage.DRAINING: Stage.ROLLING_BACK,
    Stage.WRITING: Stage.ROLLING_BACK,
    Stage.CUT_OVER: Stage.ROLLING_BACK,
    Stage.ARRIVED: Stage.ROLLING_BACK,
    Stage.ROLLING_BACK: Stage.TO_SITE,
}
"""Where a station goes from each stage when the other side has not answered by the deadline."""
