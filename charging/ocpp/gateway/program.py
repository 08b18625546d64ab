"""The gateway as a program: what it is made of, in which order it starts, and how it stops."""

import asyncio
import contextlib
import logging
import signal
import ssl
from asyncio import AbstractServer
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from charging.clock import Clock
from charging.database.operations import gateway_journal, gateway_links, gateway_orders, gateway_routes
from charging.errors import GatewayRuns
from charging.ocpp.gateway.admission import Admission
from charging.ocpp.gateway.asking import AWAY, Tables
from charging.ocpp.gateway.claims import Claims
from charging.ocpp.gateway.desk import Desk
from charging.ocpp.gateway.doorway import Doorway
from charging.ocpp.gateway.entries import Begun, stamp
from charging.ocpp.gateway.hub import Hub
from charging.ocpp.gateway.journal import Journal
from charging.ocpp.gateway.known import recall
from charging.ocpp.gateway.listening import open_door, open_window, port_of
from charging.ocpp.gateway.notices import Notices
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.recorder_process import RecorderProcess
from charging.ocpp.gateway.tending import tend
from charging.ocpp.gateway.window import Window
from charging.secret import Secret

_LOG = logging.getLogger("rehome.gateway")
_SNAPSHOT = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where stations are listened to."""

    host: str
    port: int
    context: ssl.SSLContext | None
    """None for the plain listener of a private APN."""
    setting: str
    """What names it, for whoever has to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A gateway to be run."""

    name: str
    folder: Path
    """Where its journal is, and what it writes down of the tables."""
    address: Callable[[], Secret]
    """The tables' address, asked for again whenever they have to be found anew."""
    clock: Clock
    options: Options
    doors: tuple[Door, ...]
    metrics_port: int
    frames_days: int
    alarms_days: int = 365
    recorder: Callable[["Plan"], RecorderProcess] | None = None
    """What brings the journal into the tables; a process of its own, unless something else does it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Where it listens: the ports of its doors, and of its metrics."""

    ports: tuple[int, ...]
    metrics_port: int


async def serve(plan: Plan, *, opened: Callable[[Opened], None], until: asyncio.Event | None = None) -> None:
    """Run a gateway until SIGTERM or SIGINT (or until the event is set), then stop it in order.

    Raises:
        DiskFull: if there is no room for its journal.
        GatewayRuns: if another process is this gateway.
        PortInUse: if another program listens where it should.
        SettingsError: if it cannot listen as it should.
    """
    until = until or asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, NotImplementedError):  # a thread that is not the main one hears none
            loop.add_signal_handler(word, until.set)
    async with _running(plan, opened, until) as runs_elsewhere:
        await until.wait()
    if runs_elsewhere:
        raise runs_elsewhere[0]


@contextlib.asynccontextmanager
async def _running(
    plan: Plan, opened: Callable[[Opened], None], until: asyncio.Event
) -> AsyncIterator[list[GatewayRuns]]:
    """Start every part, and stop them in the opposite order: what has begun ends, whatever fails."""
    elsewhere: list[GatewayRuns] = []
    async with contextlib.AsyncExitStack() as stop:
        tables = Tables(plan.address)
        stop.callback(tables.close)
        recorder = (plan.recorder or _recorder)(plan)
        stop.push_async_callback(recorder.end)
        journal = Journal(plan.folder, after=await _after(tables, plan))
        stop.callback(journal.close)
        hub = Hub(journal, options=plan.options, clock=plan.clock, nudge=recorder.nudge)
        hub.note(Begun(stamp(plan.clock()), journal.run))
        claims = Claims(hub, tables, gateway=plan.name)
        desk = Desk(hub, tables, gateway=plan.name, snapshot=plan.folder / _SNAPSHOT)
        stop.push_async_callback(desk.end)
        if (known := recall(plan.folder / _SNAPSHOT)) is not None:
            hub.learn(known)
        with contextlib.suppress(*AWAY):
            await desk.begin()
        notices = _notices(plan, desk, claims, is_taken=_noting(elsewhere, until))
        notices.start()
        stop.callback(notices.end)
        doings = {"stations": hub.watch(), "desk": desk.beat(), "recorder": recorder.watch(), "memory": tend()}
        parts = [asyncio.create_task(each, name=name) for name, each in doings.items()]
        for part in parts:
            stop.callback(part.cancel)
        window = await open_window(Window(hub, tables, parts=parts).answer, port=plan.metrics_port)
        stop.callback(window.close)
        admission = Admission(hub)
        stop.push_async_callback(hub.drain)
        doors = []
        for door in plan.doors:
            doors.append(await _open(door, hub, admission, claims))
            stop.callback(doors[-1].close)
        opened(Opened(tuple(map(port_of, doors)), port_of(window)))
        yield elsewhere


def _recorder(plan: Plan) -> RecorderProcess:
    return RecorderProcess(
        plan.folder,
        gateway=plan.name,
        address=plan.address,
        frames_days=plan.frames_days,
        alarms_days=plan.alarms_days,
    )


def _notices(plan: Plan, desk: Desk, claims: Claims, *, is_taken: Callable[[GatewayRuns], None]) -> Notices:
    return Notices(
        plan.address,
        gateway=plan.name,
        wanted={
            gateway_routes.CHANNEL: desk.hear_of_routes,
            gateway_orders.GIVEN: lambda station_id: desk.look_for_orders([station_id]),
            gateway_links.CHANNEL: claims.hear,
        },
        is_back=lambda: desk.hear_of_routes(""),
        is_taken=is_taken,
    )


async def _after(tables: Tables, plan: Plan) -> int:
    """Return the last segment that the tables know of: where files were lost, its number must not come again."""
    try:
        place = await tables.ask(lambda asked: gateway_journal.place(asked, plan.name))
    except AWAY:
        return 0
    return place.segment if place is not None else 0


async def _open(door: Door, hub: Hub, admission: Admission, claims: Claims) -> AbstractServer:
    is_plain = door.context is None
    return await open_door(
        lambda: Doorway(hub, admission, claims, is_plain=is_plain),
        host=door.host,
        port=door.port,
        context=door.context,
        setting=door.setting,
    )


def _noting(elsewhere: list[GatewayRuns], until: asyncio.Event) -> Callable[[GatewayRuns], None]:
    def note(runs: GatewayRuns) -> None:
        elsewhere.append(runs)
        until.set()

    return note
