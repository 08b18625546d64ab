"""Goal R4: PostgreSQL crashed, paused and robbed of its connections while waves run; acknowledged means stored.

    make bench-crashes               or  python benchmarks/crashes.py [--restarts 100] [--pauses 20]

The real engine moves stations over real sockets; its journal is on a durable cluster of its own, which is shut down
immediately and started again, stopped by SIGSTOP, and loses all its connections, at random instants. Exits with 1 if
something that was acknowledged is not stored or is stored twice, if a station does not come to rest by itself, if the
journal is not back within five seconds (p99), or if a journal with a mistake is not caught.
"""

import argparse
import asyncio
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database import embedded
from rehearsal import crashes, liars
from rehearsal.network import Behaviour

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
BACK_WITHIN_SECONDS = 5.0
_numbers = count()


def main() -> int:
    """Strike as often as asked for and print what came of it, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--pauses", type=int, default=20)
    parser.add_argument("--stations", type=int, default=20)
    chosen = parser.parse_args()
    logging.getLogger("charging").setLevel(logging.CRITICAL)
    began, waits, wrongs, stages, acknowledged = time.perf_counter(), [], [], Counter(), 0
    with clusters() as (server, own, engine):
        strikes = crashes.Strikes(own, Random(1))
        while strikes.restarts < chosen.restarts or strikes.pauses < chosen.pauses or not strikes.robberies:
            found, told, ended = wave(server, engine, strikes, stations=chosen.stations)
            wrongs += found
            stages.update(ended)
            waits += told.waits
            acknowledged += len(told.steps) + len(told.transitions)
        caught = {}
        for mistake in crashes.MISTAKES:
            with crashes.wrong(mistake):
                caught[mistake] = len(wave(server, engine, strikes, stations=chosen.stations)[0])
    p99 = sorted(waits)[max(0, int(len(waits) * 0.99) - 1)] if waits else 0.0
    wrongs += [f"not caught: a journal that {mistake}" for mistake, found in caught.items() if not found]
    wrongs += [f"back after {p99:.1f} s (p99)"] if p99 > BACK_WITHIN_SECONDS else []
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "restarts": strikes.restarts,
                "pauses": strikes.pauses,
                "robberies_of_connections": strikes.robberies,
                "acknowledged": acknowledged,
                "stages": stages,
                "back_after_seconds_p99": round(p99, 2),
                "wrongs_of_journals_with_a_mistake": caught,
                "seconds": round(time.perf_counter() - began, 1),
                "wrong": wrongs,
            },
            indent=2,
        )
    )
    print("failed" if wrongs else "all that was acknowledged is stored", file=sys.stderr)
    return 1 if wrongs else 0


def wave(
    server: str, engine: sa.Engine, strikes: crashes.Strikes, *, stations: int
) -> tuple[list[str], crashes.Acknowledged, Counter]:
    """Move some honest stations while the journal's database is struck; return what is wrong, and what was told."""
    number, told = next(_numbers), []
    urls = {name: embedded.create_database(server, f"{name}_{number}") for name in ("legacy", "target")}
    home = Path(tempfile.mkdtemp(prefix="rehome-"))
    network, actors = liars.liars(7, each=stations, behaviours=[Behaviour.GOOD], as_of=AS_OF)
    keep = partial(
        crashes.struck, engine=engine, plan_id=f"plan-{number}", strikes=strikes, clock=system_clock, told=told
    )
    try:
        verdicts = asyncio.run(liars.move(network, actors, home=home, urls=urls, clock=system_clock, keep=keep))
    except Exception as failure:  # noqa: BLE001 - whatever ends a wave takes a person to begin it again
        return [f"the wave ended: {failure!r}"[:300]], told[0], Counter()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    at_rest = {"verified", "rolled_back"}
    lost = [f"{one.station_id} is {one.stage}: {one.reason}" for one in verdicts if one.stage not in at_rest]
    missing = crashes.missing(engine, f"plan-{number}", told[0])
    return lost + missing, told[0], Counter(str(one.stage) for one in verdicts)


@contextmanager
def clusters() -> Iterator[tuple[str, embedded.Cluster, sa.Engine]]:
    """Start a cluster for the back-offices and one, durable, for the journal."""
    homes = [Path(tempfile.mkdtemp(prefix="rehome-")) for _ in range(2)]
    for home in homes:
        home.chmod(0o711)
    theirs = embedded.locate(homes[0])
    server = embedded.start(theirs, durable=False)
    own, engine = crashes.prepared(homes[1])
    try:
        yield server, own, engine
    finally:
        engine.dispose()
        embedded.stop(theirs)
        embedded.stop(own)
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
