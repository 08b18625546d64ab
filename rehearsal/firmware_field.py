"""Stations that fetch firmware at a gateway, and a back-office behind it: `python -m rehearsal.firmware_field`.

The tables' address is in the environment (REHEARSAL_DATABASE). Who stops it and starts it again finds the stations as
they were installed: what they fetched meanwhile is gone.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import clean
from charging.database.operations import gateway_routes as write
from charging.network import Lane
from charging.network import Station as StationRecord
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.gateway.program import Plan, serve
from charging.secret import Secret
from rehearsal import lone_gateway
from rehearsal.updating_station import Updating, UpdatingStation

VENDOR, MODEL, INSTALLED, IMAGE = "Supplier F", "F-One", "4.9.0", "5.1.0"
SETTINGS = {
    "HeartbeatInterval": "300",
    "BackOffice-URL": "ws://gateway.example/ocpp",
    "AuthorizationKey": "0123456789abcdef",
}
FACTORY = {"BackOffice-URL": "ws://factory.example/ocpp"}
PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
_ANSWERS = {
    "BootNotification": {"status": "Accepted", "interval": 900, "currentTime": "2026-11-20T18:00:00Z"},
    "Heartbeat": {"currentTime": "2026-11-20T18:00:00Z"},
}


def stations(behaviours: Sequence[Updating], *, protocols: Sequence[str] = ("ocpp1.6",)) -> list[UpdatingStation]:
    """Return a station of each behaviour, the protocols in turn."""
    return [
        UpdatingStation(
            identity=f"F{number:04}",
            vendor=VENDOR,
            model=MODEL,
            firmware=INSTALLED,
            image=IMAGE,
            behaviour=behaviour,
            protocol=protocol,
            settings=dict(SETTINGS if protocol == "ocpp1.6" else _in_2x(SETTINGS)),
            factory=dict(FACTORY if protocol == "ocpp1.6" else _in_2x(FACTORY)),
        )
        for number, (behaviour, protocol) in enumerate(zip(behaviours, cycle(protocols), strict=False), start=1)
    ]


@asynccontextmanager
async def opened(engine: sa.Engine, plan: Plan, those: Sequence[UpdatingStation]) -> AsyncIterator[int]:
    """Open a back-office and a gateway, and let the stations come; yield the gateway's port."""
    async with contextlib.AsyncExitStack() as stack:
        office = await stack.enter_async_context(
            serve_websockets(_office, "127.0.0.1", 0, subprotocols=[Subprotocol(one) for one in PROTOCOLS])
        )
        _prepare(engine, f"ws://127.0.0.1:{next(iter(office.sockets)).getsockname()[1]}/csms/{{identity}}", those)
        until, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        running = asyncio.create_task(serve(plan, opened=ready.set_result, until=until))
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        port = ready.result().ports[0]
        living = [asyncio.create_task(one.run(f"ws://127.0.0.1:{port}/ocpp")) for one in those]
        try:
            yield port
        finally:
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)
            until.set()
            await running


def _prepare(engine: sa.Engine, address: str, those: Sequence[UpdatingStation]) -> None:
    change = write.Change(by="the rehearsal", reason="stations that fetch firmware", at=system_clock())
    names = [one.identity for one in those]
    with engine.begin() as connection:
        write.set_back_office(connection, BackOffice(name="legacy", address=address), change=change)
        write.set_routes(connection, names, "legacy", change=change)
        for name in names:
            write.set_credential(connection, name, Credential(is_open=True), change=change)
        records = [_record(one, number) for number, one in enumerate(those)]
        clean.store_entities(connection, records, extract_id="legacy-1")


def _record(one: UpdatingStation, number: int) -> StationRecord:
    """Return a station as an extract has it: every second on the air, two to a site."""
    return StationRecord(
        station_id=one.identity,
        location_id=f"L{number // 2}",
        vendor=one.vendor,
        model=one.model,
        serial_number=None,
        firmware=one.firmware,
        iccid=None,
        imsi="204081234567890" if number % 2 else None,
        apn=None,
        ocpp_protocol=one.protocol,
        lane=Lane.LIVE,
        last_seen_at=None,
    )


async def _office(link: Any) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for message in link:
            frame = json.loads(message)
            if frame[0] == 2:
                await link.send(json.dumps([3, frame[1], _ANSWERS.get(frame[2], {})]))


def _in_2x(settings: dict[str, str]) -> dict[str, str]:
    names = {"AuthorizationKey": "SecurityCtrlr.BasicAuthPassword"}
    return {names.get(key, f"OCPPCommCtrlr.{key}"): value for key, value in settings.items()}


async def _run(home: Path, those: Sequence[UpdatingStation]) -> None:
    engine = database.connect(Secret(os.environ["REHEARSAL_DATABASE"]))
    plan = replace(lone_gateway.plan(home, port=0, quiet_seconds=0.0), metrics_port=0)
    async with opened(engine, plan, those) as port:
        sys.stdout.write(f"{len(those)} stations at ws://127.0.0.1:{port}/ocpp\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):  # the gateway takes them for itself alone
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
    engine.dispose()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.firmware_field", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the gateway's journal")
    parser.add_argument("--stations", type=int, default=9)
    parser.add_argument("--behaviour", action="append", default=[], choices=[str(one) for one in Updating])
    chosen = parser.parse_args(given)
    behaviours = [Updating(one) for one in chosen.behaviour] or [Updating.GOOD]
    those = stations(list(islice(cycle(behaviours), chosen.stations)), protocols=PROTOCOLS)
    asyncio.run(_run(chosen.home, those))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
