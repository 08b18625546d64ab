"""A CitrineOS's OCPP side: it lets stations in, writes down every frame, and sends what its message API is asked to.

Written from its modules' message APIs: an order is answered as soon as it has been handed on, whatever becomes of it.
"""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as Refusal
from websockets.typing import Subprotocol

from charging.clock import Clock
from rehearsal.citrineos_graphql import CitrineOs
from rehearsal.frames import CallRefused, Link, LinkLost, Payload, instant

SUBPROTOCOLS = (Subprotocol("ocpp2.0.1"), Subprotocol("ocpp1.6"))
ENDPOINTS: Mapping[str, Sequence[str]] = {
    "1.6/configuration": (
        *("changeConfiguration", "getConfiguration", "changeAvailability", "reset", "triggerMessage"),
        "updateFirmware",
    ),
    "2.0.1/configuration": ("changeAvailability", "reset", "triggerMessage", "setNetworkProfile", "updateFirmware"),
    "2.0.1/monitoring": ("getVariables", "setVariables"),
    "1.6/reporting": ("getDiagnostics",),
    "2.0.1/reporting": ("getBaseReport", "getLog"),
}
HEARTBEAT_SECONDS = 900
_CONSTANT: Mapping[str, Payload] = {
    "Authorize": {"idTagInfo": {"status": "Accepted"}},  # of 1.6: the stations of 2.0.1 here do not ask
    "DataTransfer": {"status": "UnknownVendorId"},
}


class CitrineOsOcpp:
    """The stations' end of a CitrineOS. What it holds is in `data`, which its GraphQL shows."""

    def __init__(self, data: CitrineOs, *, clock: Clock, token: str = "") -> None:
        self.data, self.orders = data, list[tuple[str, str, Payload]]()
        """Every order that came in over the message API: station, action, payload."""
        self.is_deaf = False
        """Whether orders are confirmed and lost on the way to the station."""
        self._clock, self._token = clock, token
        self._links: dict[str, tuple[ServerConnection, Link]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._transactions = len(data.rows["Transactions"])
        self._server: Server | None = None
        path = "/ocpp/{version}/{module}/{action}"
        self.app = Starlette(routes=[Route(path, self._order, methods=["POST"])])

    async def open(self, listening: socket.socket) -> None:
        """Let stations in on a socket that is bound already."""
        self._server = await serve(
            self._attend,
            sock=listening,
            subprotocols=SUBPROTOCOLS,
            process_request=self._admit,
            compression=None,
            ping_interval=None,
            close_timeout=2,
        )

    async def close(self) -> None:
        """Hang up on every station."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def drop_links(self) -> None:
        """Cut every link without a word."""
        for connection, _ in self._links.values():
            connection.transport.abort()

    @property
    def connected(self) -> frozenset[str]:
        return frozenset(self._links)

    def heard(self, identity: str, action: str) -> list[Payload]:
        """Return the payloads of a station's calls of one kind, in order."""
        return [
            row["message"][3]
            for row in self.data.rows["OCPPMessages"].of(self._named, identity)
            if (row["origin"], row["action"], row["message"][0]) == ("cs", action, 2)
        ]

    @property
    def _named(self) -> str:
        named = "ocppConnectionName"
        return named if named in self.data.tables["OCPPMessages"].columns else "stationId"

    def _station(self, identity: str) -> dict[str, Any] | None:
        columns = self.data.tables["ChargingStations"].columns
        name = "ocppConnectionName" if "ocppConnectionName" in columns else "id"
        return next(iter(self.data.rows["ChargingStations"].of(name, identity)), None)

    async def _order(self, request: Request) -> Response:
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return JSONResponse({"error": "Unauthorized"}, status_code=401)
        version, module, action = (request.path_params[name] for name in ("version", "module", "action"))
        if action not in ENDPOINTS.get(f"{version}/{module}", ()):
            return JSONResponse({"message": f"Route POST:{request.url.path} not found"}, status_code=404)
        payload = json.loads(await request.body())
        told = [
            self._hand_on(identity, action[0].upper() + action[1:], payload)
            for identity in request.query_params.getlist("identifier")
        ]
        return JSONResponse(told)

    def _hand_on(self, identity: str, action: str, payload: Payload) -> Payload:
        if self._station(identity) is None:
            return {"success": False, "payload": f"Charging station {identity} not found"}
        if identity not in self._links:
            return {"success": False, "payload": "Failed sending call: no connection"}
        self.orders.append((identity, action, payload))
        if not self.is_deaf:
            task = asyncio.create_task(self._send(identity, action, payload))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return {"success": True, "payload": "1"}

    async def _send(self, identity: str, action: str, payload: Payload) -> None:
        try:
            await self._links[identity][1].call(action, payload)
        except (CallRefused, LinkLost, ConnectionClosed, TimeoutError, KeyError):
            return  # it is in the record, or it is not: whoever ordered it has gone already

    async def _admit(self, connection: ServerConnection, request: Handshake) -> Refusal | None:
        identity = unquote(request.path.rsplit("/", 1)[-1])
        return None if self._station(identity) is not None else connection.respond(404, "unknown station\n")

    async def _attend(self, connection: ServerConnection) -> None:
        identity = unquote((connection.request.path if connection.request else "").rsplit("/", 1)[-1])
        row = self._station(identity)
        if row is None or connection.subprotocol is None:
            await connection.close(1002, "no common sub-protocol")
            return
        kept = _Kept(self, identity, connection)
        link = Link(kept, lambda action, payload: self._answer(identity, action, payload))
        self._links[identity] = connection, link
        row |= {"isOnline": True, "protocol": str(connection.subprotocol)}
        try:
            async for text in connection:
                self.write(identity, "cs", text)
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            link.lose()
            if self._links.get(identity, (None,))[0] is connection:
                del self._links[identity]
                row["isOnline"] = False

    def write(self, identity: str, origin: str, text: str | bytes) -> None:
        """Write a frame down."""
        message = json.loads(text)
        now = self._clock().isoformat()
        action = message[2] if message[0] == 2 else None
        self.data.add(
            "OCPPMessages",
            **{self._named: identity, "createdAt": now, "updatedAt": now},
            correlationId=message[1],
            origin=origin,
            action=action,
            message=message,
            timestamp=now,
        )

    async def _answer(self, identity: str, action: str, payload: Payload) -> Payload:
        row = self._station(identity) or {}
        now = instant(self._clock())
        match action:
            case "BootNotification":
                box = payload.get("chargingStation", payload)
                row["firmwareVersion"] = box.get("firmwareVersion")
                row["chargePointSerialNumber"] = box.get("serialNumber", box.get("chargePointSerialNumber"))
                return {"status": "Accepted", "currentTime": now, "interval": HEARTBEAT_SECONDS}
            case "Heartbeat":
                return {"currentTime": now}
            case "StartTransaction":
                self._transactions += 1
                self._charge(identity, str(self._transactions), is_active=True)
                return {"transactionId": self._transactions, "idTagInfo": {"status": "Accepted"}}
            case "StopTransaction":
                self._charge(identity, str(payload["transactionId"]), is_active=False)
            case "TransactionEvent":
                number = payload["transactionInfo"]["transactionId"]
                self._charge(identity, number, is_active=payload["eventType"] != "Ended")
        return dict(_CONSTANT.get(action, {}))

    def _charge(self, identity: str, number: str, *, is_active: bool) -> None:
        named = (
            "ocppConnectionName" if "ocppConnectionName" in self.data.tables["Transactions"].columns else "stationId"
        )
        for row in self.data.rows["Transactions"].of(named, identity):
            if row["transactionId"] == number:
                row["isActive"] = is_active
                return
        self.data.add("Transactions", **{named: identity}, transactionId=number, isActive=is_active)


class _Kept:
    """A socket of which every frame that is sent is written down first."""

    def __init__(self, office: CitrineOsOcpp, identity: str, connection: ServerConnection) -> None:
        self._office, self._identity, self._connection = office, identity, connection

    async def send(self, message: str) -> None:
        self._office.write(self._identity, "csms", message)
        await self._connection.send(message)
