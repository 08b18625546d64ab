"""A SteVe-like back-office's OCPP 1.6J side: lets known stations in, answers them and keeps its books."""

import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote

import psycopg
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from charging.clock import Clock
from charging.errors import StationUnreachable
from rehearsal.frames import SUBPROTOCOL, CallRefused, Link, LinkLost, Payload, instant
from rehearsal.steve_records import SteveRecords
from rehearsal.steve_schema import Generation
from rehearsal.steve_store import SteveStore

PATH = "/steve/websocket/CentralSystemService"
HEARTBEAT_SECONDS = 900
ASK_AGAIN_SECONDS = 5
"""The interval that a station is told whose boot is not accepted."""


class BackOffice:
    """One back-office. It listens once `open` is called, and lets go of everything with `close`."""

    def __init__(self, name: str, *, database_url: str, generation: Generation, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._store = SteveStore(database_url)
        self._records = SteveRecords(self._store, generation)
        self._links: dict[str, tuple[ServerConnection, Link]] = {}
        self._server: Server | None = None
        self._answers: dict[str, Callable[[str, Payload], Awaitable[Payload]]] = {
            "Authorize": self._authorize,
            "BootNotification": self._boot,
            "DiagnosticsStatusNotification": self._diagnostics_status,
            "FirmwareStatusNotification": self._firmware_status,
            "Heartbeat": self._heartbeat,
            "MeterValues": self._meter_values,
            "StartTransaction": self._start,
            "StatusNotification": self._status,
            "StopTransaction": self._stop,
        }

    async def open(self, listening: socket.socket) -> None:
        """Let stations in on a socket that is bound already."""
        self._server = await serve(
            self._attend,
            sock=listening,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            select_subprotocol=_common_subprotocol,
            process_request=self._admit,
            compression=None,
            ping_interval=None,
            close_timeout=2,
            server_header=None,
        )

    async def close(self) -> None:
        """Hang up on every station and finish the books."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self._store.settle()
        self._store.close()

    async def settle(self) -> None:
        """Wait until everything that stations said is in the database."""
        await self._store.settle()

    @property
    def connected(self) -> frozenset[str]:
        return frozenset(self._links)

    async def call(self, identity: str, action: str, payload: Payload) -> Payload:
        """Send a CALL to a station; calls to one station wait for each other.

        Raises:
            CallRefused: if the station answers with a CALLERROR.
            StationUnreachable: if it is not connected, or hangs up or falls silent before it answers.
        """
        if identity not in self._links:
            raise StationUnreachable(identity, f"it has no open session at {self.name}")
        try:
            return await self._links[identity][1].call(action, payload)
        except (LinkLost, ConnectionClosed):
            raise StationUnreachable(identity, f"it hung up on {action}") from None
        except TimeoutError:
            raise StationUnreachable(identity, f"it did not answer {action} in time") from None

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        identity = _identity(request.path)
        if identity is None or await self._records.registration(identity) is None:
            return connection.respond(404, "unknown charge point\n")
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        identity = _identity(connection.request.path) if connection.request else None
        if identity is None or connection.subprotocol is None:
            await connection.close(1002, "no common sub-protocol")
            return
        link = Link(connection, lambda action, payload: self._answer(identity, action, payload))
        before = self._links.get(identity)
        self._links[identity] = connection, link
        if before is not None:
            await before[0].close(1001, "the station has connected again")
        try:
            async for text in connection:
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            link.lose()
            if self._links.get(identity, (None,))[0] is connection:
                del self._links[identity]

    async def _answer(self, identity: str, action: str, payload: Payload) -> Payload:
        if action not in self._answers:
            raise CallRefused("NotImplemented", action)
        try:
            return await self._answers[action](identity, payload)
        except (KeyError, ValueError, TypeError) as error:
            raise CallRefused("FormationViolation", str(error)) from None
        except psycopg.Error as error:
            raise CallRefused("InternalError", type(error).__name__) from error

    async def _boot(self, identity: str, payload: Payload) -> Payload:
        now = self._clock()
        status = await self._records.registration(identity) or "Rejected"
        if status == "Accepted":
            self._records.boot(identity, payload, now=now)
        interval = HEARTBEAT_SECONDS if status == "Accepted" else ASK_AGAIN_SECONDS
        return {"status": status, "currentTime": instant(now), "interval": interval}

    async def _heartbeat(self, identity: str, _: Payload) -> Payload:
        self._records.heartbeat(identity, now=self._clock())
        return {"currentTime": instant(self._clock())}

    async def _status(self, identity: str, payload: Payload) -> Payload:
        self._records.status(identity, payload, now=self._clock())
        return {}

    async def _firmware_status(self, identity: str, payload: Payload) -> Payload:
        self._records.firmware_status(identity, str(payload["status"]), now=self._clock())
        return {}

    async def _diagnostics_status(self, identity: str, payload: Payload) -> Payload:
        self._records.diagnostics_status(identity, str(payload["status"]), now=self._clock())
        return {}

    async def _meter_values(self, identity: str, payload: Payload) -> Payload:
        self._records.meter_values(identity, payload, now=self._clock())
        return {}

    async def _authorize(self, _: str, payload: Payload) -> Payload:
        return {"idTagInfo": await self._records.tag(str(payload["idTag"]), now=self._clock())}

    async def _start(self, identity: str, payload: Payload) -> Payload:
        now = self._clock()
        info = await self._records.tag(str(payload["idTag"]), now=now)
        # The start is booked whatever the tag is worth: a station may have begun offline, and will not ask twice.
        transaction_id = await self._records.start(identity, payload, now=now)
        self._records.status(identity, _synthetic(payload["connectorId"], "Charging"), now=now)
        return {"transactionId": transaction_id, "idTagInfo": info}

    async def _stop(self, identity: str, payload: Payload) -> Payload:
        now = self._clock()
        await self._records.stop(identity, payload, now=now)
        if "idTag" not in payload:
            return {}
        return {"idTagInfo": await self._records.tag(str(payload["idTag"]), now=now)}


def _identity(path: str) -> str | None:
    """Return the station's identity from the request path; doubled slashes are forgiven."""
    parts = [part for part in path.split("?", maxsplit=1)[0].split("/") if part]
    if parts[:-1] != PATH.strip("/").split("/"):
        return None
    return unquote(parts[-1])


def _common_subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _synthetic(connector_id: int, status: str) -> Payload:
    """Return what SteVe assumes of a connector after a transaction message: not every station says it."""
    return {"connectorId": connector_id, "status": status, "errorCode": "NoError"}
