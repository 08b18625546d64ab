"""The rehearsed world as one process: two back-offices, the stations and the partners. `python -m rehearsal.world`.

It may be killed at any moment: what real hardware would keep is in the stations' flash and in the back-offices'
databases, and the next start goes on from there.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from charging.clock import Clock, system_clock
from charging.network import Lane
from charging.secret import Secret
from rehearsal.back_office import PATH, BackOffice
from rehearsal.back_office_rest import Operations
from rehearsal.flash import Flash
from rehearsal.legacy_database import prepare_legacy, prepare_target
from rehearsal.listening import listen, secret, web
from rehearsal.network import Network, TrueSession, generate, live_session
from rehearsal.partners import Partner
from rehearsal.station import Station, new_memory
from rehearsal.steve_schema import Generation
from rehearsal.world_file import FILE, BackOfficeDoor, PartnerDoor, World, read, write

__all__ = ["BackOfficeDoor", "PartnerDoor", "World", "read", "run"]

PARTNERS: Mapping[str, str] = {"roa": "NL-ROA", "hub": "DE-HUB"}
DIALLING_AT_ONCE = 64
REST_USER = "rehome"

log = logging.getLogger(__name__)


async def run(home: Path, network: Network, *, legacy_url: str, target_url: str, clock: Clock) -> None:
    """Let the world live until this task is cancelled. Its addresses are in the file `world.json` once it is ready."""
    (home / FILE).unlink(missing_ok=True)
    sockets = listen(home, ["legacy-ws", "legacy-rest", "target-ws", "target-rest", *PARTNERS])
    _prepare(network, legacy_url=legacy_url, target_url=target_url)
    legacy = BackOffice("legacy", database_url=legacy_url, generation=Generation.CONNECTOR, clock=clock)
    target = BackOffice("target", database_url=target_url, generation=Generation.EVSE, clock=clock)
    partners = {
        name: Partner(name=name, party=party, network=network, seed=network.seed, token=secret(home, name))
        for name, party in PARTNERS.items()
    }
    apps = {
        "legacy-rest": Operations(legacy, user=REST_USER, password=secret(home, "legacy-rest")),
        "target-rest": Operations(target, user=REST_USER, password=secret(home, "target-rest")),
    } | {name: partner.app for name, partner in partners.items()}
    servers = {name: web(app) for name, app in apps.items()}
    flash = Flash(home / "flash.sqlite")
    stations = _stations(network, flash, partners, clock=clock, home_url=_ws(sockets["legacy-ws"]))
    await legacy.open(sockets["legacy-ws"])
    await target.open(sockets["target-ws"])
    running = [asyncio.create_task(server.serve(sockets=[sockets[name]])) for name, server in servers.items()]
    running += [_started(station) for station in stations]
    gc.freeze()
    try:
        world = _world(home, sockets, stations=len(network.stations))
        write(home, world)
        sys.stdout.write(f"the world is ready: {world.stations} stations, {world.legacy.ws} and {world.target.ws}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        (home / FILE).unlink(missing_ok=True)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.gather(legacy.close(), target.close())
        flash.close()


def _prepare(network: Network, *, legacy_url: str, target_url: str) -> None:
    for url, prepare in ((legacy_url, prepare_legacy), (target_url, prepare_target)):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        prepare(engine, network)
        engine.dispose()


def _stations(
    network: Network, flash: Flash, partners: Mapping[str, Partner], *, clock: Clock, home_url: str
) -> list[Station]:
    """Return the stations that are on duty, with what they remember; tell the partners of past live charges."""
    present = [station for station in network.stations if station.lane in {Lane.LIVE, Lane.FAULTED}]
    memories = dict(flash.memories())
    new = {s.station_id: new_memory(s, network, url=home_url) for s in present if s.station_id not in memories}
    flash.fill(new)
    memories |= new
    by_party = {PARTNERS[name]: partner for name, partner in partners.items()}

    def on_charged(session: TrueSession) -> None:
        if session.party in by_party:
            by_party[session.party].record(session)

    for station_id, memory in memories.items():
        if memory.is_live_told and memory.live_ended_at is not None:
            on_charged(live_session(network, station_id, memory.live_ended_at))
    gate = asyncio.Semaphore(DIALLING_AT_ONCE)
    return [
        Station(
            station,
            memories[station.station_id],
            network=network,
            flash=flash,
            clock=clock,
            gate=gate,
            on_charged=on_charged,
        )
        for station in present
    ]


def _started(station: Station) -> asyncio.Task[None]:
    task = asyncio.create_task(station.run(), name=station.truth.station_id)
    task.add_done_callback(_report)
    return task


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("station %s fell over", task.get_name(), exc_info=error)


def _world(home: Path, sockets: Mapping[str, socket.socket], *, stations: int) -> World:
    def door(name: str) -> BackOfficeDoor:
        return BackOfficeDoor(
            ws=_ws(sockets[f"{name}-ws"]),
            rest=f"http://{_place(sockets[f'{name}-rest'])}/steve",
            user=REST_USER,
            password=Secret(secret(home, f"{name}-rest")),
        )

    return World(
        legacy=door("legacy"),
        target=door("target"),
        partners={
            name: PartnerDoor(
                party=party,
                versions_url=f"http://{_place(sockets[name])}/ocpi/versions",
                token=Secret(secret(home, name)),
            )
            for name, party in PARTNERS.items()
        },
        stations=stations,
        pid=os.getpid(),
    )


def _ws(listening: socket.socket) -> str:
    return f"ws://{_place(listening)}{PATH}"


def _place(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.world", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder where the world keeps its things")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stations", type=int, default=120)
    parser.add_argument(
        "--as-of", type=datetime.fromisoformat, required=True, help="the eve of the migration, ISO 8601"
    )
    return parser.parse_args(given)


async def _until_told(arguments: argparse.Namespace) -> None:
    network = generate(seed=arguments.seed, stations=arguments.stations, as_of=arguments.as_of)
    living = asyncio.create_task(
        run(
            arguments.home,
            network,
            legacy_url=os.environ["REHEARSAL_LEGACY_URL"],
            target_url=os.environ["REHEARSAL_TARGET_URL"],
            clock=system_clock,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, living.cancel)
    await asyncio.wait([living])
    if not living.cancelled() and (error := living.exception()):
        raise error


def _main(given: Sequence[str]) -> int:
    arguments = _arguments(given)
    arguments.home.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.WARNING)
    # A station that hangs up in the middle of its handshake is no news.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    asyncio.run(_until_told(arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
