"""Goals 1 and 2: match and judge a labelled night, Parquet in and out, beside DuckDB's three bare joins and datacompy.

    make bench-match [ARGS="--sessions 1000000 --runs 3 --growth 10000000"]

The job: CDRs of both sides from Parquet, corrections within each side, all tiers of matching (the texts behind every
hash compared), the fuzzy pass, a verdict and an explanation for every record, the proof that no record and no cent is
lost, and the verdicts in Parquet. `engine` judges without tariffs; `engine, priced` recomputes the amounts that differ
from the agreed tariff, too. Two in a thousand records bear another session's id, 1 % are missing on each side, 0.5 %
are repeated, 1 % are credited and replaced, 1 % have another energy, 0.5 % another amount, 5 % a former EVSE id, 2 % an
attempt before them, 4 % no id that is of use; the clocks are 25 seconds apart.

Ids are of real length and shape: most are UUIDs.

The floor is three hash joins (CDR id, session id, authorisation reference) on preloaded tables: they match nothing one
to one and judge nothing. `floor, Parquet` reads the ids from the same files, too, and writes the keys of what it
joined. datacompy compares only what has an equal id, in an
environment of its own: it reads the 19 columns that both sides state, compares each, and writes the rows of ours
alone, those of theirs alone, and those of both with the outcome of every column. The files are compressed with LZ4, as
those of a night are; every peer writes so, too. Every run is a process of its own, so that its peak memory is its own;
runs of the engines are interleaved. What a process does once (imports, loading the compiled loops) is timed apart, as
`start`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from peak import peak

from charging.reconciliation.aliases import Alias, Aliases
from charging.reconciliation.night import Unrendered, judge_scans
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse
from charging.tariffs.tariff import Tariff
from rehearsal.labelled_night import FORMER, OPERATOR, LabelledNight, labelled_night

TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)
SIDES = ("ours", "theirs")
IDS = ("cdr_id", "session_id", "authorization_reference")
NAMES = (
    *("cdr_key", "cdr_id", "credits_cdr_id", "session_id", "authorization_reference"),
    *("evse_raw", "evse_compact", "token_uid", "contract_compact"),
)
SKEW_SECONDS = 25
PART = 1_000_000
"""Greater nights are made of parts of so many sessions, and mixed."""
DATACOMPY = "datacompy==1.1.0"
STATED = (
    *("cdr_id", "session_id", "authorization_reference", "evse_compact", "token_uid", "contract_compact"),
    *("started_at", "ended_at", "energy_kwh_micro", "net_micro", "gross_micro", "currency", "tariff_id", "is_credit"),
    *("credits_cdr_id", "last_updated", "evse_uid", "connector_id", "total_hours_micro"),
)
COMPARED = """
import json, re, sys, time
import datacompy, pandas, polars
engine, folder, *columns = sys.argv[1:]
library, compare, write = {
    "pandas": (pandas, datacompy.PandasCompare, "to_parquet"),
    "polars": (polars, datacompy.PolarsCompare, "write_parquet"),
}[engine]
begin, busy = time.perf_counter(), time.process_time()
sides = [library.read_parquet(f"{folder}/{side}-0.parquet", columns=columns) for side in ("ours", "theirs")]
found = compare(*sides, join_columns="cdr_id")
for name in ("df1_unq_rows", "df2_unq_rows", "intersect_rows"):
    getattr(getattr(found, name), write)(f"{folder}/{engine}-{name}.parquet", compression="lz4")
print(json.dumps({
    "wall": time.perf_counter() - begin, "cpu": time.process_time() - busy,
    "peak": int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024,
    "versions": f"datacompy {datacompy.__version__}, its {engine} {library.__version__}"}))
"""

Run = dict[str, Any]


def main() -> None:
    """Measure, and print a report."""
    chosen = _arguments()
    if chosen.child:
        folder = Path(chosen.folder)
        print(
            json.dumps(_write(folder, chosen.sessions) if chosen.child == "write" else CHILDREN[chosen.child](folder))
        )
        return
    rows, found = _measured(chosen.sessions, chosen.runs, engines=_engines(with_peers=not chosen.without_peers))
    _report(found, rows=rows)
    if chosen.growth:
        more_rows, more = _measured(chosen.growth, 1, engines={"engine": _child})
        _report(more, rows=more_rows)
        growth = _median(more, "engine", "cpu") / more_rows / (_median(found, "engine", "cpu") / rows)
        print(f"CPU a CDR at {chosen.growth} / at {chosen.sessions} sessions: {growth:.2f} (goal: at most 1.3)")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", type=int, default=0, help="sessions of a greater night, run once")
    parser.add_argument("--without-peers", action="store_true", help="leave out datacompy, which has to be fetched")
    parser.add_argument("--child")
    parser.add_argument("--folder")
    return parser.parse_args()


def _engines(*, with_peers: bool) -> Mapping[str, Callable[[str, Path], Run]]:
    own = dict.fromkeys(("floor", "floor, Parquet", "engine", "engine, priced"), _child)
    return own | dict.fromkeys(("datacompy pandas", "datacompy polars") if with_peers else (), _datacompy)


def _measured(
    sessions: int, runs: int, *, engines: Mapping[str, Callable[[str, Path], Run]]
) -> tuple[int, dict[str, list[Run]]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(_command("write", folder, sessions), check=True, stdout=subprocess.DEVNULL)
        _child("engine, priced", folder)  # what is compiled once is kept
        rows = sum(int(_scan(folder, side).select(pl.len()).collect().item()) for side in SIDES)
        print(f"{rows} CDRs of {sessions} sessions; load {os.getloadavg()[0]:.1f}; truth: {_checked(folder)}")
        found: dict[str, list[Run]] = {engine: [] for engine in engines}
        for _ in range(runs):
            for engine, run in engines.items():
                found[engine].append(run(engine, folder))
    return rows, found


def _command(child: str, folder: Path, sessions: int = 0) -> list[str]:
    return [sys.executable, __file__, "--child", child, "--folder", str(folder), "--sessions", str(sessions)]


def _child(engine: str, folder: Path) -> Run:
    found: Run = json.loads(subprocess.run(_command(engine, folder), check=True, stdout=subprocess.PIPE).stdout)
    return found


def _datacompy(engine: str, folder: Path) -> Run:
    uv = [".tools/bin/uv", "run", "--quiet", "--isolated", "--no-project", "--with", DATACOMPY, "--with", "pyarrow"]
    command = [*uv, "python", "-c", COMPARED, engine.removeprefix("datacompy "), str(folder), *STATED]
    found: Run = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _write(folder: Path, sessions: int) -> Run:
    """Write a night, a file a part; records of theirs are mixed over all of it."""
    sizes = [min(PART, sessions - begin) for begin in range(0, sessions, PART)]
    for part, size in enumerate(sizes):
        night = labelled_night(size, seed=1 + part, clock_skew_seconds=SKEW_SECONDS)
        for side, frame in _apart(night, part).items():
            frame.write_parquet(folder / f"{'part' if side == 'theirs' else side}-{part}.parquet", compression="lz4")
        del night
    for number in range(len(sizes)):
        pieces = [pl.scan_parquet(path).gather_every(len(sizes), number) for path in folder.glob("part-*.parquet")]
        mixed = pl.concat(pieces).collect().sample(fraction=1, shuffle=True, seed=number)
        mixed.write_parquet(folder / f"theirs-{number}.parquet", compression="lz4")
    return {}


def _apart(night: LabelledNight, part: int) -> dict[str, pl.DataFrame]:
    """Leave the first part as it is, and give each other part ids, EVSEs and drivers of its own."""
    frames = {"ours": night.ours, "theirs": night.theirs, "truth": night.truth}
    if part == 0:
        return frames
    apart = [pl.concat_str(name, pl.lit(chr(ord("A") + part))) for name in NAMES]
    key = pl.concat_str("cdr_key", pl.lit(chr(ord("A") + part)))
    return {side: frames[side].with_columns(*apart) for side in SIDES} | {
        "truth": night.truth.with_columns(cdr_key=key, session=pl.col("session") + part * 4 * PART)
    }


def _scan(folder: Path, side: str) -> pl.LazyFrame:
    return pl.scan_parquet(sorted(folder.glob(f"{side}-*.parquet"), key=lambda path: int(path.stem.split("-")[1])))


def _floor(folder: Path) -> Run:
    import duckdb  # noqa: PLC0415 - the peer alone needs it, and its memory is not ours

    database = duckdb.connect()
    for side in SIDES:
        database.execute(f"CREATE TABLE {side} AS SELECT {', '.join(IDS)} FROM '{folder}/{side}-*.parquet'")
    begin, busy = time.perf_counter(), time.process_time()
    for key in IDS:
        database.execute(f"SELECT count(*) FROM ours JOIN theirs USING ({key})").fetchall()
    return _run(begin, busy)


def _floor_of_files(folder: Path) -> Run:
    import duckdb  # noqa: PLC0415 - the peer alone needs it, and its memory is not ours

    database = duckdb.connect()
    begin, busy = time.perf_counter(), time.process_time()
    for key in IDS:
        database.execute(
            f"COPY (SELECT ours.cdr_key ours_key, theirs.cdr_key theirs_key FROM '{folder}/ours-*.parquet' ours "
            f"JOIN '{folder}/theirs-*.parquet' theirs USING ({key})) "
            f"TO '{folder}/joined-{key}.parquet' (FORMAT parquet, COMPRESSION lz4_raw)"
        )
    return _run(begin, busy)


def _engine(folder: Path) -> Run:
    return _judged(folder, ())


def _priced(folder: Path) -> Run:
    return _judged(folder, (TARIFF,))


def _judged(folder: Path, tariffs: Sequence[Tariff]) -> Run:
    scans = [_scan(folder, side) for side in SIDES]
    small = labelled_night(2000, seed=0, clock_skew_seconds=SKEW_SECONDS)
    began = time.perf_counter()
    _judge([small.ours.lazy(), small.theirs.lazy()], tariffs)
    start = time.perf_counter() - began
    begin, busy = time.perf_counter(), time.process_time()
    _write_judged(_judge(scans, tariffs), folder)
    return _run(begin, busy) | {"start": start}


def _write_judged(night: Unrendered, folder: Path) -> None:
    """Write verdicts while the next ones are given their texts."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        written: Future[None] | None = None
        for number, part in enumerate(night.rendered()):
            if written is not None:
                written.result()
            path = folder / f"judged-{number}.parquet"
            written = beside.submit(part.write_parquet, path, compression="lz4", statistics=False)
        if written is not None:
            written.result()


def _judge(scans: Sequence[pl.LazyFrame], tariffs: Sequence[Tariff]) -> Unrendered:
    return judge_scans(
        *scans,
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        tariffs=tariffs,
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
        aliases=_aliases(scans[0]),
    )


def _aliases(scan: pl.LazyFrame) -> Aliases:
    evses = scan.select(pl.col("evse_compact").unique()).collect().to_series()
    return {evse.replace(OPERATOR, FORMER): (Alias(evse_compact=evse),) for evse in evses}


def _run(begin: float, busy: float) -> Run:
    return {"wall": time.perf_counter() - begin, "cpu": time.process_time() - busy, "peak": peak()}


CHILDREN = {"floor": _floor, "floor, Parquet": _floor_of_files, "engine": _engine, "engine, priced": _priced}


def _checked(folder: Path) -> str:
    columns = ["cdr_key", "session", "part", "is_decidable"]
    truth = pl.concat([pl.read_parquet(path, columns=columns) for path in folder.glob("truth-*.parquet")])
    judged = pl.read_parquet(folder / "judged-*.parquet", columns=["ours_key", "theirs_key", "verdict"])
    keys = pl.concat([judged["ours_key"].drop_nulls(), judged["theirs_key"].drop_nulls()])
    assert keys.sort().equals(truth["cdr_key"].sort()), "a record is in no verdict, or in two"
    certain = judged.drop_nulls(["ours_key", "theirs_key"]).filter(pl.col("verdict") != "ambiguous")
    pairs = certain.join(truth, left_on="ours_key", right_on="cdr_key").join(
        truth, left_on="theirs_key", right_on="cdr_key", suffix="_theirs"
    )
    wrong = pairs.filter((pl.col("session") != pl.col("session_theirs")) | (pl.col("part_theirs") != "live")).height
    decidable = truth.filter("is_decidable")["session"].n_unique()
    return f"{wrong} wrong pairs, recall {pairs.filter('is_decidable').height / decidable:.6f} of {decidable} decidable"


def _report(found: dict[str, list[Run]], *, rows: int) -> None:
    named = ", ".join(f"{name} {version(name)}" for name in ("polars", "numba", "duckdb"))
    print(f"{named}; {pl.thread_pool_size()} cores; load {os.getloadavg()[0]:.1f}; {', '.join(_peers(found))}")
    for name, runs in found.items():
        walls = [run["wall"] for run in runs]
        cpu, peak = _median(found, name, "cpu") / rows * 1e6, max(run["peak"] for run in runs) / rows
        ratios = [_median(found, "engine", what) / _median(found, name, what) for what in ("wall", "cpu")]
        print(
            f"  {name:17}{min(walls):8.2f} - {max(walls):.2f} s; a CDR {cpu:.2f} us of CPU, {peak:.0f} B at the peak; "
            f"engine / it: wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}"
        )
    print(f"  start of the engine, once a process: {_median(found, 'engine', 'start'):.2f} s")


def _peers(found: dict[str, list[Run]]) -> list[str]:
    return [str(runs[0]["versions"]) for runs in found.values() if "versions" in runs[0]]


def _median(found: dict[str, list[Run]], name: str, what: str) -> float:
    return float(statistics.median(run[what] for run in found[name]))


if __name__ == "__main__":
    main()
