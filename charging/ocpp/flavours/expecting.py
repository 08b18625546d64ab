"""What is due of a station by now, and what became of it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from charging.ocpp.flavours.recording import Behaviour, Observation, StationType

WITHIN = timedelta(seconds=60)
"""`domain.md` §4.10: how soon the expected message must follow."""


@dataclass(slots=True, kw_only=True)
class _Due:
    behaviour: Behaviour
    event: str
    at: datetime
    until: datetime
    type: StationType
    connector: int
    """0: any."""
    by: str = ""
    """What followed."""


@dataclass(slots=True)
class Expectations:
    """Of one station. `seen` is what was observed so far."""

    station_id: str
    seen: list[Observation] = field(default_factory=list)
    _due: list[_Due] = field(default_factory=list)

    def expect(self, behaviour: Behaviour, event: str, at: datetime, *, kind: StationType, connector: int = 0) -> None:
        """From now on this is due."""
        due = _Due(behaviour=behaviour, event=event, at=at, until=at + WITHIN, type=kind, connector=connector)
        self._due.append(due)

    def wait_from(self, at: datetime, behaviours: Collection[Behaviour]) -> None:
        """The station could not speak before: its time begins now."""
        for due in self._of(behaviours):
            due.until = at + WITHIN

    def meet(self, behaviour: Behaviour, proof: str, *, connector: int = 0) -> None:
        """It has come."""
        for due in self._of({behaviour}):
            if not due.by and due.connector in {0, connector}:
                due.by = proof

    def settle(self, at: datetime) -> None:
        """Judge what was due before this instant."""
        self._end([due for due in self._due if due.until < at], or_else=False)

    def leave_open(self, behaviours: Collection[Behaviour], *, connector: int = 0) -> None:
        """What has not followed by now will never be known to follow."""
        due = [due for due in self._of(behaviours) if not due.by]
        self._end([one for one in due if not connector or one.connector in {0, connector}], or_else=None)

    def withdraw(self, behaviours: Collection[Behaviour]) -> None:
        """These were never due: what they were thought to follow did not happen."""
        self._due = [due for due in self._due if due.behaviour not in behaviours]

    def name(self, kind: StationType, *, unknown: StationType) -> None:
        """Now it is known what the station has been all the time."""
        for due in self._of(set(Behaviour)):
            due.type = kind if due.type == unknown else due.type
        for number, one in enumerate(self.seen):
            if one.type == unknown:
                self.seen[number] = _of_type(one, kind)

    def close(self) -> list[Observation]:
        """Return everything that was observed; what is due and has followed counts, the rest stays open."""
        self._end(list(self._due), or_else=None)
        return self.seen

    def note(
        self,
        behaviour: Behaviour,
        at: datetime,
        *,
        kind: StationType,
        is_followed: bool | None,
        proofs: tuple[str, ...],
    ) -> None:
        """Add what was observed otherwise."""
        self.seen.append(
            Observation(
                behaviour=behaviour,
                station_id=self.station_id,
                type=kind,
                at=at,
                is_followed=is_followed,
                proofs=proofs,
            )
        )

    def _of(self, behaviours: Collection[Behaviour]) -> list[_Due]:
        return [due for due in self._due if due.behaviour in behaviours]

    def _end(self, ended: Collection[_Due], *, or_else: bool | None) -> None:
        for due in ended:
            is_followed = True if due.by else or_else
            proofs = (due.event, due.by) if due.by else (due.event,)
            self.note(due.behaviour, due.at, kind=due.type, is_followed=is_followed, proofs=proofs)
        self._due = [due for due in self._due if not any(due is one for one in ended)]


def _of_type(one: Observation, kind: StationType) -> Observation:
    return Observation(
        behaviour=one.behaviour,
        station_id=one.station_id,
        type=kind,
        at=one.at,
        is_followed=one.is_followed,
        proofs=one.proofs,
    )
