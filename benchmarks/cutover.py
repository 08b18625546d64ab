"""Goal 8: a wave of 3,000 simulated stations ends within 15 s of what the stations' own restarts take.

    make bench-cutover            or  python benchmarks/cutover.py [--stations 3000] [--runs 3]
                                          [--through gateway steve]

Stations, both back-offices and the engine are processes of their own, on real sockets; the journal is PostgreSQL,
durable. Through SteVe's REST API all stations are first restarted at once by themselves, then the engine moves them.
Through the gateway no station restarts: what the wave takes is all its own. Exits with 1 if a wave takes more than 15 s
longer than the restarts, or if a station has not its rows.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from charging.database import embedded, tables
from charging.migration.crossing import Pace
from charging.migration.lifecycle import Stage
from rehearsal import gateway_field, gateway_wave, wave_field
from tasks.uncollected import seldom_collected

LONGER_SECONDS = 15.0
AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
PACE = Pace(concurrency=200, starts_per_second=100_000, poll_seconds=1.0, time_scale=0.05)
"""As fast as it goes; a minute of settling is three seconds, for stations that restart within a second and a half."""
BY_ROUTE = replace(PACE, poll_seconds=0.5, concurrency=5_000)
"""A question costs the gateway's tables hardly more for all stations than for one: they are asked twice as often, and
for all at a time, as nobody speaks to a station."""


def main() -> int:
    """Run it so many times, print each, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--through", nargs="+", choices=["gateway", "steve"], default=["gateway", "steve"])
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what it has started ends with it
    with tempfile.TemporaryDirectory(prefix="rehome-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        cluster = embedded.locate(home)
        try:
            runs = [
                asyncio.run(_BY[way](_made(home / f"{way}{number}"), cluster, number, chosen.stations))
                for number in range(chosen.runs)
                for way in chosen.through
            ]
        finally:
            embedded.stop(cluster)
    longer = [one["longer_seconds"] for one in runs]
    wrong = [problem for one in runs for problem in one["wrong"]]
    wrong += [f"{seconds} s longer than the restarts" for seconds in longer if seconds > LONGER_SECONDS]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    print(json.dumps({"machine": machine, "runs": runs, "longer_seconds": [min(longer), max(longer)]}, indent=2))
    print(f"missed: {'; '.join(wrong)}" if wrong else "met", file=sys.stderr)
    return 1 if wrong else 0


async def by_gateway(place: Path, cluster: embedded.Cluster, number: int, stations: int) -> dict:  # noqa: ARG001
    """Move a fresh fleet by its routes."""
    async with gateway_field.opened(place, cluster, stations=stations, period=60) as field:
        if absent := await field.until_at("old", seconds=300):
            raise SystemExit(f"{len(absent)} stations did not come")
        await gateway_wave.plan(field, at=AS_OF)
        cpu = _cpu()
        with seldom_collected():  # as the flow's task has it
            wave = await gateway_wave.move(field, pace=BY_ROUTE)
        return {"through": "gateway"} | _outcome(field.engine, stations, restarts=0.0, wave=wave, cpu=_cpu() - cpu)


async def by_steve(place: Path, cluster: embedded.Cluster, number: int, stations: int) -> dict:
    """Restart a fresh fleet, then move it."""
    server_url = embedded.start(cluster)
    async with wave_field.opened(
        place, server_url=server_url, seed=7 + number, stations=stations, as_of=AS_OF, misbehave=False, pace=PACE
    ) as field:
        restarts = (await field.ask_stations("restart"))["seconds"]
        cpu = _cpu()
        wave = await field.move()
        count = len(field.network.stations)
        return {"through": "steve"} | _outcome(field.engine, count, restarts=restarts, wave=wave, cpu=_cpu() - cpu)


_BY = {"gateway": by_gateway, "steve": by_steve}


def _outcome(engine: sa.Engine, stations: int, *, restarts: float, wave: float, cpu: float) -> dict:
    rows, found = _rows(engine), wave_field.stages(engine)
    stages = Counter(str(stage) for stage, _ in found.values())
    wrong = [f"{one} is {stage}: {reason}" for one, (stage, reason) in found.items() if stage != Stage.VERIFIED]
    few = min(rows.values()) if rows else 0
    if len(rows) != stations or few < 6:  # planned → ready → … → verified
        wrong.append(f"rows of {len(rows)} stations, {few} of one")
    return {
        "stations": stations,
        "restarts_seconds": round(restarts, 1),
        "wave_seconds": round(wave, 1),
        "longer_seconds": round(wave - restarts, 1),
        "engine_cpu_seconds": round(cpu, 1),
        "transitions": sum(rows.values()),
        "stages": stages,
        "wrong": wrong,
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _rows(engine: sa.Engine) -> dict[str, int]:
    row = tables.transition.c
    with engine.connect() as connection:
        chosen = sa.select(row.station_id, sa.func.count()).group_by(row.station_id)
        return {each.station_id: each[1] for each in connection.execute(chosen)}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
