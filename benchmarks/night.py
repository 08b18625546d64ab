"""Goal 6: a whole night, from a partner's pages on disk to verdicts, ages and money in PostgreSQL.

    python benchmarks/night.py [--sessions 1000000] [--page 100] [--keep FOLDER]

The pages are OCPI 2.2.1 answers of a labelled night, written before by a few lines that share nothing with the parser,
and are not counted. Our side is a Parquet file in the columns of `charging/roaming/frame.py`. The server is an embedded
one, durable, as `rehome up` starts it. Stages: pages to columns; match, price and judge; the verdicts; the cases with
their ages and amounts; and, told apart, the CDRs of both sides as a night keeps them. Every verdict is held against
the truth, every cent against the totals. The night runs in a process of its own: its peak memory is its own.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl
import psutil
import sqlalchemy as sa

from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.operations import cases as write_cases
from charging.database.operations import roaming as write
from charging.database.operations import roaming_columns as write_columns
from charging.reconciliation.aliases import Alias
from charging.reconciliation.follow_up.follow import About, Round, follow
from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.verdict import SETTLED
from charging.roaming.ocpi.columns import ParsedFrame, parse_frame
from charging.roaming.terms import Terms
from charging.secret import Secret
from charging.tariffs.parse import parse
from rehearsal.labelled_night import FORMER, OPERATOR, labelled_night

PARTNER, DAY = "roa", date(2026, 10, 31)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam")
TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)
RECORD = (
    '{"country_code":"NL","party_id":"EVN","id":%s,"start_date_time":"%s","end_date_time":"%s","session_id":%s,'
    '"cdr_token":{"country_code":"NL","party_id":"ROA","uid":%s,"type":"RFID","contract_id":%s},'
    '"auth_method":"WHITELIST","authorization_reference":%s,"cdr_location":{"id":"LOC00001","name":"Parkeergarage '
    'Stationsplein Zuid","address":"Stationsplein 1","city":"Utrecht","postal_code":"3511ED","country":"NLD",'
    '"coordinates":{"latitude":"52.08950","longitude":"5.11030"},"evse_uid":"evse-000001","evse_id":"%s",'
    '"connector_id":"1","connector_standard":"IEC_62196_T2","connector_format":"SOCKET","connector_power_type":'
    '"AC_3_PHASE"},"meter_id":"MTR-0001-2234","currency":"EUR","tariffs":[%s],"charging_periods":[{'
    '"start_date_time":"%s","dimensions":[{"type":"ENERGY","volume":%s},{"type":"TIME","volume":%s}],'
    '"tariff_id":"T"}],"signed_data":%s,"total_cost":{"excl_vat":%s,"incl_vat":%s},"total_energy":%s,'
    '"total_time":%s,"invoice_reference_id":"%s","credit":%s,"credit_reference_id":%s,"last_updated":"%s"}'
)
ENCLOSED = (
    '{"country_code":"NL","party_id":"EVN","id":"T","currency":"EUR","type":"REGULAR","tariff_alt_text":[{"language":'
    '"nl","text":"Start 0,50, daarna 0,40 per kWh"}],"elements":[{"price_components":[{"type":"FLAT","price":0.50,'
    '"vat":21.0,"step_size":1}]},{"price_components":[{"type":"ENERGY","price":0.40,"vat":21.0,"step_size":1}]}],'
    '"last_updated":"2026-01-01T00:00:00Z"}'
)
SIGNED = json.dumps(
    {
        "encoding_method": "OCMF",
        "encoding_method_version": 1,
        "public_key": "3059301306072A8648CE3D0201" + "0A1B2C3D4E5F6789" * 6,
        "signed_values": [
            {"nature": nature, "plain_data": "", "signed_data": "Q2hhcmdpbmcgc2Vzc2lvbnMgYXJl" * 15}
            for nature in ("Start", "End")
        ],
    },
    separators=(",", ":"),
)


def main() -> None:
    """Measure, and print a report."""
    chosen = _arguments()
    if chosen.child:
        print(json.dumps(_night(chosen.child, Path(chosen.folder))))
        return
    folder = Path(chosen.keep or tempfile.mkdtemp(prefix="rehome-night-"))
    try:
        if not (folder / "ours.parquet").exists():
            _write(folder, chosen.sessions, chosen.page)
        print(_machine())
        with _server() as (url, cluster):
            found = _child(url, folder, cluster)
        _report(found, folder)
    finally:
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--page", type=int, default=100)
    parser.add_argument("--keep", default="", help="a folder for the pages, so that a later run finds them")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _machine() -> str:
    names = ("polars", "numba", "psycopg", "sqlalchemy")
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}; Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in names
    )


@contextmanager
def _server() -> Iterator[tuple[str, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="rehome-bench-"))
    folder.chmod(0o755)
    cluster = embedded.locate(folder)
    try:
        address = embedded.create_database(embedded.start(cluster), "rehome")
        engine = database.connect(Secret(address))
        database.migrate(engine)
        engine.dispose()
        yield address, cluster.data
    finally:
        embedded.stop(cluster)
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, sessions: int, page: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    night = labelled_night(sessions, seed=1)
    night.ours.write_parquet(folder / "ours.parquet")
    truth = night.truth.with_columns(label=pl.format("{}.{}", "session", "part"))
    truth.write_parquet(folder / "truth.parquet")
    theirs = night.theirs.join(truth.select("cdr_key", "label"), on="cdr_key", maintain_order="left")
    for number, part in enumerate(theirs.iter_slices(page)):
        body = ",".join(map(_record, part.iter_rows(named=True)))
        text = f'{{"data":[{body}],"status_code":1000,"timestamp":"2026-11-01T00:00:00Z"}}'
        (folder / f"page-{number:06d}.json").write_text(text)


def _record(row: dict[str, object]) -> str:
    start, end = (row[name].strftime("%Y-%m-%dT%H:%M:%SZ") for name in ("started_at", "ended_at"))
    kwh = _number(row["energy_kwh_micro"])
    hours = f"{(row['ended_at'] - row['started_at']).total_seconds() / 3600:.4f}"
    evse = row["evse_compact"]
    return RECORD % (
        _text(row["cdr_id"]), start, end, _text(row["session_id"]), _text(row["token_uid"] or "#NA"),
        _text(_contract(row["contract_compact"])), _text(row["authorization_reference"]),
        f"{evse[:2]}*{evse[2:5]}*{evse[5:]}", ENCLOSED, start, kwh, hours, SIGNED, _number(row["net_micro"]),
        _number(row["gross_micro"]), kwh, hours, row["label"], "true" if row["is_credit"] else "false",
        _text(row["credits_cdr_id"]), row["last_updated"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip


def _contract(compact: str) -> str:
    return f"{compact[:2]}-{compact[2:5]}-{compact[5:]}"


def _text(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


def _number(scaled: int) -> str:
    text = f"{'-' if scaled < 0 else ''}{abs(scaled) // 1_000_000}.{abs(scaled) % 1_000_000:06d}".rstrip("0")
    return text.removesuffix(".")


def _child(url: str, folder: Path, data: Path) -> dict[str, object]:
    command = [sys.executable, __file__, "--child", url, "--folder", str(folder)]
    done = threading.Event()
    peak = [0]
    watching = threading.Thread(target=_watch, args=(data, done, peak))
    watching.start()
    try:
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    finally:
        done.set()
        watching.join()
    return json.loads(told.strip().splitlines()[-1]) | {"server_peak": peak[0]}


def _watch(data: Path, done: threading.Event, peak: list[int]) -> None:
    """Take the server's greatest proportional memory: what its processes share is counted once."""
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    while not done.wait(0.5):
        total = 0
        for process in (postmaster, *postmaster.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)


class Stages:
    """What each stage took: wall, and CPU of this process."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds[name] = time.perf_counter() - wall, time.process_time() - cpu


def _night(url: str, folder: Path) -> dict[str, object]:
    stages, load = Stages(), os.getloadavg()[0]
    began = time.perf_counter()
    engine = database.connect(Secret(url))
    with stages.stage("pages to columns"):
        theirs = _read(folder)
        ours = pl.read_parquet(folder / "ours.parquet")
    with stages.stage("match, price, judge"):
        night = _judge(ours, theirs)
    with engine.begin() as connection:
        with stages.stage("verdicts to PostgreSQL"):
            _store(connection, night, ours=ours, theirs=theirs)
        with stages.stage("cases to PostgreSQL"):
            cases = _follow(connection, night, ours=ours, theirs=theirs.frame)
    wall = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with engine.begin() as connection, stages.stage("(apart) CDRs of both sides kept"):
        write_columns.store_cdr_frame(connection, theirs.frame, cdrs=theirs.cdrs, at=NOW)
        write_columns.store_cdr_frame(connection, ours, at=NOW)
    return {
        "load": load,
        "wall": wall,
        "peak": peak,
        "stages": stages.seconds,
        "rows": [ours.height, theirs.frame.height, night.judged.height, cases],
        "rejected": len(theirs.rejected),
        "truth": _truth(folder, night, theirs.frame),
        "money": _money(engine, night),
        "peak_with_cdrs": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _read(folder: Path) -> ParsedFrame:
    pages = (path.read_bytes() for path in sorted(folder.glob("page-*.json")))
    return parse_frame(pages, partner=PARTNER, version="2.2.1")


def _judge(ours: pl.DataFrame, theirs: ParsedFrame) -> NightFrame:
    now = ours["evse_compact"].unique()
    return reconcile_frames(
        ours,
        theirs.frame,
        terms=TERMS,
        tariffs=[TARIFF],
        as_of=NOW,
        aliases={evse.replace(OPERATOR, FORMER): (Alias(evse_compact=evse),) for evse in now},
        exact={cdr.cdr_key: cdr for cdr in theirs.cdrs},
    )


def _store(connection: sa.Connection, night: NightFrame, *, ours: pl.DataFrame, theirs: ParsedFrame) -> None:
    """Store the night's head and its verdicts."""
    head = {
        "time_zone": TERMS.time_zone,
        "period_from": ours["ended_at"].min(),
        "period_until": ours["ended_at"].max(),
        "is_complete": True,
        "incomplete_because": None,
        "summary": {"ours": ours.height, "theirs": theirs.frame.height, "rejected": len(theirs.rejected)},
        "inputs_sha256": "",
        "reconciled_at": NOW,
    }
    write.store_night(connection, head, [], partner=PARTNER, day=DAY)
    write_columns.store_verdicts(connection, night, partner=PARTNER, day=DAY)


def _follow(connection: sa.Connection, night: NightFrame, *, ours: pl.DataFrame, theirs: pl.DataFrame) -> int:
    settled = [str(verdict) for verdict in SETTLED]
    open_ones = NightFrame(
        judged=night.judged.filter(~pl.col("verdict").is_in(settled)), summary=night.summary, inexact=night.inexact
    )
    judged = to_judged(open_ones)
    wanted = pl.Series([one.ours_key or one.theirs_key for one in judged], dtype=pl.String).implode()
    columns = ("cdr_key", "ended_at", "station_id")
    both = pl.concat([side.select(columns).filter(pl.col("cdr_key").is_in(wanted)) for side in (ours, theirs)])
    known = {
        key: About(ended_at=ended_at, station_id=station, wave=None) for key, ended_at, station in both.iter_rows()
    }
    found = follow(
        judged,
        [],
        night=Round(
            partner=PARTNER, day=DAY, at=NOW, about=known.__getitem__, due=lambda ended_at: ended_at + TERMS.lateness
        ),
    )
    write_cases.store(connection, found.cases, found.history)
    return len(found.cases)


def _truth(folder: Path, night: NightFrame, theirs: pl.DataFrame) -> str:
    truth = pl.read_parquet(folder / "truth.parquet").with_columns(pl.col("session").cast(pl.String))
    label = pl.col("invoice_id").str.split(".")
    labels = theirs.select("cdr_key", session_theirs=label.list.get(0), part=label.list.get(1))
    certain = night.judged.drop_nulls(["ours_key", "theirs_key"]).filter(pl.col("verdict") != "ambiguous")
    pairs = certain.join(
        truth.select("cdr_key", "session", "is_decidable"), left_on="ours_key", right_on="cdr_key"
    ).join(labels, left_on="theirs_key", right_on="cdr_key")
    wrong = pairs.filter((pl.col("session") != pl.col("session_theirs")) | (pl.col("part") != "live")).height
    decidable = truth.filter("is_decidable")["session"].n_unique()
    return f"{wrong} wrong pairs, recall {pairs.filter('is_decidable').height / decidable:.6f} of {decidable} decidable"


def _money(engine: sa.Engine, night: NightFrame) -> str:
    """Hold what PostgreSQL has against what was judged."""
    row, case = tables.verdict.c, tables.followed_case.c
    with engine.connect() as connection:
        number, money = connection.execute(sa.select(sa.func.count(), sa.func.sum(row.money_at_risk))).one()
        cases, followed = connection.execute(sa.select(sa.func.count(), sa.func.sum(case.money_at_risk))).one()
    expected = sum(night.summary.money_at_risk.values())
    if number != night.judged.height or money != expected or followed != expected:
        raise SystemExit(f"PostgreSQL has {number} verdicts, {money} and {followed} at risk, not {expected}")
    return f"{number:,} verdicts and {cases:,} cases; {money} EUR at risk in both, as judged"


def _report(found: dict, folder: Path) -> None:
    ours, theirs, judged, cases = found["rows"]
    size = sum(path.stat().st_size for path in folder.glob("page-*.json"))
    print(
        f"{ours:,} CDRs of ours, {theirs:,} of theirs ({size / max(theirs, 1):,.0f} bytes each), "
        f"{found['rejected']} rejected; {judged:,} verdicts, {cases:,} cases"
    )
    for name, (wall, cpu) in found["stages"].items():
        print(f"  {name:34}{wall:8.1f} s wall {cpu:8.1f} s CPU of ours")
    print(f"the night: {found['wall']:.1f} s; load when it began {found['load']:.1f}, now {os.getloadavg()[0]:.1f}")
    print(f"peak memory: {found['peak'] / 1e6:,.0f} MB of ours, {found['server_peak'] / 1e6:,.0f} MB of the server")
    print(f"  ({found['peak_with_cdrs'] / 1e6:,.0f} MB of ours once the CDRs of both sides were kept, too)")
    print(f"truth: {found['truth']}\nmoney: {found['money']}")


if __name__ == "__main__":
    main()
