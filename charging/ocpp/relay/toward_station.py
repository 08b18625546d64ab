"""Calls to the station: those of its back office and those of orders share one way, and take turns."""

from datetime import datetime

import msgspec

from charging.ocpp.envelope import CALL, CALL_ERROR, CALL_RESULT, look
from charging.ocpp.flavours.payloads import trigger_payload
from charging.ocpp.frames import BadFrame, CallError, encode
from charging.ocpp.relay.effects import (
    Alarm,
    Direction,
    Effects,
    OrderAnswered,
    OrderSent,
    Outcome,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.habits import Ask, Made
from charging.ocpp.relay.lane import Asked, Lane
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.verdict import Verdict


class TowardStation:
    """The way down. First come, first served; a call that never went is said to have failed, to whoever asked."""

    __slots__ = ("count", "lane", "rules", "tag")

    def __init__(self, rules: Rules, tag: str) -> None:
        self.rules = rules
        self.lane = Lane()
        self.tag = tag
        self.count = 0

    def accept(self, asked: Asked, at: datetime, effects: Effects) -> None:
        """Send the call on, or let it wait for its turn."""
        lane = self.lane
        if lane.open is None and not lane.waiting:
            self._send(asked, at, effects)
        elif len(lane.waiting) >= self.rules.queue_limit:
            self._refuse(asked, "too many calls wait for this station", Outcome.UNSENT, at, effects)
        else:
            if not asked.order_id:
                asked.deadline = at + self.rules.queue_wait
            lane.waiting.append(asked)

    def order(self, order: Order, at: datetime, effects: Effects) -> None:
        """Take an order up; its call has an id that nobody else can have used."""
        asked = self._call(order.action, order.payload, "order", at)
        asked.order_id, asked.deadline = order.order_id, order.expires_at
        if isinstance(look(asked.sent), BadFrame):
            effects += [
                Alarm(
                    "bad_order", f"order {order.order_id} was not sent: {order.action} has no JSON object for payload"
                ),
                OrderAnswered(order.order_id, Outcome.EXPIRED, b""),
            ]
            return
        self.accept(asked, at, effects)

    def ask(self, ask: Ask, protocol: str, at: datetime, effects: Effects) -> None:
        """Ask the station for a message (OCPP 1.6 §5.17, 2.0.1 F06); the answer goes no further."""
        asked = self._call("TriggerMessage", trigger_payload(protocol, ask.message, ask.place), ask.rule, at)
        asked.note = ask
        self.accept(asked, at, effects)

    def made(self, made: Made, at: datetime) -> Asked:
        """Return a call to the back office in the station's name; its answer goes no further than here."""
        return self._call(made.action, made.payload, made.rule, at)

    def answer(self, asked: Asked, verdict: Verdict, at: datetime, effects: Effects) -> None:
        """Answer a call of the back office that must not reach the station."""
        answer = b"[3,%b,%b]" % (msgspec.json.encode(asked.unique_id), verdict.answer)
        way, rule = Direction.TO_OFFICE, verdict.rule
        effects += [
            _recorded(asked, None, rule),
            Recorded(way, b"", answer, CALL_RESULT, asked.unique_id, asked.action, rule, at),
            ToOffice(answer),
            Alarm("call_held_back", f"{asked.action} did not reach the station: {rule}"),
        ]

    def _call(self, action: str, payload: bytes, rule: str, at: datetime) -> Asked:
        self.count += 1
        unique_id = f"{self.tag}.{self.count}"
        raw = b"[2,%b,%b,%b]" % (msgspec.json.encode(unique_id), msgspec.json.encode(action), payload)
        return Asked(unique_id, action, b"", raw, at, at, rule=rule, is_ours=True)

    def pump(self, at: datetime, effects: Effects) -> None:
        """Send the next call, if the way is free."""
        while self.lane.open is None and self.lane.waiting:
            self._send(self.lane.waiting.pop(0), at, effects)

    def expire(self, at: datetime, effects: Effects) -> Asked | None:
        """Give up what is overdue; return the call that the station had and did not answer."""
        given_up = None
        for asked in self.lane.overdue(at):
            self._refuse(asked, "the station had no time for it", Outcome.EXPIRED, at, effects)
        if self.lane.open is not None and self.lane.open.deadline <= at:
            asked = given_up = self.lane.open
            self.lane.give_up()
            effects.append(Alarm("station_silent", f"the station does not answer {asked.action}"))
            if asked.order_id:
                effects.append(OrderAnswered(asked.order_id, Outcome.UNKNOWN, b""))
            self.pump(at, effects)
        return given_up

    def office_gone(self, effects: Effects) -> None:
        """Forget the calls of a back office whose link has ended: it takes no answer any more, and asks again."""
        effects += [
            _recorded(asked, None, "its back office left before its turn came")
            for asked in self.lane.waiting
            if not asked.is_ours
        ]
        self.lane.waiting = [asked for asked in self.lane.waiting if asked.is_ours]
        for asked in (self.lane.open, self.lane.late):
            if asked is not None and not asked.is_ours:
                asked.is_ours = True

    def end(self, at: datetime, effects: Effects) -> None:
        """Say of each order what is known of it, now that the station has left."""
        if self.lane.open is not None and self.lane.open.order_id:
            effects.append(OrderAnswered(self.lane.open.order_id, Outcome.UNKNOWN, b""))
        for asked in self.lane.waiting:
            self._refuse(asked, "the station left before its turn came", Outcome.UNSENT, at, effects)
        self.lane.open, self.lane.waiting = None, []

    def _send(self, asked: Asked, at: datetime, effects: Effects) -> None:
        if asked.order_id and asked.deadline <= at:
            effects.append(OrderAnswered(asked.order_id, Outcome.EXPIRED, b""))
            return
        asked.deadline = at + self.rules.station_answers
        self.lane.open = asked
        if asked.order_id:
            effects.append(OrderSent(asked.order_id, asked.unique_id))
        effects += [_recorded(asked, asked.sent, asked.rule), ToStation(asked.sent)]

    def _refuse(self, asked: Asked, why: str, outcome: Outcome, at: datetime, effects: Effects) -> None:
        """A call that the station never saw: an order is told so, a back office gets a CALLERROR."""
        if asked.order_id:
            effects.append(OrderAnswered(asked.order_id, outcome, b""))
        elif asked.is_ours:
            effects.append(_recorded(asked, None, f"{asked.rule}: {why}"))
        if asked.is_ours:
            return
        refusal = encode(CallError(unique_id=asked.unique_id, code="GenericError", description=why, details={}))
        effects += [
            _recorded(asked, None, why),
            Recorded(Direction.TO_OFFICE, b"", refusal, CALL_ERROR, asked.unique_id, asked.action, why, at),
            ToOffice(refusal),
        ]


def _recorded(asked: Asked, sent: bytes | None, rule: str) -> Recorded:
    way = Direction.FROM_OFFICE if asked.raw else Direction.TO_STATION
    return Recorded(way, asked.raw, sent, CALL, asked.unique_id, asked.action, rule, asked.at)
