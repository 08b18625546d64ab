"""A gateway on real sockets, stations and back-offices that dial it and are dialled by it, and the tables behind it."""

import asyncio
import contextlib
import json
import threading
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
import sqlalchemy as sa
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as serve_websockets

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import tables
from charging.database.operations import gateway_journal, gateway_orders
from charging.database.operations import gateway_routes as write
from charging.ocpp.gateway.credential import Credential, hashed
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.program import Door, Plan, serve
from charging.ocpp.gateway.recorder import Recorder
from charging.ocpp.relay.rules import Rules
from charging.secret import Secret

SECRET = "s3cret-of-sixteen-characters"
QUICK = Options(
    handshake_seconds=5.0,
    duplicate_seconds=0.3,
    drain_seconds=5.0,
    redial_seconds=(0.05, 0.2),
    rules=replace(Rules(), quiet=timedelta(0)),
)


class ThreadRecorder:
    """The recorder in a thread of the test: a process of its own takes seconds to start."""

    def __init__(self, plan):
        retention = timedelta(days=plan.frames_days)
        self.recorder = Recorder(
            plan.folder,
            gateway=plan.name,
            address=plan.address(),
            clock=plan.clock,
            retention=retention,
            alarms_kept=timedelta(days=plan.alarms_days),
        )
        self.told = asyncio.Event()
        self.turn = threading.Lock()

    def nudge(self):
        self.told.set()

    async def watch(self):
        while True:
            self.told.clear()
            await asyncio.to_thread(self.catch_up)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.told.wait(), 1.0)

    async def end(self):
        await asyncio.to_thread(self.catch_up)
        self.recorder.close()

    def catch_up(self):
        with self.turn:
            self.recorder.catch_up()


class Office:
    """A back-office: it answers every call unless told not to, and remembers all that it heard."""

    def __init__(self):
        self.heard = defaultdict(list)
        self.links = {}
        self.headers = {}
        self.answers = {}
        self.greeting = ""
        self.is_silent = False
        self.changed = asyncio.Condition()
        self.server = None

    @property
    def address(self):
        return f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/csms/{{identity}}"

    async def take(self, link):
        station_id = link.request.path.rpartition("/")[2]
        self.links[station_id] = link
        self.headers[station_id] = link.request.headers
        if self.greeting:
            await link.send(self.greeting)
        await self.tell()
        try:
            async for message in link:
                self.heard[station_id].append(message)
                frame = json.loads(message)
                if frame[0] == 2 and not self.is_silent:
                    await link.send(json.dumps([3, frame[1], self.answers.get(frame[2], {})]))
                await self.tell()
        except websockets.ConnectionClosed:
            pass
        finally:
            if self.links.get(station_id) is link:
                del self.links[station_id]
            await self.tell()

    async def tell(self):
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition):
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(condition)

    async def has(self, station_id):
        await self.until(lambda: station_id in self.links)
        return self.links[station_id]


@asynccontextmanager
async def office(port=0):
    """Serve a back-office."""
    made = Office()
    async with serve_websockets(
        made.take, "127.0.0.1", port, subprotocols=["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], compression=None
    ) as made.server:
        yield made


@dataclass
class World:
    """The tables, and what a gateway is made of."""

    url: str
    engine: sa.Engine
    folder: object
    numbers: int = 0
    plans: list = field(default_factory=list)

    def change(self):
        return write.Change(by="tester", reason="a test", at=system_clock())

    def route(self, station_ids, name, *, credential=None):
        with self.engine.begin() as connection:
            write.set_routes(connection, station_ids, name, change=self.change())
            for each in station_ids if credential else ():
                write.set_credential(connection, each, credential, change=self.change())

    def add_office(self, name, address, **more):
        with self.engine.begin() as connection:
            write.set_back_office(connection, BackOffice(name=name, address=address, **more), change=self.change())

    def plan(self, name="gateway-1", **more):
        return Plan(
            **{
                "name": name,
                "folder": self.folder / name,
                "address": lambda: Secret(self.url),
                "clock": system_clock,
                "options": QUICK,
                "doors": (Door(host="127.0.0.1", port=0, context=None, setting="gateway.plain_text_apn"),),
                "metrics_port": 0,
                "frames_days": 30,
                "recorder": ThreadRecorder,
            }
            | more
        )

    def rows(self, table, *conditions, order_by=None):
        chosen = sa.select(table).where(*conditions)
        if order_by is not None:
            chosen = chosen.order_by(order_by)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    async def until(self, question):
        """Return a question's answer once it is a true one: the tables say whenever something new is in them."""
        return await asyncio.to_thread(self._until, question)

    def _until(self, question, seconds=30):
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as listening:
            for channel in (gateway_journal.CHANNEL, gateway_orders.ENDED):
                listening.execute(f"LISTEN {channel}")
            if answer := question():
                return answer
            for _ in listening.notifies(timeout=seconds):
                if answer := question():
                    return answer
        raise TimeoutError("the tables never said so")


@pytest.fixture
def world(migrated_url, tmp_path):
    engine = database.connect(Secret(migrated_url))
    yield World(migrated_url, engine, tmp_path)
    engine.dispose()


@asynccontextmanager
async def gateway(plan):
    """Run a gateway in this very loop."""
    until, opened = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(plan, opened=opened.set_result, until=until))
    done, _ = await asyncio.wait({running, opened}, return_when=asyncio.FIRST_COMPLETED)
    if running in done:
        running.result()
    try:
        yield opened.result()
    finally:
        until.set()
        await running


def station(port, station_id, *, secret=SECRET, protocol="ocpp1.6", scheme="ws", path=None, **more):
    """Dial a gateway as a station does."""
    login = f"{station_id}:{secret}@" if secret is not None else ""
    return connect(
        f"{scheme}://{login}127.0.0.1:{port}{path or f'/ocpp/{station_id}'}",
        subprotocols=[protocol] if protocol else None,
        compression=None,
        open_timeout=20,
        **more,
    )


def with_secret(secret=SECRET):
    return Credential(secret_hash=hashed(secret, salt=b"0123456789abcdef"))


@pytest.fixture(scope="session")
def parts():
    """The functions above, for tests: a conftest cannot be imported."""
    return SimpleNamespace(
        door=Door,
        gateway=gateway,
        office=office,
        quick=QUICK,
        secret=SECRET,
        station=station,
        tables=tables,
        with_secret=with_secret,
        world=World,
    )
