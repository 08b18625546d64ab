"""Goal R2: years of a migration's faults in minutes; the real engine, virtual time, and every draw from a seed.

    make bench-simulation            or  python benchmarks/simulation.py [--seeds 2000] [--jobs 2]
    python benchmarks/simulation.py --seed 17        one seed's whole story, exactly as it was

Exits with 1 if anything happens that must never be, if a fault never happened, if a seed gives another story when it is
played again, if one of the wrong engines is not caught, or if there were fewer faults or years than the goal asks for.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from rehearsal.simulation.chance import Fault, Odds
from rehearsal.simulation.world import Result, World
from rehearsal.simulation.wrong_engines import MISTAKES, wrong

SEEDS, FAULTS, YEARS = 2_000, 50_000, 5.0
AGAIN = 100
"""How many of the seeds are played twice."""
MOST_SEEDS = 200
"""Within how many a wrong engine must be caught."""


def main() -> int:
    """Play all seeds and print what came of them, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return tell(chosen.seed)
    began = time.perf_counter()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        results = list(pool.map(play, range(chosen.seeds), chunksize=20))
        simulated_in = time.perf_counter() - began
        again = list(pool.map(play, range(min(AGAIN, chosen.seeds)), chunksize=5))
        caught = dict(zip(MISTAKES, pool.map(caught_by, MISTAKES), strict=True))
    counts = sum((Counter(result.counts) for result in results), Counter())
    years = sum(result.seconds for result in results) / 86_400 / 365
    share = chosen.seeds / SEEDS
    wrongs = [
        *(f"seed {result.seed}: {said}" for result in results for said in result.breaks),
        *(
            f"seed {one.seed} is another story"
            for one, two in zip(again, results, strict=False)
            if one.sha256 != two.sha256
        ),
        *(f"never happened: {fault}" for fault in Fault if not counts[fault]),
        *(f"not caught: an engine that {mistake}" for mistake, seed in caught.items() if seed is None),
        *([f"{counts.total()} faults"] if counts.total() < FAULTS * share else []),
        *([f"{years:.2f} years"] if years < YEARS * share else []),
    ]
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, {chosen.jobs} processes",
                "seeds": len(results),
                "simulated_years": round(years, 2),
                "faults": counts.total(),
                "by_kind": {fault.name: counts[fault] for fault in Fault},
                "stages": sum((Counter(result.stages) for result in results), Counter()),
                "played_twice": len(again),
                "wrong_engines_caught_at_seed": caught,
                "seconds": round(simulated_in, 1),
                "seconds_in_all": round(time.perf_counter() - began, 1),
                "wrong": wrongs,
            },
            indent=2,
        )
    )
    for result in results:
        if result.breaks:
            print(f"\nseed {result.seed}: {'; '.join(result.breaks)}", *result.faults, sep="\n  ", file=sys.stderr)
    print("failed" if wrongs else "nothing broke", file=sys.stderr)
    return 1 if wrongs else 0


def play(seed: int) -> Result:
    """Play one seed."""
    return World(seed, odds=Odds()).play()


def caught_by(mistake: str) -> int | None:
    """Return the first seed that catches a wrong engine."""
    with wrong(mistake):
        return next((seed for seed in range(MOST_SEEDS) if play(seed).breaks), None)


def tell(seed: int) -> int:
    """Print a seed's whole story."""
    result = World(seed, odds=Odds(), keeps_lines=True).play()
    print(*result.lines, sep="\n")
    print(f"sha256 {result.sha256}; {len(result.faults)} faults; {result.breaks or 'nothing broke'}", file=sys.stderr)
    return 1 if result.breaks else 0


if __name__ == "__main__":
    sys.exit(main())
