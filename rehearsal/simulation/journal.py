"""The journal of the virtual world: remembers as the database does, and fails before or after a commit."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Protocol

from charging.errors import DatabaseUnavailable
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.ports import Effect, Move, Transition
from rehearsal.simulation.chance import Diary, Fault, Odds, happens
from rehearsal.simulation.life import Life


@dataclass(slots=True, kw_only=True)
class Entry:
    """One station's move as it is stored."""

    recipe: str
    stage: Stage = Stage.PLANNED
    attempt: int = 1
    deadline_at: datetime | None = None
    reason: str = ""
    effects: dict[int, dict[str, Effect]] = field(default_factory=lambda: {1: {}})
    """By attempt, by step."""
    history: list[Transition] = field(default_factory=list)

    @property
    def present(self) -> dict[str, Effect]:
        return self.effects[self.attempt]


class Books:
    """What is stored. It outlives every engine."""

    def __init__(self, recipes: Mapping[str, str]) -> None:
        self.entries = {station_id: Entry(recipe=recipe) for station_id, recipe in recipes.items()}

    def moves(self) -> list[Move]:
        """Return every move as an engine that starts now reads it."""
        return [
            Move(
                station_id=station_id,
                stage=entry.stage,
                attempt=entry.attempt,
                wave=0,
                recipe=entry.recipe,
                deadline_at=entry.deadline_at,
                effects=dict(entry.present),
                reason=entry.reason,
            )
            for station_id, entry in self.entries.items()
        ]

    def begin_again(self, station_id: str) -> None:
        """Plan a station that was rolled back for another attempt."""
        entry = self.entries[station_id]
        entry.attempt += 1
        entry.effects[entry.attempt] = {}
        entry.stage, entry.deadline_at, entry.reason = Stage.PLANNED, None, ""


class Around(Protocol):
    """What the journal needs of the world."""

    diary: Diary
    odds: Odds
    chance: Random
    books: Books
    journal_away_until: float

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        ...


class Auditor(Protocol):
    """Who looks at what is committed."""

    def broken(self, station_id: str, what: str) -> None:
        """Take note of what must never be."""
        ...

    def intended(self, station_id: str, step: str, request: Mapping[str, object]) -> None:
        """Look at an intent."""
        ...

    def entered(self, transition: Transition) -> None:
        """Look at a transition."""
        ...


class SimulatedJournal:
    """The journal as one engine sees it: implements `charging.migration.ports.Journal`."""

    def __init__(self, *, around: Around, auditor: Auditor, life: Life) -> None:
        self._around, self._auditor, self._life = around, auditor, life

    async def intend(
        self, station_id: str, *, attempt: int, step: str, request: Mapping[str, object], at: datetime
    ) -> None:
        """Store an intent."""

        def effect() -> None:
            rows = self._rows(station_id, attempt)
            if rows.get(step) == Effect(request=request, response=None, intended_at=at):
                return  # the same call again
            if step in rows:
                self._auditor.broken(station_id, f"{step} was intended twice in attempt {attempt}")
            self._auditor.intended(station_id, step, request)
            rows.setdefault(step, Effect(request=request, response=None, intended_at=at))

        await self._commit(station_id, f"intends {step}", effect)

    async def conclude(
        self, station_id: str, *, attempt: int, step: str, response: Mapping[str, object], at: datetime
    ) -> None:
        """Store how it went."""

        def effect() -> None:
            rows = self._rows(station_id, attempt)
            if step not in rows:
                self._auditor.broken(station_id, f"{step} was concluded and never intended")
                rows[step] = Effect(request={}, response=None, intended_at=at)
            if rows[step].response == response:
                return
            if rows[step].response is not None:
                self._auditor.broken(station_id, f"{step} was concluded twice")
            rows[step] = replace(rows[step], response=response)

        await self._commit(station_id, f"concludes {step}: {response.get('status')}", effect)

    async def enter(self, transition: Transition) -> None:
        """Store a stage and its history, both or neither."""

        def effect() -> None:
            entry = self._around.books.entries[transition.station_id]
            if entry.history and entry.history[-1] == transition:
                return
            if entry.stage is not transition.before or entry.attempt != transition.attempt:
                self._auditor.broken(transition.station_id, f"it is {entry.stage}, and {transition.before} was left")
            if (transition.deadline_at is None) != (transition.after in FINAL):
                self._auditor.broken(
                    transition.station_id, f"{transition.after} with deadline {transition.deadline_at}"
                )
            self._auditor.entered(transition)
            entry.stage, entry.reason = transition.after, transition.reason
            entry.deadline_at = transition.deadline_at
            entry.history.append(transition)

        await self._commit(transition.station_id, f"enters {transition.after}: {transition.reason}", effect)

    def _rows(self, station_id: str, attempt: int) -> dict[str, Effect]:
        entry = self._around.books.entries[station_id]
        if attempt != entry.attempt:
            self._auditor.broken(station_id, f"a record of attempt {attempt} during attempt {entry.attempt}")
        return entry.effects.setdefault(attempt, {})

    async def _commit(self, station_id: str, what: str, effect: Callable[[], None]) -> None:
        odds, chance, diary = self._around.odds, self._around.chance, self._around.diary
        self._life.require_alive()
        is_slow = happens(chance, odds.commit_slow)
        if is_slow:
            diary.fault(Fault.COMMIT_SLOW, station_id, what)
        await asyncio.sleep(chance.uniform(5, 60) if is_slow else chance.uniform(0.001, 0.02))
        is_away = self._around.elapsed() < self._around.journal_away_until
        if is_away:
            diary.fault_once(Fault.JOURNAL_AWAY, "", self._around.journal_away_until)
            raise _lost()
        if happens(chance, odds.commit_lost):
            diary.fault(Fault.COMMIT_LOST, station_id, what)
            raise _lost()
        diary.note(station_id, what)
        effect()
        if happens(chance, odds.commit_unknown):
            diary.fault(Fault.COMMIT_UNKNOWN, station_id, what)
            raise _lost()
        await asyncio.sleep(chance.uniform(0.001, 0.02))


def _lost() -> DatabaseUnavailable:
    return DatabaseUnavailable("the journal", "the connection was lost", "wait")
