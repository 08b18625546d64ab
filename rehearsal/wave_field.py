"""Everything that a wave of many stations needs, each part a process that can be killed: stations and back-offices.

The real engine moves them over the SteVe channel, and its rows are in PostgreSQL.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import embedded, hold, journal
from charging.database.queries import moves as read
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import Stage
from charging.migration.ports import Channel, Sighting
from charging.migration.recipes import Address, Recipe
from charging.ocpp.channels.steve import open_steve
from charging.ocpp.channels.tool import Run
from charging.secret import Secret
from rehearsal import maker
from rehearsal.back_office import PATH
from rehearsal.lone_office import REST_USER
from rehearsal.many_stations import fleet
from rehearsal.network import Network
from rehearsal.steve_schema import Generation
from rehearsal.wave_plan import PLAN, plan, prepare, recipes

log = logging.getLogger(__name__)

OFFICES: Mapping[Literal["legacy", "target"], Generation] = {
    "legacy": Generation.CONNECTOR,
    "target": Generation.EVSE,
}


@dataclass(slots=True, kw_only=True)
class Field:
    """A fleet in its place. Use `opened`."""

    home: Path
    server_url: str
    network: Network
    how: Mapping[str, str]
    """Who misbehaves, and how."""
    pace: Pace
    urls: Mapping[str, str]
    engine: sa.Engine
    is_scripted: bool = False
    """Whether stations whose recipe writes keys are written to by their maker's tool."""
    tool_runs: int = 0
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    async def start_office(self, name: str) -> None:
        """Start a back-office, on the ports that it had before."""
        place = self.home / name
        process = await self._start(
            name,
            ["rehearsal.lone_office", "--home", str(place), "--name", name],
            {"REHEARSAL_DATABASE": self.urls[name]},
        )
        await asyncio.to_thread(_line, process)

    async def start_stations(self, arguments: list[str]) -> None:
        """Start the stations; they dial the legacy until they are told otherwise."""
        place = self.home / "stations"
        place.mkdir(exist_ok=True)
        dialled = ["--home", str(place), "--url", self.dialled("legacy")]
        await self._start("stations", ["rehearsal.many_stations", *dialled, *arguments], {})

    async def ask_stations(self, word: str) -> dict[str, Any]:
        """Tell the stations' process a word, and return its answer."""
        process = self.processes["stations"]
        assert process.stdin is not None  # noqa: S101 - it was started with one
        process.stdin.write(word.encode() + b"\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(await asyncio.to_thread(_line, process))
        return answer

    async def whereabouts(self) -> dict[str, str]:
        """Return where each station is, by its own memory: legacy, target or gone."""
        told = await self.ask_stations("where")
        names = {self.dialled(name): name for name in OFFICES}
        return {
            station_id: "gone" if url is None else next(name for place, name in names.items() if url.startswith(place))
            for station_id, url in told["at"].items()
        }

    async def visit(self, station_ids: Sequence[str], name: str) -> None:
        """Have people set a back-office's address at stations, by hand, and restart them."""
        await self.ask_stations(" ".join(["visit", self.dialled(name), *station_ids]))

    async def seen(self, station_ids: Sequence[str], name: Literal["legacy", "target"]) -> Mapping[str, Sighting]:
        """Return what a back-office has heard of stations.

        Raises:
            BackOfficeUnavailable: if it cannot say.
        """
        async with self._channel(name, {}) as channel:
            return await channel.sightings(station_ids)

    def charges(self, name: str) -> dict[str, int]:
        """Return how many charges a back-office has that began, that ended, and ends that it could not place."""
        engine = sa.create_engine(self.urls[name], poolclass=sa.NullPool)
        tables = {"began": "transaction_start", "ended": "transaction_stop", "unplaced": "transaction_stop_failed"}
        return {word: _number(engine, sa.text(f"SELECT count(*) FROM {table}")) for word, table in tables.items()}

    def kill(self, name: str) -> None:
        """End a process as a power cut does."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def dialled(self, name: str) -> str:
        """Return what stations dial, without their identity."""
        return f"ws://127.0.0.1:{self._doors(name)['ports']['ws']}{PATH}"

    async def until(self, office: Literal["legacy", "target"], *, heard: int) -> None:
        """Wait until a back-office has heard so many stations since it was made."""
        engine = sa.create_engine(self.urls[office], poolclass=sa.NullPool)
        query = sa.text("SELECT count(*) FROM charge_box WHERE last_heartbeat_timestamp IS NOT NULL")
        while await asyncio.to_thread(_number, engine, query) < heard:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.2)

    async def move(self) -> float:
        """Move every station that is not at rest yet; return how long it took."""
        return await self._act(
            lambda moves, recipes, crossing: cutover.cut_over(moves, recipes=recipes, crossing=crossing)
        )

    async def go_back(self, reason: str) -> float:
        """Bring every station back that has moved; return how long it took."""
        return await self._act(
            lambda moves, recipes, crossing: cutover.roll_back(moves, recipes=recipes, crossing=crossing, reason=reason)
        )

    async def _act(self, act: Any) -> float:
        began, known = time.perf_counter(), {recipe.name: recipe for recipe in recipes()}
        known = maker.scripted(known) if self.is_scripted else known
        with hold.alone(self.engine, PLAN) as held:
            with self.engine.connect() as connection:
                moves = read.moves(connection, PLAN)
            of = {move.station_id: known[str(move.recipe)] for move in moves}
            async with (
                journal.opened(self.engine, PLAN, hold=held) as kept,
                self._channel("legacy", of) as legacy,
                self._channel("target", of) as target,
            ):
                crossing = Crossing(
                    legacy=End(channel=legacy, address=Address(url=self.dialled("legacy"))),
                    target=End(channel=target, address=Address(url=self.dialled("target"))),
                    journal=kept,
                    clock=system_clock,
                    pace=self.pace,
                )
                await act(moves, known, crossing)
        return time.perf_counter() - began

    @asynccontextmanager
    async def _channel(self, name: Literal["legacy", "target"], of: Mapping[str, Recipe]) -> AsyncIterator[Channel]:
        doors = self._doors(name)
        async with open_steve(
            name,
            base_url=f"http://127.0.0.1:{doors['ports']['rest']}/steve",
            login=(REST_USER, Secret(doors["secrets"]["rest"])),
            database_url=self.urls[name],
            clock=system_clock,
        ) as steve:
            scripted = maker.channel(steve, of, home=self.home / "stations", keep=self._count)
            yield scripted if self.is_scripted else steve

    def _count(self, _: Run) -> None:
        self.tool_runs += 1

    def _doors(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / name / "world-ports.json").read_text())
        return found

    async def _start(self, name: str, arguments: list[str], secrets: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        with (self.home / f"{name}.log").open("ab") as log:
            process = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | secrets,
            )
        self.processes[name] = process
        return process


@asynccontextmanager
async def opened(
    home: Path,
    *,
    server_url: str,
    seed: int,
    stations: int,
    as_of: datetime,
    misbehave: bool,
    pace: Pace,
    scripted: bool = False,
    on_site: bool = False,
) -> AsyncIterator[Field]:
    """Open both back-offices and let the stations dial the legacy; yield when all are there.

    `server_url` is of a PostgreSQL where databases may be made. Everything ends with the block.
    """
    scale = pace.time_scale
    network, how = fleet(seed, stations=stations, as_of=as_of, misbehave=misbehave, time_scale=scale)
    urls = {name: embedded.create_database(server_url, f"{home.name}_{name}") for name in ("rehome", *OFFICES)}
    for name, generation in OFFICES.items():
        await asyncio.to_thread(prepare, urls[name], generation, network)
    engine = database.connect(Secret(urls["rehome"]))
    database.migrate(engine)
    plan(engine, network, at=system_clock() if on_site else as_of, on_site=on_site)
    here = Field(
        home=home,
        server_url=server_url,
        network=network,
        how=how,
        pace=pace,
        urls=urls,
        engine=engine,
        is_scripted=scripted,
    )
    async with AsyncExitStack() as at_the_end:
        at_the_end.callback(engine.dispose)
        at_the_end.callback(_end, here)
        for name in OFFICES:
            await here.start_office(name)
        arguments = ["--seed", str(seed), "--stations", str(stations), "--as-of", as_of.isoformat()]
        arguments += ["--time-scale", str(scale), *(["--misbehave"] if misbehave else [])]
        await here.start_stations(arguments)
        await here.until("legacy", heard=len(network.stations))
        log.info("all stations are there")
        yield here


def stages(engine: sa.Engine) -> dict[str, tuple[Stage, str]]:
    """Return the stage of every station of the wave, and why it is there."""
    with engine.connect() as connection:
        return {move.station_id: (move.stage, move.reason) for move in read.moves(connection, PLAN)}


def _number(engine: sa.Engine, query: sa.TextClause) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was started with one
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with status {process.wait()}")
    return line


def _end(here: Field) -> None:
    for process in here.processes.values():
        process.terminate()
    for process in here.processes.values():
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
