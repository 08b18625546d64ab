"""A mixed fleet moved and returned while what it hangs on is killed, and everything that went wrong on the way.

Every station has to end in a named state, and no charge that anybody took from a station may be lost.
"""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging.database import embedded, tables
from charging.database.embedded import Cluster
from charging.errors import DatabaseUnavailable
from charging.migration.crossing import Pace
from charging.migration.lifecycle import FINAL, Stage
from rehearsal import gateway_field, wave_field
from rehearsal.gateway_field import GatewayField
from rehearsal.wave_field import Field

log = logging.getLogger(__name__)

_AT = {Stage.VERIFIED: "target", Stage.ROLLED_BACK: "legacy"}


async def through_gateway(
    home: Path, cluster: Cluster, *, stations: int, period: float, time_scale: float, patience: float
) -> dict[str, Any]:
    """Move a busy fleet by its routes, and back; return counts, and under `wrong` what must not have happened.

    A tenth misbehaves. The gateway is killed before the move, the new back-office and PostgreSQL during it.
    `patience` is for how many seconds a station may take to be seen where it belongs.
    """
    wrong: list[str] = []
    loop = asyncio.get_running_loop()
    async with gateway_field.opened(home, cluster, stations=stations, period=period, time_scale=time_scale) as field:
        wrong += _absent("at first", await field.until_at("old", seconds=patience))
        log.info("all stations are there")
        await field.ask_crowd("busy")
        await field.ask_crowd("misbehave")
        await asyncio.sleep(2 * period)
        field.kill("gateway")
        await field.start_gateway()
        log.info("the gateway was killed, and is up again")

        began = loop.time()
        await field.route("new")
        field.kill("new")
        await field.start_office("new")
        field.kill("postgresql")
        await field.start_postgresql()
        log.info("the new back-office and PostgreSQL were killed, and are up again")
        wrong += _absent("after the move", await _arrived(field, "new", patience))
        seconds = {"move": loop.time() - began}
        log.info("moved")

        began = loop.time()
        await field.route("old")
        wrong += _absent("after the return", await _arrived(field, "old", patience))
        seconds["return"] = loop.time() - began
        log.info("returned")

        told = await _rested(field, patience)
        log.info("every charge has ended")
        taken, recorded = field.taken(), await _recorded(field, told, patience)
        acknowledged = _acknowledged(told)
        everywhere = {one for book in taken.values() for one in book}
        kept = await field.kept()
        lost = sorted(acknowledged - everywhere - kept)
        wrong += [f"{one} was acknowledged, and no back-office has it, nor the gateway" for one in lost]
        held = {one for one in acknowledged if one[0] not in told["astray"]}
        wrong += [f"{one} was acknowledged, and is in no recorded frame" for one in sorted(held - recorded)]
        states = Counter((await field.links()).values())
        alarm = tables.alarm.c
        by_kind = sa.select(alarm.kind, sa.func.count()).group_by(alarm.kind)
        alarms = await field.ask(lambda connection: [tuple(row) for row in connection.execute(by_kind)])
        if sum(states.values()) != stations:
            wrong.append(f"{stations} stations, and {sum(states.values())} with a state")
        return {
            "stations": stations,
            "seconds": {name: round(spent, 1) for name, spent in seconds.items()},
            "acknowledged": len(acknowledged),
            "taken": {name: len(book) for name, book in taken.items()},
            "kept_by_the_gateway": len(kept & (acknowledged - everywhere)),
            "taken_twice": sum(map(len, taken.values())) - len(everywhere),
            "links": dict(states),
            "mischief": told["mischief"],
            "alarms": dict(alarms),
            "megabytes": {"stations": told["megabytes"], "gateway": round(field.megabytes("gateway"), 1)},
            "wrong": wrong,
        }


async def through_steve(
    home: Path, cluster: Cluster, *, stations: int, seed: int, as_of: datetime, pace: Pace, scripted: bool = False
) -> dict[str, Any]:
    """Move a fleet over the SteVe channel with the real engine, and back; return as `through_gateway`.

    With `scripted`, keys are written and read by a maker's tool, a process for each question. A tenth misbehaves. The
    target is killed once a fifth of the fleet is on its way, PostgreSQL once a half is.
    """
    wrong: list[str] = []
    async with wave_field.opened(
        home,
        server_url=embedded.start(cluster),
        seed=seed,
        stations=stations,
        as_of=as_of,
        misbehave=True,
        pace=pace,
        scripted=scripted,
    ) as field:
        async with asyncio.TaskGroup() as together:  # where a kill fails the move must not wait for what was killed
            moving = together.create_task(field.move())
            together.create_task(_kill(field, cluster))
        moved = moving.result()
        log.info("moved, in %.0f s", moved)
        after_move, at = await asyncio.to_thread(wave_field.stages, field.engine), await field.whereabouts()
        wrong += _misplaced(after_move, at)
        returned = await field.go_back("the rehearsal is over")
        log.info("returned, in %.0f s", returned)
        after_return, at = await asyncio.to_thread(wave_field.stages, field.engine), await field.whereabouts()
        wrong += _misplaced(after_return, at)
        wrong += [f"{one} is still verified" for one, (stage, _) in after_return.items() if stage is Stage.VERIFIED]
        told = int((await field.ask_stations("where"))["told"])
        charges = {name: await asyncio.to_thread(field.charges, name) for name in wave_field.OFFICES}
        if charges["target"]["began"] < told or charges["target"]["ended"] < told:
            wrong.append(f"stations told {told} charges, and the target has {charges['target']}")
        good = Counter(str(stage) for one, (stage, _) in after_move.items() if one not in field.how)
        return {
            "stations": len(field.network.stations),
            "seconds": {"move": round(moved, 1), "return": round(returned, 1)},
            "well_behaved": dict(good),
            "misbehaving": {
                how: dict(Counter(str(after_move[one][0]) for one, mischief in field.how.items() if mischief == how))
                for how in sorted(set(field.how.values()))
            },
            "after_return": dict(Counter(str(stage) for stage, _ in after_return.values())),
            "charges": charges,
            "tool_runs": field.tool_runs,
            "wrong": wrong,
        }


async def _arrived(field: GatewayField, name: str, patience: float) -> dict[str, str]:
    """Return who is not where it belongs in the end; who goes for good, or goes astray, may do so meanwhile."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        told = await field.ask_crowd("say")
        left = await field.until_at(name, but={*told["gone"], *told["astray"]}, seconds=max(2.0, patience / 6))
        if not left or loop.time() >= until:
            return left


async def _rested(field: GatewayField, patience: float) -> dict[str, Any]:
    """Let every charge end, and return what the stations tell then."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        told = await field.ask_crowd("rest")
        if told["at_rest"] >= field.stations - len(told["gone"]) or loop.time() >= until:
            return await field.ask_crowd("all")
        await asyncio.sleep(0.5)


async def _recorded(field: GatewayField, told: dict[str, Any], patience: float) -> set[tuple[str, str, int]]:
    """Return what is recorded, once the journal is in the tables."""
    held = {one for one in _acknowledged(told) if one[0] not in told["astray"]}
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while (held - (recorded := await field.recorded())) and loop.time() < until:  # noqa: ASYNC110 - no event says it
        await asyncio.sleep(0.5)
    return recorded


def _acknowledged(told: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(one, word, number) for one, every in told["acknowledged"].items() for word, number in every}


def _absent(when: str, left: dict[str, str]) -> list[str]:
    return [f"{when}, {station_id} is {at}" for station_id, at in left.items()]


async def _kill(field: Field, cluster: Cluster) -> None:
    await _once(field, 0.2, lambda: _again(field, "target"))
    log.info("a fifth was on its way: the target was killed, and is up again")

    async def postgresql() -> None:
        os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        await asyncio.to_thread(embedded.start, cluster)

    await _once(field, 0.5, postgresql)
    log.info("a half was on its way: PostgreSQL was killed, and is up again")


async def _again(field: Field, name: str) -> None:
    field.kill(name)
    await field.start_office(name)


async def _once(field: Field, share: float, act: Callable[[], Awaitable[None]]) -> None:
    """Act once so large a share of the fleet has been told to go."""
    while True:
        with suppress(DatabaseUnavailable, sa.exc.OperationalError):
            stages = await asyncio.to_thread(wave_field.stages, field.engine)
            gone = sum(stage in {Stage.CUT_OVER, Stage.ARRIVED, *FINAL} for stage, _ in stages.values())
            if gone >= share * len(stages):
                break
        await asyncio.sleep(0.2)
    await act()


def _misplaced(stages: dict[str, tuple[Stage, str]], at: dict[str, str]) -> list[str]:
    """Say which stations have no final stage, or are not where their stage says."""
    found = []
    for station_id, (stage, reason) in stages.items():
        if stage not in FINAL or not reason:
            found.append(f"{station_id} is {stage} ({reason or 'nobody says why'})")
        elif stage in _AT and at[station_id] != _AT[stage]:
            found.append(f"{station_id} is {stage}, and at the {at[station_id]}")
    return found
