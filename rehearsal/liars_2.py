"""Stations of OCPP 2.0.1 that lie, moved by the real engine: real sockets, a CitrineOS on either side, their slots."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx

from charging.clock import Clock
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import Outcome
from charging.migration.lifecycle import Stage
from charging.migration.ports import Move
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.citrineos import CitrineOsCaller
from charging.ocpp.channels.citrineos_records import Records
from charging.targets.citrineos_client import GraphQl
from rehearsal import device_model
from rehearsal.citrineos_running import Door, citrineos
from rehearsal.device_model import COMMUNICATION, PRIORITY
from rehearsal.kept_in_memory import KeptInMemory
from rehearsal.liars_found import FOUND_BY, Verdict
from rehearsal.station_2 import Station2
from rehearsal.truth import Behaviour

PACE = Pace(concurrency=100, starts_per_second=40, poll_seconds=0.25, time_scale=0.03)
_PATIENCE = timedelta(seconds=5)
"""How long an answer is waited for: on a busy machine an honest one may take seconds."""
_AWAIT_SECONDS = 600
_COME_WITHIN = 60.0
FOUND_BY_2: Mapping[Behaviour, tuple[str, ...]] = {
    **FOUND_BY,
    Behaviour.FALLS_SILENT: ("no answer of the station has come",),
    Behaviour.FLAPS: (*FOUND_BY[Behaviour.FLAPS], "cannot be reached"),
}
"""By which words it is seen that the lie was told, and found."""


async def move(folder: Path, behaviours: Sequence[Behaviour], *, clock: Clock) -> list[Verdict]:
    """Let a station of each behaviour connect to the legacy, move all to the target, and return what came of each."""
    names = [f"H{number:03}" for number in range(1, len(behaviours) + 1)]
    (shipped,) = [recipe for recipe in parse_recipes(shipped_texts()) if recipe.name == "ocpp2"]
    recipes = {shipped.name: replace(shipped, await_seconds=_AWAIT_SECONDS)}
    doors: dict[str, Door] = {}
    ends: dict[str, End] = {}
    async with contextlib.AsyncExitStack() as stack:
        for which in ("legacy", "target"):
            (folder / which).mkdir()
            doors[which] = door = await stack.enter_async_context(citrineos(folder / which, names, clock=clock))
            channel = await stack.enter_async_context(_channel(door, which))
            ends[which] = End(channel=channel, address=Address(url=door.ws))
        stations = [
            Station2(device_model.new_memory(name, url=doors["legacy"].ws), clock=clock, behaviour=behaviour)
            for name, behaviour in zip(names, behaviours, strict=True)
        ]
        stack.enter_context(_living(stations))
        async with asyncio.timeout(_COME_WITHIN):
            while not all(doors["legacy"].ocpp.heard(name, "StatusNotification") for name in names):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        moves = [Move(station_id=name, stage=Stage.PLANNED, attempt=1, wave=0, recipe="ocpp2") for name in names]
        crossing = Crossing(
            legacy=ends["legacy"], target=ends["target"], journal=KeptInMemory(), clock=clock, pace=PACE
        )
        outcomes = await cutover.cut_over(moves, recipes=recipes, crossing=crossing)
        by_id = {station.identity: station for station in stations}
        return [_verdict(outcome, by_id[outcome.station_id], doors) for outcome in outcomes]


def _verdict(outcome: Outcome, station: Station2, doors: Mapping[str, Door]) -> Verdict:
    memory = station.memory
    return Verdict(
        station_id=station.identity,
        supplier="H",
        behaviour=station.behaviour,
        stage=outcome.stage,
        reason=outcome.reason,
        was_at=frozenset(name for name, door in doors.items() if station.identity in door.ocpp.connected),
        is_as_installed=memory.variables[COMMUNICATION, PRIORITY] == "1" and memory.url(1) == memory.home,
    )


@asynccontextmanager
async def _channel(door: Door, name: str) -> AsyncIterator[CallingChannel]:
    async with httpx.AsyncClient(base_url=f"{door.api}/") as http:
        with httpx.Client() as data:
            records = Records(name, GraphQl(data, door.graphql, secret=None, attempts=2), tenant=1)
            caller = CitrineOsCaller(
                name, http=http, records=records, tenant=1, patience=_PATIENCE, look_every=timedelta(seconds=0.05)
            )
            yield CallingChannel(caller)


@contextmanager
def _living(stations: Sequence[Station2]) -> Iterator[None]:
    running = [asyncio.create_task(station.run()) for station in stations]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
