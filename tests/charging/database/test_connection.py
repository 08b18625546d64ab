"""Whoever calls is told in one sentence why the database cannot be used, at once or hours later."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from types import ModuleType

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from charging import settings as configuration
from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.turns import take_turns
from charging.errors import DatabaseUnavailable, SettingsError
from charging.secret import Secret

PASSWORD = "hunter2hunter2"


def _plain(url):
    return url.replace("+psycopg", "", 1)


def _with(url, **parts):
    return Secret(sa.make_url(url).set(**parts).render_as_string(hide_password=False))


def test_answers_where_the_settings_say(home, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", _plain(database_url))

    engine = database.connect(database.address(configuration.load(home)))

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_says_that_the_embedded_server_is_not_running(home, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(DatabaseUnavailable, match="the embedded server is not running; start it: rehome up"):
        database.address(configuration.load(home))


@pytest.mark.parametrize("address", ["sqlite:///x.db", f"mysql://u:{PASSWORD}@h/x"])
def test_keeps_what_is_ours_in_postgresql_only(home, monkeypatch, address):
    monkeypatch.setenv("DATABASE_URL", address)

    with pytest.raises(SettingsError, match=r"database \(env:DATABASE_URL\) names a database of .*: write postgresql"):
        database.address(configuration.load(home))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param({"host": "127.0.0.1", "port": 1}, "Connection refused; see that it runs", id="closed port"),
        pytest.param({"host": "no.such.host.invalid"}, "failed to resolve host", id="unknown host"),
        pytest.param({"database": "no_such_database"}, 'database "no_such_database" does not exist', id="no database"),
        pytest.param({"username": "nobody_at_all", "password": PASSWORD}, "nobody_at_all", id="wrong login"),
        pytest.param({"query": {"nonsense": "1"}}, 'invalid connection option "nonsense"', id="unknown option"),
    ],
)
def test_says_why_it_is_not_let_in(server_url, parts, message):
    with pytest.raises(DatabaseUnavailable) as caught:
        database.connect(_with(server_url, **parts))

    assert message in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("address", "message"),
    [
        pytest.param(f"mssql+pyodbc://u:{PASSWORD}@h/x", "nobody here speaks to such a database", id="other database"),
        pytest.param(f"mysql+nosuch://u:{PASSWORD}@h/x", r"the driver of mysql\+nosuch is not installed", id="driver"),
        pytest.param(f"mysql+mysqldb://u:{PASSWORD}@h/x", "the driver of mysql.* is not installed", id="not installed"),
    ],
)
def test_says_what_a_back_office_may_keep_its_data_in(address, message):
    with pytest.raises(DatabaseUnavailable, match=message) as caught:
        database.connect_back_office(Secret(address))

    assert PASSWORD not in str(caught.value)


def test_says_so_when_the_server_goes_away_later(engine):
    with engine.connect() as connection:
        own = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            other.execute(sa.text(f"SELECT pg_terminate_backend({own})"))

        with pytest.raises(DatabaseUnavailable, match=r"the database at .* cannot be used: .*; see that it runs"):
            connection.execute(sa.text("SELECT 1"))


def test_says_so_when_the_tables_are_not_there(database_url):
    engine = database.connect(Secret(database_url))

    with (
        engine.connect() as connection,
        pytest.raises(
            DatabaseUnavailable, match="it has not the tables of this version; start what brings them: rehome"
        ),
    ):
        connection.execute(sa.select(tables.plan))


def test_leaves_what_a_statement_did_wrong_as_it_is(engine):
    with engine.connect() as connection, pytest.raises(sa.exc.DataError):
        connection.execute(sa.text("SELECT 1 / 0"))


def test_brings_instants_in_utc_whatever_the_servers_zone(database_url):
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{sa.make_url(database_url).database}\" SET timezone TO 'Asia/Tokyo'")

    with database.connect(Secret(database_url)).connect() as connection:
        found = connection.scalar(sa.select(sa.cast("2026-03-29T02:30:00+02:00", sa.DateTime(timezone=True))))

    assert found.isoformat() == "2026-03-29T00:30:00+00:00"


def test_creates_a_database_beside_the_one_that_is_named(server_url, database_url):
    named = sa.make_url(database_url)
    with_options = named.set(query={"application_name": "a/b"}).render_as_string(hide_password=False)

    again = sa.make_url(embedded.create_database(with_options, str(named.database)))

    assert (again.database, again.query) == (named.database, {"application_name": "a/b"})


def test_says_what_right_is_missing_to_create_a_database(server_url, database_url):
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE poor_{sa.make_url(database_url).database} LOGIN PASSWORD '{PASSWORD}'")
    poor = _with(database_url, username=f"poor_{sa.make_url(database_url).database}", password=PASSWORD)

    try:
        with pytest.raises(
            DatabaseUnavailable, match=r"permission denied to create database; give this user .*CREATEDB"
        ):
            embedded.create_database(poor.reveal(), "not_to_be")
        with pytest.raises(DatabaseUnavailable, match=r"permission denied for database .*; give this user the right"):
            database.migrate(database.connect(poor))
    finally:
        with psycopg.connect(_plain(database_url), autocommit=True) as connection:
            connection.execute(f"DROP ROLE poor_{sa.make_url(database_url).database}")


def test_migrates_from_nothing_and_again(database_url):
    engine = database.connect(Secret(database_url))

    database.migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.plan).values(_plan()))
    database.migrate(engine)

    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.plan.c.plan_id)) == "p"
        assert connection.scalar(sa.text("SELECT count(*) FROM evidence.schema_version")) == 1


def test_migrates_once_when_two_processes_begin_together(database_url):
    script = (
        "import sys; from charging.database import connection as database; from charging.secret import Secret;"
        "engine = database.connect(Secret(sys.argv[1])); sys.stdin.read(1); database.migrate(engine)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, database_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [run.communicate("x")[1] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], told
    with database.connect(Secret(database_url)).connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM evidence.schema_version")) == 1
        assert set(sa.inspect(connection).get_schema_names()) >= set(tables.SCHEMAS)


def test_has_in_its_migrations_what_the_tables_say(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: name in tables.SCHEMAS if kind == "schema" else True,
                "version_table": "schema_version",
                "version_table_schema": "evidence",
            },
        )
        assert compare_metadata(context, tables.metadata) == []


def test_gives_every_table_an_obvious_name_or_a_comment():
    obvious = {"location", "station", "evse", "connector", "contract", "token", "reservation", "charging_profile"}
    obvious |= {"plan", "work_order", "verdict", "report"}

    assert {table.name for table in tables.metadata.tables.values() if not table.comment} <= obvious


def test_takes_turns(engine):
    done = []

    def second():
        with engine.begin() as connection:
            take_turns(connection, "it")
            done.append("second")

    waiting = threading.Thread(target=second)
    with engine.begin() as connection:
        take_turns(connection, "it")
        waiting.start()
        _until_somebody_waits(engine)
        take_turns(connection, "something else")
        done.append("first")
    waiting.join(20)

    assert done == ["first", "second"]


def _until_somebody_waits(engine):
    deadline = time.monotonic() + 20
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(
            sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        ):
            assert time.monotonic() < deadline, "nobody waits for the turn"


def _plan():
    return {"plan_id": "p", "parameters": {}, "content_sha256": "0", "planned_at": datetime(2026, 3, 1, tzinfo=UTC)}


def test_no_file_of_tables_hides_a_table_of_its_name():
    hidden = [name for name in tables.__all__ if isinstance(getattr(tables, name), ModuleType)]

    assert hidden == []
