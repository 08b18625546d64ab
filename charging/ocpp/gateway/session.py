"""One station's link and what it leads to: the relay between two sockets, and its effects carried out in order."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from charging.errors import DiskFull
from charging.ocpp.gateway.entries import Alarmed, Closed, Ended, Fact, Linked, Memory, Sent, Upstream, stamp
from charging.ocpp.gateway.framing import framed
from charging.ocpp.gateway.leading import lead, stay
from charging.ocpp.gateway.messages import Messages, forget_handshake, number
from charging.ocpp.gateway.office import OfficeLink
from charging.ocpp.gateway.office_side import OfficeSide
from charging.ocpp.gateway.pasts import Past
from charging.ocpp.gateway.stored import clean, stored
from charging.ocpp.relay import remembered
from charging.ocpp.relay.effects import (
    Alarm,
    CloseOffice,
    CloseStation,
    Effect,
    Effects,
    Kept,
    MoveRefused,
    OpenOffice,
    OrderAnswered,
    OrderSent,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.relay import Relay

if TYPE_CHECKING:
    from charging.ocpp.gateway.hub import Hub


class Session(WSListener):
    """A station's link, as picows calls it. One for each connection, from its handshake to its end."""

    __slots__ = (
        "connection", "has_left", "heading", "heard_at", "hub", "memory", "messages", "office", "paused_at", "peer",
        "pinged_at", "protocol", "pulse", "reason", "relay", "station_id", "transport",
    )  # fmt: skip

    def __init__(
        self,
        hub: "Hub",
        station_id: str,
        *,
        protocol: str,
        peer: str,
        back_office: str,
        past: Past,
        tag: str,
    ) -> None:
        self.hub = hub
        self.station_id = station_id
        self.protocol = protocol
        self.heading = back_office
        """Where it leads, or is to lead once the moment is right."""
        self.peer = peer
        self.connection = tag
        book, self.memory = past
        self.relay = Relay(
            station_id, protocol, back_office=back_office, book=book, rules=hub.rules, tag=tag, memory=self.memory
        )
        self.messages = Messages(hub.options.frame_bytes)
        self.transport: WSTransport | None = None
        self.office = OfficeSide(self)
        self.heard_at = hub.clock()
        self.pinged_at: datetime | None = None
        self.paused_at: datetime | None = None
        self.pulse: asyncio.Future[bool] | None = None
        self.reason = ""
        self.has_left = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin: note that the station is here, and dial its back-office."""
        self.transport = transport
        forget_handshake(transport)
        transport.underlying_transport.set_write_buffer_limits(high=65_536)
        at = stamp(self.hub.clock())
        try:
            self.hub.note(Linked(at, self.station_id, self.hub.run, self.connection, self.protocol, self.peer))
        except DiskFull:
            self.close(WSCloseCode.TRY_AGAIN_LATER, "the gateway's journal is full")
        self.hub.arrived(self)
        self.office.dial(self.relay.back_office)
        lead(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a message to the relay, and do what it says."""
        self.heard_at = at = self.hub.clock()
        if self.pulse is not None:
            self._beat(is_alive=True)
        if frame.msg_type is WSMsgType.TEXT and frame.fin and self.messages.parts is None:
            self.do(self.relay.from_station(frame.get_payload_as_bytes(), at))
        elif frame.msg_type is WSMsgType.CLOSE:
            code = frame.get_close_code()
            self.reason = self.reason or f"the station closed it ({number(code)})"
            transport.send_close(code if number(code) else WSCloseCode.OK, frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type is not WSMsgType.PONG:
            whole = self.messages.take(frame)
            if whole is not None:
                self.do(self.relay.from_station(whole, at))
            elif self.messages.parts is None:
                self._record_binary(frame, at)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows's own signature
        """End: whatever was open is said to be, and the back-office's link goes with it."""
        if self.has_left:
            return
        self.has_left = True
        self.transport = None
        if self.pulse is not None:
            self._beat(is_alive=False)
        self.do(self.relay.station_gone(self.hub.clock()))
        self.note(Closed(stamp(self.hub.clock()), self.station_id, self.connection, self.reason or "it broke"))
        self.hub.left(self)

    def pause_writing(self) -> None:
        """Note that the station does not read as fast as it is told things."""
        self.paused_at = self.hub.clock()

    def resume_writing(self) -> None:
        """Note that it has read on."""
        self.paused_at = None

    def from_office(self, link: OfficeLink, raw: bytes, at: datetime) -> None:
        """Take a message of the back-office, unless it is one that has been left."""
        if link is self.office.link:
            self.do(self.relay.from_office(raw, at))

    def order(self, order: Order) -> None:
        """Take an order up."""
        self.do(self.relay.order(order, self.hub.clock()))

    def do(self, effects: Effects) -> None:
        """Carry effects out, in order: each frame is in the journal before it goes on, and what is known by it."""
        try:
            if self.memory.is_new:
                self.remember()
            for effect in effects:
                kind = type(effect)
                if kind is Recorded:
                    self._record(effect)  # type: ignore[arg-type]
                elif kind is ToOffice:
                    self.office.send(effect.raw)  # type: ignore[attr-defined]
                elif kind is ToStation:
                    if self.transport is not None:
                        self.transport.send(WSMsgType.TEXT, effect.raw)  # type: ignore[attr-defined]
                else:
                    self._do_rarely(effect)
        except DiskFull as full:
            self.hub.journal_failed(full)
            self.close(WSCloseCode.TRY_AGAIN_LATER, "the gateway's journal is full")

    def remember(self) -> None:
        """Write down what is remembered of the station.

        Raises:
            DiskFull: if there is no room for it in the journal.
        """
        said = remembered.of(self.memory, boot=stored(self.memory.boot))
        self.hub.note(Memory(stamp(self.hub.clock()), self.station_id, msgspec.json.encode(said)))
        self.memory.is_new = False

    def close(self, code: WSCloseCode, reason: str, *, is_dead: bool = False) -> None:
        """Close the station's link: in order, or without waiting for somebody who is not there."""
        transport = self.transport
        if transport is None:
            return
        self.reason = self.reason or reason
        transport.send_close(code, reason[:120])
        transport.disconnect(graceful=not is_dead)

    async def lives(self, seconds: float) -> bool:
        """Whether the station is still at the other end: it is pinged, and has so long for any sign of life."""
        if self.transport is None:
            return False
        if self.pulse is None:
            self.pulse = asyncio.get_running_loop().create_future()
            self.transport.send_ping(b"there?")
        pulse = self.pulse
        try:
            return await asyncio.wait_for(asyncio.shield(pulse), seconds)
        except TimeoutError:
            return False
        finally:
            if self.pulse is pulse:
                self.pulse = None

    def _beat(self, *, is_alive: bool) -> None:
        if self.pulse is not None and not self.pulse.done():
            self.pulse.set_result(is_alive)
        self.pulse = None

    def _record(self, effect: Recorded) -> None:
        self.hub.counts.frames += 1
        if effect.rule:
            self.hub.counts.rule(effect.rule)
        self.hub.journal.append(framed(effect, station_id=self.station_id, back_office=self.office.name))
        self.hub.nudge()

    def _record_binary(self, frame: WSFrame, at: datetime) -> None:
        raw = frame.get_payload_as_bytes()
        self.do([Recorded("from_station", raw, None, 0, "", "", "bad frame: it is binary", at)])  # type: ignore[arg-type]

    def _do_rarely(self, effect: Effect) -> None:
        at = stamp(self.hub.clock())
        match effect:
            case OrderSent(order_id=order_id, unique_id=unique_id):
                self.hub.note(Sent(at, int(order_id), unique_id))
            case OrderAnswered(order_id=order_id, outcome=outcome, payload=payload):
                self.hub.order_ended(self, Ended(at, int(order_id), outcome, clean(payload), is_clean=True))
            case Alarm(kind=kind, text=text):
                self.hub.note(Alarmed(at, self.station_id, kind, text))
                self.hub.counts.alarm(kind)
            case Kept(kind=kind, facts=facts):
                said = msgspec.json.encode(facts)
                place = self.hub.note(Fact(at, self.station_id, facts.back_office, kind, said))
                self.hub.pasts.note(place, facts)
            case CloseStation(code=code, reason=reason):
                self.close(WSCloseCode(code), reason)
            case CloseOffice(reason=reason):
                self.office.leave(reason)
            case OpenOffice(back_office=name):
                self.office.dial(name)
            case MoveRefused(back_office=name, reason=reason):
                stay(self, name)
                self.hub.move_refused(self, name, reason)

    def note(self, entry: Upstream | Closed) -> None:
        """Write what is good to know, and go on where there is no room for it."""
        try:
            self.hub.note(entry)
        except DiskFull as full:
            self.hub.journal_failed(full)
