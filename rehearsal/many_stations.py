"""A fleet's stations as one process: `python -m rehearsal.many_stations`. A tenth of them can misbehave.

It is told on its standard input, a word a line: `restart` restarts all at once and says how long it took; `where` says
how many are where; `visit URL STATION…` sets that address at stations, by hand, and restarts them. It answers with a
line of JSON.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from charging.clock import system_clock
from charging.network import Lane
from rehearsal import maker
from rehearsal.flash import Flash
from rehearsal.frames import SUBPROTOCOL
from rehearsal.network import Behaviour, Network, generate
from rehearsal.station import Station, new_memory
from rehearsal.suppliers import Way

DIALLING_AT_ONCE = 64
MISBEHAVIOURS = (
    "never_returns",
    "returns_late",
    "returns_to_legacy",
    "drops_links",
    "refuses_key",
    "resets_for_ages",
    "connects_twice",
)
"""Of which the tenth that misbehaves has each in turn: those of `Behaviour`, and three that the process adds."""
AGES_SECONDS = 3_000.0
"""A reset of 50 minutes."""
STRAYS_AFTER = (0.5, 4.0)
"""Between how many seconds a station strays again."""


def fleet(
    seed: int, *, stations: int, as_of: datetime, misbehave: bool, time_scale: float
) -> tuple[Network, dict[str, str]]:
    """Return a network whose stations are all live and can be moved by configuration, and who misbehaves how."""
    network = generate(seed=seed, stations=round(stations * 1.15) + 20, as_of=as_of)
    able = [
        station
        for station in network.stations
        if station.lane is Lane.LIVE and station.way in {Way.CONFIG, Way.SLOT} and station.open_session_id is None
    ][:stations]
    chosen = Random(f"{seed}/misbehave").sample(able, len(able) // 10) if misbehave else []
    how = {station.station_id: MISBEHAVIOURS[number % len(MISBEHAVIOURS)] for number, station in enumerate(chosen)}
    known = {str(behaviour) for behaviour in Behaviour}
    made = [
        replace(
            station,
            behaviour=Behaviour(name) if (name := how.get(station.station_id, "good")) in known else Behaviour.GOOD,
            restart_seconds=AGES_SECONDS * time_scale if name == "resets_for_ages" else station.restart_seconds,
        )
        for station in able
    ]
    return replace(network, stations=tuple(made), sessions=()), how


async def run(network: Network, how: dict[str, str], *, home: Path, url: str) -> None:
    """Let the stations live and answer what is asked, until standard input ends."""
    flash, gate = Flash(home / "flash.sqlite"), asyncio.Semaphore(DIALLING_AT_ONCE)
    memories = dict(flash.memories())
    fresh = {s.station_id: new_memory(s, network, url=url) for s in network.stations if s.station_id not in memories}
    flash.fill(fresh)
    memories |= fresh
    stations = [
        Station(
            truth,
            memories[truth.station_id],
            network=network,
            flash=flash,
            clock=system_clock,
            gate=gate,
            on_charged=lambda _: None,
        )
        for truth in network.stations
    ]
    running = [asyncio.create_task(station.run()) for station in stations]
    running += [asyncio.create_task(_stray(station, how.get(station.truth.station_id, ""))) for station in stations]
    by_id = {station.truth.station_id: station for station in stations}
    cloud = await maker.open_cloud(home, lambda name, action, payload: by_id[name].obey(action, payload))
    gc.freeze()
    try:
        async for word in _words():
            told, *rest = word.split()
            if told == "visit":
                url, *names = rest
                for name in names:
                    await by_id[name].set_by_hand(url)
            answer = await _restarted(stations) if told == "restart" else _where(stations)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        cloud.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        flash.close()


def _where(stations: Sequence[Station]) -> dict[str, object]:
    """Return where each station was let in last, None for those that are gone, and how many have told their charge."""
    at = {one.truth.station_id: None if one.memory.is_gone else one.memory.arrived for one in stations}
    return {"at": at, "told": sum(one.memory.is_live_told for one in stations)}


async def _restarted(stations: Sequence[Station]) -> dict[str, object]:
    """Restart every station at once, and return how many seconds it takes until the last has been let in again."""
    began = time.perf_counter()
    for station in stations:
        station.memory.restart = "Hard"
        station.lose_link()
    while any(one.memory.restart or one.memory.has_restarted for one in stations):  # noqa: ASYNC110 - they tell nobody
        await asyncio.sleep(0.02)
    return {"seconds": round(time.perf_counter() - began, 3), "stations": len(stations)}


async def _stray(station: Station, how: str) -> None:
    """Do now and then what a station does that drops its link without a word, or connects twice at once."""
    chance = Random(station.truth.station_id)
    while how in {"drops_links", "connects_twice"}:
        await asyncio.sleep(chance.uniform(*STRAYS_AFTER))
        if how == "drops_links":
            station.lose_link()
            continue
        with contextlib.suppress(OSError, TimeoutError, ValueError, WebSocketException):
            async with connect(station.dialled, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None):
                await asyncio.sleep(0.1)


async def _words() -> AsyncIterator[str]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().strip()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.many_stations", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of what the stations remember")
    parser.add_argument("--url", required=True, help="what they dial at first, without their identity")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--as-of", type=datetime.fromisoformat, required=True)
    parser.add_argument("--misbehave", action="store_true")
    parser.add_argument("--time-scale", type=float, default=1.0)
    arguments = parser.parse_args(given)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    network, how = fleet(
        arguments.seed,
        stations=arguments.stations,
        as_of=arguments.as_of,
        misbehave=arguments.misbehave,
        time_scale=arguments.time_scale,
    )
    asyncio.run(run(network, how, home=arguments.home, url=arguments.url))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
