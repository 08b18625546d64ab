"""The rehearsal and real work never mix, and what is written is written whole."""

import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from charging.errors import AnotherRehearsal, DatabaseUnavailable, SettingsError
from console import rehearsing, workplace
from console.workplace import Rehearsal

REHEARSAL = Rehearsal(run="rehearsal-1", stations=8, seed=1, as_of="2026-03-01T12:00:00+00:00")


def _plain(url):
    return url.replace("+psycopg", "", 1)


def _databases(server_url):
    with psycopg.connect(_plain(server_url)) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_is_the_home_itself_until_a_rehearsal_has_begun(home):
    before = workplace.of(home)
    workplace.begin(home, REHEARSAL)

    assert (before, workplace.of(home)) == (home, home / "rehearsal")
    assert workplace.present(home) == REHEARSAL
    assert REHEARSAL.began_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"run": "r"}', '{"run": "r", "colour": 1}', "\0"])
def test_says_how_to_begin_anew_where_the_record_cannot_be_read(home, record):
    (home / "rehearsal").mkdir()
    (home / "rehearsal" / workplace.RECORD).write_text(record)

    with pytest.raises(
        AnotherRehearsal, match=r"rehearsal\.json is not what this version writes; begin anew: .* --fresh"
    ):
        workplace.of(home)


def test_makes_databases_of_its_own_and_drops_no_other(home, tmp_path, server_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", _plain(server_url))
    other = tmp_path / "other"
    before = _databases(server_url)

    made = workplace.create_rehearsal_databases(home)
    again = workplace.create_rehearsal_databases(home)
    of_other = workplace.create_rehearsal_databases(other)
    during = _databases(server_url) - before
    workplace.drop_rehearsal_databases(home)
    left = _databases(server_url) - before
    workplace.drop_rehearsal_databases(other)

    assert {role: place.reveal() for role, place in made.items()} == {r: place.reveal() for r, place in again.items()}
    assert during == {*workplace.rehearsal_databases(home).values(), *workplace.rehearsal_databases(other).values()}
    assert left == set(workplace.rehearsal_databases(other).values())
    assert set(of_other) == {"own", "legacy", "target"}


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        pytest.param("sqlite:///x", SettingsError, "DATABASE_URL names a database of sqlite", id="not PostgreSQL"),
        pytest.param("nonsense", SettingsError, "DATABASE_URL is no database address", id="no address"),
        pytest.param("postgresql://u:p@127.0.0.1:1/x", DatabaseUnavailable, "Connection refused", id="closed port"),
    ],
)
def test_says_why_there_is_no_server(home, monkeypatch, address, error, message):
    monkeypatch.setenv("DATABASE_URL", address)

    with pytest.raises(error, match=message):
        workplace.create_rehearsal_databases(home)


@pytest.mark.parametrize(
    ("begun_on", "named", "mend"),
    [
        pytest.param(workplace.EMBEDDED, "postgresql://u:p@db/x", "leave DATABASE_URL out", id="another one is named"),
        pytest.param("postgresql+psycopg://db", None, "name it in DATABASE_URL", id="none is named"),
        pytest.param("postgresql+psycopg://db", "postgresql://db:5433/x", "name it in DATABASE_URL", id="another port"),
    ],
)
def test_stays_on_the_server_on_which_it_was_begun(home, monkeypatch, begun_on, named, mend):
    workplace.begin(home, replace(REHEARSAL, server=begun_on))
    if named:
        monkeypatch.setenv("DATABASE_URL", named)
    else:
        monkeypatch.delenv("DATABASE_URL", raising=False)

    for act in (workplace.create_rehearsal_databases, workplace.drop_rehearsal_databases):
        with pytest.raises(AnotherRehearsal, match=f"the one that was begun here keeps its data on .*; {mend}"):
            act(home)


def test_names_its_server_without_who_speaks_to_it(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hunter2@db:5433/x?sslmode=require")

    assert workplace.server_name() == "postgresql+psycopg://db:5433"


def test_begins_anew_over_a_record_that_cannot_be_read(home, server_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", _plain(server_url))
    (home / "rehearsal").mkdir()
    (home / "rehearsal" / workplace.RECORD).write_text("{}")

    rehearsing.put_away(home)

    assert workplace.present(home) is None


def test_puts_away_the_rehearsal_and_nothing_else(home, server_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", _plain(server_url))
    workplace.begin(home, replace(REHEARSAL, server=workplace.server_name()))
    workplace.create_rehearsal_databases(home)
    (home / "rehome.toml").write_text('time_zone = "Europe/Oslo"')

    rehearsing.put_away(home)

    assert [file.name for file in home.iterdir()] == ["rehome.toml"]
    assert not _databases(server_url) & set(workplace.rehearsal_databases(home).values())


@pytest.mark.parametrize(("is_secret", "others_may"), [(True, 0), (False, stat.S_IRGRP | stat.S_IROTH)])
def test_a_secret_is_ours_alone(tmp_path, is_secret, others_may):
    before = os.umask(0o022)
    try:
        workplace.write(tmp_path / "file", "é", is_secret=is_secret)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) & 0o077 == others_may
    assert (tmp_path / "file").read_text("utf-8") == "é"


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "file").write_text("before")
    # A limit on the size of files stands for a full disk: writing fails half-way.
    script = (
        "import resource, signal, sys; from pathlib import Path; from console import workplace;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "workplace.write(Path(sys.argv[1]), 'after' * 10_000)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "file")], capture_output=True, text=True, check=False
    )

    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert (tmp_path / "file").read_text() == "before"
