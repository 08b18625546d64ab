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

from charging.ocpp.envelope import CALL, look
from charging.ocpp.frames import BadFrame
from charging.ocpp.relay.bad_frames import answer_bad, close_after_row, unpassed
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.effects import (
    Alarm,
    CloseOffice,
    CloseStation,
    Direction,
    Effects,
    Kept,
    MoveRefused,
    OpenOffice,
    OrderAnswered,
    Outcome,
    is_plain,
)
from charging.ocpp.relay.exchange import Exchange
from charging.ocpp.relay.facts import Fact
from charging.ocpp.relay.habits import Ask
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.moving import Moving
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.rules import Rules


class Relay:
    """Feed it events; do what it returns, in order."""

    __slots__ = (
        "_bad_office", "_bad_station", "_is_closing", "_is_new", "_moved", "_moving", "book", "exchange", "rules",
        "station_id",
    )  # fmt: skip

    def __init__(
        self,
        station_id: str,
        protocol: str,
        *,
        back_office: str,
        book: TransactionBook,
        rules: Rules,
        tag: str,
        memory: StationMemory | None = None,
    ) -> None:
        """Make the relay of a station that has just connected; the edge opens the link to `back_office` by itself.

        `protocol` is ocpp1.6, ocpp2.0.1 or ocpp2.1. `tag` is at most 26 characters that no other connection has:
        random ones. Ids of calls that are made here begin with it. `memory` is that of the station's last connection.
        """
        self.station_id, self.book, self.rules = station_id, book, rules
        known = memory or StationMemory()
        self.exchange = Exchange(
            station_id, protocol, back_office=back_office, book=book, rules=rules, tag=tag, memory=known
        )
        self._moving: Moving | None = None
        self._bad_station = self._bad_office = 0
        self._is_closing, self._moved = False, known.back_office not in {"", back_office}
        self._is_new = True

    def go_by(self, rules: Rules) -> None:
        """Go by other rules from now on; what is on its way goes by those that it began with."""
        exchange = self.exchange
        for part in (self, exchange, exchange.habits, exchange.up, exchange.down):
            part.rules = rules

    @property
    def back_office(self) -> str:
        """The back office that the station has, or is about to get a link to."""
        return self.exchange.up.back_office

    @property
    def memory(self) -> StationMemory:
        """What the relay of the station's next connection may be handed."""
        return self.exchange.memory

    @property
    def move(self) -> tuple[str, datetime] | None:
        """Where the station is to move, and until when an idle moment is waited for."""
        return None if self._moving is None else (self._moving.target, self._moving.deadline)

    @property
    def is_idle(self) -> bool:
        """Whether no call is open or waiting, either way."""
        return self.exchange.is_idle

    @property
    def next_deadline(self) -> datetime | None:
        """The next instant at which `tick` has something to do."""
        first = self.exchange.deadline()
        if self._moving is None:
            return first
        return min(at for at in (first, self._moving.deadline, self._moving.quiet_at) if at is not None)

    def from_station(self, raw: bytes, at: datetime) -> Effects:
        """A text frame has come from the station."""
        effects: Effects = []
        frame = look(raw, max_bytes=self.rules.max_bytes, max_depth=self.rules.max_depth)
        if self._is_closing:
            return [unpassed(Direction.FROM_STATION, frame, raw, "came after the link was given up", at)]
        if isinstance(frame, BadFrame):
            self._bad_station += 1
            return self._bad(Direction.FROM_STATION, frame, self._bad_station, at)
        self._bad_station = 0
        if frame.kind == CALL:
            self.exchange.call_of_station(frame, raw, at, effects)
        else:
            self.exchange.answer_of_station(frame, raw, at, effects)
        return self._finish(at, effects)

    def from_office(self, raw: bytes, at: datetime) -> Effects:
        """A text frame has come from the back office."""
        effects: Effects = []
        frame = look(raw, max_bytes=self.rules.max_bytes, max_depth=self.rules.max_depth)
        if not self.exchange.up.is_up:
            return [unpassed(Direction.FROM_OFFICE, frame, raw, "came after the link was closed", at)]
        if isinstance(frame, BadFrame):
            self._bad_office += 1
            return self._bad(Direction.FROM_OFFICE, frame, self._bad_office, at)
        self._bad_office = 0
        if frame.kind == CALL:
            self.exchange.call_of_office(frame, raw, at, effects)
        else:
            self.exchange.answer_of_office(frame, raw, at, effects)
        return self._finish(at, effects)

    def office_up(self, back_office: str, at: datetime) -> Effects:
        """The link to this back office stands."""
        effects: Effects = []
        self.exchange.up.back_office = back_office
        self._bad_office = 0
        self.exchange.up.up(at, effects)
        asks = self.exchange.habits.on_move() if self._moved else []
        if self._is_new and not self._moved and self.exchange.is_alike:
            asks = self.exchange.habits.on_link(at)
        self._moved = self._is_new = False
        self.exchange.ask(asks, at, effects)
        return self._finish(at, effects)

    def office_down(self, at: datetime) -> Effects:
        """The link to the back office has ended without being told to; the edge tries again by itself."""
        effects: Effects = []
        self._office_has_gone(at, effects)
        return self._finish(at, effects)

    def order(self, order: Order, at: datetime) -> Effects:
        """An order has been taken up for this station."""
        effects: Effects = []
        if self._is_closing:
            return [OrderAnswered(order.order_id, Outcome.UNSENT, b"")]
        self.exchange.down.order(order, at, effects)
        return self._finish(at, effects)

    def move_to(self, back_office: str, at: datetime, *, since: datetime | None = None) -> Effects:
        """The station's route has changed, `since` then. A later one replaces an earlier; its own place ends a move."""
        effects: Effects = []
        if self._moving is not None and self._moving.target != back_office:
            effects.append(MoveRefused(self._moving.target, f"it was replaced by a move to {back_office}"))
        if back_office == self.back_office:
            self._moving = None
        elif self._moving is None or self._moving.target != back_office:
            self._moving = Moving(back_office, (since or at) + self.rules.drain)
        return self._finish(at, effects)

    def tick(self, at: datetime) -> Effects:
        """Time has passed."""
        effects: Effects = []
        self.exchange.up.expire(at, effects)
        silent = self.exchange.down.expire(at, effects)
        if silent is not None and isinstance(silent.note, Ask):
            self.exchange.make(self.exchange.habits.unwilling(silent.note, at), at, effects)
        if self.exchange.up.is_up:
            asks, made = self.exchange.habits.due(at)
            self.exchange.ask(asks, at, effects)
            self.exchange.make(made, at, effects)
        self._finish(at, effects)
        if self._moving is not None and self._moving.deadline <= at:
            target, reason = self._moving.target, f"no idle moment came in time: {self._moving.reason}"
            self._moving = None
            effects += [MoveRefused(target, reason), Alarm("move_refused", f"the move to {target}: {reason}")]
        return effects

    def station_gone(self, at: datetime) -> Effects:
        """The station's link has ended. This is the relay's last event."""
        effects: Effects = []
        self._is_closing = True
        self.exchange.up.end(effects)
        self.exchange.down.end(at, effects)
        effects.append(CloseOffice("the station has left"))
        return effects

    def _bad(self, way: Direction, frame: BadFrame, in_a_row: int, at: datetime) -> Effects:
        effects: Effects = []
        answer_bad(frame, way, self.exchange.protocol, at, effects)
        if in_a_row >= self.rules.bad_limit:
            close_after_row(way, in_a_row, self.back_office, effects)
            if way is Direction.FROM_OFFICE:
                self._office_has_gone(at, effects)
        return self._finish(at, effects)

    def _finish(self, at: datetime, effects: Effects) -> Effects:
        """Let follow what follows from these effects: statuses left unsaid, the next call, a move."""
        if self._moving is None and not self.exchange.up.lane.waiting and is_plain(effects):
            return effects
        seen = 0
        while seen < len(effects):
            for effect in effects[seen:]:
                seen += 1
                if type(effect) is Kept and isinstance(effect.facts, Fact):
                    self.exchange.up.remember()
                    made = self.exchange.habits.on_fact(
                        effect.facts, at, is_alike=self.exchange.is_alike, effects=effects
                    )
                    self.exchange.make(made, at, effects)
                elif type(effect) is CloseStation:
                    self._is_closing = True
            if not self._is_closing:
                self.exchange.up.pump(at, effects)
        if self._moving is not None:
            self._move(self._moving, at, effects)
        return effects

    def _move(self, moving: Moving, at: datetime, effects: Effects) -> None:
        """Carry out the move, if this is the idle moment that it waits for."""
        if not moving.is_ready(
            at,
            up=self.exchange.up,
            down=self.exchange.down,
            book=self.book,
            memory=self.exchange.memory,
            rules=self.rules,
        ):
            return
        self._moving, self._moved = None, True
        self._office_has_gone(at, effects)
        self.exchange.up.back_office = moving.target
        effects += [CloseOffice(f"the station moves to {moving.target}"), OpenOffice(moving.target)]

    def _office_has_gone(self, at: datetime, effects: Effects) -> None:
        self.exchange.up.down(at)
        self.exchange.down.office_gone(effects)
