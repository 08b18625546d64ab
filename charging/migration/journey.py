"""One station's journey: its stage and its effects, each on the record before it happens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from charging.errors import DatabaseUnavailable, RemoteError
from charging.migration import slots
from charging.migration.crossing import BackOffice, Crossing
from charging.migration.lifecycle import DEADLINES, FINAL, Stage, require_transition
from charging.migration.ports import Effect, Move, Transition
from charging.migration.recipes import Recipe

Response = Mapping[str, object]
_Answer = TypeVar("_Answer")

TAKEN = frozenset({"Accepted", "RebootRequired", "Scheduled", "Unchanged", "Observed", "Unanswered"})
"""Statuses after which an order has taken effect, or may have. The last three are ours: it was so before; it was found
to be so after an interruption; the station left before it could answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a stage ends with: the next one, and why."""

    after: Stage
    reason: str
    evidence: Mapping[str, object] = field(default_factory=dict)


class Journey:
    """A station's move while it is being made. Whatever it knows, the journal knew first."""

    def __init__(self, move: Move, *, recipe: Recipe, crossing: Crossing) -> None:
        self.station_id = move.station_id
        found = move.effects.get(slots.STEP)
        self.recipe = slots.filled(recipe, found.response if found else None)
        self.crossing = crossing
        self.stage = move.stage
        self.attempt = move.attempt
        self.reason = move.reason
        self.deadline_at = move.deadline_at
        self.effects = dict(move.effects)
        self._ends_at = self._end(move.deadline_at)
        # when an engine that is no more sent its last orders is not known: it may have been just now
        self._told_at = {str(effect.request.get("via")): crossing.elapsed() for effect in move.effects.values()}

    @property
    def switch_key(self) -> str:
        """The key that switches: the one that every station of the recipe must know."""
        return self.recipe.writes[-1].key

    async def enter(self, turn: Turn) -> None:
        """Go to the next stage.

        Raises:
            IllegalTransition: if it does not follow the present one.
        """
        require_transition(self.station_id, before=self.stage, after=turn.after)
        now = self.crossing.now()
        deadline_at = self._deadline(turn.after, now=now)
        transition = Transition(
            station_id=self.station_id,
            attempt=self.attempt,
            before=self.stage,
            after=turn.after,
            reason=turn.reason,
            evidence=turn.evidence,
            deadline_at=deadline_at,
            at=now,
        )
        await self._recorded(lambda: self.crossing.journal.enter(transition))
        self.stage, self.reason, self.deadline_at = turn.after, turn.reason, deadline_at
        self._ends_at = None if deadline_at is None else self.crossing.elapsed() + (deadline_at - now).total_seconds()

    async def act(
        self,
        step: str,
        *,
        request: Mapping[str, object],
        send: Callable[[], Awaitable[Response]],
        is_done: Callable[[], Awaitable[bool]],
        is_patient: bool = True,
    ) -> Response:
        """Have one effect on the station, once, and return how it answered.

        What was concluded is not done again. What was only intended, by this process or by one that was killed, may
        have happened: `is_done` looks at the world before anything is sent a second time.
        """
        effect = self.effects.get(step)
        if effect is not None and effect.response is not None:
            return effect.response
        if effect is None:
            await self._intend(step, request=request)
        is_fresh = effect is None

        async def once() -> Response:
            nonlocal is_fresh
            if not is_fresh and await is_done():
                return {"status": "Observed"}
            is_fresh = False
            self._told_at[str(request.get("via"))] = self.crossing.elapsed()
            return await send()

        response = await (self.patiently(once) if is_patient else once())
        await self._conclude(step, response=response)
        return response

    async def patiently(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Call until the other side answers or the stage's time is up; at least once."""
        while True:
            try:
                return await call()
            except RemoteError:
                if self.is_overdue:
                    raise
            await self.pause()

    async def pause(self) -> None:
        """Wait for as long as one waits between two looks."""
        await asyncio.sleep(self.crossing.pace.poll_seconds)

    async def settle(self, office: BackOffice) -> None:
        """Wait until no order sent through a back-office so far can still be on its way.

        An order whose answer is lost, or one that was answered and is carried twice, may reach the station late: what
        is then ordered instead must not be overtaken by it.
        """
        told_at = self._told_at.get(office.name)
        if told_at is not None:
            until = told_at + self.crossing.pace.settle.total_seconds()
            await asyncio.sleep(max(0.0, until - self.crossing.elapsed()))

    @property
    def is_overdue(self) -> bool:
        """Whether the stage's time is up. Ask it after looking at the world, never instead."""
        return self._ends_at is None or self.crossing.elapsed() >= self._ends_at

    @property
    def seconds_left(self) -> float:
        """How much of the stage's time is left."""
        return 0.0 if self._ends_at is None else max(0.0, self._ends_at - self.crossing.elapsed())

    def commitment(self, *, prefix: str = "") -> Effect | None:
        """Return what told the station to leave (with prefix `back.`: to return), or None if it surely was not."""
        switch = f"write:{self.recipe.writes[-1].key}"
        effect = self.effects.get(prefix + ("reset" if self.recipe.reset != "none" else switch))
        is_refused = effect is not None and effect.response is not None and effect.response["status"] not in TAKEN
        return None if is_refused else effect

    @property
    def may_have_gone(self) -> bool:
        """Whether it may be at the target: told to go, or only pointed there, when a link that is lost is enough."""
        return self.commitment() is not None or f"write:{self.switch_key}" in self.effects

    @property
    def was_moved_by_hand(self) -> bool:
        """Whether it is verified because a person brought it to the target: it was not told to go, or had gone back."""
        has_turned = any(step.startswith(("back.", "undo.")) for step in self.effects)
        return self.stage is Stage.VERIFIED and (has_turned or self.commitment() is None)

    def _end(self, deadline_at: datetime | None) -> float | None:
        """Return when the present stage's time is up; never later than if it began now, whatever the clock shows."""
        if deadline_at is None or self.stage in FINAL:
            return None
        now = self.crossing.now()
        whole = (self._deadline(self.stage, now=now) or now) - now
        return self.crossing.elapsed() + min(max(deadline_at - now, timedelta()), whole).total_seconds()

    def _deadline(self, stage: Stage, *, now: datetime) -> datetime | None:
        if stage in FINAL:
            return None
        pace = self.crossing.pace
        if stage is Stage.CUT_OVER:
            return now + pace.scaled(self.recipe.await_seconds)
        if stage is Stage.ROLLING_BACK and self.commitment() is not None:
            # a driver may be charging at the target by now, and is waited for there, too
            return now + pace.scaled(DEADLINES[stage] + DEADLINES[Stage.DRAINING])
        return now + pace.scaled(DEADLINES[stage])

    async def _recorded(self, store: Callable[[], Awaitable[None]]) -> None:
        """Store until the journal says that it is stored: without it nothing may be done.

        Raises:
            DatabaseUnavailable: if it has not been able to for the time that the pace allows.
        """
        until = self.crossing.elapsed() + self.crossing.pace.journal_seconds
        while True:
            try:
                # one that says nothing at all is no better than one that refuses
                left = max(until - self.crossing.elapsed(), self.crossing.pace.poll_seconds)
                async with asyncio.timeout(left):
                    return await store()
            except DatabaseUnavailable:
                if self.crossing.elapsed() >= until:
                    raise
            except TimeoutError:
                waited, mend = f"{self.crossing.pace.journal_seconds:g} s", "see whether it is stopped or cut off"
                raise DatabaseUnavailable("the journal", f"it has not answered for {waited}", mend) from None
            await self.pause()

    async def _intend(self, step: str, *, request: Mapping[str, object]) -> None:
        now, journal = self.crossing.now(), self.crossing.journal
        await self._recorded(
            lambda: journal.intend(self.station_id, attempt=self.attempt, step=step, request=request, at=now)
        )
        self.effects[step] = Effect(request=request, response=None, intended_at=now)

    async def _conclude(self, step: str, *, response: Response) -> None:
        now, journal = self.crossing.now(), self.crossing.journal
        await self._recorded(
            lambda: journal.conclude(self.station_id, attempt=self.attempt, step=step, response=response, at=now)
        )
        intent = self.effects[step]
        self.effects[step] = Effect(request=intent.request, response=response, intended_at=intent.intended_at)
