"""What a simulated station says by itself, in its supplier's flavour."""

import asyncio
from collections.abc import Awaitable, Callable

from charging.clock import Clock
from rehearsal.flash import Memory
from rehearsal.frames import Link, Payload
from rehearsal.network import TrueStation
from rehearsal.station_charging import Charging, tell_status
from rehearsal.station_lies import Lies

ASKS_AGAIN_AFTER_SECONDS = 10.0
"""The longest that a rehearsed station waits when its boot is not accepted, whatever interval it is told."""

FollowUp = Callable[[Link], Awaitable[None]]
"""Something to say or do once the present message is answered."""


class Voice:
    """One station's voice. `heartbeat_seconds` is what the last back-office asked for."""

    def __init__(self, truth: TrueStation, memory: Memory, *, charging: Charging, lies: Lies, clock: Clock) -> None:
        self._truth, self._memory, self._charging, self._clock = truth, memory, charging, clock
        self._lies = lies
        self.heartbeat_seconds = float(memory.configuration["HeartbeatInterval"])

    async def introduce(self, link: Link) -> None:
        """Say what this supplier's stations say on a new connection, after a restart or after a lost link."""
        memory, flavour = self._memory, self._truth.flavour
        if memory.has_restarted or flavour.boots_after_link_loss:
            await self.boot(link)
        else:
            await self.beat(link)
        if memory.is_newly_flashed:
            await link.call("FirmwareStatusNotification", {"status": "Installed"})
        tells = flavour.tells_after_link_loss
        if memory.has_restarted:
            tells = flavour.tells_after_firmware or not memory.is_newly_flashed
        if tells:
            await self.tell_all(link)

    async def boot(self, link: Link) -> None:
        """Send BootNotification until it is accepted; before that a station says nothing else."""
        boot: Payload = {
            "chargePointVendor": self._truth.vendor,
            "chargePointModel": self._truth.model,
            "chargePointSerialNumber": self._truth.serial_number,
            "firmwareVersion": self._memory.firmware,
            "iccid": self._truth.iccid,
            "imsi": self._truth.imsi,
        }
        while True:
            answer = await link.call("BootNotification", self._lies.boot(boot))
            if answer["status"] == "Accepted":
                self.heartbeat_seconds = float(answer["interval"]) or self.heartbeat_seconds
                return
            await asyncio.sleep(min(float(answer["interval"]), ASKS_AGAIN_AFTER_SECONDS))

    async def beat(self, link: Link) -> None:
        """Send a Heartbeat."""
        await link.call("Heartbeat", {})

    async def tell(self, link: Link, connector_id: int) -> None:
        """Send one connector's status; 0 is the station as a whole."""
        if self._lies.tells_status:
            await tell_status(link, connector_id, *self._charging.status(connector_id), at=self._clock())

    async def tell_all(self, link: Link) -> None:
        """Send every status."""
        for connector_id in range(self._truth.connectors + 1):
            await self.tell(link, connector_id)
