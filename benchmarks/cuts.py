"""Goal R6: six links cut, altogether or in one direction, while waves run; the long cuts in virtual time.

    make bench-cuts                  or  python benchmarks/cuts.py [--cuts 300] [--seeds 300]

A TCP proxy stands on each link of the real engine: stations to legacy and to target, either API, either database. A cut
counts once somebody has met it. The journal's link, and cuts of minutes, are those of the simulation. Exits with 1 if a
station is not on exactly the one back-office where the engine says that it is, or on the list for a visit; if a link or
a way was never cut; or if an engine with a mistake is not caught.
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
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random

import stamina

from charging.clock import system_clock
from charging.database import embedded
from charging.migration.lifecycle import Stage
from rehearsal import frames, liars
from rehearsal.cuts import Cut, Links
from rehearsal.liars_found import Verdict
from rehearsal.network import Behaviour
from rehearsal.simulation.chance import Fault, Odds
from rehearsal.simulation.world import World
from rehearsal.simulation.wrong_engines import wrong

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
BEHAVIOURS = (Behaviour.GOOD, Behaviour.GOOD, Behaviour.RETURNS_TO_LEGACY)
MISTAKES = ("whatever was told to go counts as moved", "says that it is back and brings nothing back")
LONG = (Fault.OFFICE_AWAY, Fault.OFFICE_SHUT, Fault.JOURNAL_AWAY, Fault.LINK_CUT, Fault.ORDER_LOST, Fault.ANSWER_LOST)
LINKS = 6
_numbers = count()


def main() -> int:
    """Cut as often as asked for and print what came of it, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=300, help="of the simulation, for the long cuts")
    parser.add_argument("--each", type=int, default=10, help="stations of each behaviour in a wave")
    chosen = parser.parse_args()
    stamina.instrumentation.set_on_retry_hooks([])
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a handshake that is cut in the middle is no news
    frames.ANSWER_WITHIN_SECONDS = liars.ANSWER_WITHIN_SECONDS
    began, cuts, stages, wrongs, numbers = time.perf_counter(), Counter(), Counter(), [], Random(1)
    home = Path(tempfile.mkdtemp(prefix="rehome-"))
    home.chmod(0o711)
    cluster = embedded.locate(home)
    server = embedded.start(cluster, durable=False)
    try:
        while cuts.total() < chosen.cuts:
            links = Links(Random(numbers.random()))
            verdicts = wave(server, links, each=chosen.each)
            cuts += links.cuts
            stages.update(str(one.stage) for one in verdicts)
            wrongs += astray(verdicts)
        caught = {name: len(astray(wave(server, Links(Random(2)), each=3, mistake=name))) for name in MISTAKES}
    finally:
        embedded.stop(cluster)
        shutil.rmtree(home, ignore_errors=True)
    played = [World(seed, odds=Odds()).play() for seed in range(chosen.seeds)]
    simulated = sum((Counter(result.counts) for result in played), Counter())
    wrongs += [f"seed {result.seed}: {said}" for result in played for said in result.breaks]
    wrongs += [f"not caught: {mistake}" for mistake, found in caught.items() if not found]
    wrongs += [f"never met: {way}" for way in Cut if not any(key.endswith(f", {way}") for key in cuts)]
    wrongs += [f"never in the simulation: {fault}" for fault in LONG if not simulated[fault]]
    if len({key.split(",")[0] for key in cuts}) < LINKS:
        wrongs.append(f"only these links were cut: {sorted(cuts)}")
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "cuts": cuts.total(),
                "by_link_and_way": dict(sorted(cuts.items())),
                "stages": stages,
                "simulated_cuts": {fault.name: simulated[fault] for fault in LONG},
                "wrongs_of_engines_with_a_mistake": caught,
                "seconds": round(time.perf_counter() - began, 1),
                "wrong": wrongs,
            },
            indent=2,
        )
    )
    print("failed" if wrongs else "every station is where the engine says", file=sys.stderr)
    return 1 if wrongs else 0


def wave(server: str, links: Links, *, each: int, mistake: str | None = None) -> list[Verdict]:
    """Move stations while their links are cut, with the right engine or with a wrong one."""
    number = next(_numbers)
    urls = {name: embedded.create_database(server, f"{name}_{number}") for name in ("legacy", "target")}
    folder = Path(tempfile.mkdtemp(prefix="rehome-"))
    network, actors = liars.liars(7, each=each, behaviours=BEHAVIOURS, as_of=AS_OF)
    try:
        with wrong(mistake) if mistake else nullcontext():
            return asyncio.run(liars.move(network, actors, home=folder, urls=urls, clock=system_clock, links=links))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def astray(verdicts: list[Verdict]) -> list[str]:
    """Return the stations that are elsewhere than the engine says; those on the list for a visit may be anywhere."""
    where = {Stage.VERIFIED: {"target"}, Stage.ROLLED_BACK: {"legacy"}}
    return [
        f"{one.station_id} ({one.behaviour}) is {one.stage} ({one.reason}), and at {sorted(one.was_at)}"
        for one in verdicts
        if one.stage in where
        and (one.was_at != where[one.stage] or (one.stage is Stage.ROLLED_BACK and not one.is_as_installed))
    ]


if __name__ == "__main__":
    sys.exit(main())
