"""The doorway: a connection before it is a station's. It has a moment to say who it is, is judged, and then let in.

picows judges a handshake without waiting for anything, and knows nothing of certificates. So a connection is read here
until its request is whole, judged, and only then handed over to picows, with its bytes.
"""

import asyncio
import logging
from typing import Any

from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSListener,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined] # what ws_create_server makes of each connection

from charging.ocpp.gateway import handshake
from charging.ocpp.gateway.admission import Admission, Admitted, Knock
from charging.ocpp.gateway.claims import Claims
from charging.ocpp.gateway.handshake import Refusal, Request
from charging.ocpp.gateway.hub import Hub
from charging.ocpp.gateway.leading import begins_at
from charging.ocpp.gateway.session import Session

_LOG = logging.LoggerAdapter(logging.getLogger("rehome.gateway.station"), {})
"""An adapter, because picows would make a logger of its own for each station."""
_READ_BYTES = 2_048
"""What is held for a silent station's next message. It grows with what comes."""


class Stranger(WSListener):
    """A station with which we have no protocol in common: the handshake is completed, and the link closed."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say so and go."""
        transport.send_close(WSCloseCode.PROTOCOL_ERROR, "no common sub-protocol: ocpp1.6, ocpp2.0.1 and ocpp2.1 are")
        transport.disconnect()


class Doorway(asyncio.Protocol):
    """One connection, from its first byte until it is let in or sent away."""

    __slots__ = ("_admission", "_claims", "_hub", "_is_judged", "_is_plain", "_said", "_timer", "_transport")

    def __init__(self, hub: Hub, admission: Admission, claims: Claims, *, is_plain: bool) -> None:
        self._hub = hub
        self._admission = admission
        self._claims = claims
        self._is_plain = is_plain
        self._said = b""
        self._is_judged = False
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give it a moment to say who it is."""
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._hub.options.handshake_seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read its request; what comes after it waits."""
        self._said += data
        if len(self._said) > handshake.MAX_BYTES:
            self._transport.abort()
        elif not self._is_judged and b"\r\n\r\n" in self._said:
            self._is_judged = True
            asyncio.get_running_loop().create_task(self._judge())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own signature
        """It has gone before it was let in."""
        if self._timer is not None:
            self._timer.cancel()

    async def _judge(self) -> None:
        head, _, _ = self._said.partition(b"\r\n\r\n")
        request = handshake.read(head)
        if isinstance(request, Refusal):
            self._hub.counts.handshakes[str(request.status.value)] += 1
            self._send_away(request)
            return
        secure = self._transport.get_extra_info("ssl_object")
        peer = self._transport.get_extra_info("peername")
        knock = Knock(
            request=request,
            address=str(peer[0]) if isinstance(peer, tuple) else "",
            certificate=(secure.getpeercert() or None) if secure is not None else None,
            is_plain=self._is_plain,
        )
        verdict = await self._admission.judge(knock)
        if isinstance(verdict, Refusal):
            self._send_away(verdict)
            return
        try:
            await self._welcome(verdict, knock)
        finally:
            self._admission.leave(verdict.station_id)

    async def _welcome(self, admitted: Admitted, knock: Knock) -> None:
        if admitted.protocol is None:
            self._let_in(knock.request, Stranger(), {})
            return
        entrance = await self._claims.enter(admitted.station_id, protocol=admitted.protocol, peer=knock.address)
        if isinstance(entrance, Refusal):
            self._hub.counts.handshakes[str(entrance.status.value)] += 1
            self._send_away(entrance)
            return
        known = self._hub.known
        if self._transport.is_closing() or known is None or admitted.station_id not in known.routes:
            self._transport.abort()
            self._claims.leave(admitted.station_id, entrance.connection)
            return
        past = self._hub.pasts.of(admitted.station_id, known.origins[admitted.station_id])
        session = Session(
            self._hub,
            admitted.station_id,
            protocol=admitted.protocol,
            peer=knock.address,
            back_office=begins_at(known, admitted.station_id, past),
            past=past,
            tag=entrance.connection,
        )
        self._let_in(knock.request, session, {"Sec-WebSocket-Protocol": admitted.protocol})

    def _let_in(self, request: Request, listener: WSListener, headers: dict[str, str]) -> None:
        """Hand the connection over, with everything that it has said after its request."""

        def made(_: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(headers), listener)

        if self._timer is not None:
            self._timer.cancel()
        link = WSProtocol(
            *(None, None, False, made, _LOG, True, None, False, 20, 20, WSAutoPingStrategy.PING_WHEN_IDLE, True),
            *(self._hub.options.frame_bytes, None, _READ_BYTES),
        )
        self._transport.set_protocol(link)
        link.connection_made(self._transport)
        said = request.canonical() + self._said.partition(b"\r\n\r\n")[2]
        while said:
            room = link.get_buffer(-1)
            taken = min(len(room), len(said))
            room[:taken] = said[:taken]
            link.buffer_updated(taken)
            said = said[taken:]

    def _send_away(self, refusal: Refusal) -> None:
        if not self._transport.is_closing():
            self._transport.write(refusal.response())
            self._transport.close()
