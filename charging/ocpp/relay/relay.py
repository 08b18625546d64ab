"""One station, one WebSocket connection of it, and its back offices one after another.

The relay is handed events and returns what is to be done, in order; it has no clock, no socket, no database. Its rules:

* A frame passes byte for byte and in order, unless a rule says otherwise; the rule's name is recorded with both forms.
* In each direction one call is open at a time (OCPP-J 1.6 §4.1.1, 2.0.1 part 4 §4.1.1); others wait, bounded and with a
  deadline each.
* An injected call has an id of its own; its answer goes to the order. An answer that nobody asked for goes nowhere.
* A station is never answered in its back office's stead: a call waits a bounded time for a back office that is away,
  then the station's link is closed, so that the station keeps what it has to say (`domain.md` §4.3). A malformed frame
  is answered with a CALLERROR where it has an id; it costs one frame, a row of them costs the link.
* A move waits for an idle moment, bounded. If none comes it is refused; it never cuts.
"""

from datetime import datetime

from charging.ocpp.envelope import CALL, CALL_ERROR, Envelope, look
from charging.ocpp.frames import BadFrame, CallError, encode
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.effects import (
    Alarm,
    CloseOffice,
    CloseStation,
    Direction,
    Effects,
    MoveRefused,
    OpenOffice,
    OrderAnswered,
    Outcome,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.lane import Asked
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.toward_office import TowardOffice
from charging.ocpp.relay.toward_station import TowardStation

POLICY_VIOLATION = 1008


class Relay:
    """Feed it events; do what it returns, in order."""

    __slots__ = ("back_office", "bad", "book", "down", "is_closing", "move", "protocol", "rules", "station_id", "up")

    def __init__(
        self, station_id: str, protocol: str, *, back_office: str, book: TransactionBook, rules: Rules, tag: str
    ) -> None:
        """Make the relay of a station that has just connected; the edge opens the link to `back_office` by itself.

        `protocol` is ocpp1.6, ocpp2.0.1 or ocpp2.1. `tag` is at most 26 characters that no other connection has:
        random ones. Ids of injected calls begin with it.
        """
        self.station_id = station_id
        self.protocol = protocol
        self.back_office = back_office
        self.book = book
        self.rules = rules
        self.up = TowardOffice(rules)
        self.down = TowardStation(rules, tag)
        self.move: tuple[str, datetime] | None = None
        self.bad = [0, 0]
        self.is_closing = False

    @property
    def next_deadline(self) -> datetime | None:
        """The next instant at which `tick` has something to do."""
        first = None
        for deadline in (self.up.deadline(), self.down.lane.deadline(), self.move[1] if self.move else None):
            if deadline is not None and (first is None or deadline < first):
                first = deadline
        return first

    def from_station(self, raw: bytes, at: datetime) -> Effects:
        """A text frame has come from the station."""
        effects: Effects = []
        frame = look(raw, max_bytes=self.rules.max_bytes, max_depth=self.rules.max_depth)
        if self.is_closing:
            effects.append(_unread(Direction.FROM_STATION, frame, raw, "came after the link was given up", at))
        elif isinstance(frame, BadFrame):
            self._bad(Direction.FROM_STATION, frame, at, effects)
        else:
            self.bad[0] = 0
            if frame.kind == CALL:
                self.up.accept(Asked(frame.unique_id, frame.action, raw, raw, at, at), at, effects)
            else:
                self._answer_of_station(frame, raw, at, effects)
            self._go_on(at, effects)
        return self._seen(effects)

    def from_office(self, raw: bytes, at: datetime) -> Effects:
        """A text frame has come from the back office."""
        effects: Effects = []
        frame = look(raw, max_bytes=self.rules.max_bytes, max_depth=self.rules.max_depth)
        if isinstance(frame, BadFrame):
            self._bad(Direction.FROM_OFFICE, frame, at, effects)
        elif frame.kind == CALL:
            self.bad[1] = 0
            self.down.accept(Asked(frame.unique_id, frame.action, raw, raw, at, at), at, effects)
        else:
            self.bad[1] = 0
            self._answer_of_office(frame, raw, at, effects)
            self._go_on(at, effects)
        return self._seen(effects)

    def office_up(self, back_office: str, at: datetime) -> Effects:
        """The link to this back office stands."""
        effects: Effects = []
        self.back_office = back_office
        self.bad[1] = 0
        self.up.up(at, effects)
        return self._seen(effects)

    def office_down(self, at: datetime) -> Effects:
        """The link to the back office has ended without being told to; the edge tries again by itself."""
        effects: Effects = []
        self.up.down(at)
        self.down.office_gone(effects)
        self._go_on(at, effects)
        return self._seen(effects)

    def order(self, order: Order, at: datetime) -> Effects:
        """An order has been taken up for this station."""
        effects: Effects = []
        if self.is_closing:
            effects.append(OrderAnswered(order.order_id, Outcome.UNSENT, b""))
        else:
            self.down.order(order, at, effects)
        return self._seen(effects)

    def move_to(self, back_office: str, at: datetime) -> Effects:
        """The station's route has changed. A later word replaces an earlier one; its present place ends a move."""
        effects: Effects = []
        if self.move is not None and self.move[0] != back_office:
            effects.append(MoveRefused(self.move[0], f"it was replaced by a move to {back_office}"))
        self.move = None if back_office == self.back_office else (back_office, at + self.rules.drain)
        self._go_on(at, effects)
        return self._seen(effects)

    def tick(self, at: datetime) -> Effects:
        """Time has passed."""
        effects: Effects = []
        self.up.expire(at, effects)
        self.down.expire(at, effects)
        self._go_on(at, effects)
        if self.move is not None and self.move[1] <= at:
            target, self.move = self.move[0], None
            reason = "no idle moment came in time"
            effects += [MoveRefused(target, reason), Alarm("move_refused", f"the move to {target}: {reason}")]
        return self._seen(effects)

    def station_gone(self, at: datetime) -> Effects:  # noqa: ARG002 - every event has its instant
        """The station's link has ended. This is the relay's last event."""
        effects: Effects = []
        self.is_closing = True
        self.up.end(effects)
        self.down.end(effects)
        effects.append(CloseOffice("the station has left"))
        return effects

    def _answer_of_station(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        asked = self.down.lane.answered(frame.unique_id)
        if asked is None:
            effects.append(_unread(Direction.FROM_STATION, frame, raw, "an answer that nobody asked for", at))
            return
        is_for_office = not asked.is_ours and self.up.is_up
        rule = "" if is_for_office else asked.rule or ("order" if asked.order_id else "its back office has left")
        effects.append(
            Recorded(
                Direction.FROM_STATION,
                raw,
                raw if is_for_office else None,
                frame.kind,
                frame.unique_id,
                asked.action,
                rule,
                at,
            )
        )
        if is_for_office:
            effects.append(ToOffice(raw))
        elif asked.order_id:
            outcome = Outcome.REFUSED if frame.kind == CALL_ERROR else Outcome.ANSWERED
            effects.append(OrderAnswered(asked.order_id, outcome, bytes(frame.payload)))
        self.down.pump(at, effects)

    def _answer_of_office(self, frame: Envelope, raw: bytes, at: datetime, effects: Effects) -> None:
        asked = self.up.lane.answered(frame.unique_id)
        if asked is None:
            effects.append(_unread(Direction.FROM_OFFICE, frame, raw, "an answer that nobody asked for", at))
            return
        sent = None if asked.is_ours else raw
        rule = asked.rule if asked.is_ours else ""
        effects.append(Recorded(Direction.FROM_OFFICE, raw, sent, frame.kind, frame.unique_id, asked.action, rule, at))
        if sent is not None:
            effects.append(ToStation(sent))
        self.up.pump(at, effects)

    def _go_on(self, at: datetime, effects: Effects) -> None:
        """Carry out the move, if this is the idle moment that it waits for."""
        if self.move is None or not self.is_idle:
            return
        target, self.move = self.move[0], None
        self.up.down(at)
        self.down.office_gone(effects)
        self.back_office = target
        effects += [CloseOffice(f"the station moves to {target}"), OpenOffice(target)]

    @property
    def is_idle(self) -> bool:
        """Whether no call is open or waiting, either way."""
        up, down = self.up.lane, self.down.lane
        return up.open is None and not up.waiting and down.open is None and not down.waiting

    def _bad(self, way: Direction, frame: BadFrame, at: datetime, effects: Effects) -> None:
        is_station = way is Direction.FROM_STATION
        side = 0 if is_station else 1
        self.bad[side] += 1
        effects.append(_unread(way, frame, frame.raw, f"bad frame: {frame.problem}", at))
        if frame.unique_id is not None:
            code = "FormationViolation" if self.protocol == "ocpp1.6" else "FormatViolation"
            raw = encode(CallError(unique_id=frame.unique_id, code=code, description=frame.problem, details={}))
            back = Direction.TO_STATION if is_station else Direction.TO_OFFICE
            effects += [
                Recorded(back, b"", raw, CALL_ERROR, frame.unique_id, "", "answer to a bad frame", at),
                ToStation(raw) if is_station else ToOffice(raw),
            ]
        if self.bad[side] < self.rules.bad_limit:
            return
        self.bad[side] = 0
        who = "station" if is_station else "back office"
        effects.append(Alarm("bad_frames", f"{self.rules.bad_limit} bad frames in a row came from the {who}"))
        if is_station:
            effects.append(CloseStation(POLICY_VIOLATION, "too many bad frames"))
        else:
            effects.append(CloseOffice("too many bad frames"))

    def _seen(self, effects: Effects) -> Effects:
        for effect in effects:
            if type(effect) is CloseStation:
                self.is_closing = True
        return effects


def _unread(way: Direction, frame: Envelope | BadFrame, raw: bytes, rule: str, at: datetime) -> Recorded:
    if isinstance(frame, BadFrame):
        return Recorded(way, frame.raw, None, 0, frame.unique_id or "", "", rule, at)
    return Recorded(way, raw, None, frame.kind, frame.unique_id, frame.action, rule, at)
