"""Thousands of light stations as one process, a tenth of which may misbehave: `python -m rehearsal.crowd`.

It is told on its standard input, a word a line, and answers with a line of JSON: `busy` and `rest` let the stations
charge or end what they charge, `misbehave` begins the mischief, `say` only answers.
"""

import argparse
import asyncio
import gc
import json
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from random import Random

from picows import WSError

from rehearsal.light_link import connect
from rehearsal.light_station import Kind, LightStation
from rehearsal.suppliers import SUPPLIERS

MISBEHAVIOURS = (
    "never_returns",
    "returns_late",
    "returns_to_old_side",
    "drops_links",
    "refuses_key",
    "resets_for_ages",
    "connects_twice",
)
AGES_SECONDS = 3_000.0
"""A reset of 50 minutes."""
_SLICES = 20


def kinds() -> list[Kind]:
    """Return a kind for each model of each supplier in each version."""
    return [
        Kind(
            protocol=protocol,
            flavour=supplier.flavour,
            vendor=supplier.name,
            model=model.name,
            firmware=model.firmwares[-1],
        )
        for supplier in SUPPLIERS
        for model in supplier.models
        for protocol in ("ocpp1.6", "ocpp2.0.1")
    ]


class Crowd:
    """All of them. Belongs to one event loop."""

    def __init__(self, url: str, old_url: str, *, stations: int, period: float, time_scale: float) -> None:
        every = kinds()
        self.url, self.old_url, self.period, self.time_scale = url, old_url, period, time_scale
        self.stations = [
            LightStation(identity(n), every[n % len(every)], on_lost=self._lost, on_order=self._order)
            for n in range(stations)
        ]
        self.how = {identity(n): MISBEHAVIOURS[n // 10 % len(MISBEHAVIOURS)] for n in range(0, stations, 10)}
        self.gone: set[str] = set()
        self.astray: set[str] = set()
        self.is_busy = self.is_mischievous = False
        self.counts: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(64)
        self._chance = Random("crowd")
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Let all dial, and time pass for them."""
        for station in self.stations:
            self._start(self._dial(station))
        self._start(self._live())

    def answer(self, word: str) -> dict[str, object]:
        """Do what a word says, and tell how things are."""
        if word in {"busy", "rest"}:
            self.is_busy = word == "busy"
        if word == "misbehave" and not self.is_mischievous:
            self.is_mischievous = True
            for station in self.stations:
                if station.identity in self.how:
                    self._start(self._misbehave(station, self.how[station.identity]))
        return {
            "connected": sum(one.link is not None for one in self.stations),
            "at_rest": sum(one.is_at_rest for one in self.stations if one.identity not in self.gone),
            "gone": sorted(self.gone),
            "astray": sorted(self.astray),
            "mischief": dict(self.counts),
            "megabytes": round(_resident() / 1e6, 1),
            **({"acknowledged": {one.identity: one.acknowledged for one in self.stations}} if word == "all" else {}),
        }

    async def _live(self) -> None:
        while True:
            for part in range(_SLICES):
                await asyncio.sleep(self.period / _SLICES)
                for station in self.stations[part::_SLICES]:
                    if station.link is not None:
                        station.live() if self.is_busy else station.rest()

    async def _dial(self, station: LightStation, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)
        tries = 0
        while station.identity not in self.gone and station.link is None:
            url = self.old_url if station.identity in self.astray else self.url
            try:
                async with self._slots, asyncio.timeout(20):
                    await connect(station, url)
            except (OSError, WSError, TimeoutError):
                tries += 1
                self.counts["dials in vain"] += 1
                await asyncio.sleep(min(0.5 * 2**tries, 8.0) * self._chance.uniform(0.5, 1.0))

    def _lost(self, station: LightStation) -> None:
        self.counts["links lost"] += 1
        how = self.how.get(station.identity) if self.is_mischievous else None
        wait = self._chance.uniform(0.1, 1.0)
        if how == "returns_late":
            wait = 10.0
        elif how == "resets_for_ages":
            wait = AGES_SECONDS * self.time_scale
        self._start(self._dial(station, wait))

    def _order(self, station: LightStation, action: str) -> str:
        self.counts[f"told {action}"] += 1
        if action == "ChangeConfiguration" and self.how.get(station.identity) == "refuses_key":
            return "Rejected"
        return "Accepted"

    async def _misbehave(self, station: LightStation, how: str) -> None:
        await asyncio.sleep(self._chance.uniform(0.5, 5.0))
        while True:
            self.counts[how] += 1
            match how:
                case "never_returns":
                    self.gone.add(station.identity)
                case "returns_to_old_side":
                    self.astray.add(station.identity)
                case "connects_twice":
                    await self._connect_again(station)
                case _:
                    pass
            if how not in {"connects_twice", "refuses_key"}:
                station.drop()
            if how not in {"drops_links", "connects_twice"}:
                return
            await asyncio.sleep(self._chance.uniform(1.0, 6.0))

    async def _connect_again(self, station: LightStation) -> None:
        try:
            async with asyncio.timeout(20):
                transport = await connect(station, self.url, is_first=False)
        except (OSError, WSError, TimeoutError):
            self.counts["second links refused"] += 1
        else:
            transport.disconnect(graceful=False)

    def _start(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def identity(number: int) -> str:
    """Return a station's identity."""
    return f"CS{number:05d}"


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - it is no path of ours
        return int(file.read().split()[1]) * resource.getpagesize()


async def _run(crowd: Crowd) -> None:
    crowd.begin()
    gc.freeze()
    async for word in _words():
        sys.stdout.write(json.dumps(crowd.answer(word)) + "\n")
        sys.stdout.flush()


async def _words() -> AsyncIterator[str]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().strip()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.crowd", description=__doc__)
    parser.add_argument("--url", required=True, help="what they dial, without their identity")
    parser.add_argument("--old-url", default="", help="where those go that return to the old side")
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--period", type=float, default=3.0, help="seconds between two things that a station does")
    parser.add_argument("--time-scale", type=float, default=1.0)
    chosen = parser.parse_args(given)

    async def run() -> None:
        await _run(
            Crowd(
                chosen.url,
                chosen.old_url,
                stations=chosen.stations,
                period=chosen.period,
                time_scale=chosen.time_scale,
            )
        )

    asyncio.run(run())
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
