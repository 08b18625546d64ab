"""The engine with one mistake in it, many times over: what looks for mistakes must find each of these."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from charging.migration import cutover, rollback, steps
from charging.migration.crossing import BackOffice
from charging.migration.journey import Journey, Response, Turn
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Move
from charging.migration.recipes import Order
from charging.migration.watch import stays

Mistake = tuple[object, str, Any]


async def _nothing_wrong(*_: object, **__: object) -> None:
    return


async def _no(*_: object, **__: object) -> bool:
    return False


async def _yes(*_: object, **__: object) -> bool:
    return True


async def _intend_in_memory(traveller: Journey, step: str, *, request: Mapping[str, object]) -> None:
    traveller.effects[step] = Effect(request=request, response=None, intended_at=traveller.crossing.now())


async def _conclude_in_memory(traveller: Journey, step: str, *, response: Response) -> None:
    intent = traveller.effects[step]
    traveller.effects[step] = Effect(request=intent.request, response=response, intended_at=intent.intended_at)


async def _enter_in_memory(traveller: Journey, turn: Turn) -> None:
    if turn.after is not Stage.VERIFIED:
        return await _enter(traveller, turn)
    traveller.stage, traveller.reason = turn.after, turn.reason
    return None


async def _act_blindly(traveller: Journey, step: str, **rest: Any) -> Response:
    return await _act(traveller, step, **(rest | {"is_done": _no}))


async def _act_believing(traveller: Journey, step: str, **rest: Any) -> Response:
    return await _act(traveller, step, **(rest | {"is_done": _yes}))


async def _act_then_intend(
    traveller: Journey, step: str, *, request: Mapping[str, object], send: Callable[[], Awaitable[Response]], **_: Any
) -> Response:
    effect = traveller.effects.get(step)
    if effect is not None and effect.response is not None:
        return effect.response
    response = await traveller.patiently(send)
    if effect is None:
        await traveller._intend(step, request=request)  # noqa: SLF001 - the mistake is made inside of it
    await traveller._conclude(step, response=response)  # noqa: SLF001
    return response


async def _act_every_time(traveller: Journey, step: str, **rest: Any) -> Response:
    effect = traveller.effects.get(step)
    if effect is not None and effect.response is not None:
        return await traveller.patiently(rest["send"])
    return await _act(traveller, step, **rest)


async def _is_back(traveller: Journey) -> Turn:
    return Turn(after=Stage.ROLLED_BACK, reason=traveller.reason)


def _begin_at_the_beginning(traveller: Journey, move: Move, **rest: Any) -> None:
    _init(traveller, move, **rest)
    if traveller.stage in {Stage.WRITING, Stage.CUT_OVER, Stage.ARRIVED}:
        traveller.stage = Stage.READY


def _forget_the_attempt(traveller: Journey, move: Move, **rest: Any) -> None:
    _init(traveller, move, **rest)
    traveller.attempt = 1


def _forget_the_effects(traveller: Journey, move: Move, **rest: Any) -> None:
    _init(traveller, move, **rest)
    traveller.effects = {}


def _without_end(traveller: Journey, _: object) -> float:
    return traveller.crossing.elapsed() + timedelta(days=2).total_seconds()


def _by_the_wall_clock(traveller: Journey) -> bool:
    return traveller.deadline_at is None or traveller.crossing.now() >= traveller.deadline_at


async def _stays_if_it_is_silent_once(traveller: Journey, *, at: BackOffice, left: BackOffice) -> str | None:
    has_answered = await traveller.patiently(lambda: left.answers(traveller.station_id, traveller.switch_key))
    return f"it answers at the {left}, too, and not only at the {at}" if has_answered else None


async def _verified_out_of_service(traveller: Journey) -> Turn:
    crossing = traveller.crossing
    if problem := await stays(traveller, at=crossing.target, left=crossing.legacy):
        return Turn(after=Stage.ROLLING_BACK, reason=problem)
    return Turn(after=Stage.VERIFIED, reason="it serves at the target and has left the legacy")


_STAGES: Mapping[Stage, Callable[[Journey], Awaitable[Turn]]] = cutover._STAGES  # noqa: SLF001
_act, _enter, _init = Journey.act, Journey.enter, Journey.__init__

MISTAKES: Mapping[str, tuple[Mistake, ...]] = {
    "accepted counts as arrived": ((cutover, "appear", _nothing_wrong), (cutover, "stays", _nothing_wrong)),
    "whatever was told to go counts as moved": tuple(
        (cutover, step, _nothing_wrong) for step in ("appear", "stays", "doubts", "set_availability")
    ),
    "no read back": ((Order, "is_kept", lambda *_: True), (cutover, "appear", _nothing_wrong)),
    "no deadline": ((Journey, "is_overdue", property(lambda _: False)),),
    "deadlines by a clock that can be set": ((Journey, "is_overdue", property(_by_the_wall_clock)),),
    "intent after effect": ((Journey, "act", _act_then_intend),),
    "intents are not stored": ((Journey, "_intend", _intend_in_memory),),
    "conclusions are not stored": ((Journey, "_conclude", _conclude_in_memory),),
    "the last stage is not stored": ((Journey, "enter", _enter_in_memory),),
    "retries a lost order blindly": ((Journey, "act", _act_blindly),),
    "takes an order without an answer for obeyed": ((Journey, "act", _act_believing),),
    "obeys its own journal not": ((Journey, "act", _act_every_time),),
    "forgets the attempt's number": ((Journey, "__init__", _forget_the_attempt),),
    "forgets what was done before a kill": ((Journey, "__init__", _forget_the_effects),),
    "begins at the beginning after a kill": ((Journey, "__init__", _begin_at_the_beginning),),
    "does not wait for orders under way": ((Journey, "settle", _nothing_wrong),),
    "does not wait for a charge to end": ((steps, "is_idle", _yes), (cutover, "is_idle", _yes)),
    "does not watch whether it stays": ((cutover, "stays", _nothing_wrong),),
    "asks nobody who it is": ((cutover, "doubts", _nothing_wrong),),
    "takes one silence for having left": ((cutover, "stays", _stays_if_it_is_silent_once),),
    "keeps no values from before": ((steps, "_value", _nothing_wrong),),
    "leaves it out of service": ((rollback, "set_availability", _nothing_wrong),),
    "does not drain": ((cutover, "set_availability", _nothing_wrong),),
    "calls it served without putting it into service": (
        (cutover, "_STAGES", {**_STAGES, Stage.ARRIVED: _verified_out_of_service}),
    ),
    "says that it is back and brings nothing back": ((cutover, "_STAGES", {**_STAGES, Stage.ROLLING_BACK: _is_back}),),
}
"""By what the mistake is: where it is made, and what is there instead."""


TRUSTING: Mapping[str, tuple[Mistake, ...]] = {
    name: MISTAKES[name]
    for name in (
        "accepted counts as arrived",
        "no read back",
        "does not watch whether it stays",
        "asks nobody who it is",
        "does not wait for a charge to end",
    )
} | {"believes whatever address it shows": ((cutover, "shows_another", _no),)}
"""Those that believe what a station says."""


@contextmanager
def wrong(name: str) -> Iterator[None]:
    """Let the engine be wrong while the block runs."""
    patches = [patch.object(where, what, instead) for where, what, instead in {**MISTAKES, **TRUSTING}[name]]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()
