"""Goal 3: pairing sessions of which no id is left, one to one, beside a sparse assignment solver.

    .tools/bench/bin/python benchmarks/fuzzy.py [--sessions 1000000] [--runs 3]

Both look for as many pairs as possible within the window, and among these for the least sum of distances. The peer is
scipy's `min_weight_full_bipartite_matching` on the candidates of a join, made full by a dear edge for whoever stays
alone. Runs are interleaved.
"""

import argparse
import statistics
import time
from importlib.metadata import version

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from charging.reconciliation.kernels.assignment import assigned, reaches

WINDOW = 300_000_000
PER_KEY = 20


def main() -> None:
    """Measure, and print a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    ours, theirs = _sides(chosen.sessions)
    _by_engine(*_sides(1000))  # what is compiled once is kept
    times: dict[str, list[float]] = {"engine": [], "scipy": []}
    results = {}
    for _ in range(chosen.runs):
        for name, solve in (("engine", _by_engine), ("scipy", _by_scipy)):
            begin = time.perf_counter()
            results[name] = solve(ours, theirs)
            times[name].append(time.perf_counter() - begin)
    print(
        f"{chosen.sessions} a side, window {WINDOW // 1_000_000} s, scipy {version('scipy')}, numba {version('numba')}"
    )
    for name, found in times.items():
        pairs, cost = results[name]
        print(f"  {name:8}{min(found):8.2f} - {max(found):.2f} s   {pairs} pairs, {cost / 1_000_000:.0f} s in all")
    ratio = statistics.median(times["engine"]) / statistics.median(times["scipy"])
    print(f"  ratio {ratio:.2f} (goal: at most 0.3); the same pairs and cost: {results['engine'] == results['scipy']}")


def _sides(sessions: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    random = np.random.default_rng(1)
    key = random.integers(1, max(sessions // PER_KEY, 2), sessions).astype(np.uint64)
    start = random.integers(0, 30 * 86_400, sessions) * 1_000_000
    ours = pl.DataFrame({"key": key, "start": start})
    jitter = random.integers(-90, 91, sessions) * 1_000_000
    theirs = pl.DataFrame({"key": key, "start": start + jitter}).sample(fraction=0.99, seed=1, shuffle=True)
    return ours.sample(fraction=0.99, seed=2, shuffle=True), theirs


def _by_engine(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    one, other = ours.sort("key", "start"), theirs.sort("key", "start")
    our_keys, our_starts = one["key"].to_numpy(), one["start"].to_numpy()
    their_keys, their_starts = other["key"].to_numpy(), other["start"].to_numpy()
    firsts, lasts = reaches(our_keys, our_starts, their_keys, their_starts, WINDOW)
    chosen = assigned(our_starts, their_starts, firsts, lasts, WINDOW)
    taken = np.flatnonzero(chosen >= 0)
    assert np.unique(chosen[taken]).size == taken.size
    return taken.size, int(np.abs(our_starts[taken] - their_starts[chosen[taken]]).sum())


def _by_scipy(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    """Join on key and bucket of time, then solve: a private partner for each of ours makes the matching full."""
    one = ours.with_row_index("i").with_columns(bucket=pl.col("start") // WINDOW)
    other = theirs.with_row_index("j").with_columns(bucket=pl.col("start") // WINDOW)
    near = [other.with_columns(pl.col("bucket") + shift) for shift in (-1, 0, 1)]
    edges = (
        one.join(pl.concat(near), on=["key", "bucket"], suffix="_theirs")
        .with_columns(apart=(pl.col("start") - pl.col("start_theirs")).abs())
        .filter(pl.col("apart") <= WINDOW)
    )
    i, j, apart = (edges[name].to_numpy().astype(np.int64) for name in ("i", "j", "apart"))
    alone = np.arange(ours.height)
    dear = float(WINDOW) * 1000
    graph = csr_array(
        (
            np.concatenate([apart + 1.0, np.full(alone.size, dear)]),
            (np.concatenate([i, alone]), np.concatenate([j, theirs.height + alone])),
        ),
        shape=(ours.height, theirs.height + ours.height),
    )
    rows, columns = min_weight_full_bipartite_matching(graph)
    paired = columns < theirs.height
    our_starts, their_starts = ours["start"].to_numpy(), theirs["start"].to_numpy()
    return int(paired.sum()), int(np.abs(our_starts[rows[paired]] - their_starts[columns[paired]]).sum())


if __name__ == "__main__":
    main()
