"""A simulated OCPP 2.0.1 or 2.1 station: a WebSocket client with profile slots, a priority among them, a fallback.

Every message, in both directions, is held against the schemas of the `ocpp` library for the version that it speaks.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from charging.clock import Clock
from rehearsal import device_model, log_upload, station_2_orders
from rehearsal.device_model import ATTEMPTS, COMMUNICATION, Memory
from rehearsal.frames import CALL, CALLRESULT, CallRefused, Link, LinkLost, NoAnswer, Payload, instant
from rehearsal.station_2_charging import Charging2
from rehearsal.station_2_lies import ELSEWHERE, LEAVES_AFTER_SECONDS, SECRETLY, Lies2
from rehearsal.truth import Behaviour
from rehearsal.wording import Wording

LATE_FACTOR = 20


class Station2:
    """One station. `run` goes on until it is cancelled or the station is gone for good."""

    def __init__(
        self,
        memory: Memory,
        *,
        clock: Clock,
        protocol: str = "ocpp2.0.1",
        behaviour: Behaviour = Behaviour.GOOD,
        restart_seconds: float = 0.02,
        wait_seconds: float = 0.05,
        evses: int = 1,
        dial: Callable[..., Any] = connect,
    ) -> None:
        self.memory, self.behaviour, self.protocol = memory, behaviour, protocol
        self._lies, self._wording = Lies2(memory, behaviour), Wording(protocol)
        self._clock, self._dial_with, self._evses = clock, dial, evses
        self._restart_seconds, self._wait_seconds = restart_seconds, wait_seconds
        self._socket: ClientConnection | None = None
        self._after: asyncio.Queue[str | tuple[str, int]] = asyncio.Queue()
        self._is_restarting, self._boot_reason = False, "PowerUp"
        self._charging = Charging2(memory.station_id, self._wording, clock=clock)

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

    @property
    def dialled(self) -> str:
        """What it dials, with its identity."""
        return f"{self.memory.url(self.memory.active).rstrip('/')}/{quote(self.identity, safe='')}"

    @property
    def is_charging(self) -> bool:
        """Whether a charge has begun whose end has not been answered."""
        return self._charging.is_running

    def lose_link(self) -> None:
        """Cut the connection without a word, as a cellular network does."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def begin_charge(self) -> None:
        """Let a driver begin."""
        self._charging.begin()
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
        order = self._lies.order(order)
        slot = order[failures // attempts % len(order)]
        socket = await self._connected(memory.url(slot))
        memory.active = slot if socket is not None else memory.active
        return socket

    async def _connected(self, url: str) -> ClientConnection | None:
        try:
            socket: ClientConnection = await self._dial_with(
                f"{url.rstrip('/')}/{quote(self.identity, safe='')}",
                subprotocols=[Subprotocol(self.protocol)],
                compression=None,
                ping_interval=None,
                close_timeout=2,
                user_agent_header=None,
                proxy=None,
            )
        except (OSError, TimeoutError, ValueError, WebSocketException):
            return None
        return socket

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket, self._after = socket, asyncio.Queue()
        link = Link(socket, self._answer)
        script = asyncio.create_task(self._converse(link, socket))
        lying = [asyncio.create_task(lie) for lie in self._second_lives(socket)]
        try:
            async for text in socket:
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            link.lose()
            for task in (script, *lying):
                task.cancel()
            await asyncio.gather(*lying, return_exceptions=True)
            with contextlib.suppress(asyncio.CancelledError, LinkLost, ConnectionClosed, TimeoutError, CallRefused):
                await script

    def _second_lives(self, socket: ClientConnection) -> Iterator[Coroutine[Any, Any, None]]:
        if self._lies.is_restless:
            yield self._leave(socket)
        if self._lies.is_at_both:
            yield self._stay_at_home()

    async def _leave(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(LEAVES_AFTER_SECONDS)
            if self._lies.leaves_now():
                await socket.close()
                return

    async def _stay_at_home(self) -> None:
        """Keep a second connection to where it came from, and answer there as well."""
        while True:
            socket = await self._connected(self.memory.home)
            if socket is not None:
                link = Link(socket, self._answer)
                with contextlib.suppress(ConnectionClosed):
                    async for text in socket:
                        await link.receive(text)
            await asyncio.sleep(self._wait_seconds)

    async def _converse(self, link: Link, socket: ClientConnection) -> None:
        try:
            await self._boot(link)
            while True:
                match await self._after.get():
                    case "Reset" if not self.is_charging:
                        self._is_restarting = True
                        return
                    case "Reset":
                        await self._after.put("Reset")  # OnIdle: the charge ends first
                        await asyncio.sleep(self._wait_seconds)
                    case "BootNotification":
                        await self._boot(link)
                    case "Heartbeat":
                        await self._wording.say(link, "Heartbeat", {})
                    case "StatusNotification":
                        await self._tell(link)
                    case "Started" | "Ended" as event:
                        await self._charging.tell(link, event)
                    case str(location), int(number):
                        await self._send_log(link, location, number)
                    case request:
                        for part in device_model.report(self.memory, int(request), at=instant(self._clock())):
                            await self._wording.say(link, "NotifyReport", part)
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
            told = {"reason": self._boot_reason, "chargingStation": self._lies.boot(box)}
            answer = await self._wording.say(link, "BootNotification", told)
            if answer["status"] == "Accepted":
                break
            await asyncio.sleep(self._wait_seconds)
        await self._tell(link)
        if self._lies.ends_a_charge_of_elsewhere:
            await self._charging.lie(link, ELSEWHERE, "Ended")
        if self._lies.is_charging_in_secret:
            await self._charging.lie(link, SECRETLY, "Started")

    async def _tell(self, link: Link) -> None:
        if not self._lies.tells_status:
            return
        state = "Unavailable" if not self.memory.is_operative else "Occupied" if self.is_charging else "Available"
        for evse in range(1, self._evses + 1):
            told = {"connectorStatus": state, "evseId": evse, "connectorId": 1}
            await self._wording.say(link, "StatusNotification", {"timestamp": instant(self._clock())} | told)

    async def _send_log(self, link: Link, location: str, number: int) -> None:
        async def tell(status: str) -> None:
            await self._wording.say(link, "LogStatusNotification", {"status": status, "requestId": number})

        log = f"firmware {self.memory.firmware}\nrestarts {self.memory.restarts}\n"
        await log_upload.upload(self.identity, location, log, tell=tell, failure="UploadFailure")

    async def _answer(self, action: str, payload: Payload) -> Payload:
        if self._lies.keeps_silent:
            raise NoAnswer
        self._wording.require_valid(CALL, action, payload)
        answer = await self._obey(action, payload)
        self._wording.require_valid(CALLRESULT, action, answer)
        return answer

    async def _obey(self, action: str, payload: Payload) -> Payload:
        answer, then = station_2_orders.obey(
            action, payload, memory=self.memory, behaviour=self.behaviour, lies=self._lies, charging=self._charging
        )
        if then:
            await self._after.put(then)
        return answer
