"""Two back-offices on real sockets and databases, and stations that dial them."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files

import psycopg
import pytest
import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import embedded
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address, orders
from rehearsal.back_office import PATH, BackOffice
from rehearsal.flash import Flash
from rehearsal.legacy_database import prepare_legacy, prepare_target
from rehearsal.network import Behaviour, Network, generate
from rehearsal.station import Station, new_memory
from rehearsal.steve_schema import Generation

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
PATIENCE_SECONDS = 10.0


async def _eventually(condition, *, what):
    """Wait until a condition holds; fail with its name if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        await asyncio.sleep(0.01)


def listening():
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    bound.listen(64)
    bound.setblocking(False)
    return bound, f"ws://127.0.0.1:{bound.getsockname()[1]}{PATH}"


def quick(network: Network) -> Network:
    """Let every station restart at once, so that tests need not wait."""
    stations = tuple(replace(station, restart_seconds=0.02) for station in network.stations)
    return replace(network, stations=stations)


def _one_of(network, letter, **changes):
    """Return a well-behaved station of a supplier, with changes."""
    found = next(s for s in network.stations if s.supplier == letter and s.behaviour is Behaviour.GOOD)
    return replace(found, **changes)


@dataclass
class Field:
    """Both back-offices, open, and what is needed to let stations dial them."""

    network: Network
    legacy: BackOffice
    target: BackOffice
    legacy_url: str
    target_url: str
    legacy_engine: sa.Engine
    target_engine: sa.Engine
    flash: Flash
    charged: list

    def station(self, truth, memory=None):
        memory = memory or new_memory(truth, self.network, url=self.legacy_url)
        return Station(
            truth,
            memory,
            network=self.network,
            flash=self.flash,
            clock=system_clock,
            gate=asyncio.Semaphore(8),
            on_charged=self.charged.append,
        )

    async def move(self, truth, recipes):
        """Write the station's recipe and restart it, as the cutover does; return the statuses that it answered."""
        recipe = next(r for r in recipes if r.vendor == truth.vendor and r.writes)
        answers = []
        for order in orders(recipe, station_id=truth.station_id, address=Address(url=self.target_url)):
            payload = {"key": order.key, "value": order.value}
            answer = await self.legacy.call(truth.station_id, "ChangeConfiguration", payload)
            answers.append(answer["status"])
        if recipe.reset != "none":
            await self.legacy.call(truth.station_id, "Reset", {"type": recipe.reset})
        return answers

    def rows(self, engine, query):
        with engine.connect() as connection:
            return connection.execute(sa.text(query)).all()


@pytest.fixture(scope="session")
def recipes():
    folder = files("rehearsal") / "recipes"
    return parse_recipes({entry.name: entry.read_text() for entry in folder.iterdir()})


@pytest.fixture(scope="session")
def network():
    return quick(generate(seed=7, stations=60, as_of=AS_OF))


@pytest.fixture
def target_database_url(server_url, database_url):
    name = database_url.rsplit("/", 1)[1] + "_target"
    yield embedded.create_database(server_url, name)
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def field(database_url, target_database_url, tmp_path):
    """Return an asynchronous context in which both back-offices are open for a network."""

    @asynccontextmanager
    async def opened(network):
        legacy_engine, target_engine = sa.create_engine(database_url), sa.create_engine(target_database_url)
        prepare_legacy(legacy_engine, network)
        prepare_target(target_engine, network)
        load_target(legacy_engine, target_engine)
        legacy = BackOffice("legacy", database_url=database_url, generation=Generation.CONNECTOR, clock=system_clock)
        target = BackOffice("target", database_url=target_database_url, generation=Generation.EVSE, clock=system_clock)
        (legacy_socket, legacy_url), (target_socket, target_url) = listening(), listening()
        await legacy.open(legacy_socket)
        await target.open(target_socket)
        flash = Flash(tmp_path / "flash.sqlite")
        try:
            yield Field(
                network, legacy, target, legacy_url, target_url, legacy_engine, target_engine, flash, charged=[]
            )
        finally:
            await legacy.close()
            await target.close()
            flash.close()
            legacy_engine.dispose()
            target_engine.dispose()

    return opened


def load_target(legacy_engine, target_engine):
    """Copy what a target must know before it lets a station in."""
    with legacy_engine.connect() as source, target_engine.begin() as connection:
        boxes = source.execute(sa.text("SELECT charge_box_id FROM charge_box")).mappings().all()
        tags = source.execute(sa.text("SELECT id_tag, expiry_date, max_active_transaction_count FROM ocpp_tag"))
        connection.execute(sa.text("INSERT INTO charge_box (charge_box_id) VALUES (:charge_box_id)"), boxes)
        statement = "INSERT INTO ocpp_tag (id_tag, expiry_date, max_active_transaction_count) VALUES "
        connection.execute(
            sa.text(statement + "(:id_tag, :expiry_date, :max_active_transaction_count)"), tags.mappings().all()
        )


@asynccontextmanager
async def _running(station):
    task = asyncio.create_task(station.run())
    try:
        yield station
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def eventually():
    return _eventually


@pytest.fixture
def one_of():
    return _one_of


@pytest.fixture
def running():
    return _running
