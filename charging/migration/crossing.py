"""What all stations of a wave share while they cross: both back-offices, the journal, the clock and the pace."""

import asyncio
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from charging.clock import Clock
from charging.errors import BackOfficeUnavailable, StationUnreachable
from charging.migration.ports import Channel, Journal, Sighting
from charging.migration.recipes import Address
from charging.migration.snapshots import Snapshot, Snapshots

LOOK_SECONDS = 60.0
"""For how long a back-office is waited for to say what it has heard: one whose link is cut may say nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a wave goes."""

    concurrency: int = 20
    """Conversations with stations at one time, over both back-offices. Waiting takes no place."""
    starts_per_second: float = 0.5
    """Also the rate of resets: neither the target's ingress nor a cellular cell is to be stampeded."""
    poll_seconds: float = 5.0
    settle_seconds: float = 60.0
    """How long a station that was told something is left alone before it is doubted."""
    journal_seconds: float = 3600.0
    """How long a journal that cannot store is waited for before the wave is given up; nothing is done meanwhile."""
    time_scale: float = 1.0
    """Shortens every deadline and settling time alike: a rehearsal's stations boot in seconds."""

    def scaled(self, span: timedelta | float) -> timedelta:
        """Return a span of time (or of seconds) at this pace."""
        return self.time_scale * (span if isinstance(span, timedelta) else timedelta(seconds=span))

    @property
    def settle(self) -> timedelta:
        """The settling time at this pace."""
        return self.scaled(self.settle_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a move: a way to reach stations through a back-office, and the address at which it expects them."""

    channel: Channel
    address: Address
    snapshots: Snapshots | None = None
    """Where the stations' whole configuration is kept before and after; None where nobody asks for it."""


class Turnstile:
    """Lets one through at a time, at a steady rate."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._free_at = 0.0

    async def pass_through(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        turn_at = max(now, self._free_at)
        self._free_at = turn_at + self._interval
        await asyncio.sleep(turn_at - now)


class BackOffice:
    """One back-office during a wave: conversations are bounded, and all who wait for a sighting share one look."""

    def __init__(self, name: Literal["legacy", "target"], end: End, *, pace: Pace, slots: asyncio.Semaphore) -> None:
        self.name = name
        self.address = end.address
        self._channel = end.channel
        self._snapshots = end.snapshots
        self._slots = slots
        self._poll_seconds = pace.poll_seconds
        self._looked_at = -pace.poll_seconds
        self._asked: set[str] = set()
        self._look: asyncio.Task[Mapping[str, Sighting]] | None = None

    def __str__(self) -> str:
        return self.name

    async def look(self, station_id: str) -> Sighting | None:
        """Return what this back-office knows of a station, as of an instant after this call.

        Raises:
            BackOfficeUnavailable: if it cannot say.
        """
        self._asked.add(station_id)
        if self._look is None:
            self._look = asyncio.create_task(self._poll())
        return (await asyncio.shield(self._look)).get(station_id)

    async def _poll(self) -> Mapping[str, Sighting]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._looked_at + self._poll_seconds - loop.time()))
        self._looked_at = loop.time()
        asked, self._asked, self._look = sorted(self._asked), set(), None  # who asks from now on gets the next look
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._channel.sightings(asked)
        except TimeoutError:
            raise BackOfficeUnavailable(
                self.name, f"it has not said what it has heard for {LOOK_SECONDS:g} s"
            ) from None

    async def unknown_key(self, station_id: str, keys: Iterable[str]) -> str | None:
        """Return the first of the keys that the station does not have, or None."""
        for key in keys:
            async with self._slots:
                if key not in await self._channel.get_configuration(station_id, [key]):
                    return key
        return None

    async def read(self, station_id: str, key: str) -> str | None:
        """Read one key; one at a time, because some stations answer for no more (GetConfigurationMaxKeys = 1)."""
        async with self._slots:
            value = (await self._channel.get_configuration(station_id, [key])).get(key)
        return None if value is None else html.unescape(value)  # several makers send URLs with &amp;

    async def answers(self, station_id: str, key: str) -> bool:
        """Whether the station can be spoken to through this back-office at this moment."""
        try:
            await self.read(station_id, key)
        except StationUnreachable:
            return False
        return True

    @property
    def takes_snapshots(self) -> bool:
        """Whether stations' whole configuration is asked for through this back-office."""
        return self._snapshots is not None

    async def snapshot(self, station_id: str, label: str) -> Snapshot | None:
        """Read the station's whole configuration and store it; None where nobody asks for it."""
        if self._snapshots is None:
            return None
        async with self._slots:
            return await self._snapshots.take(station_id, label)

    async def kept_snapshot(self, station_id: str, label: str) -> Snapshot | None:
        """Return the latest that was stored under a label."""
        return None if self._snapshots is None else await self._snapshots.kept(station_id, label)

    async def write(self, station_id: str, key: str, value: str) -> str:
        """Write one key and return the station's status."""
        async with self._slots:
            return await self._channel.change_configuration(station_id, key, value)

    async def change_availability(self, station_id: str, kind: Literal["Operative", "Inoperative"]) -> str:
        """Put the whole station in or out of service and return its status."""
        async with self._slots:
            return await self._channel.change_availability(station_id, 0, kind)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station and return its status."""
        async with self._slots:
            return await self._channel.reset(station_id, kind)

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station for a message and return its status."""
        async with self._slots:
            return await self._channel.trigger(station_id, message)


class Crossing:
    """The ground between two back-offices, for the stations of one wave. Belongs to one event loop."""

    def __init__(self, *, legacy: End, target: End, journal: Journal, clock: Clock, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        slots = asyncio.Semaphore(self.pace.concurrency)
        self.legacy = BackOffice("legacy", legacy, pace=self.pace, slots=slots)
        self.target = BackOffice("target", target, pace=self.pace, slots=slots)
        self.journal = journal
        self.now = clock
        """The wall clock: for the record, and for what was before this process. It may be set while a wave runs."""
        self.starts = Turnstile(self.pace.starts_per_second)
        self.resets = Turnstile(self.pace.starts_per_second)

    def elapsed(self) -> float:
        """Return seconds on a clock that nobody can set: by it every wait is measured."""
        return asyncio.get_running_loop().time()
