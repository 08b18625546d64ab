"""Goal R7: fourteen ways to lie, each by many stations, over real sockets; none may count as moved.

    make bench-liars                 or  python benchmarks/liars.py [--each 20]

Exits with 1 if a liar counts as moved or is not found for what it did, if an honest station beside them is not moved,
or if an engine that believes what stations say is not caught. It takes an embedded PostgreSQL for both back-offices.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from charging.clock import system_clock
from charging.database import embedded
from charging.migration.lifecycle import DEADLINES, Stage
from rehearsal import frames, liars, liars_found
from rehearsal.network import Behaviour
from rehearsal.simulation.wrong_engines import TRUSTING, wrong
from rehearsal.station_lies import LIES

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
VERSIONS = ("ocpp1.6",)
"""Those of which there are stations that lie."""
_numbers = count()


def main() -> int:
    """Move all liars and print what came of them, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=20)
    chosen = parser.parse_args()
    frames.ANSWER_WITHIN_SECONDS = liars.ANSWER_WITHIN_SECONDS
    DEADLINES[Stage.DRAINING] = timedelta(minutes=15)
    home = Path(tempfile.mkdtemp(prefix="rehome-"))
    home.chmod(0o711)
    cluster = embedded.locate(home)
    server = embedded.start(cluster, durable=False)
    began = time.perf_counter()
    try:
        behaviours = [*sorted(LIES), Behaviour.GOOD]
        verdicts = moved(server, home, behaviours, each=chosen.each)
        seconds = time.perf_counter() - began
        believed = {}
        for mistake in TRUSTING:
            believed[mistake] = len(liars_found.wrongs(moved(server, home, behaviours, each=1, mistake=mistake)))
    finally:
        embedded.stop(cluster)
        shutil.rmtree(home, ignore_errors=True)
    wrongs = liars_found.wrongs(verdicts)
    wrongs += [f"not caught: an engine of which is true: {mistake}" for mistake, found in believed.items() if not found]
    told = Counter(one.behaviour for one in verdicts)
    wrongs += [f"{lie} was told {told[lie]} times" for lie in LIES if told[lie] < chosen.each]
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "versions": VERSIONS,
                "lies": len(LIES),
                "stations": len(verdicts),
                "by_lie": {lie: dict(Counter(v.stage for v in verdicts if v.behaviour is lie)) for lie in behaviours},
                "liars_counted_as_moved": sum(v.stage is Stage.VERIFIED for v in verdicts if v.behaviour in LIES),
                "wrongs_of_engines_that_believe": believed,
                "seconds": round(seconds, 1),
                "seconds_in_all": round(time.perf_counter() - began, 1),
                "wrong": wrongs,
            },
            indent=2,
        )
    )
    print("failed" if wrongs else "every lie was found", file=sys.stderr)
    return 1 if wrongs else 0


def moved(
    server: str, home: Path, behaviours: Sequence[Behaviour], *, each: int, mistake: str | None = None
) -> list[liars_found.Verdict]:
    """Move some stations of each behaviour, with the right engine or with a wrong one."""
    number = next(_numbers)
    urls = {name: embedded.create_database(server, f"{name}_{number}") for name in ("legacy", "target")}
    folder = home / f"flash-{number}"
    folder.mkdir()
    network, actors = liars.liars(7, each=each, behaviours=behaviours, as_of=AS_OF)
    with wrong(mistake) if mistake else nullcontext():
        return asyncio.run(liars.move(network, actors, home=folder, urls=urls, clock=system_clock))


if __name__ == "__main__":
    sys.exit(main())
