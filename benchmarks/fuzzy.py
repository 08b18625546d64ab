"""Goal 3: pairing sessions of which no id is left, one to one, beside a sparse assignment solver.

    make bench-fuzzy [ARGS="--sessions 1000000 --runs 3 --per-key 20"]

All look for as many pairs as possible within the window, and among these for the least sum of distances. The peer is
scipy's `min_weight_full_bipartite_matching` on the candidates of a join on the key and buckets of time, made full by a
dear edge for whoever stays alone. The solver's time grows with the square of what it is given at once, and so it is
given what it does best: an edge that is alone at both of its ends is taken as it is, and the connected components of
the rest go to it in batches of about 200 sessions. On nights of at most 50,000 sessions a side it is also given
all at once. Runs are interleaved; `--per-key` says how many sessions share a place and driver within 30 days.
"""

import argparse
import statistics
import time
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from charging.reconciliation.kernels.assignment import assigned, reaches
from charging.reconciliation.kernels.ordering import in_order

WINDOW = 300_000_000
BATCH = 200
WHOLE = 50_000
Ints = npt.NDArray[np.int64]


def main() -> None:
    """Measure, and print a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--per-key", type=int, default=20)
    chosen = parser.parse_args()
    ours, theirs = _sides(chosen.sessions, chosen.per_key)
    _by_engine(*_sides(1000, chosen.per_key))  # what is compiled once is kept
    solvers = {"engine": _by_engine, "scipy": _by_scipy}
    if chosen.sessions <= WHOLE:
        solvers["scipy, all at once"] = _by_scipy_at_once
    walls: dict[str, list[float]] = {name: [] for name in solvers}
    busy: dict[str, list[float]] = {name: [] for name in solvers}
    results = {}
    for _ in range(chosen.runs):
        for name, solve in solvers.items():
            begin, used = time.perf_counter(), time.process_time()
            results[name] = solve(ours, theirs)
            walls[name].append(time.perf_counter() - begin)
            busy[name].append(time.process_time() - used)
    print(
        f"{chosen.sessions} a side, {chosen.per_key} a key, window {WINDOW // 1_000_000} s, "
        f"scipy {version('scipy')}, numba {version('numba')}, polars {version('polars')}"
    )
    for name, found in walls.items():
        pairs, cost = results[name]
        ratios = [statistics.median(times["engine"]) / statistics.median(times[name]) for times in (walls, busy)]
        print(
            f"  {name:20}{min(found):8.2f} - {max(found):.2f} s, CPU {statistics.median(busy[name]):.2f} s; "
            f"{pairs} pairs, {cost / 1_000_000:.0f} s in all; engine / it: wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}"
        )
    print(f"  goal: at most 0.3; the same pairs and cost: {len(set(results.values())) == 1}")


def _sides(sessions: int, per_key: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    random = np.random.default_rng(1)
    key = random.integers(1, max(sessions // per_key, 2), sessions).astype(np.uint64)
    start = random.integers(0, 30 * 86_400, sessions) * 1_000_000
    ours = pl.DataFrame({"key": key, "start": start})
    jitter = random.integers(-90, 91, sessions) * 1_000_000
    theirs = pl.DataFrame({"key": key, "start": start + jitter}).sample(fraction=0.99, seed=1, shuffle=True)
    return ours.sample(fraction=0.99, seed=2, shuffle=True), theirs


def _by_engine(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    our_keys, our_starts = _in_order(ours)
    their_keys, their_starts = _in_order(theirs)
    firsts, lasts = reaches(our_keys, our_starts, their_keys, their_starts, WINDOW)
    chosen = assigned(our_starts, their_starts, firsts, lasts, WINDOW)
    taken = np.flatnonzero(chosen >= 0)
    assert np.bincount(chosen[taken], minlength=1).max() <= 1
    return taken.size, int(np.abs(our_starts[taken] - their_starts[chosen[taken]]).sum())


def _in_order(side: pl.DataFrame) -> tuple[npt.NDArray[np.uint64], Ints]:
    keys, starts = side["key"].to_numpy(), side["start"].to_numpy()
    order = in_order(keys, starts)
    return keys[order], starts[order]


def _by_scipy(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    i, j, apart = _candidates(ours, theirs)
    is_lone = (np.bincount(i, minlength=ours.height)[i] == 1) & (np.bincount(j, minlength=theirs.height)[j] == 1)
    pairs, cost = int(is_lone.sum()), int(apart[is_lone].sum())
    i, j, apart = i[~is_lone], j[~is_lone], apart[~is_lone]
    (_, i), (_, j) = (np.unique(side, return_inverse=True) for side in (i, j))
    size = int(i.max(initial=-1)) + int(j.max(initial=-1)) + 2
    links = csr_array((np.ones(i.size, np.int8), (i, i.max(initial=-1) + 1 + j)), shape=(size, size))
    component = connected_components(links, directed=False)[1][i]
    order = np.argsort(component, kind="stable")
    component = component[order]
    begins = np.flatnonzero(np.diff(component, prepend=-1))
    cuts = begins[np.flatnonzero(np.diff(begins // BATCH, prepend=-1))]
    for batch in np.split(order, cuts[1:]):
        more, dearer = _solved(i[batch], j[batch], apart[batch])
        pairs, cost = pairs + more, cost + dearer
    return pairs, cost


def _by_scipy_at_once(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    return _solved(*_candidates(ours, theirs))


def _candidates(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Return the rows of ours and theirs that one key and the window leave, and how far each two are apart."""
    one = ours.with_row_index("i").with_columns(bucket=pl.col("start") // WINDOW)
    other = theirs.with_row_index("j").with_columns(bucket=pl.col("start") // WINDOW)
    near = [other.with_columns(pl.col("bucket") + shift) for shift in (-1, 0, 1)]
    edges = (
        one.join(pl.concat(near), on=["key", "bucket"], suffix="_theirs")
        .with_columns(apart=(pl.col("start") - pl.col("start_theirs")).abs())
        .filter(pl.col("apart") <= WINDOW)
    )
    i, j, apart = (edges[name].to_numpy().astype(np.int64) for name in ("i", "j", "apart"))
    return i, j, apart


def _solved(i: Ints, j: Ints, apart: Ints) -> tuple[int, int]:
    """Return the number of pairs and their cost. A private partner for each of ours makes the matching full."""
    if i.size == 0:
        return 0, 0
    (known, i), (others, j) = (np.unique(side, return_inverse=True) for side in (i, j))
    alone = np.arange(known.size)
    dear = float(WINDOW) * 1000
    graph = csr_array(
        (
            np.concatenate([apart + 1.0, np.full(alone.size, dear)]),
            (np.concatenate([i, alone]), np.concatenate([j, others.size + alone])),
        ),
        shape=(known.size, others.size + known.size),
    )
    rows, columns = min_weight_full_bipartite_matching(graph)
    paired = columns < others.size
    return int(paired.sum()), int(graph[rows[paired], columns[paired]].sum()) - int(paired.sum())


if __name__ == "__main__":
    main()
