"""Stations that lie, moved by the real engine: real sockets, both back-offices, their APIs and their databases."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from charging.clock import Clock
from charging.migration import cutover
from charging.migration.choosing import choose
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import Outcome
from charging.migration.lifecycle import Stage
from charging.migration.ports import Journal, Move
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address, Recipe
from charging.network import Lane
from charging.network import Station as StationRecord
from charging.ocpp.channels.steve import SteveChannel, open_steve
from charging.secret import Secret
from rehearsal import addressing, frames
from rehearsal.back_office import PATH, BackOffice
from rehearsal.back_office_rest import Operations
from rehearsal.cuts import Links
from rehearsal.flash import Flash
from rehearsal.kept_in_memory import KeptInMemory
from rehearsal.legacy_database import prepare_legacy, prepare_target
from rehearsal.liars_found import Verdict
from rehearsal.listening import web
from rehearsal.network import Behaviour, Network, TrueStation, generate
from rehearsal.station import LONGEST_WAIT_SECONDS, Station, new_memory
from rehearsal.steve_schema import Generation
from rehearsal.suppliers import Way

REST_USER, REST_PASSWORD = "rehome", "liars"
PACE = Pace(concurrency=100, starts_per_second=40, poll_seconds=0.25, time_scale=0.01)
RESTART_SECONDS = 0.3
ANSWER_WITHIN_SECONDS = 1.0
"""How long a back-office waits for a station that falls silent: half a minute at this pace is less than a second."""


def liars(seed: int, *, each: int, behaviours: Sequence[Behaviour], as_of: datetime) -> tuple[Network, list[str]]:
    """Return a network, and in it `each` stations of every behaviour; all of them can be moved by configuration."""
    wanted = each * len(behaviours)
    network = generate(seed=seed, stations=max(60, wanted * 3), as_of=as_of)
    fitting = [
        station
        for station in network.stations
        if station.lane is Lane.LIVE and station.way in {Way.CONFIG, Way.SLOT} and station.open_session_id is None
    ]
    fitting.sort(key=lambda station: station.station_id[1:])  # every supplier in turn
    chosen = {
        station.station_id: replace(
            station, behaviour=behaviours[number % len(behaviours)], restart_seconds=RESTART_SECONDS
        )
        for number, station in enumerate(fitting[:wanted])
    }
    stations = tuple(chosen.get(station.station_id, station) for station in network.stations)
    return replace(network, stations=stations), list(chosen)


async def move(
    network: Network,
    actors: Sequence[str],
    *,
    home: Path,
    urls: Mapping[str, str],
    clock: Clock,
    keep: Callable[[Sequence[Move]], AbstractAsyncContextManager[Journal]] | None = None,
    links: Links | None = None,
) -> list[Verdict]:
    """Let the actors connect to the legacy, move them to the target, and return what came of each.

    `urls` are the addresses of two empty databases, of the legacy and of the target. The real engine, recipes and SteVe
    channel are used; only the journal is in memory, unless `keep` opens another for these moves. `links`, where there
    are any, are cut while the wave runs.
    """
    recipes = {recipe.name: recipe for recipe in _recipes()}
    async with contextlib.AsyncExitStack() as until_the_end:
        offices = {
            name: await until_the_end.enter_async_context(_office(name, urls[name], clock, links)) for name in urls
        }
        _prepare(network, urls)
        flash = Flash(home / "flash.sqlite")
        until_the_end.callback(flash.close)
        truths = [network.station_by_id[name] for name in actors]
        stations = [_station(truth, network, flash, offices["legacy"], clock) for truth in truths]
        running = [asyncio.create_task(station.run()) for station in stations]
        until_the_end.push_async_callback(_end, running)
        async with asyncio.timeout(60):
            while len(offices["legacy"].office.connected) < len(stations):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        ends = {
            name: End(channel=one.channel, address=Address(url=one.url, apn=name, apn_user=name))
            for name, one in offices.items()
        }
        moves = [_move(truth, recipes) for truth in truths]
        opened = keep(moves) if keep else contextlib.nullcontext(KeptInMemory())
        journal: Journal = await until_the_end.enter_async_context(opened)
        crossing = Crossing(legacy=ends["legacy"], target=ends["target"], journal=journal, clock=clock, pace=PACE)
        if links is not None:
            suffering = [asyncio.create_task(links.suffer())]
            until_the_end.push_async_callback(_end, suffering)
        outcomes = await cutover.cut_over(moves, recipes=recipes, crossing=crossing)
        if links is not None:
            await _end(suffering)
            await asyncio.sleep(2 * LONGEST_WAIT_SECONDS)  # a station that was cut off dials again by then
        there = {name: one.office for name, one in offices.items()}
        by_id = {station.truth.station_id: station for station in stations}
        return [
            _verdict(outcome, by_id[outcome.station_id], there, home_url=offices["legacy"].url) for outcome in outcomes
        ]


def _verdict(outcome: Outcome, station: Station, offices: Mapping[str, BackOffice], *, home_url: str) -> Verdict:
    truth = station.truth
    installed = addressing.factory_configuration(truth, url=home_url)
    return Verdict(
        station_id=truth.station_id,
        supplier=truth.supplier,
        behaviour=truth.behaviour,
        stage=outcome.stage,
        reason=outcome.reason,
        was_at=frozenset(name for name, office in offices.items() if truth.station_id in office.connected),
        is_as_installed=all(station.memory.configuration[key] == value for key, value in installed.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Office:
    office: BackOffice
    channel: SteveChannel
    url: str


@contextlib.asynccontextmanager
async def _office(name: str, database_url: str, clock: Clock, links: Links | None) -> AsyncIterator[_Office]:
    generation = Generation.CONNECTOR if name == "legacy" else Generation.EVSE
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    office = BackOffice(name, database_url=database_url, generation=generation, clock=clock)
    ws, rest = _listening(), _listening()
    await office.open(ws)
    server = web(Operations(office, user=REST_USER, password=REST_PASSWORD))
    ports = {
        "station": ws.getsockname()[1],
        "API": rest.getsockname()[1],
        "database": make_url(database_url).port or 5432,
    }
    if links is not None:
        ports = {kind: await links.through(f"{name} {kind}", port) for kind, port in ports.items()}
    read_at = make_url(database_url).set(port=ports["database"]).render_as_string(hide_password=False)
    serving = asyncio.create_task(server.serve(sockets=[rest]))
    try:
        async with open_steve(
            name,
            base_url=f"http://127.0.0.1:{ports['API']}/steve",
            login=(REST_USER, Secret(REST_PASSWORD)),
            database_url=read_at,
            clock=clock,
        ) as channel:
            yield _Office(office=office, channel=channel, url=f"ws://127.0.0.1:{ports['station']}{PATH}")
    finally:
        server.should_exit = True
        await serving
        await office.close()
        engine.dispose()


def _prepare(network: Network, urls: Mapping[str, str]) -> None:
    """Make the tables, and let the target know every station."""
    legacy, target = (sa.create_engine(urls[name], poolclass=sa.NullPool) for name in ("legacy", "target"))
    prepare_legacy(legacy, network)
    prepare_target(target, network)
    boxes = [{"station_id": station.station_id} for station in network.stations]
    with target.begin() as connection:
        connection.execute(sa.text("INSERT INTO charge_box (charge_box_id) VALUES (:station_id)"), boxes)


def _station(truth: TrueStation, network: Network, flash: Flash, legacy: _Office, clock: Clock) -> Station:
    return Station(
        truth,
        new_memory(truth, network, url=legacy.url),
        network=network,
        flash=flash,
        clock=clock,
        gate=asyncio.Semaphore(64),
        on_charged=lambda _: None,
    )


def _recipes() -> tuple[Recipe, ...]:
    folder = files("rehearsal") / "recipes"
    return tuple(parse_recipes({entry.name: entry.read_text() for entry in folder.iterdir() if entry.is_file()}))


def _move(truth: TrueStation, recipes: Mapping[str, Recipe]) -> Move:
    recipe = choose(recipes.values(), _record(truth))
    if recipe is None:
        raise LookupError(f"no recipe fits {truth.vendor} {truth.model}")
    return Move(station_id=truth.station_id, stage=Stage.PLANNED, attempt=1, wave=0, recipe=recipe.name)


def _record(truth: TrueStation) -> StationRecord:
    return StationRecord(
        station_id=truth.station_id,
        location_id=truth.location_id,
        vendor=truth.vendor,
        model=truth.model,
        serial_number=truth.serial_number,
        firmware=truth.firmware,
        iccid=truth.iccid,
        imsi=truth.imsi,
        apn=None,
        ocpp_protocol=frames.SUBPROTOCOL,
        lane=truth.lane,
        last_seen_at=truth.last_seen_at,
    )


def _listening() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    bound.listen(4096)
    bound.setblocking(False)
    return bound


async def _end(running: Sequence["asyncio.Task[None]"]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
