"""What is said between a station and its back office: each call and each answer, under the rules that concern it."""

from datetime import datetime

from charging.ocpp.envelope import CALL, CALL_ERROR, CALL_RESULT, Envelope
from charging.ocpp.flavours.flavour import Strictness
from charging.ocpp.relay.bad_frames import refuse, unpassed, violation
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.effects import (
    Deviated,
    Direction,
    Effects,
    OrderAnswered,
    Outcome,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.habits import METERED, Ask, Habits, Made
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.peek import Status, peek
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.toward_office import TowardOffice
from charging.ocpp.relay.toward_station import TowardStation
from charging.ocpp.relay.transactions_2x import Transactions2x
from charging.ocpp.relay.transactions_16 import Transactions16
from charging.ocpp.schemas import deviation

_LEARNT_FROM = frozenset({"StatusNotification", "BootNotification", "FirmwareStatusNotification"})
_UNASKED = "an answer that nobody asked for"


class Exchange:
    """Both ways between one station and its present back office."""

    __slots__ = ("down", "habits", "memory", "protocol", "rules", "up")

    def __init__(
        self,
        station_id: str,
        protocol: str,
        *,
        back_office: str,
        book: TransactionBook,
        rules: Rules,
        tag: str,
        memory: StationMemory,
    ) -> None:
        self.protocol = protocol
        self.rules = rules
        self.memory = memory
        self.habits = Habits(memory, protocol, rules)
        transactions = (Transactions16 if protocol == "ocpp1.6" else Transactions2x)(station_id, book)
        transactions.last_at = memory.charged_at
        self.up = TowardOffice(rules, back_office, transactions, self.habits)
        self.down = TowardStation(rules, tag)

    @property
    def is_alike(self) -> bool:
        """Whether the present back office is one that is to hear all stations alike."""
        return self.up.back_office in self.rules.alike

    @property
    def is_idle(self) -> bool:
        """Whether no call is open or waiting, either way."""
        up, down = self.up.lane, self.down.lane
        return up.open is None and not up.waiting and down.open is None and not down.waiting

    def deadline(self) -> datetime | None:
        """Return the next instant at which something here is overdue."""
        first = self.up.deadline()
        for deadline in (self.down.lane.deadline(), self.habits.boot_due if self.up.is_up else None):
            if deadline is not None and (first is None or deadline < first):
                first = deadline
        return first

    def call_of_station(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        """A call has come from the station."""
        asked = _asked(frame, raw, at)
        asks: list[Ask] = []
        if self.memory.flavour.strictness and self._is_refused(asked, at, effects):
            return
        if asked.action in _LEARNT_FROM or (self.rules.meters and asked.action in METERED):
            asks = self.habits.heard(asked, is_alike=self.is_alike, effects=effects)
        self.up.accept(asked, at, effects)
        self.ask(asks, at, effects)

    def _is_refused(self, asked: Asked, at: datetime, effects: Effects) -> bool:
        """Hold the call against its schema, as strictly as the station's flavour says."""
        strictness = self.memory.flavour.strictness_of(asked.action)
        problem = "" if strictness is Strictness.OFF else deviation(self.protocol, asked.action, bytes(asked.payload))
        if not problem:
            return False
        effects.append(Deviated(asked.action, asked.unique_id, problem))
        if strictness is not Strictness.STRICT:
            asked.under(f"lenient: {problem}")
            return False
        way, rule = Direction.FROM_STATION, f"strict: {problem}"
        effects.append(Recorded(way, asked.raw, None, CALL, asked.unique_id, asked.action, rule, at))
        code = violation(self.protocol)
        refuse(way, asked.unique_id, asked.action, code=code, why=problem, rule=rule, at=at, effects=effects)
        return True

    def call_of_office(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        """A call has come from the back office."""
        asked = _asked(frame, raw, at)
        verdict = self.up.transactions.of_office(asked, self.up.back_office)
        if verdict is not None and verdict.answer:
            self.down.answer(asked, verdict, at, effects)
            return
        if verdict is not None:
            asked.sent, asked.rule = verdict.sent, verdict.rule
        self.down.accept(asked, at, effects)

    def answer_of_station(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        """An answer has come from the station."""
        asked = self.down.lane.answered(frame.unique_id)
        if asked is None:
            effects.append(unpassed(Direction.FROM_STATION, frame, raw, _UNASKED, at))
            return
        is_for_office = not asked.is_ours and self.up.is_up
        sent, rule = (raw, "") if is_for_office else (None, asked.rule or "its back office has left")
        effects.append(Recorded(Direction.FROM_STATION, raw, sent, frame.kind, frame.unique_id, asked.action, rule, at))
        if is_for_office:
            effects.append(ToOffice(raw))
        elif asked.order_id:
            outcome = Outcome.REFUSED if frame.kind == CALL_ERROR else Outcome.ANSWERED
            effects.append(OrderAnswered(asked.order_id, outcome, _answer(frame, raw)))
        elif isinstance(asked.note, Ask):
            if frame.kind == CALL_RESULT and peek(frame.payload, Status).status == "Accepted":
                self.habits.willing(asked.note, at)
            else:
                self.make(self.habits.unwilling(asked.note, at), at, effects)
        self.down.pump(at, effects)

    def answer_of_office(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        """An answer has come from the back office."""
        asked = self.up.lane.answered(frame.unique_id)
        if asked is None:
            effects.append(unpassed(Direction.FROM_OFFICE, frame, raw, _UNASKED, at))
            return
        if asked.is_ours:
            way = Direction.FROM_OFFICE
            effects.append(Recorded(way, raw, None, frame.kind, frame.unique_id, asked.action, asked.rule, at))
            return
        sent, rule = self.up.transactions.of_answer(asked, frame, raw, self.up.back_office, effects)
        effects += [
            Recorded(Direction.FROM_OFFICE, raw, sent, frame.kind, frame.unique_id, asked.action, rule, at),
            ToStation(sent),
        ]
        if asked.following and frame.kind == CALL_RESULT:
            made, asks = self.habits.follow(asked, at)
            self.make(made, at, effects)
            self.ask(asks, at, effects)

    def ask(self, asks: list[Ask], at: datetime, effects: Effects) -> None:
        """Ask the station for messages."""
        for ask in asks:
            self.down.ask(ask, self.protocol, at, effects)

    def make(self, made: list[Made], at: datetime, effects: Effects) -> None:
        """Tell the back office something in the station's name."""
        if made:
            calls = [self.down.made(one, at) for one in made]
            self.up.insert(calls, at, effects)


def _asked(frame: Envelope, raw: bytes, at: datetime) -> Asked:
    return Asked(frame.unique_id, frame.action, raw, raw, at, at, payload=frame.payload)


def _answer(frame: Envelope, raw: bytes) -> bytes:
    return bytes(frame.payload) if frame.kind == CALL_RESULT else raw
