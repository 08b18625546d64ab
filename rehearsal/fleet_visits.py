"""A fleet moved by hand: work orders are handed out as a list, people change each station, and the list is taken in.

There is no way back by the engine for what a person moved, so the fleet stays where it is.
"""

import asyncio
import csv
import io
import os
import signal
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
from charging.migration.crossing import Pace
from charging.migration.lifecycle import Stage
from charging.migration.ports import Sighting
from charging.migration.visits import Outcome, State
from charging.work_list import table, visit_answers, visit_sheet
from rehearsal import wave_field
from rehearsal.wave_field import Field
from rehearsal.wave_plan import PLAN

_NAME = "visits.csv"
_NEVER_THERE = frozenset({"never_returns", "returns_to_legacy", "resets_for_ages"})
"""Ways to misbehave after which the target need not have heard a station."""


async def through_visits(
    home: Path, cluster: Cluster, *, stations: int, seed: int, as_of: datetime, pace: Pace, patience: float
) -> dict[str, Any]:
    """Move a fleet by work orders that are closed by import; return counts, and under `wrong` what must not be.

    A tenth misbehaves. The target is killed after a third of the visits, PostgreSQL after two thirds. `patience` is for
    how many seconds lists are taken in until everything that came is done.
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
        loop = asyncio.get_running_loop()
        began, names = loop.time(), [station.station_id for station in field.network.stations]
        third = -(-len(names) // 3)
        for number, part in enumerate((names[:third], names[third : 2 * third], names[2 * third :])):
            await field.visit(part, "target")
            await _taken_in(field, names[: third * (number + 1)])
            if number == 0:
                field.kill("target")
                await field.start_office("target")
            if number == 1:
                os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
                await asyncio.to_thread(embedded.start, cluster)
        expected = {name for name in names if field.how.get(name) not in _NEVER_THERE}
        lists, until = 3, loop.time() + patience
        while (found := await asyncio.to_thread(_stages, field)) and loop.time() < until:
            if all(found[name] is Stage.VERIFIED for name in expected):
                break
            await asyncio.sleep(0.5)
            await _taken_in(field, names)
            lists += 1
        at, states = await field.whereabouts(), await asyncio.to_thread(_states, field)
        wrong = [f"{name} is {found[name]}" for name in expected if found[name] is not Stage.VERIFIED]
        wrong += [
            f"{name} is verified, and at the {at[name]}"
            for name, stage in found.items()
            if stage is Stage.VERIFIED and at[name] != "target"
        ]
        wrong += [
            f"{name} is {stage}, its order {states[name]}"
            for name, stage in found.items()
            if (stage is Stage.VERIFIED) != (states[name] == State.DONE)
        ]
        return {
            "stations": len(names),
            "seconds": round(loop.time() - began, 1),
            "lists_taken_in": lists,
            "stages": dict(Counter(str(stage) for stage in found.values())),
            "orders": dict(Counter(states.values())),
            "misbehaving": {
                how: dict(Counter(str(found[name]) for name, mischief in field.how.items() if mischief == how))
                for how in sorted(set(field.how.values()))
            },
            "wrong": wrong,
        }


async def _taken_in(field: Field, visited: Collection[str]) -> None:
    """Let the people answer the list for what they have visited, and take it in."""
    while True:
        try:
            orders = await asyncio.to_thread(_orders, field)
            seen = await field.seen([str(order["station_id"]) for order in orders], "target")
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
    opened = {order["station_id"]: order["opened_at"] for order in orders}
    with field.engine.begin() as connection:
        for report in judged.reports:
            ruling = visits.rule(report, opened_at=opened[report.station_id], seen=seen.get(report.station_id))
            write.write(connection, PLAN, ruling, report=report, at=system_clock())


def _stages(field: Field) -> dict[str, Stage]:
    move = tables.move.c
    with field.engine.connect() as connection:
        rows = connection.execute(sa.select(move.station_id, move.stage).where(move.plan_id == PLAN))
        return {station_id: Stage(stage) for station_id, stage in rows}


def _states(field: Field) -> dict[str, str]:
    return {str(order["station_id"]): str(order["state"]) for order in _orders(field)}
