"""A fleet of both generations of OCPP between two CitrineOS, moved and returned by the real engine while things fall.

Stations and both CitrineOS share this process. A CitrineOS that falls loses every link and every request at once, and
keeps what it holds, as one whose data is in a database of its own.
"""

import asyncio
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import embedded, hold, journal
from charging.database.embedded import Cluster
from charging.database.operations import moves as write
from charging.database.queries import moves as read
from charging.migration import cutover
from charging.migration.choosing import choose
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address, Recipe
from charging.ocpp.channels.citrineos import CitrineOsCaller, CitrineOsChannel
from charging.ocpp.channels.citrineos_records import Records
from charging.secret import Secret
from charging.targets.citrineos_client import GraphQl
from rehearsal import wave_plan
from rehearsal.citrineos_running import Door, citrineos
from rehearsal.mixed_stations import Mixed

log = logging.getLogger(__name__)

OFFICES = ("legacy", "target")
PATIENCE = timedelta(seconds=5)
_AWAY_SECONDS = 1.0
_AT = {Stage.VERIFIED: "target", Stage.ROLLED_BACK: "legacy"}


@dataclass(slots=True, kw_only=True)
class _Field:
    """Everything in its place. Use `_opened`."""

    home: Path
    engine: sa.Engine
    pace: Pace
    stations: Mixed
    recipes: Mapping[str, Recipe]
    doors: dict[str, Door] = field(default_factory=dict)
    running: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        """Start a CitrineOS, with what it held before."""
        known = self.doors.get(name)
        stack = AsyncExitStack()
        self.doors[name] = await stack.enter_async_context(
            citrineos(
                self.home / name,
                self.stations.identities,
                clock=system_clock,
                data=known.ocpp.data if known else None,
            )
        )
        self.running[name] = stack

    async def fall(self, name: str) -> None:
        """Let a CitrineOS fall, and come up again a moment later."""
        self.doors[name].ocpp.drop_links()
        await self.running.pop(name).aclose()
        await asyncio.sleep(_AWAY_SECONDS)
        await self.start(name)

    async def act(self, act: Callable[..., Awaitable[Any]]) -> float:
        """Have the engine do something with every move; return the seconds."""
        began = time.perf_counter()
        with hold.alone(self.engine, wave_plan.PLAN) as held:
            with self.engine.connect() as connection:
                moves = read.moves(connection, wave_plan.PLAN)
            async with (
                journal.opened(self.engine, wave_plan.PLAN, hold=held) as kept,
                self._channel("legacy") as legacy,
                self._channel("target") as target,
            ):
                crossing = Crossing(
                    legacy=End(channel=legacy, address=Address(url=self.doors["legacy"].ws)),
                    target=End(channel=target, address=Address(url=self.doors["target"].ws)),
                    journal=kept,
                    clock=system_clock,
                    pace=self.pace,
                )
                await act(moves, recipes=self.recipes, crossing=crossing)
        return time.perf_counter() - began

    def stages(self) -> dict[str, tuple[Stage, str]]:
        """Return the stage of every station, and why it is there."""
        with self.engine.connect() as connection:
            return {move.station_id: (move.stage, move.reason) for move in read.moves(connection, wave_plan.PLAN)}

    def misplaced(self, stages: Mapping[str, tuple[Stage, str]]) -> list[str]:
        """Say which stations have no final stage, or are not where theirs says."""
        names = {self.doors[name].ws: name for name in OFFICES}
        found = []
        for station_id, (stage, reason) in stages.items():
            url = self.stations.whereabouts(station_id)
            at = next((name for place, name in names.items() if url.startswith(place)), "gone")
            if stage not in FINAL or not reason:
                found.append(f"{station_id} is {stage} ({reason or 'nobody says why'})")
            elif stage in _AT and at != _AT[stage]:
                found.append(f"{station_id} is {stage}, and at the {at}")
        return found

    @asynccontextmanager
    async def _channel(self, name: str) -> AsyncIterator[CitrineOsChannel]:
        door, limits = self.doors[name], httpx.Timeout(30.0, connect=5.0)
        async with httpx.AsyncClient(base_url=f"{door.api}/", timeout=limits) as http:
            with httpx.Client(timeout=limits) as data:
                records = Records(name, GraphQl(data, door.graphql, secret=None, attempts=2), tenant=1)
                caller = CitrineOsCaller(
                    name,
                    http=http,
                    records=records,
                    tenant=1,
                    patience=PATIENCE,
                    look_every=timedelta(seconds=self.pace.poll_seconds),
                )
                yield CitrineOsChannel(caller, records)


async def through_citrineos(
    home: Path, cluster: Cluster, *, stations: int, seed: int, as_of: datetime, pace: Pace
) -> dict[str, Any]:
    """Move a fleet, every second station of OCPP 2.0.1, over the channel CitrineOS, and back.

    A tenth misbehaves. The target falls once a fifth is on its way; PostgreSQL is killed once a half is. Returns
    counts, and under `wrong` what must not have happened.
    """
    async with _opened(home, cluster, stations=stations, seed=seed, as_of=as_of, pace=pace) as here:
        async with asyncio.TaskGroup() as together:
            moving = together.create_task(here.act(cutover.cut_over))
            together.create_task(_kill(here, cluster))
        log.info("moved, in %.0f s", moving.result())
        after_move = await asyncio.to_thread(here.stages)
        wrong = here.misplaced(after_move)
        new = {one for one in here.stations.new_generation if after_move[one][0] is Stage.VERIFIED}
        told = await here.stations.charge(new)
        office = here.doors["target"].ocpp
        taken = {one for one in told if [each["eventType"] for each in office.heard(one, "TransactionEvent")]}
        wrong += [f"{one} told a charge, and the target has none" for one in sorted(told - taken)]
        log.info("%d of OCPP 2.0.1 have charged at the target", len(told))
        seconds = await here.act(_back)
        log.info("returned, in %.0f s", seconds)
        after_return = await asyncio.to_thread(here.stages)
        wrong += here.misplaced(after_return)
        wrong += [f"{one} is still verified" for one, (stage, _) in after_return.items() if stage is Stage.VERIFIED]
        rows = office.data.rows["Transactions"]
        old_told = here.stations.told()
        ended = sum(not row["isActive"] for row in rows)
        if ended < len(told) + old_told:
            wrong.append(f"stations told {len(told) + old_told} charges, and the target has {ended} that ended")
        return {
            "stations": len(after_move),
            "of_2_0_1": len(here.stations.new_generation),
            "seconds": {"move": round(moving.result(), 1), "return": round(seconds, 1)},
            "well_behaved": _counted(after_move, after_move.keys() - here.stations.how.keys()),
            "well_behaved_of_2_0_1": _counted(after_move, here.stations.new_generation - here.stations.how.keys()),
            "well_behaved_not_verified": sorted(
                reason
                for one, (stage, reason) in after_move.items()
                if one not in here.stations.how and stage is not Stage.VERIFIED
            ),
            "misbehaving": {
                how: _counted(after_move, {one for one, mischief in here.stations.how.items() if mischief == how})
                for how in sorted(set(here.stations.how.values()))
            },
            "after_return": _counted(after_return, after_return),
            "charges": {"told": len(told) + old_told, "ended": ended},
            "wrong": wrong,
        }


async def _back(*moves: Any, **rest: Any) -> None:
    await cutover.roll_back(*moves, **rest, reason="the rehearsal is over")


def _counted(stages: Mapping[str, tuple[Stage, str]], those: Any) -> dict[str, int]:
    return dict(Counter(str(stages[one][0]) for one in those))


@asynccontextmanager
async def _opened(
    home: Path, cluster: Cluster, *, stations: int, seed: int, as_of: datetime, pace: Pace
) -> AsyncIterator[_Field]:
    """Open both, let the stations dial the legacy, and yield once it has heard all of them."""
    url = embedded.create_database(embedded.start(cluster), f"{home.name}_citrineos")
    engine = database.connect(Secret(url))
    database.migrate(engine)
    mixed = Mixed(seed, stations=stations, as_of=as_of, time_scale=pace.time_scale)
    known = {recipe.name: recipe for recipe in (*wave_plan.recipes(), *parse_recipes(shipped_texts()))}
    _plan(engine, mixed, known, at=as_of)
    here = _Field(home=home, engine=engine, pace=pace, stations=mixed, recipes=known)
    try:
        for name in OFFICES:
            (home / name).mkdir()
            await here.start(name)
        async with asyncio.timeout(600):
            await mixed.start(home, url=here.doors["legacy"].ws)
            missing = set(mixed.identities)
            while missing := missing - here.doors["legacy"].ocpp.connected:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)
        log.info("all stations are there")
        yield here
    finally:
        await mixed.stop()
        for stack in here.running.values():
            await stack.aclose()
        engine.dispose()


def _plan(engine: sa.Engine, mixed: Mixed, recipes: Mapping[str, Recipe], *, at: datetime) -> None:
    rehearsed = wave_plan.recipes()
    rows = []
    for record in mixed.records():
        recipe = choose(rehearsed, record) or recipes["ocpp2"]
        rows.append(
            {
                "station_id": record.station_id,
                "wave": 0,
                "lane": str(record.lane),
                "recipe": recipe.name,
                "stage": Stage.PLANNED,
                "attempt": 1,
                "deadline_at": None,
                "reason": "",
            }
        )
    with engine.begin() as connection:
        write.store_plan(connection, plan_id=wave_plan.PLAN, parameters={}, content_sha256="0", moves=rows, at=at)


async def _kill(here: _Field, cluster: Cluster) -> None:
    await _until(here, 0.2)
    await here.fall("target")
    log.info("a fifth was on its way: the target fell, and is up again")
    await _until(here, 0.5)
    os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
    await asyncio.to_thread(embedded.start, cluster)
    log.info("a half was on its way: PostgreSQL was killed, and is up again")


async def _until(here: _Field, share: float) -> None:
    """Wait until so large a share of the fleet has been told to go."""
    gone = 0.0
    while gone < share:
        await asyncio.sleep(0.2)
        stages = await asyncio.to_thread(here.stages)
        gone = sum(stage in {Stage.CUT_OVER, Stage.ARRIVED, *FINAL} for stage, _ in stages.values()) / len(stages)
