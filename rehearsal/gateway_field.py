"""Everything that a fleet at a gateway needs, each part a process that can be killed, on a PostgreSQL of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.embedded import Cluster
from charging.database.operations import gateway_routes
from charging.errors import DatabaseUnavailable
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.relay.facts import FactKind
from charging.secret import Secret
from rehearsal import light_office
from rehearsal.crowd import identity

OFFICES: Mapping[str, int] = {"old": 1, "new": 1_000_000}
"""Each back-office and its first transaction's number."""
_CHARGES = ("StartTransaction", "StopTransaction", "TransactionEvent")
_Answer = TypeVar("_Answer")


@dataclass(slots=True, kw_only=True)
class GatewayField:
    """A fleet in its place. Use `opened`."""

    home: Path
    cluster: Cluster
    url: str
    engine: sa.Engine
    stations: int
    strangers: int = 0
    """How many more are let in, by numbers after the stations': somebody else speaks for them."""
    port: int = 0
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _recorded: set[tuple[str, str, int]] = field(default_factory=set)
    _read_to: tuple[int, int] = (-1, -1)

    async def start_office(self, name: str) -> None:
        """Start a back-office, on the port that it had before."""
        home = str(self.home / name)
        await self._start(name, ["rehearsal.light_office", "--home", home, "--first", str(OFFICES[name])])
        await self._line(name)

    async def start_gateway(self) -> None:
        """Start the gateway, on the port that it had before."""
        arguments = ["rehearsal.lone_gateway", "--home", str(self.home), "--port", str(self.port)]
        await self._start("gateway", arguments)
        self.port = int((await self._line("gateway")).split()[0])

    async def start_crowd(self, *, period: float, time_scale: float) -> None:
        """Start the stations."""
        old = f"ws://127.0.0.1:{self.port_of('old')}/csms"
        arguments = ["--url", f"ws://127.0.0.1:{self.port}/ocpp", "--old-url", old, "--stations", str(self.stations)]
        arguments += ["--period", str(period), "--time-scale", str(time_scale)]
        await self._start("crowd", ["rehearsal.crowd", *arguments])

    async def ask_crowd(self, word: str) -> dict[str, Any]:
        """Tell the stations' process a word, and return its answer."""
        process = self.processes["crowd"]
        assert process.stdin is not None  # noqa: S101 - it was started with one
        process.stdin.write(word.encode() + b"\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(await self._line("crowd"))
        return answer

    def kill(self, name: str) -> None:
        """End a process as a power cut does."""
        if name == "postgresql":
            os.kill(int((self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        else:
            self.processes[name].send_signal(signal.SIGKILL)
            self.processes[name].wait()

    async def start_postgresql(self) -> None:
        """Start PostgreSQL again."""
        await asyncio.to_thread(embedded.start, self.cluster)

    async def route(self, name: str) -> None:
        """Let every station's link lead to a back-office from now on."""
        change = gateway_routes.Change(by="the rehearsal", reason="the fleet moves", at=system_clock())
        every = [identity(number) for number in range(self.stations + self.strangers)]
        await self.ask(lambda connection: gateway_routes.set_routes(connection, every, name, change=change))

    async def links(self) -> dict[str, str]:
        """Return to which back-office each station's link leads: `away` where it has none, `-` where nowhere."""
        link = tables.link.c
        chosen = sa.select(link.station_id, sa.func.coalesce(link.back_office, "-"), link.closed_at.is_(None))
        found = await self.ask(lambda connection: list(connection.execute(chosen)))
        return {station_id: name if is_open else "away" for station_id, name, is_open in found}

    async def until_at(self, name: str, *, but: Collection[str] = (), seconds: float) -> dict[str, str]:
        """Wait until every station but these has been seen there; return where those are that have not in time.

        Not all at once: some stations lose their link now and then.
        """
        missing = {identity(number) for number in range(self.stations)}.difference(but)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            at = await self.links()
            missing = {one for one in missing if at.get(one) != name}
            if not missing or loop.time() >= until:
                return {one: at.get(one, "never seen") for one in sorted(missing)}
            await asyncio.sleep(0.5)

    async def ask(self, question: Callable[[sa.Connection], _Answer]) -> _Answer:
        """Ask the tables, and again if they are away, for as long as it takes."""

        def once() -> _Answer:
            with self.engine.begin() as connection:
                return question(connection)

        while True:
            try:
                return await asyncio.to_thread(once)
            except (DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError):
                await asyncio.sleep(0.2)

    def taken(self) -> dict[str, list[tuple[str, str, int]]]:
        """Return what each back-office has taken of charges."""
        return {name: light_office.taken(self.home / name) for name in OFFICES}

    async def recorded(self) -> set[tuple[str, str, int]]:
        """Return every charge's beginning and end that is among the recorded frames.

        Frames come in the order of the journal, so that what was read once need not be read again.
        """
        frame = tables.frame.c
        position = sa.tuple_(frame.segment, frame.place)
        chosen = (
            sa.select(frame.segment, frame.place, frame.station_id, frame.received)
            .where(frame.direction == "from_station", frame.kind == 2, frame.action.in_(_CHARGES))
            .where(position > self._read_to)
        )
        for segment, place, station_id, received in await self.ask(lambda connection: list(connection.execute(chosen))):
            self._read_to = max(self._read_to, (segment, place))
            self._recorded.add((station_id, *_charge(json.loads(received))))
        return self._recorded

    async def kept(self) -> set[tuple[str, str, int]]:
        """Return the ends of charges that the gateway has acknowledged and kept, as no back-office could know them."""
        fact = tables.transaction_fact.c
        chosen = sa.select(fact.station_id, fact.facts).where(fact.kind == FactKind.KEPT_STOP)
        found = await self.ask(lambda connection: list(connection.execute(chosen)))
        return {(station_id, "stop", facts["meter_stop_wh"]) for station_id, facts in found}

    def port_of(self, name: str) -> int:
        """Return a back-office's port."""
        return int((self.home / name / "port").read_text())

    def megabytes(self, name: str) -> float:
        """Return the memory of a process."""
        pages = int(Path(f"/proc/{self.processes[name].pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def own_megabytes(self, name: str) -> float:
        """Return the memory of a process that is its own: its journal's pages are the system's."""
        lines = Path(f"/proc/{self.processes[name].pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("RssAnon:"))) * 1024 / 1e6

    async def _start(self, name: str, arguments: list[str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {"REHEARSAL_DATABASE": self.url},
            )

    async def _line(self, name: str) -> bytes:
        process = self.processes[name]
        assert process.stdout is not None  # noqa: S101 - it was started with one
        line: bytes = await asyncio.to_thread(process.stdout.readline)
        if not line:
            raise RuntimeError(f"the {name} ended with status {process.wait()}: see {self.home / name}.log")
        return line


@asynccontextmanager
async def opened(
    home: Path, cluster: Cluster, *, stations: int, strangers: int = 0, period: float = 3.0, time_scale: float = 1.0
) -> AsyncIterator[GatewayField]:
    """Open two back-offices and a gateway, and let the stations dial it; everything ends with the block."""
    url = embedded.create_database(embedded.start(cluster), f"{home.name}_fleet")
    engine = database.connect(Secret(url), is_pooled=False)
    database.migrate(engine)
    here = GatewayField(home=home, cluster=cluster, url=url, engine=engine, stations=stations, strangers=strangers)
    try:
        for name in OFFICES:
            await here.start_office(name)
        await here.ask(lambda connection: _let_in(connection, here))
        await here.route("old")
        await here.start_gateway()
        await here.start_crowd(period=period, time_scale=time_scale)
        yield here
    finally:
        for process in here.processes.values():
            process.terminate()
        for process in here.processes.values():
            try:
                await asyncio.to_thread(process.wait, 40)
            except subprocess.TimeoutExpired:
                process.kill()
        engine.dispose()


def _let_in(connection: sa.Connection, here: GatewayField) -> None:
    change = gateway_routes.Change(by="the rehearsal", reason="a fleet", at=system_clock())
    for name in OFFICES:
        office = BackOffice(name=name, address=f"ws://127.0.0.1:{here.port_of(name)}/csms/{{identity}}")
        gateway_routes.set_back_office(connection, office, change=change)
    for number in range(here.stations + here.strangers):
        gateway_routes.set_credential(connection, identity(number), Credential(is_open=True), change=change)


def _charge(frame: list[Any]) -> tuple[str, int]:
    _, _, action, payload = frame
    if action == "TransactionEvent":
        word = "start" if payload["eventType"] == "Started" else "stop"
        return word, int(payload["meterValue"][0]["sampledValue"][0]["value"])
    return ("start", payload["meterStart"]) if action == "StartTransaction" else ("stop", payload["meterStop"])
