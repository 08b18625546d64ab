"""A simulated OCPP 1.6J station: a WebSocket client with a memory, a supplier's flavour and, sometimes, bad manners."""

import asyncio
import contextlib
from collections.abc import Callable
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from charging.clock import Clock
from charging.network import Lane
from rehearsal import addressing, station_answers
from rehearsal.flash import Charge, Flash, Memory
from rehearsal.frames import SUBPROTOCOL, Link, LinkLost, Payload
from rehearsal.network import Behaviour, Network, TrueSession, TrueStation
from rehearsal.station_charging import OPEN, Charging
from rehearsal.station_lies import LEAVES_AFTER_SECONDS, METERS_EVERY_SECONDS, Lies
from rehearsal.station_orders import Orders
from rehearsal.station_voice import FollowUp, Voice
from rehearsal.suppliers import Way

FALLS_BACK_AFTER = 3
"""Failed attempts after which a station with two profiles dials the other."""
LATE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 8.0


def new_memory(station: TrueStation, network: Network, *, url: str) -> Memory:
    """Return the memory of a station that has always dialled `url` (without identity)."""
    configuration = station_answers.standard_configuration(station)
    configuration |= addressing.factory_configuration(station, url=url)
    home = addressing.addresses(station, configuration)[0]
    memory = Memory(
        configuration=configuration,
        home=home,
        dialled=home,
        arrived=home,
        firmware=station.firmware,
        registers_wh=list(station.meter_wh),
        is_meter_failed=station.lane is Lane.FAULTED,
    )
    if station.open_session_id is not None:
        session = network.session_by_id[station.open_session_id]
        memory.charges[OPEN] = Charge(
            connector_id=session.connector_id,
            id_tag=session.token_uid,
            started_at=session.started_at,
            meter_start_wh=session.meter_start_wh,
            transaction_id=int(session.session_id),
        )
    return memory


class Station:
    """One station. `run` goes on until it is cancelled or the station is gone for good."""

    def __init__(
        self,
        truth: TrueStation,
        memory: Memory,
        *,
        network: Network,
        flash: Flash,
        clock: Clock,
        gate: asyncio.Semaphore,
        on_charged: Callable[[TrueSession], None],
    ) -> None:
        self.truth, self.memory = truth, memory
        self._flash, self._gate = flash, gate
        self._rng = Random(f"{network.seed}/{truth.station_id}/run")
        self._follow_ups: asyncio.Queue[FollowUp] = asyncio.Queue()
        self._socket: ClientConnection | None = None
        self._lies = Lies(truth, memory, network=network)
        self._charging = Charging(truth, memory, network=network, clock=clock, store=self._store, on_charged=on_charged)
        self._voice = Voice(truth, memory, charging=self._charging, lies=self._lies, clock=clock)
        self._orders = Orders(
            truth,
            memory,
            charging=self._charging,
            voice=self._voice,
            lies=self._lies,
            store=self._store,
            then=self._then,
            leave=self._leave,
        )

    async def run(self) -> None:
        """Dial, talk, and dial again."""
        failures = 0
        while not self.memory.is_gone:
            if self.memory.restart:
                await self._restart()
                failures = 0
            elif socket := await self._dial(failures):
                failures = 0
                await self._talk(socket)
            else:
                failures += 1
                longest = min(0.25 * 2**failures, LONGEST_WAIT_SECONDS)
                await asyncio.sleep(longest * self._rng.uniform(0.5, 1.0))

    @property
    def dialled(self) -> str:
        """What it dials, with its identity."""
        return self.memory.dialled

    def lose_link(self) -> None:
        """Cut the connection without a word, as a cellular network does."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def obey(self, action: str, payload: Payload) -> Payload | None:
        """Do what its maker asks for over a line of its own; None while it is down.

        Raises:
            CallRefused: if it does not know the action.
            NoAnswer: if it keeps silent.
        """
        return None if self._socket is None else await self._orders.answer(action, payload)

    async def set_by_hand(self, url: str) -> None:
        """Let a person set the address (without identity) at the station itself, and restart it."""
        self.memory.configuration |= addressing.factory_configuration(self.truth, url=url)
        self.memory.restart = "Hard"
        await self._store()
        await self._leave()

    async def fail_meter(self) -> None:
        """Break the power meter."""
        self.memory.is_meter_failed = True
        await self._store()
        if self.truth.flavour.stays_faulted:
            self._then(self._voice.tell_all)

    async def repair_meter(self) -> None:
        """Put a new power meter in."""
        self.memory.is_meter_failed = False
        await self._store()
        if self.truth.flavour.stays_faulted:
            self._then(self._voice.tell_all)

    async def _store(self) -> None:
        await self._flash.store(self.truth.station_id, self.memory)

    async def _restart(self) -> None:
        """Go down and come up again with what the configuration says, or what this station makes of it."""
        address = addressing.addresses(self.truth, self.memory.configuration)[0]
        if self.memory.restart == "Soft" and self.truth.supplier == "D":
            address = self.memory.dialled
        leaves = address != self.memory.home
        if leaves and self.truth.behaviour is Behaviour.NEVER_RETURNS:
            self.memory.is_gone = True
            await self._store()
            return
        address = self._lies.address(address)
        is_late = leaves and self.truth.behaviour is Behaviour.RETURNS_LATE
        await asyncio.sleep(self.truth.restart_seconds + (LATE_SECONDS if is_late else 0.0))
        self.memory.dialled, self.memory.restart, self.memory.has_restarted = address, "", True
        await self._store()

    async def _dial(self, failures: int) -> ClientConnection | None:
        url = self.memory.dialled
        if self.truth.way is Way.SLOT:
            urls = addressing.addresses(self.truth, self.memory.configuration)
            url = self._lies.address(urls[failures // FALLS_BACK_AFTER % len(urls)])
        try:
            async with self._gate:
                socket = await connect(
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
        self.memory.dialled = url
        return socket

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._follow_ups = asyncio.Queue()
        link = Link(socket, self._orders.answer)
        script = asyncio.create_task(self._converse(link, socket))
        lies = [asyncio.create_task(self._move_on())] if self._lies.is_restless else []
        lies += [asyncio.create_task(self._linger())] if self._lies.is_at_both else []
        try:
            async for text in socket:
                await link.receive(text)
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            link.lose()
            for lie in lies:
                lie.cancel()
            script.cancel()
            with contextlib.suppress(asyncio.CancelledError, LinkLost, ConnectionClosed, TimeoutError):
                await script

    async def _converse(self, link: Link, socket: ClientConnection) -> None:
        """Say everything that this station says by itself: one message at a time."""
        try:
            await self._voice.introduce(link)
            await self._arrive()
            await self._lies.tell_old_news(link)
            while True:
                await self._charging.settle(link)
                try:
                    async with asyncio.timeout(self._patience_seconds()):
                        follow_up = await self._follow_ups.get()
                except TimeoutError:
                    await self._pass_time(link)
                else:
                    await follow_up(link)
        finally:
            await socket.close()

    def _patience_seconds(self) -> float:
        return METERS_EVERY_SECONDS if self._lies.is_charging_in_secret else self._voice.heartbeat_seconds

    async def _pass_time(self, link: Link) -> None:
        """Say what is said when there is nothing to say."""
        if self._lies.is_charging_in_secret:
            await self._charging.meter_in_secret(link)
        else:
            await self._voice.beat(link)

    async def _move_on(self) -> None:
        """After a moment, hang up and dial the other back-office, unasked."""
        await asyncio.sleep(LEAVES_AFTER_SECONDS)
        if not self._lies.leaves_now():
            return
        self.memory.dialled = self._lies.address(addressing.addresses(self.truth, self.memory.configuration)[0])
        self.memory.has_restarted = True
        await self._store()
        await self._leave()

    async def _linger(self) -> None:
        """Keep the connection to where it came from, beside the other."""
        with contextlib.suppress(OSError, WebSocketException):
            async with connect(
                self.memory.home, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None
            ) as socket:
                link = Link(socket, self._orders.answer)
                async for text in socket:
                    await link.receive(text)

    async def _arrive(self) -> None:
        """Remember, if it is news, that the restart is over and who accepted this station."""
        memory = self.memory
        if memory.has_restarted or memory.arrived != memory.dialled:
            memory.has_restarted = memory.is_newly_flashed = False
            memory.arrived = memory.dialled
            await self._store()

    async def _leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    def _then(self, follow_up: FollowUp) -> None:
        self._follow_ups.put_nowait(follow_up)
