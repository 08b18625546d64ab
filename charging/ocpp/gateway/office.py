"""A link to a back-office on behalf of a station: dialling it, dialling it again, and what comes over it."""

import asyncio
import base64
import logging
import random
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    ws_connect,
)

from charging.errors import BackOfficeUnavailable, SettingsError
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.gateway.messages import Messages, forget_handshake, number
from charging.ocpp.gateway.options import Options
from charging.secret import resolve

if TYPE_CHECKING:
    from charging.ocpp.gateway.session import Session

_LOG = logging.LoggerAdapter(logging.getLogger("rehome.gateway.office"), {})
"""An adapter, because picows would make a logger of its own for each link."""
_REFERENCES = ("env:", "file:")
_PLAIN: Mapping[str, Any] = {"use_aiofastnet": False}
"""Its transport holds 4 KB for writing, of which a link that says a few words at a time has no use."""
_TLS: Mapping[str, Any] = {"ssl_incoming_bio_size": 16_384, "ssl_outgoing_bio_size": 16_384}
"""A TLS record's size, the least that there may be: without it, half a megabyte is set aside for each link."""
_MOST_EARLY = 16
"""A back-office has one call open at a time: who says more than this in its first breath is no back-office."""


class OfficeLink(WSListener):
    """One link to a back-office, as picows calls it."""

    __slots__ = ("back_office", "early", "heard_at", "messages", "paused_at", "pinged_at", "session", "transport")

    def __init__(self, session: "Session", back_office: str) -> None:
        self.session = session
        self.back_office = back_office
        self.messages = Messages(session.hub.options.frame_bytes)
        self.transport: WSTransport | None = None
        self.heard_at = session.hub.clock()
        self.pinged_at: datetime | None = None
        self.paused_at: datetime | None = None
        self.early: list[tuple[bytes, datetime]] | None = []
        """What came before the link was handed over: a back-office may speak in one breath with its handshake."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Remember how it is spoken to."""
        self.transport = transport
        forget_handshake(transport)
        transport.underlying_transport.set_write_buffer_limits(high=65_536)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a message on to the station's session."""
        self.heard_at = at = self.session.hub.clock()
        if frame.msg_type is WSMsgType.TEXT and frame.fin and not self.messages.parts:
            self._hand_on(frame.get_payload_as_bytes(), at)
        elif frame.msg_type is WSMsgType.CLOSE:
            code = frame.get_close_code()
            transport.send_close(code if number(code) else WSCloseCode.OK, frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type is not WSMsgType.PONG:
            whole = self.messages.take(frame)
            if whole is not None:
                self._hand_on(whole, at)

    def hand_over(self) -> None:
        """Hand on what came early, and from now on everything as it comes."""
        early, self.early = self.early or [], None
        for raw, at in early:
            self.session.from_office(self, raw, at)

    def _hand_on(self, raw: bytes, at: datetime) -> None:
        if self.early is None:
            self.session.from_office(self, raw, at)
        elif len(self.early) < _MOST_EARLY:
            self.early.append((raw, at))
        else:
            self.abort()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell the session, unless it has let go of this link itself."""
        handshake = transport.close_handshake
        told = handshake.recv if handshake is not None else None
        reason = f"it closed with {number(told.code)}" if told is not None else "it broke"
        self.transport = None
        self.session.office.lost(self, reason)

    def pause_writing(self) -> None:
        """Note that the back-office does not read as fast as the station talks."""
        self.paused_at = self.session.hub.clock()

    def resume_writing(self) -> None:
        """Note that it has read on."""
        self.paused_at = None

    def send(self, raw: bytes) -> None:
        """Send a message, unless the link is not there any more."""
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, raw)

    def close(self, code: WSCloseCode, reason: str) -> None:
        """Close the link in order."""
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.send_close(code, reason[:120])
            transport.disconnect()

    def abort(self) -> None:
        """Drop the link: nobody reads on the other side."""
        if self.transport is not None:
            self.transport.disconnect(graceful=False)


class Dialler:
    """Opens links to back-offices."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._slots = asyncio.Semaphore(options.dials)
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._random = random.Random()  # noqa: S311 - spreads load, guards nothing

    async def dial(self, session: "Session", office: BackOffice) -> OfficeLink:
        """Open a link to a back-office, once.

        Raises:
            BackOfficeUnavailable: if it does not answer, refuses, or does not speak the station's version.
        """

        def listener(_: WSUpgradeRequest, response: WSUpgradeResponse) -> WSListener:
            chosen = response.headers.get("Sec-WebSocket-Protocol")
            if chosen != session.protocol:
                raise BackOfficeUnavailable(office.name, f"it does not speak {session.protocol}")
            return OfficeLink(session, office.name)

        headers: dict[str, str] = {}
        try:
            headers |= self._headers(session, office)
            async with self._slots, asyncio.timeout(self._options.handshake_seconds):
                _, link = await ws_connect(
                    listener,
                    office.address.replace("{identity}", quote(session.station_id, safe="")),
                    ssl_context=self._context(office) if office.address.startswith("wss:") else None,
                    websocket_handshake_timeout=self._options.handshake_seconds,
                    logger_name=_LOG,
                    max_frame_size=self._options.frame_bytes,
                    extra_headers=headers,
                    max_redirects=0,  # a password is for the host that it was given for
                    read_buffer_init_size=2_048,
                    **(_TLS if office.address.startswith("wss:") else _PLAIN),
                )
        except SettingsError as error:
            raise BackOfficeUnavailable(office.name, str(error), "mend it there") from None
        except (OSError, WSError, TimeoutError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise BackOfficeUnavailable(office.name, said[0][:200] or type(error).__name__) from None
        finally:
            headers.clear()  # picows keeps them, and a password among them, for as long as the link lives
        assert isinstance(link, OfficeLink)  # noqa: S101 - it is what the factory above made
        return link

    def pause(self, tries: int) -> float:
        """Return for how many seconds to wait after so many tries in vain: longer each time, and never all at once."""
        first, longest = self._options.redial_seconds
        return float(min(longest, first * 2 ** min(tries - 1, 16)) * self._random.uniform(0.5, 1.0))

    def _headers(self, session: "Session", office: BackOffice) -> Mapping[str, str]:
        headers = {name: _value(office, name, value) for name, value in office.headers.items()}
        if office.password is not None:
            password = resolve(office.password, setting=f"the password of back-office {office.name}").reveal()
            login = base64.b64encode(f"{session.station_id}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        return headers | {"Sec-WebSocket-Protocol": session.protocol}

    def _context(self, office: BackOffice) -> ssl.SSLContext:
        """Return the one context of all links that trust the same certificates: a context costs far more than a link.

        Raises:
            OSError: if the file of certificates cannot be read, or holds none.
        """
        found = self._contexts.get(office.ca)
        if found is None:
            found = ssl.create_default_context(cafile=office.ca)
            found.minimum_version = ssl.TLSVersion.TLSv1_2
            self._contexts[office.ca] = found
        return found


def _value(office: BackOffice, name: str, value: str) -> str:
    if value.startswith(_REFERENCES):
        return resolve(value, setting=f"header {name} of back-office {office.name}").reveal()
    return value
