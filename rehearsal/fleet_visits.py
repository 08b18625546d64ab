"""A fleet moved by hand: work orders are handed out as a list, people change each station, and the list is taken in.

What has moved is ordered back, and comes back in the same way.
"""

import asyncio
import csv
import io
import logging
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import embedded, tables
from charging.database.embedded import Cluster
from charging.database.operations import visits as write
from charging.database.queries import visits as read
from charging.errors import BackOfficeUnavailable, DatabaseUnavailable
from charging.migration import visits
from charging.migration.choosing import choose
from charging.migration.crossing import Pace
from charging.migration.homeward import Known, way_back
from charging.migration.lifecycle import Stage
from charging.migration.ports import Sighting
from charging.migration.recipes import Address
from charging.migration.visits import Outcome, Return, Side, State
from charging.work_list import table, visit_answers, visit_sheet
from rehearsal import wave_field, wave_plan
from rehearsal.wave_field import Field
from rehearsal.wave_plan import PLAN

_NAME = "visits.csv"
_ENDS: Mapping[Side, Stage] = {"target": Stage.VERIFIED, "legacy": Stage.ROLLED_BACK}
_NEVER_THERE = frozenset({"never_returns", "returns_to_legacy", "resets_for_ages"})
"""Ways to misbehave after which a station need not have been heard where it was sent."""

log = logging.getLogger(__name__)


async def through_visits(
    home: Path, cluster: Cluster, *, stations: int, seed: int, as_of: datetime, pace: Pace, patience: float
) -> dict[str, Any]:
    """Move a fleet by work orders that are closed by import, and return what came in the same way.

    Returns counts, and under `wrong` what must not be. A tenth misbehaves. The target is killed after a third of the
    visits, PostgreSQL after two thirds, the legacy after a third of the returns. `patience` is for how many seconds
    lists are taken in until everything that came is done.
    """
    async with wave_field.opened(
        home,
        server_url=embedded.start(cluster),
        seed=seed,
        stations=stations,
        as_of=as_of,
        misbehave=True,
        pace=pace,
        on_site=True,
    ) as field:
        names = [station.station_id for station in field.network.stations]

        async def postgresql() -> None:
            os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
            await asyncio.to_thread(embedded.start, cluster)

        kills = (lambda: _again(field, "target"), postgresql)
        moved = await _round(field, names, "target", kills=kills, patience=patience)
        went = sorted(name for name, stage in moved.stages.items() if stage is Stage.VERIFIED)
        opened = await asyncio.to_thread(_send_back, field, went)
        log.info("%d are to come back", len(opened))
        returned = await _round(field, opened, "legacy", kills=(lambda: _again(field, "legacy"),), patience=patience)
        return {
            "stations": len(names),
            "seconds": {"move": moved.seconds, "return": returned.seconds},
            "lists_taken_in": {"move": moved.lists, "return": returned.lists},
            "after_move": dict(Counter(str(stage) for stage in moved.stages.values())),
            "after_return": dict(Counter(str(stage) for stage in returned.stages.values())),
            "orders": dict(Counter(returned.orders.values())),
            "misbehaving": {
                how: dict(Counter(str(moved.stages[name]) for name, mischief in field.how.items() if mischief == how))
                for how in sorted(set(field.how.values()))
            },
            "wrong": [
                *moved.wrong,
                *([] if opened == went else [f"{len(went)} had moved, and {len(opened)} are to come back"]),
                *returned.wrong,
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What visits to one side came to."""

    seconds: float
    lists: int
    stages: Mapping[str, Stage]
    orders: Mapping[str, str]
    wrong: Sequence[str]


async def _round(
    field: Field,
    names: Sequence[str],
    side: Side,
    *,
    kills: Sequence[Callable[[], Awaitable[None]]],
    patience: float,
) -> _Round:
    """Have people visit these stations, a third at a time with a kill after it, until all that must come are done."""
    loop = asyncio.get_running_loop()
    began, third, lists = loop.time(), -(-len(names) // 3), 0
    for number in range(3):
        await field.visit(names[number * third : (number + 1) * third], side)
        await _taken_in(field, names[: (number + 1) * third], side)
        lists += 1
        if number < len(kills):
            await kills[number]()
            log.info("kill %d on the way to the %s, and up again", number + 1, side)
    end = _ENDS[side]
    expected, until = {name for name in names if field.how.get(name) not in _NEVER_THERE}, loop.time() + patience
    while (found := await asyncio.to_thread(_stages, field)) and loop.time() < until:
        if all(found[name] is end for name in expected):
            break
        await asyncio.sleep(0.5)
        await _taken_in(field, names, side)
        lists += 1
    seconds = round(loop.time() - began, 1)
    log.info("to the %s, in %.0f s", side, seconds)
    at, orders = await field.whereabouts(), await asyncio.to_thread(_states, field)
    wrong = [f"{name} is {found[name]}" for name in sorted(expected) if found[name] is not end]
    wrong += [f"{name} is {end}, and at the {at[name]}" for name in names if found[name] is end and at[name] != side]
    wrong += [
        f"{name} is {found[name]}, its order {orders[name]}"
        for name in names
        if (found[name] is end) != (orders[name] == State.DONE)
    ]
    return _Round(seconds=seconds, lists=lists, stages=found, orders=orders, wrong=wrong)


async def _again(field: Field, name: str) -> None:
    field.kill(name)
    await field.start_office(name)


def _send_back(field: Field, names: Sequence[str]) -> list[str]:
    """Order the return of each of these stations, as `rehome visit return` does."""
    legacy, recipes = Address(url=field.dialled("legacy")), wave_plan.recipes()
    known = {
        truth.station_id: Known(recipe=choose(recipes, wave_plan.record(truth))) for truth in field.network.stations
    }
    returns = [
        Return(
            station_id=name,
            reason="to be brought back by hand, as it was moved: the rehearsal is over",
            instructions=way_back(name, known=known[name], legacy=legacy),
            owner="maintenance",
        )
        for name in names
    ]
    with field.engine.begin() as connection:
        return sorted(write.send_back(connection, PLAN, returns, at=system_clock()))


async def _taken_in(field: Field, visited: Collection[str], side: Side) -> None:
    """Let the people answer the list for what they have visited, and take it in."""
    while True:
        try:
            orders = [order for order in await asyncio.to_thread(_orders, field) if order["leads_to"] == side]
            seen = await field.seen([str(order["station_id"]) for order in orders], side)
            return await asyncio.to_thread(_write, field, orders, set(visited), seen)
        except (BackOfficeUnavailable, DatabaseUnavailable, sa.exc.DBAPIError):
            await asyncio.sleep(0.2)


def _orders(field: Field) -> list[dict[str, Any]]:
    with field.engine.connect() as connection:
        return read.orders(connection, PLAN)


def _write(field: Field, orders: Sequence[dict[str, Any]], visited: set[str], seen: Mapping[str, Sighting]) -> None:
    by_key = {visit_sheet.key_of(order): order for order in orders}
    lines = list(csv.DictReader(io.StringIO(visit_sheet.as_csv(orders).decode("utf-8-sig"), newline="")))
    for line in lines:
        if line["Station"] in visited and line["State"] != str(State.DONE):
            line |= {visit_sheet.OUTCOME: str(Outcome.DONE), visit_sheet.BY: "field team"}
    answered = io.StringIO(newline="")
    writer = csv.DictWriter(answered, visit_sheet.HEADER)
    writer.writeheader()
    writer.writerows(lines)
    judged = visit_answers.judge(table.read(answered.getvalue().encode(), name=_NAME), by_key, name=_NAME)
    if judged.problems:
        raise ValueError(judged.problems[0])
    by_id = {str(order["station_id"]): order for order in orders}
    with field.engine.begin() as connection:
        for report in judged.reports:
            order, sighting = by_id[report.station_id], seen.get(report.station_id)
            ruling = visits.rule(report, leads_to=order["leads_to"], opened_at=order["opened_at"], seen=sighting)
            write.write(connection, PLAN, ruling, report=report, at=system_clock())


def _stages(field: Field) -> dict[str, Stage]:
    move = tables.move.c
    with field.engine.connect() as connection:
        rows = connection.execute(sa.select(move.station_id, move.stage).where(move.plan_id == PLAN))
        return {station_id: Stage(stage) for station_id, stage in rows}


def _states(field: Field) -> dict[str, str]:
    return {str(order["station_id"]): str(order["state"]) for order in _orders(field)}
