"""A used SteVe goes in and comes out in a second, used SteVe and in an OCPI receiver, and every count is proven."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
import stamina

from charging import settings as configuration
from charging.database import connection as database
from charging.database import embedded
from charging.database.queries import loading as read_load
from charging.legacy.steve import SteveSource
from charging.secret import Secret
from charging.targets.wanted import ENTITIES
from rehearsal import legacy_database, network, steve_schema
from rehearsal.listening import web
from rehearsal.ocpi_receiver import Faults, Misbehaviour, OcpiReceiver
from rehearsal.steve_schema import Generation
from tasks import cleansing, extraction, identifiers, loading, proving

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
STATIONS, SEED = 16, 11
WHY = "a network of a test has more dirt than its size allows"
REHOME = Path(sys.executable).parent / "rehome"
MARIADB = "mariadb+pymysql://root@127.0.0.1:3306"
EARLIEST, LATEST = (datetime.fromisoformat(text) for text in ("1970-01-01T00:00:01", "2038-01-19T03:14:07"))
"""What MariaDB's timestamps know, which have no zone."""
_numbers = count()


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """A home whose database holds a used legacy's network, cleansed and remapped."""

    home: Path
    url: str
    engine: sa.Engine
    new_database: object


@pytest.fixture(scope="module")
def make(server_url, worker_id):
    """What makes databases for back-offices, dropped when all is over: on MariaDB where it is found, else on ours."""
    with contextlib.ExitStack() as at_the_end:
        server = sa.create_engine(MARIADB, isolation_level="AUTOCOMMIT")
        try:
            server.connect().close()
        except sa.exc.SQLAlchemyError:
            server = None

        def made(what):
            name = f"targets_{what}_{os.getpid()}_{worker_id}_{next(_numbers)}"
            if server is None:
                return embedded.create_database(server_url, name)
            with server.connect() as connection:
                kind = "bin" if what == "legacy" else "unicode_ci"  # the dirt has names that differ in case only
                connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_{kind}"))
            at_the_end.callback(_drop, server, name)
            return f"{MARIADB}/{name}"

        yield made


def _drop(server, name):
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))


@pytest.fixture(scope="module")
def migrated(make, copied, open_folders, server_url, worker_id):
    """The dirt of a rehearsed network, moved to a legacy of the make under test, then extracted, cleansed, remapped."""
    generated = network.generate(seed=SEED, stations=STATIONS, as_of=AS_OF)
    model = sa.create_engine(embedded.create_database(server_url, f"test_{os.getpid()}_{worker_id}_model"))
    legacy_database.prepare_legacy(model, generated)
    legacy = sa.create_engine(make("legacy"))
    copy_steve(model, legacy)
    model.dispose()
    with copied() as url, pytest.MonkeyPatch.context() as patch:
        home = open_folders()
        patch.setenv("REHOME_HOME", str(home))
        patch.setenv("DATABASE_URL", url.replace("+psycopg", "", 1))
        engine = database.connect(Secret(url))
        landed = extraction.land(SteveSource(legacy, "legacy"), engine)
        cleansing.cleanse_extract(engine, configuration.load(), landed["extract_id"])
        identifiers.remap.fn(approve=True)
        yield Migrated(home=home, url=url, engine=engine, new_database=make)
        engine.dispose()
    legacy.dispose()


def copy_steve(model, copy):
    """Copy a SteVe database from one make of server to another, row by row."""
    steve = steve_schema.tables(Generation.CONNECTOR)
    with model.connect() as theirs, copy.begin() as ours:
        steve_schema.create(ours, steve)
        for table in steve.metadata.sorted_tables:
            rows = [
                {name: held(value) if isinstance(value, datetime) else value for name, value in row.items()}
                for row in theirs.execute(sa.select(table)).mappings()
            ]
            if rows:
                ours.execute(sa.insert(table), rows)


def held(instant):
    return min(max(instant, EARLIEST), LATEST)


@pytest.fixture
def home(migrated, monkeypatch):
    """The migrated network's home, with no load noted yet."""
    with migrated.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM migration.load"))
    monkeypatch.setenv("REHOME_HOME", str(migrated.home))
    monkeypatch.setenv("DATABASE_URL", migrated.url.replace("+psycopg", "", 1))
    return migrated.home


def describe(home, **keys):
    told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in keys.items())
    (home / configuration.FILE).write_text(f"[target]\n{told}\n", "utf-8")


@pytest.fixture
def used_steve(home, migrated, monkeypatch):
    """What makes a second SteVe that is in use already, has a different serial for one of ours, and is the target."""

    def made():
        url = migrated.new_database("target")
        engine = sa.create_engine(url)
        with migrated.engine.connect() as connection:
            ours = connection.scalar(sa.text("SELECT min(station_id) FROM clean.station WHERE serial_number <> ''"))
        with engine.begin() as connection:
            steve_schema.create(connection, steve_schema.tables(Generation.EVSE, has_references=True))
            columns = "charge_box_id, registration_status, charge_point_serial_number, note"
            for statement in (
                f"INSERT INTO charge_box ({columns}) VALUES ('THEIRS-1', 'Accepted', NULL, 'x')",
                f"INSERT INTO charge_box ({columns}) VALUES ('{ours}', 'Accepted', 'ANOTHER', NULL)",
                "INSERT INTO ocpp_tag (id_tag, max_active_transaction_count, note) VALUES ('THEIRTAG', -1, 'x')",
            ):
                connection.execute(sa.text(statement))
        monkeypatch.setenv("TARGET_URL", url.replace("+psycopg", "", 1))
        monkeypatch.setenv("TARGET_PASSWORD", "unused")
        describe(
            home, database="env:TARGET_URL", rest="http://unused", user="x", password="env:TARGET_PASSWORD", ws="ws://x"
        )
        return engine

    return made


@pytest.fixture
def ocpi(home, monkeypatch):
    """A receiver that answers 500 for every tenth object, as the target."""
    with served(OcpiReceiver(token="hunter2", faults=Faults(kind=Misbehaviour.ERROR_500, every=10))) as made:
        platform, base = made
        monkeypatch.setenv("TARGET_TOKEN", "hunter2")
        said = {"standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
        inline = ", ".join(f'{name} = "{value}"' for name, value in said.items())
        describe(
            home,
            kind="ocpi",
            versions_url=f"{base}/ocpi/versions",
            token="env:TARGET_TOKEN",
            party="NL-NEW",
            requests_per_second=1000.0,
        )
        with (home / configuration.FILE).open("a") as file:
            file.write(f"connector = {{ {inline}, max_voltage = 400, max_amperage = 32 }}\n")
        yield platform


@contextlib.contextmanager
def served(platform):
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    server = web(platform.app)
    running = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listening]),), daemon=True)
    running.start()
    yield platform, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    running.join(timeout=60)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Failures are tried twice, at once; and nothing is in hand at these targets that could come later."""
    stamina.set_testing(True, attempts=2)
    monkeypatch.setattr("tasks.proving.SECOND_LOOK_SECONDS", 0)
    yield
    stamina.set_testing(False)


def load(*, dry_run=False):
    return loading.load.fn(dry_run=dry_run, despite=WHY)


def prove():
    return proving.prove.fn()


def killed_load(when):
    """Load in another process, which is killed with SIGKILL as soon as the question answers yes; say whether it was."""
    program = "import stamina; from tasks import loading; stamina.set_testing(True, attempts=2); "
    running = subprocess.Popen([sys.executable, "-c", program + f"loading.load.fn(dry_run=False, despite={WHY!r})"])
    while running.poll() is None and not when():
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    return running.wait(timeout=600) == -signal.SIGKILL


def verdicts(engine):
    with engine.connect() as connection:
        return {(row["entity"], row["key"]): row["verdict"] for row in read_load.rows(connection, "target")}


def noted(engine, *, is_applied):
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT count(*), count(applied_at), count(verdict) FROM migration.load"))
        planned, applied, seen = rows.one()
    return seen == 0 and (applied > 0 if is_applied else planned > 0)


def content(engine):
    """Return what a SteVe says, without the numbers that it gives out itself."""
    with engine.connect() as connection:
        box, address = "charge_box", "address"
        return {
            "station": sorted(
                map(
                    repr,
                    connection.execute(
                        sa.text(
                            f"SELECT charge_box_id, charge_point_vendor, charge_point_serial_number, fw_version, note,"
                            f" street, city FROM {box} LEFT JOIN {address} ON {address}.address_pk = {box}.address_pk"
                        )
                    ).all(),
                )
            ),
            "evse": sorted(
                map(
                    repr, connection.execute(sa.text("SELECT charge_box_id, evse_id, evse_id_external FROM evse")).all()
                )
            ),
            "tag": sorted(
                map(
                    repr,
                    connection.execute(
                        sa.text("SELECT id_tag, parent_id_tag, max_active_transaction_count, note FROM ocpp_tag")
                    ).all(),
                )
            ),
            "address": connection.scalar(sa.text("SELECT count(*) FROM address")),
        }


def test_goes_into_a_used_steve_and_every_count_is_proven(used_steve, migrated):
    steve = used_steve()
    before = content(steve)

    dry = load(dry_run=True)
    assert content(steve) == before
    done, proof = load(), prove()

    assert [row for row in done["refused"] if row["verdict"] != "refused"] == []
    assert done["actions"] == dry["actions"]
    assert (proof["adds_up"], proof["is_settled"]) == (True, True)
    assert all(one["adds_up"] for one in proof["lines"])
    assert Counter(done["verdicts"]) == Counter(verdicts(migrated.engine).values())
    refused = {row["key"] for row in done["refused"] if "serial number ANOTHER" in row["reason"]}
    assert len(refused) == 1
    after = content(steve)
    for theirs in (row for rows in (before["station"], before["tag"]) for row in rows):
        assert theirs in after["station"] + after["tag"]
    assert load()["actions"].keys() <= {"same", "refuse"}


def test_the_sums_are_of_the_rows_themselves(used_steve, migrated):
    used_steve()
    load()
    proof = prove()

    by_subject = {(one["subject"], one["step"], one["unit"]): one for one in proof["lines"]}
    with migrated.engine.connect() as connection:
        kwh = connection.scalar(sa.text("SELECT sum(energy_kwh) FROM clean.session"))
        account = connection.execute(sa.text("SELECT * FROM clean.account WHERE entity = 'session'")).mappings().one()
    months = [one for (subject, _, unit), one in by_subject.items() if unit == "kWh" and subject.startswith("legacy")]
    assert sum(Decimal(one["after"]) for one in months) == kwh == account["kwh_loaded"]
    assert sum(Decimal(one["before"]) for one in months) == account["kwh_before"]
    assert by_subject["sessions", "clean to target", "kWh"]["exceptions"].keys() == {
        "kept in our archive and read there"
    }
    assert {("active tokens", "clean to target", "tokens"), ("evse", "clean to target", "rows")} <= by_subject.keys()


def test_a_proof_finds_what_is_lost_later(used_steve):
    steve = used_steve()
    load()
    with steve.begin() as connection:
        tag = connection.scalar(sa.text("SELECT max(id_tag) FROM ocpp_tag WHERE id_tag <> 'THEIRTAG'"))
        connection.execute(sa.text("DELETE FROM ocpp_tag WHERE id_tag = :tag"), {"tag": tag})
        connection.execute(sa.text("UPDATE evse SET evse_id_external = NULL"))

    proof = prove()

    assert not proof["is_proven"]
    assert (proof["adds_up"], proof["is_settled"]) == (True, False)
    assert [row["key"] for row in proof["rows"] if row["kind"] == "missing"] == [tag]
    assert next(one for one in proof["fields"] if one["field"] == "evse_id_external")["what"] == "altered"


@pytest.mark.parametrize("is_applied", [False, True], ids=["before anything is sent", "half-way"])
def test_a_steve_load_that_is_killed_ends_as_a_calm_one(used_steve, migrated, monkeypatch, is_applied):
    calm = used_steve()
    load()
    expected, ended = content(calm), verdicts(migrated.engine)
    with migrated.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM migration.load"))

    killed = used_steve()
    was_killed = killed_load(lambda: noted(migrated.engine, is_applied=is_applied))
    done = load()

    assert was_killed
    assert done["is_settled"]
    assert content(killed) == expected
    assert verdicts(migrated.engine) == ended


def test_goes_into_a_receiver_that_fails_for_every_tenth_object(ocpi, migrated):
    assert killed_load(lambda: noted(migrated.engine, is_applied=False))
    assert killed_load(lambda: noted(migrated.engine, is_applied=True))
    done, proof = load(), prove()

    assert (proof["adds_up"], proof["is_settled"]) == (True, False)
    failed = {(row["entity"], row["key"]) for row in done["refused"] if row["verdict"] == "failed"}
    struck = {
        (entity, key)
        for (entity, key) in verdicts(migrated.engine)
        if entity in {"location", "token"} and ocpi.is_struck(f"{entity}s", key)
    }
    assert struck
    assert {pair for pair in failed if pair[0] in {"location", "token"}} == struck
    assert {row["reason"].split(" at ")[0] for row in done["refused"] if row["verdict"] == "failed"} == {"HTTP 500"}
    for entity in ENTITIES:
        lines = [one for one in proof["lines"] if (one["subject"], one["step"]) == (entity, "clean to target")]
        for one in lines:
            assert Decimal(one["after"]) == sum(
                1 for (kind, _), verdict in verdicts(migrated.engine).items() if kind == entity and verdict == "loaded"
            )
    assert len(ocpi.objects["tokens"]) == sum(
        verdict == "loaded" for (entity, _), verdict in verdicts(migrated.engine).items() if entity == "token"
    )


def test_what_a_receiver_took_is_not_sent_again(ocpi, migrated):
    load()
    puts = ocpi.requests["PUT"]
    failed = sum(
        verdict == "failed" for (kind, _), verdict in verdicts(migrated.engine).items() if kind in {"location", "token"}
    )

    load()

    assert ocpi.requests["PUT"] - puts == failed * 2  # each is tried twice, and nothing else is sent


def test_works_from_the_command_line(used_steve):
    used_steve()

    dry = subprocess.run([REHOME, "load"], capture_output=True, text=True, check=False, timeout=600)
    done = subprocess.run(
        [REHOME, "load", "--yes", "--despite", WHY], capture_output=True, text=True, check=False, timeout=600
    )
    proof = subprocess.run([REHOME, "prove", "--json"], capture_output=True, text=True, check=False, timeout=600)

    assert (dry.returncode, done.returncode, proof.returncode) == (0, 0, 0)
    assert "nothing was sent" in dry.stdout
    assert "seen at target" in done.stdout
    assert Path(json.loads(proof.stdout)["page"]).is_file()
