"""Calls from the station to its back office, one at a time, and what happens when the back office is away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from charging.ocpp.envelope import CALL, CALL_RESULT, Envelope
from charging.ocpp.relay.effects import Alarm, CloseStation, Direction, Effects, Recorded, ToOffice, ToStation
from charging.ocpp.relay.habits import Habits
from charging.ocpp.relay.lane import Asked, Lane
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.verdict import Verdict

TRY_AGAIN_LATER = 1013
"""IANA's WebSocket close code: the server is overloaded or, as here, a gateway without its upstream."""


ASKED_AGAIN = "asked again on a new link"


class Transactions(Protocol):
    """What 1.6 and 2.x know of transactions, each in its own way."""

    last_at: datetime | None

    def of_station(self, asked: Asked, back_office: str, at: datetime, effects: Effects) -> Verdict | None: ...

    def of_answer(
        self, asked: Asked, frame: Envelope, raw: bytes, back_office: str, effects: Effects
    ) -> tuple[bytes, str]: ...

    def of_office(self, asked: Asked, back_office: str) -> Verdict | None: ...


class TowardOffice:
    """The way up. A call waits here for its turn and for the link."""

    __slots__ = ("away_since", "back_office", "habits", "is_up", "lane", "rules", "transactions")

    def __init__(self, rules: Rules, back_office: str, transactions: Transactions, habits: Habits) -> None:
        self.rules = rules
        self.back_office = back_office
        self.transactions = transactions
        self.habits = habits
        self.lane = Lane()
        self.is_up = False
        self.away_since: datetime | None = None
        """Since when a call has been waiting for the link."""

    def accept(self, asked: Asked, at: datetime, effects: Effects) -> None:
        """Send the call on, or let it wait; a station that asks too much at once loses its link, and no call."""
        lane = self.lane
        if self.is_up and lane.open is None and not lane.waiting:
            self._send(asked, at, effects)
        elif self._is_repeated(asked):
            effects.append(_recorded(asked, None, "call repeated while its answer is awaited"))
        elif len(lane.waiting) >= self.rules.queue_limit:
            effects += [
                _recorded(asked, None, "more calls at once than may wait"),
                Alarm("too_many_calls", f"{self.rules.queue_limit} calls to the back office wait for their turn"),
                CloseStation(TRY_AGAIN_LATER, "too many calls at once"),
            ]
        else:
            asked.deadline = at + self.rules.queue_wait
            lane.waiting.append(asked)
            if not self.is_up and self.away_since is None:
                self.away_since = at

    def insert(self, made: Sequence[Asked], at: datetime, effects: Effects) -> None:
        """Send calls of our own before all that waits: they belong to what has just been said."""
        for asked in made:
            asked.deadline = at + self.rules.queue_wait
        self.lane.waiting[:0] = made
        self.pump(at, effects)

    def up(self, at: datetime, effects: Effects) -> None:
        """Ask again what the lost link left unanswered: the station would do the same, had the link been its own.

        It is not asked without end: it may be the very call that breaks each link, and may have been taken each time.
        """
        self.is_up, self.away_since = True, None
        memory = self.habits.memory
        memory.is_new = memory.is_new or memory.back_office != self.back_office
        memory.back_office = self.back_office
        unanswered, self.lane.open = self.lane.open, None
        if unanswered is not None and unanswered.asks >= self.rules.asks:
            effects.append(Alarm("office_breaks", f"links to the back office break on {unanswered.action}"))
            if not unanswered.is_ours:
                effects.append(CloseStation(TRY_AGAIN_LATER, "the back office breaks its link"))
                return
        elif unanswered is not None and unanswered.deadline <= at:
            effects.append(_silent(unanswered))
        elif unanswered is not None:
            unanswered.under(ASKED_AGAIN)
            self._pass(unanswered, at, effects)
        self.pump(at, effects)

    def down(self, at: datetime) -> None:
        """Keep what waits; from now on the wait is bounded by `office_wait`."""
        self.is_up, self.lane.late = False, None
        if self.away_since is None and any(not asked.is_ours for asked in self._pending()):
            self.away_since = at

    def pump(self, at: datetime, effects: Effects) -> None:
        """Send the next call, if the way is free."""
        while self.is_up and self.lane.open is None and self.lane.waiting:
            self._send(self.lane.waiting.pop(0), at, effects)

    def expire(self, at: datetime, effects: Effects) -> None:
        """Give up what is overdue. Nothing is acknowledged: the station asks again by itself, in its own time."""
        if self.away_since is not None and at >= self.away_since + self.rules.office_wait:
            self.away_since = None
            effects += [
                Alarm("office_away", "the back office was away for longer than a call may wait"),
                CloseStation(TRY_AGAIN_LATER, "the back office is away"),
            ]
        effects += [_recorded(asked, None, "waited too long for its turn") for asked in self.lane.overdue(at)]
        if self.is_up and self.lane.open is not None and self.lane.open.deadline <= at:
            asked = self.lane.give_up()
            if asked is not None:
                effects.append(_silent(asked))
            self.pump(at, effects)

    def end(self, effects: Effects) -> None:
        """Say of each call that still waits that it went nowhere."""
        effects += [_recorded(asked, None, "the station left before its turn came") for asked in self.lane.waiting]
        self.lane.waiting = []
        self.lane.open = self.away_since = None
        self.remember()

    def remember(self) -> None:
        """Remember beyond this connection when a message of a transaction last passed."""
        memory, last_at = self.habits.memory, self.transactions.last_at
        memory.is_new = memory.is_new or memory.charged_at != last_at
        memory.charged_at = last_at

    def deadline(self) -> datetime | None:
        """Return the next instant at which something here is overdue."""
        if self.is_up:
            return self.lane.deadline()
        waits = [asked.deadline for asked in self.lane.waiting]
        if self.away_since is not None:
            waits.append(self.away_since + self.rules.office_wait)
        return min(waits, default=None)

    def _is_repeated(self, asked: Asked) -> bool:
        return any(other.unique_id == asked.unique_id and other.raw == asked.raw for other in self._pending())

    def _pending(self) -> list[Asked]:
        return [self.lane.open, *self.lane.waiting] if self.lane.open else self.lane.waiting

    def _send(self, asked: Asked, at: datetime, effects: Effects) -> None:
        verdict = None if asked.is_ours else self.transactions.of_station(asked, self.back_office, at, effects)
        if verdict is not None and verdict.answer:
            answer = b"[3,%b,%b]" % (msgspec.json.encode(asked.unique_id), verdict.answer)
            way, rule = Direction.TO_STATION, verdict.rule
            effects += [
                _recorded(asked, None, rule),
                Recorded(way, b"", answer, CALL_RESULT, asked.unique_id, asked.action, rule, at),
                ToStation(answer),
            ]
            return
        if verdict is not None:
            asked.sent = verdict.sent
            asked.under(verdict.rule)
        if not asked.is_ours and self.habits.memory.flavour.rules and self.back_office in self.rules.alike:
            self.habits.rewrite(asked)
        self._pass(asked, at, effects)

    def _pass(self, asked: Asked, at: datetime, effects: Effects) -> None:
        if not asked.asks:
            asked.deadline = at + self.rules.office_answers
        asked.asks += 1
        self.lane.open = asked
        effects += [_recorded(asked, asked.sent, asked.rule), ToOffice(asked.sent)]


def _silent(asked: Asked) -> Alarm:
    return Alarm("office_silent", f"the back office does not answer {asked.action}")


def _recorded(asked: Asked, sent: bytes | None, rule: str) -> Recorded:
    way = Direction.FROM_STATION if asked.raw else Direction.TO_OFFICE
    return Recorded(way, asked.raw, sent, CALL, asked.unique_id, asked.action, rule, asked.at)
