"""Goal 6: a whole night, from a partner's pages on disk to verdicts, ages and money in PostgreSQL.

    python benchmarks/night.py [--sessions 1000000] [--page 100] [--keep FOLDER]

The night is the product's own (`tasks/keeping.py`, `tasks/feed_quality.py`, `tasks/judged_nights.py`), step by step;
only Prefect and the wire are left out. The pages are OCPI 2.2.1 answers of a labelled night, written before by a few
lines that share nothing with the parser, and our sessions lie in PostgreSQL; neither is counted. The server is an
embedded one, durable, as `rehome up` starts it. Stages: pages into PostgreSQL, with every CDR in them; what a good feed
has; our sessions and their CDRs matched, priced and judged, verdicts and cases with ages and amounts stored; and, told
apart, what follows: reminders and proposals. Every verdict is held against the truth, every cent against the totals.
The night runs in a process of its own: its peak memory is its own.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import polars as pl
import psutil
import sqlalchemy as sa
from peak import peak

from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.operations import clean
from charging.network import Evse, Session, Token
from charging.reconciliation.night_frame import NightFrame
from charging.roaming.ocpi.columns_page import read_cdrs
from charging.roaming.ocpi.parse import read_envelope
from charging.roaming.ocpi.pull_page import read_page
from charging.roaming.ocpi.transport_answer import Answer
from charging.roaming.partner import Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
from charging.secret import Secret
from charging.tariffs.parse import parse
from expectations import answers
from rehearsal.labelled_ids import derived_ids
from rehearsal.labelled_night import FORMER, labelled_night
from tasks import feed_quality, following, judged_nights
from tasks.intake import Taken
from tasks.keeping import Keeping

DAY = date(2026, 10, 31)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam")
TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)
OF_PARTNER = Partner(
    name="roa",
    party="NL-ROA",
    owner="NL-EVN",
    versions_url="",
    origins=(),
    token="env:NONE",
    token_encoding=TokenEncoding.BASE64,
    tariffs=(TARIFF,),
    ids=Ids(cdr="CDR-{session_id}", session="S-{session_id}"),
    former_operators=(f"{FORMER[:2]}*{FORMER[2:]}",),
    terms=TERMS,
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
        print(json.dumps(_night(chosen.child, Path(chosen.folder), Path(chosen.data))))
        return
    folder = Path(chosen.keep or tempfile.mkdtemp(prefix="rehome-night-"))
    try:
        if not (folder / "ours.parquet").exists():
            _write(folder, chosen.sessions, chosen.page)
        print(_machine())
        with _server() as (url, cluster):
            _store_sessions(url, folder)
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
    parser.add_argument("--data", default="", help=argparse.SUPPRESS)
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
    night = labelled_night(sessions, seed=1, ids_of=derived_ids)
    night.ours.write_parquet(folder / "ours.parquet")
    truth = night.truth.with_columns(label=pl.format("{}.{}", "session", "part"))
    truth.write_parquet(folder / "truth.parquet")
    theirs = night.theirs.join(truth.select("cdr_key", "label"), on="cdr_key", maintain_order="left")
    for number, part in enumerate(theirs.iter_slices(page)):
        body = ",".join(map(_record, part.iter_rows(named=True)))
        text = f'{{"data":[{body}],"status_code":1000,"timestamp":"2026-11-01T00:00:00Z"}}'
        (folder / f"page-{number:06d}.json").write_text(text)


def _store_sessions(url: str, folder: Path) -> None:
    """Store what our back-office has seen: the sessions that our side of the night is of."""
    ours = pl.read_parquet(folder / "ours.parquet")
    evses = ours["evse_compact"].unique().to_list()
    tokens = ours.select("token_uid", "contract_compact").unique("token_uid")
    engine = database.connect(Secret(url))
    with engine.begin() as connection:
        known = [
            *(
                Evse(evse_uid=evse, station_id=f"CS-{evse}", connector_id=1, evse_id=f"NL*EVN*{evse[5:]}")
                for evse in evses
            ),
            *(
                Token(token_uid=uid, parent_uid=None, contract_id=_contract(contract), issuer="NL-ROA",
                      is_blocked=False, expires_at=None)
                for uid, contract in tokens.iter_rows()
            ),
        ]  # fmt: skip
        clean.store_entities(connection, known, extract_id="measured")
        for part in ours.iter_slices(100_000):
            seen = map(_session, part.iter_rows(named=True))
            clean.store_entities(connection, seen, extract_id="measured", back_office="legacy")
    engine.dispose()


def _session(row: dict[str, object]) -> Session:
    return Session(
        session_id=row["cdr_id"].removeprefix("CDR-"), station_id=f"CS-{row['evse_compact']}", connector_id=1,
        location_id=None, token_uid=row["token_uid"], started_at=row["started_at"], stopped_at=row["ended_at"],
        meter_start_wh=None, meter_stop_wh=None, energy_kwh=Decimal(row["energy_kwh_micro"]).scaleb(-6), cost=None,
        currency=None, is_estimated=False, is_billable=True,
    )  # fmt: skip


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
    command = [sys.executable, __file__, "--child", url, "--folder", str(folder), "--data", str(data)]
    done = threading.Event()
    server = [0]
    watching = threading.Thread(target=_watch, args=(data, done, server))
    watching.start()
    try:
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    finally:
        done.set()
        watching.join()
    return json.loads(told.strip().splitlines()[-1]) | {"server_peak": server[0]}


def _server_cpu(data: Path) -> float:
    """Return the server's CPU seconds, user and system: of its processes, and of those that have ended."""
    postmaster = _postmaster(data)
    total = sum(postmaster.cpu_times()[:4])
    for process in postmaster.children(recursive=True):
        with suppress(psutil.Error):
            total += sum(process.cpu_times()[:2])
    return total


def _postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))


def _watch(data: Path, done: threading.Event, greatest: list[int]) -> None:
    """Take the server's greatest proportional memory: what its processes share is counted once."""
    postmaster = _postmaster(data)
    while not done.wait(0.5):
        total = 0
        for process in (postmaster, *postmaster.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        greatest[0] = max(greatest[0], total)


class Stages:
    """What each stage took: wall, CPU of this process and of the server, and the greatest memory here until its end."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.seconds: dict[str, tuple[float, float, float, int]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        before = self._now()
        yield
        wall, cpu, server = (now - then for now, then in zip(self._now(), before, strict=True))
        self.seconds[name] = wall, cpu, server, peak()

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), _server_cpu(self._data)


def _night(url: str, folder: Path, data: Path) -> dict[str, object]:
    stages, load = Stages(data), os.getloadavg()[0]
    began = time.perf_counter()
    engine = database.connect(Secret(url))
    sessions = pl.read_parquet(folder / "ours.parquet", columns=["ended_at"])["ended_at"]
    day = DAY
    period = (sessions.min() - timedelta(days=1), sessions.max() + timedelta(days=1))
    with stages.stage("pages to PostgreSQL"), answers.getting_ready():
        taken = _take_in(engine, folder)
    with stages.stage("what a good feed has"), engine.begin() as connection:
        feed = feed_quality.ask(connection, OF_PARTNER, day=day, period=period, now=NOW)
    with stages.stage("judged, verdicts and cases stored"), engine.begin() as connection:
        night = judged_nights.Night(day=day, period=period, because="it is measured", taken=taken, feed=feed)
        found = judged_nights.judge(connection, OF_PARTNER, night, now=NOW)
    wall = time.perf_counter() - began
    until_now = peak()
    with stages.stage("(apart) reminders and proposals"), engine.begin() as connection:
        following.follow_up(connection, OF_PARTNER, now=NOW)
    summary = found.head["summary"]
    return {
        "load": load,
        "wall": wall,
        "peak": until_now,
        "stages": stages.seconds,
        "rows": [summary["ours"], summary["theirs"], found.kept.judged.height, len(found.followed.cases)],
        "rejected": taken.rejected,
        "feed": f"{feed['asked']:,} of {feed['cdrs']:,} CDRs asked about, {len(feed['warnings'])} warnings",
        "truth": _truth(engine, folder, found.kept),
        "money": _money(engine, found.kept),
        "peak_after": peak(),
    }


def _take_in(engine: sa.Engine, folder: Path) -> Taken:
    """Take in the pages as they come over the wire, but from the disk."""
    keeping = Keeping(engine=engine, partner=OF_PARTNER, now=NOW)
    for path in sorted(folder.glob("page-*.json")):
        body = path.read_bytes()
        answer = Answer(url=path.name, status=200, headers={}, body=body, fetched_at=NOW, envelope=read_envelope(body))
        keeping.take(read_page(answer, read=lambda data: read_cdrs(data, "2.2.1")), version="2.2.1")
    keeping.end()
    return Taken(
        records=keeping.records,
        fresh=keeping.fresh,
        rejected=keeping.rejected,
        is_complete=True,
        incomplete_because=None,
        notes=(),
    )


def _truth(engine: sa.Engine, folder: Path, night: NightFrame) -> str:
    truth = pl.read_parquet(folder / "truth.parquet").with_columns(pl.col("session").cast(pl.String))
    row = tables.cdr.c
    with engine.connect() as connection:
        stated = connection.execute(sa.select(row.cdr_key, row.invoice_id, row.cdr_id, row.side)).all()
    sides = pl.DataFrame(list(map(tuple, stated)), schema=["cdr_key", "label", "cdr_id", "side"], orient="row")
    label = pl.col("label").str.split(".")
    theirs = sides.filter(side="theirs").select("cdr_key", session_theirs=label.list.get(0), part=label.list.get(1))
    ours = sides.filter(side="ours").select("cdr_key", session=pl.col("cdr_id").str.strip_prefix("CDR-"))
    known = truth.select("session", "is_decidable").unique("session")
    certain = night.judged.drop_nulls(["ours_key", "theirs_key"]).filter(pl.col("verdict") != "ambiguous")
    pairs = (
        certain.join(ours, left_on="ours_key", right_on="cdr_key")
        .join(known, on="session")
        .join(theirs, left_on="theirs_key", right_on="cdr_key")
    )
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
    for name, (wall, cpu, server, most) in found["stages"].items():
        both = f"{cpu:6.1f} s CPU of ours {server:6.1f} of the server"
        print(f"  {name:34}{wall:8.1f} s wall {both}, at most {most / 1e6:,.0f} MB until then")
    print(f"the night: {found['wall']:.1f} s; load when it began {found['load']:.1f}, now {os.getloadavg()[0]:.1f}")
    print(f"peak memory: {found['peak'] / 1e6:,.0f} MB of ours, {found['server_peak'] / 1e6:,.0f} MB of the server")
    print(f"  ({found['peak_after'] / 1e6:,.0f} MB of ours after all that follows)")
    stages = [each for name, each in found["stages"].items() if not name.startswith("(")]
    own, server = (sum(each[which] for each in stages) for which in (1, 2))
    print(f"CPU: {own:.1f} s of ours, {server:.1f} s of the server; feed: {found['feed']}")
    print(f"truth: {found['truth']}\nmoney: {found['money']}")


if __name__ == "__main__":
    main()
