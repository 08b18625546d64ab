"""Goal 9: extract, cleanse and load sessions from a SteVe database, and the load alone beside others' ways of loading.

    python benchmarks/load.py [--small 100000] [--large 1000000] [--runs 3]

Everything runs against an embedded PostgreSQL as `rehome up` starts it, durable, in a temporary folder; the SteVe
database lies on the same server. About 4 % of the sessions are dirty. Each size runs in a process of its own, so that
its peak memory is its own.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from peak import peak

from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.operations import clean as write
from charging.legacy.extract import extract
from charging.legacy.steve import SteveSource
from charging.network import Session
from charging.secret import Secret
from charging.settings import Settings
from expectations import answers
from rehearsal import steve_schema
from tasks import cleansing

CLOCK = datetime(2026, 11, 1, tzinfo=UTC)
STEPS = ("extract", "cleanse")

FILL = """
INSERT INTO address (address_pk, street, house_number, zip_code, city, country, latitude, longitude, time_zone)
SELECT n, 'Kade', n::text, '2611AB', 'Delft', 'NL', 52.0, 4.36, 'Europe/Amsterdam' FROM generate_series(1, 200) n;
INSERT INTO charge_box (charge_box_pk, charge_box_id, registration_status, charge_point_vendor, charge_point_model,
  charge_point_serial_number, fw_version, address_pk, last_heartbeat_timestamp, ocpp_protocol)
SELECT n, 'CS-' || n, 'Accepted', 'Supplier A', 'A1', 'SN' || n, '4.2', 1 + n % 200, '2026-10-31 23:00', 'ocpp1.6J'
FROM generate_series(1, :stations) n;
INSERT INTO evse (evse_pk, charge_box_id, evse_id)
SELECT n, 'CS-' || (1 + (n - 1) / 2), 1 + (n - 1) % 2 FROM generate_series(1, :stations * 2) n;
INSERT INTO ocpp_tag (ocpp_tag_pk, id_tag, max_active_transaction_count)
SELECT n, '04' || lpad(to_hex(n * 7919), 12, '0'), 1 FROM generate_series(1, 5000) n;
CREATE TEMPORARY TABLE charge AS
SELECT k, 1 + k % (:stations * 2) AS evse_pk, k / (:stations * 2) AS turn, 4000 + (k::bigint * 7919) % 20000 AS wh,
  timestamp '2024-01-01 00:00' + (k / (:stations * 2)) * interval '75 minutes' + (k % 9) * interval '1 minute' AS began
FROM generate_series(1, :sessions) k;
INSERT INTO transaction_start (transaction_pk, event_timestamp, evse_pk, id_tag, start_timestamp, start_value)
SELECT k, began + interval '2 seconds', evse_pk,
  CASE WHEN k % 97 = 0 THEN '04:' || to_hex(k) ELSE upper('04' || lpad(to_hex((1 + k % 5000) * 7919), 12, '0')) END,
  began, CASE WHEN k % 331 = 0 THEN 'n/a' ELSE (turn * 30000)::text END FROM charge;
INSERT INTO transaction_stop (transaction_pk, event_timestamp, event_actor, stop_timestamp, stop_value, stop_reason)
SELECT k, began + interval '50 minutes 2 seconds', 'station',
  CASE WHEN k % 211 = 0 THEN began - interval '5 minutes' ELSE began + interval '50 minutes' END,
  CASE WHEN k % 151 = 0 THEN (turn * 30000 - 17)::text WHEN k % 199 = 0 THEN (turn * 30000)::text
    ELSE (turn * 30000 + wh)::text END, 'Local' FROM charge WHERE k % 101 <> 0;
"""


def main() -> None:
    """Measure, and print a report."""
    chosen = _arguments()
    if chosen.child:
        print(json.dumps(_measure(chosen.url, chosen.steve)))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped, too
    with _server() as url:
        print(_machine())
        for sessions, runs in ((chosen.small, chosen.runs), (chosen.large, 1)):
            if sessions:
                steve = _steve(url, sessions)
                _report(sessions, [_run(url, steve, sessions) for _ in range(runs)])
                sys.stdout.flush()
        if chosen.peers:
            _compare(url, max(3, chosen.runs), chosen.peer_rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-rows", type=int, default=100_000)
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--steve", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


@contextmanager
def _server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="rehome-bench-"))
    folder.chmod(0o755)
    cluster = embedded.locate(folder)
    try:
        yield embedded.start(cluster)
    finally:
        embedded.stop(cluster)
        shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    names = ("psycopg", "sqlalchemy", "pandas", "great-expectations", "msgspec")
    peers = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {peers}"


def _steve(url: str, sessions: int) -> str:
    address = embedded.create_database(url, f"steve_{sessions}")
    engine = database.connect_back_office(Secret(address))
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table("charge_box"):
            steve_schema.create(connection, steve_schema.tables(steve_schema.Generation.EVSE))
            numbers = {"stations": max(10, sessions // 300), "sessions": sessions}
            for statement in filter(str.strip, FILL.split(";")):
                bound = statement.replace("%", "%%")
                for name, number in numbers.items():
                    bound = bound.replace(f":{name}", str(number))
                connection.exec_driver_sql(bound)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return address


def _run(url: str, steve: str, sessions: int) -> dict[str, float]:
    address = embedded.create_database(url, f"rehome_{time.monotonic_ns()}")
    engine = database.connect(Secret(address))
    database.migrate(engine)
    engine.dispose()
    command = [sys.executable, __file__, "--child", str(sessions), "--url", address, "--steve", steve]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found | {"address": address}  # type: ignore[dict-item]


def _measure(url: str, steve: str) -> dict[str, float]:
    engine, theirs = database.connect(Secret(url)), database.connect_back_office(Secret(steve))
    answers.context()  # imported once by a worker, whatever the number of rows
    base = peak()
    began, cpu_began = time.perf_counter(), time.process_time()
    manifest, _ = extract(SteveSource(theirs, "legacy"), engine, clock=lambda: CLOCK, code_version="benchmark")
    extracted, cpu_extracted = time.perf_counter(), time.process_time()
    peak_extract = peak()
    result = cleansing.cleanse_extract(engine, Settings(home=Path("unused")), manifest.extract_id)
    ended, cpu_ended = time.perf_counter(), time.process_time()
    (account,) = (each for each in result["accounts"] if each["entity"] == "session")
    return {
        "rows": sum(manifest.row_counts.values()),
        "sessions": manifest.row_counts["session"],
        "loaded": account["loaded"],
        "quarantined": account["quarantined"],
        "merged": account["merged"],
        "extract": extracted - began,
        "cleanse": ended - extracted,
        "cpu extract": cpu_extracted - cpu_began,
        "cpu cleanse": cpu_ended - cpu_extracted,
        "peak_mib": peak() / 1024**2,
        "peak_extract_mib": peak_extract / 1024**2,
        "base_mib": base / 1024**2,
    }


def _report(sessions: int, runs: list[dict[str, float]]) -> None:
    last = runs[-1]
    print(
        f"\n{sessions} sessions: {last['loaded']} loaded, {last['quarantined']} set aside, {last['merged']} merged; "
        f"{last['rows']} rows of all entities; {len(runs)} run(s)"
    )
    for step in STEPS:
        _line(step, [run[step] for run in runs], sessions)
    _line("end to end", [sum(run[step] for step in STEPS) for run in runs], sessions)
    for step in STEPS:
        _line(f"{step}, our CPU", [run[f"cpu {step}"] for run in runs], sessions)
    print(f"  load average at the end {os.getloadavg()[0]:.1f}: above {os.cpu_count()}, others were waiting beside us")
    print(
        f"  peak memory {max(run['peak_mib'] for run in runs):.0f} MiB "
        f"(extract {max(run['peak_extract_mib'] for run in runs):.0f}; {last['base_mib']:.0f} before any row)"
    )


def _line(name: str, seconds: list[float], rows: int) -> None:
    rates = sorted(rows / each for each in seconds)
    print(
        f"  {name:<22} {statistics.median(seconds):8.2f} s  {statistics.median(rates):10,.0f} rows/s"
        + (f"  ({rates[0]:,.0f}-{rates[-1]:,.0f})" if len(rates) > 1 else "")
    )


def _compare(url: str, runs: int, count: int) -> None:
    """Load the same clean sessions in each way, interleaved, into tables with the same keys and indexes."""
    engine = database.connect(Secret(embedded.create_database(url, "peers")))
    database.migrate(engine)
    values = _sessions(count)
    folder = Path(tempfile.mkdtemp(prefix="rehome-copy-"))
    folder.chmod(0o777)  # the server writes there, under an account of its own
    ways = _ways(engine, values, folder / "sessions.copy")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            seconds[name].append(_timed(engine, way))
    print(f"\nthe load alone: {len(values)} clean sessions into their table, with its indexes; {runs} runs interleaved")
    limit = statistics.median(seconds["server's own binary COPY"])
    for name, each in seconds.items():
        _line(name, each, len(values))
        ratios = [one / other for one, other in zip(seconds["server's own binary COPY"], each, strict=True)]
        print(
            f"  {'':<22} {limit / statistics.median(each):.2f}x the server's own ({min(ratios):.2f}-{max(ratios):.2f})"
        )
    engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def _sessions(count: int) -> list[Session]:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Session(
            session_id=f"{number}",
            station_id=f"CS-{number % 333}",
            connector_id=1 + number % 2,
            location_id=f"{number % 200}",
            token_uid=f"04{number % 5000:012X}",
            started_at=began + timedelta(minutes=number),
            stopped_at=began + timedelta(minutes=number + 50),
            meter_start_wh=Decimal(number * 30),
            meter_stop_wh=Decimal(number * 30 + 9_123),
            energy_kwh=Decimal("9.123"),
            cost=None,
            currency=None,
            is_estimated=False,
            is_billable=True,
        )
        for number in range(count)
    ]


def _ways(engine: sa.Engine, values: list[Session], target: Path) -> dict[str, Callable[[sa.Connection], None]]:
    names = [column.name for column in tables.session.columns]
    rows = [
        {name: getattr(value, name, None) for name in names} | {"back_office": "legacy", "extract_id": "x"}
        for value in values
    ]
    with engine.begin() as connection:
        write.store_entities(connection, values, extract_id="x", back_office="legacy")
        connection.exec_driver_sql(f"COPY clean.session TO '{target}' (FORMAT binary)")

    def ours(connection: sa.Connection) -> None:
        write.store_entities(connection, values, extract_id="x", back_office="legacy")

    def own_copy(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"COPY clean.session FROM '{target}' (FORMAT binary)")

    def to_sql(connection: sa.Connection) -> None:
        frame = pd.DataFrame(rows, columns=names)
        kinds = {name: tables.session.c[name].type for name in names}
        frame.to_sql(
            "session", connection, schema="clean", if_exists="append", index=False, chunksize=5000, dtype=kinds
        )

    def inserts(connection: sa.Connection) -> None:
        connection.execute(sa.insert(tables.session), rows)

    return {
        "server's own binary COPY": own_copy,
        "rehome": ours,
        "SQLAlchemy inserts": inserts,
        "pandas to_sql": to_sql,
    }


def _timed(engine: sa.Engine, way: Callable[[sa.Connection], None]) -> float:
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE clean.session")
    began = time.perf_counter()
    with engine.begin() as connection:
        way(connection)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
