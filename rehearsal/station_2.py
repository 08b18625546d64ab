"""A simulated OCPP 2.0.1 station: a WebSocket client with profile slots, a priority among them, and a fallback.

Every message, in both directions, is held against the schemas of the `ocpp` library.
"""

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import quote

from ocpp.messages import get_validator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from charging.clock import Clock
from rehearsal import device_model, log_upload
from rehearsal.device_model import ATTEMPTS, COMMUNICATION, Memory
from rehearsal.frames import CALL, CALLRESULT, CallRefused, Link, LinkLost, Payload, instant
from rehearsal.truth import Behaviour

SUBPROTOCOL = "ocpp2.0.1"
LATE_FACTOR = 20
TRIGGERS = frozenset({"BootNotification", "Heartbeat", "StatusNotification"})


class Station2:
    """One station. `run` goes on until it is cancelled or the station is gone for good."""

    def __init__(
        self,
        memory: Memory,
        *,
        clock: Clock,
        behaviour: Behaviour = Behaviour.GOOD,
        restart_seconds: float = 0.02,
        wait_seconds: float = 0.05,
        evses: int = 1,
        dial: Callable[..., Any] = connect,
    ) -> None:
        self.memory, self.behaviour = memory, behaviour
        self._clock, self._dial_with, self._evses = clock, dial, evses
        self._restart_seconds, self._wait_seconds = restart_seconds, wait_seconds
        self._socket: ClientConnection | None = None
        self._after: asyncio.Queue[str | tuple[str, int]] = asyncio.Queue()
        self._is_restarting, self._boot_reason = False, "PowerUp"
        self._charge: tuple[str, int] | None = None
        """The running charge's id and its next sequence number."""
        self._charges = count(1)

    @property
    def identity(self) -> str:
        return self.memory.station_id

    async def run(self) -> None:
        """Dial the slots in their order, so many times each; talk; and dial again."""
        failures = 0
        while not self.memory.is_gone:
            if self._is_restarting:
                await self._restart()
                failures = 0
            elif socket := await self._dial(failures):
                failures = 0
                await self._talk(socket)
            else:
                failures += 1
                await asyncio.sleep(self._wait_seconds)

    async def begin_charge(self) -> None:
        """Let a driver begin."""
        self._charge = f"tx-{self.identity}-{next(self._charges)}", 0
        await self._after.put("Started")

    async def end_charge(self) -> None:
        """Let the driver go."""
        await self._after.put("Ended")

    async def _restart(self) -> None:
        memory = self.memory
        goes = memory.priority[0] != memory.active
        if goes and self.behaviour is Behaviour.NEVER_RETURNS:
            memory.is_gone = True
            return
        late = goes and self.behaviour is Behaviour.RETURNS_LATE
        await asyncio.sleep(self._restart_seconds * (LATE_FACTOR if late else 1))
        memory.restarts += 1
        self._is_restarting, self._boot_reason = False, "RemoteReset"

    async def _dial(self, failures: int) -> ClientConnection | None:
        memory = self.memory
        attempts = int(memory.variables[COMMUNICATION, ATTEMPTS])
        order = [slot for slot in memory.priority if memory.slots.get(slot)]
        if self.behaviour is Behaviour.RETURNS_TO_LEGACY:
            order = [memory.active]
        slot = order[failures // attempts % len(order)]
        url = f"{memory.url(slot).rstrip('/')}/{quote(self.identity, safe='')}"
        try:
            socket: ClientConnection = await self._dial_with(
                url,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                ping_interval=None,
                close_timeout=2,
                user_agent_header=None,
                proxy=None,
            )
        except (OSError, TimeoutError, ValueError, WebSocketException):
            return None
        memory.active = slot
        return socket

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket, self._after = socket, asyncio.Queue()
        link = Link(socket, self._answer)
        script = asyncio.create_task(self._converse(link, socket))
        try:
            async for text in socket:
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            link.lose()
            script.cancel()
            with contextlib.suppress(asyncio.CancelledError, LinkLost, ConnectionClosed, TimeoutError, CallRefused):
                await script

    async def _converse(self, link: Link, socket: ClientConnection) -> None:
        try:
            await self._boot(link)
            while True:
                match await self._after.get():
                    case "Reset" if self._charge is None:
                        self._is_restarting = True
                        return
                    case "Reset":
                        await self._after.put("Reset")  # OnIdle: the charge ends first
                        await asyncio.sleep(self._wait_seconds)
                    case "BootNotification":
                        await self._boot(link)
                    case "Heartbeat":
                        await _say(link, "Heartbeat", {})
                    case "StatusNotification":
                        await self._tell(link)
                    case "Started" | "Ended" as event:
                        await self._event(link, event)
                    case str(location), int(number):
                        await self._send_log(link, location, number)
                    case request:
                        for part in device_model.report(self.memory, int(request), at=instant(self._clock())):
                            await _say(link, "NotifyReport", part)
        finally:
            await socket.close()

    async def _boot(self, link: Link) -> None:
        box = {
            "model": self.memory.variables["ChargingStation", "Model"],
            "vendorName": self.memory.variables["ChargingStation", "VendorName"],
            "serialNumber": f"SN-{self.identity}"[:25],
            "firmwareVersion": self.memory.firmware,
        }
        while True:
            answer = await _say(link, "BootNotification", {"reason": self._boot_reason, "chargingStation": box})
            if answer["status"] == "Accepted":
                break
            await asyncio.sleep(self._wait_seconds)
        await self._tell(link)

    async def _tell(self, link: Link) -> None:
        state = "Unavailable" if not self.memory.is_operative else "Available" if self._charge is None else "Occupied"
        for evse in range(1, self._evses + 1):
            told = {"connectorStatus": state, "evseId": evse, "connectorId": 1}
            await _say(link, "StatusNotification", {"timestamp": instant(self._clock())} | told)

    async def _send_log(self, link: Link, location: str, number: int) -> None:
        async def tell(status: str) -> None:
            await _say(link, "LogStatusNotification", {"status": status, "requestId": number})

        log = f"firmware {self.memory.firmware}\nrestarts {self.memory.restarts}\n"
        await log_upload.upload(self.identity, location, log, tell=tell, failure="UploadFailure")

    async def _event(self, link: Link, event: str) -> None:
        if self._charge is None:
            return
        number, sequence = self._charge
        payload = {
            "eventType": event,
            "timestamp": instant(self._clock()),
            "triggerReason": "CablePluggedIn" if event == "Started" else "EVDeparted",
            "seqNo": sequence,
            "transactionInfo": {"transactionId": number},
            "evse": {"id": 1, "connectorId": 1},
        }
        await _say(link, "TransactionEvent", payload)
        self._charge = (number, sequence + 1) if event == "Started" else None

    async def _answer(self, action: str, payload: Payload) -> Payload:
        _require_valid(CALL, action, payload)
        answer = await self._obey(action, payload)
        _require_valid(CALLRESULT, action, answer)
        return answer

    async def _obey(self, action: str, payload: Payload) -> Payload:
        match action:
            case "GetVariables":
                return device_model.get_variables(self.memory, payload)
            case "SetVariables":
                return device_model.set_variables(self.memory, payload, behaviour=self.behaviour)
            case "GetLog":
                await self._after.put((str(payload["log"]["remoteLocation"]), int(payload["requestId"])))
                return {"status": "Accepted", "filename": log_upload.file_name(self.identity)}
        return {"status": await self._status(action, payload)}

    async def _status(self, action: str, payload: Payload) -> str:
        status, then = "Accepted", ""
        match action:
            case "SetNetworkProfile":
                status = device_model.set_network_profile(self.memory, payload)
            case "GetBaseReport":
                then = str(payload["requestId"])
            case "ChangeAvailability":
                self.memory.is_operative = payload["operationalStatus"] == "Operative"
                status, then = ("Accepted" if self._charge is None else "Scheduled"), "StatusNotification"
            case "TriggerMessage":
                known = payload["requestedMessage"] in TRIGGERS
                status, then = ("Accepted", payload["requestedMessage"]) if known else ("NotImplemented", "")
            case "Reset":
                self._charge = None if payload["type"] == "Immediate" else self._charge
                status, then = ("Accepted" if self._charge is None else "Scheduled"), "Reset"
            case _:
                raise CallRefused("NotImplemented", action)
        if then:
            await self._after.put(then)
        return status


async def _say(link: Link, action: str, payload: Payload) -> Payload:
    _require_valid(CALL, action, payload)
    answer = await link.call(action, payload)
    _require_valid(CALLRESULT, action, answer)
    return answer


def _require_valid(kind: int, action: str, payload: Payload) -> None:
    """Refuse what the schema of OCPP 2.0.1 does.

    Raises:
        CallRefused: FormatViolation, with the first thing that is wrong.
    """
    for error in _validator(kind, action).iter_errors(payload):
        raise CallRefused("FormatViolation", error.message[:255])


@cache
def _validator(kind: int, action: str) -> Any:
    try:
        return get_validator(kind, action, "2.0.1", parse_float=Decimal)
    except OSError:
        raise CallRefused("NotImplemented", action) from None
