"""Goal 8: a wave of 3,000 simulated stations ends within 15 s of what the stations' own restarts take.

    make bench-cutover            or  python benchmarks/cutover.py [--stations 3000] [--runs 3]

Stations, both back-offices and the engine are processes of their own, on real sockets; the channel is SteVe's REST API
and its database, the journal is PostgreSQL, durable. First all stations are restarted at once by themselves, then the
engine moves them. Exits with 1 if the wave takes more than 15 s longer than that, or if a station has not its rows.
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
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from charging.database import embedded, tables
from charging.migration.crossing import Pace
from charging.migration.lifecycle import Stage
from rehearsal import wave_field

LONGER_SECONDS = 15.0
AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
PACE = Pace(concurrency=200, starts_per_second=100_000, poll_seconds=1.0, time_scale=0.05)
"""As fast as it goes; a minute of settling is three seconds, for stations that restart within a second and a half."""


def main() -> int:
    """Run it so many times, print each, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what it has started ends with it
    with tempfile.TemporaryDirectory(prefix="rehome-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        cluster = embedded.locate(home)
        server_url = embedded.start(cluster)
        try:
            runs = [asyncio.run(run(home, server_url, number, chosen.stations)) for number in range(chosen.runs)]
        finally:
            embedded.stop(cluster)
    longer = [one["longer_seconds"] for one in runs]
    wrong = [problem for one in runs for problem in one["wrong"]]
    wrong += [f"{seconds} s longer than the restarts" for seconds in longer if seconds > LONGER_SECONDS]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    print(json.dumps({"machine": machine, "runs": runs, "longer_seconds": [min(longer), max(longer)]}, indent=2))
    print(f"missed: {'; '.join(wrong)}" if wrong else "met", file=sys.stderr)
    return 1 if wrong else 0


async def run(home: Path, server_url: str, number: int, stations: int) -> dict:
    """Restart a fresh fleet, then move it."""
    place = home / f"run{number}"
    place.mkdir()
    async with wave_field.opened(
        place, server_url=server_url, seed=7 + number, stations=stations, as_of=AS_OF, misbehave=False, pace=PACE
    ) as field:
        restarts = (await field.ask_stations("restart"))["seconds"]
        cpu = _cpu()
        wave = await field.move()
        rows = _rows(field.engine)
        stages = Counter(str(stage) for stage, _ in wave_field.stages(field.engine).values())
        wrong = [f"{stage}: {count}" for stage, count in stages.items() if stage != Stage.VERIFIED]
        few = min(rows.values()) if rows else 0
        if len(rows) != len(field.network.stations) or few < 6:  # planned → ready → … → verified
            wrong.append(f"rows of {len(rows)} stations, {few} of one")
        return {
            "stations": len(field.network.stations),
            "restarts_seconds": round(restarts, 1),
            "wave_seconds": round(wave, 1),
            "longer_seconds": round(wave - restarts, 1),
            "engine_cpu_seconds": round(_cpu() - cpu, 1),
            "transitions": sum(rows.values()),
            "stages": stages,
            "wrong": wrong,
        }


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
