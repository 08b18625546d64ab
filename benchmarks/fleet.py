"""A mixed fleet is moved and returned while what it hangs on is killed: nothing may be lost, nobody without a state.

    make bench-fleet              or  python benchmarks/fleet.py [--stations 3000] [--through citrineos] [--starts 3]

Through the gateway: 1.6 and 2.0.1, all flavours, by routes alone; through SteVe: 1.6, all recipes of the rehearsal,
with the real engine; through a maker's tool: the same, and whoever's recipe writes keys is asked by a process for each
question; through CitrineOS: every second station is of 2.0.1; on site: by
work orders that are closed by import, both ways. A tenth of the stations misbehaves. Gateway, PostgreSQL
and a back-office are each killed once.
Exits with 1 if anything went wrong.
"""

import argparse
import asyncio
import json
import logging
import os
import platform
import signal
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from charging.database import embedded
from charging.migration.crossing import Pace
from rehearsal.citrineos_fleet import through_citrineos
from rehearsal.fleet_run import through_gateway, through_steve
from rehearsal.fleet_visits import through_visits

WAYS = ("gateway", "steve", "script", "citrineos", "onsite")
AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
PACE = Pace(concurrency=100, starts_per_second=1_000, poll_seconds=1.0, time_scale=0.05)


def main() -> int:
    """Run what is asked for, print what came of it, and say what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--through", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--period", type=float, default=3.0, help="seconds between two things that a station does")
    parser.add_argument("--starts", type=float, help="stations that begin in a second, where an engine moves them")
    parser.add_argument("--patience", type=float, default=240.0, help="seconds until a station must be there")
    chosen = parser.parse_args()
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("rehearsal").setLevel(logging.INFO)  # how far each has come
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what it has started ends with it
    found = {"machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"}
    with tempfile.TemporaryDirectory(prefix="rehome-fleet-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        cluster = embedded.locate(home)
        try:
            for way in chosen.through:
                place = home / way
                place.mkdir()
                found[way] = asyncio.run(_run(way, place, cluster, chosen))
        finally:
            embedded.stop(cluster)
    print(json.dumps(found, indent=2))
    wrong = [problem for way in chosen.through for problem in found[way]["wrong"]]
    print(f"{len(wrong)} things went wrong" if wrong else "nothing was lost", file=sys.stderr)
    return 1 if wrong else 0


async def _run(way: str, place: Path, cluster: embedded.Cluster, chosen: argparse.Namespace) -> dict:
    pace = replace(PACE, starts_per_second=chosen.starts) if chosen.starts else PACE
    if way == "citrineos":
        return await through_citrineos(place, cluster, stations=chosen.stations, seed=7, as_of=AS_OF, pace=pace)
    if way == "onsite":
        return await through_visits(
            place, cluster, stations=chosen.stations, seed=7, as_of=AS_OF, pace=pace, patience=chosen.patience
        )
    if way in {"steve", "script"}:
        return await through_steve(
            place, cluster, stations=chosen.stations, seed=7, as_of=AS_OF, pace=pace, scripted=way == "script"
        )
    return await through_gateway(
        place, cluster, stations=chosen.stations, period=chosen.period, time_scale=0.02, patience=chosen.patience
    )


if __name__ == "__main__":
    sys.exit(main())
