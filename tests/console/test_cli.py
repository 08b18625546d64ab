"""Whatever a user gets wrong ends in one sentence that names the thing and the mend, and in the right exit status."""

import fcntl
import json
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from charging.errors import DiskFull
from console import progress, rehearsing, workplace
from console.workplace import Rehearsal

PASS, NO, ERROR, INCONCLUSIVE, REFUSED = range(5)
EXPORT = """session_id,station_id,started_at,stopped_at,energy_kwh
1,CS-1,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,7.5
2,CS-1,2026-03-04T12:00:00Z,2026-03-04T13:00:00Z,8.25
"""
PASSWORD = "hunter2hunter2"


def _plain(url):
    return url.replace("+psycopg", "", 1)


@pytest.fixture
def export(tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)
    return file


def test_helps_without_importing_anything_heavy():
    script = (
        "import sys; sys.argv = ['rehome', *sys.argv[1:]]; from console import cli\n"
        "try: cli.run()\n"
        "except SystemExit as ended: print(ended.code)\n"
        "print({'prefect', 'pandas', 'sqlalchemy', 'great_expectations'} & set(sys.modules))"
    )
    for arguments in (["--help"], ["gate", "--help"], ["extract", "csv", "--help"], ["rehearse", "--help"]):
        ended = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        assert ended.stdout.endswith("0\nset()\n")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        pytest.param(None, [], "there is no source '{file}': check the name and that you may read it", id="no file"),
        pytest.param(b"", [], "export.csv cannot be read: the file is empty; export it again", id="empty"),
        pytest.param(bytes(range(128, 160)) * 9, [], "it is neither UTF-8 nor Windows-1252; save it", id="no text"),
        pytest.param(b"a\0\0\0\0b,\0" * 99, [], "a tenth of it is NUL bytes; save it as UTF-8 text", id="UTF-16"),
        pytest.param(
            b"a,b\n1,2\n", [], "has no column for session_id, station_id, started_at, stopped_at", id="columns"
        ),
        pytest.param(b"one\n1\n", [], "its first line has one column only; export it as CSV", id="no table"),
        pytest.param(EXPORT[:54].encode(), [], "it has a header and no rows; export it again", id="a header alone"),
        pytest.param(EXPORT.replace("Z", "").encode(), [], "pass --time-zone, for example Europe", id="no time zone"),
        pytest.param(EXPORT.encode(), ["--time-zone", "Mars/Phobos"], "write an IANA name such as", id="zone"),
        pytest.param(EXPORT.encode(), ["--mapping", "none.toml"], "there is no source 'none.toml'", id="no mapping"),
        pytest.param(EXPORT.encode(), ["--mapping", "a.toml"], "a.toml cannot be read: it is no TOML", id="no TOML"),
        pytest.param(EXPORT.encode(), ["--mapping", "b.toml"], "key colour is unknown; known are name", id="bad key"),
    ],
)
def test_says_why_an_export_cannot_be_extracted(rehome, tmp_path, home, content, options, message):
    file = tmp_path / "export.csv"
    if content is not None:
        file.write_bytes(content)
    (tmp_path / "a.toml").write_text("x = [")
    (tmp_path / "b.toml").write_text("colour = 1")

    ended = rehome("extract", "csv", file, *options)

    assert ended.status == ERROR
    assert message.format(file=file) in ended.sentence
    assert ended.out == ""
    assert list(home.iterdir()) == []


def test_says_that_a_folder_is_no_export(rehome, tmp_path):
    ended = rehome("extract", "csv", tmp_path)

    assert (ended.status, ended.sentence) == (
        ERROR,
        f"there is no source '{tmp_path}': it is a folder: name a file in it",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("colour = 1", "colour in {file} is unknown: known are database, ", id="unknown key"),
        pytest.param("x = [", "{file} is not TOML: mend it there: ", id="not TOML"),
        pytest.param('database = "env:NOT_SET"', "the environment variable NOT_SET, which is not set", id="secret"),
        pytest.param(f'database = "postgres://u:{PASSWORD}@h/x"', "write env:NAME or file:PATH", id="no reference"),
    ],
)
def test_says_what_is_wrong_with_the_settings(rehome, home, text, message):
    file = home / "rehome.toml"
    file.write_text(text)

    ended = rehome("status")

    assert ended.status == ERROR
    assert message.format(file=file) in ended.sentence
    assert PASSWORD not in ended.err + ended.out


@pytest.mark.parametrize(
    ("address", "message"),
    [
        pytest.param("sqlite:///x", "names a database of sqlite: write postgresql://", id="another database"),
        pytest.param(f"postgresql://u:{PASSWORD}@h:x/y", "is no database address: write postgresql://", id="no port"),
    ],
)
def test_says_what_is_no_address_of_a_database(rehome, address, message):
    ended = rehome("status", DATABASE_URL=address)

    assert ended.status == ERROR
    assert message in ended.sentence
    assert PASSWORD not in ended.err + ended.out


def test_says_why_the_database_cannot_be_used(rehome, server_url):
    closed = f"postgresql://u:{PASSWORD}@127.0.0.1:1/x"
    wrong = sa.make_url(server_url).set(username="nobody_at_all", password=PASSWORD, drivername="postgresql")

    nobody = rehome("gate", "list", DATABASE_URL=closed)
    stranger = rehome("gate", "list", DATABASE_URL=wrong.render_as_string(hide_password=False))

    assert (nobody.status, stranger.status) == (ERROR, ERROR)
    assert "Connection refused; see that it runs (rehome up starts the embedded one)" in nobody.sentence
    assert "nobody_at_all" in stranger.sentence
    assert PASSWORD not in nobody.err + stranger.err


def test_leaves_nothing_running_or_begun_where_no_database_may_be_created(rehome, home, server_url, database_url):
    role = f"poor_{sa.make_url(database_url).database}"
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    poor = sa.make_url(_plain(server_url)).set(username=role, password=PASSWORD).render_as_string(hide_password=False)

    try:
        ended = rehome("rehearse", "--stations", "8", DATABASE_URL=poor)
        begun = workplace.present(home)
        after = rehome("status", "--json", DATABASE_URL=poor)
    finally:
        rehome("down", DATABASE_URL=poor)
        with psycopg.connect(_plain(database_url), autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}")

    assert ended.status == ERROR
    assert "permission denied to create database; give this user the right to (ALTER ROLE" in ended.sentence
    assert begun is None
    assert {part["part"]: part["is_running"] for part in json.loads(after.out)["parts"]} == {
        "database": True,
        "prefect": False,
        "runner": False,
        "world": False,
    }


@pytest.mark.parametrize("port", ["abc", "99999", "80", "\uff14\uff12\uff10\uff10"])
def test_says_what_is_no_port(rehome, home, port):
    ended = rehome("up", REHOME_PREFECT_PORT=port)

    assert (ended.status, ended.sentence) == (
        ERROR,
        f"setting REHOME_PREFECT_PORT is {port!r}: name a port from 1024 to 65535, or none",
    )
    assert not (home / "parts").exists()


@pytest.mark.parametrize("command", ["up", "rehearse"])
def test_says_that_the_port_is_in_use(rehome, home, command):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        ended = rehome(command, REHOME_PREFECT_PORT=str(port))

    assert (ended.status, ended.sentence) == (
        ERROR,
        f"port {port} for the Prefect server is in use by another program: stop that program, or name another port",
    )
    assert not (home / "parts").exists()
    assert not (home / "rehearsal").exists()


@pytest.mark.parametrize(
    ("command", "place"),
    [
        pytest.param(["up"], "/proc/nowhere", id="nothing can be made there"),
        pytest.param(["rehearse"], "{folder}/file", id="a file is in the way"),
        pytest.param(["extract", "csv", "export.csv"], "{folder}/file/below", id="a file is on the way"),
        pytest.param(["gate", "list"], "/proc/nowhere", id="to decide"),
    ],
)
def test_says_that_the_home_cannot_be_used(rehome, tmp_path, export, command, place):
    (tmp_path / "file").touch()
    home = place.format(folder=tmp_path)

    ended = rehome(*command, REHOME_HOME=home)

    assert ended.status == ERROR
    assert ended.sentence.startswith(f"setting REHOME_HOME names {home}: ")
    assert ended.sentence.endswith(": name a folder that you may write to")


@pytest.mark.parametrize("command", ["status", "down"])
def test_changes_nothing_by_looking_or_stopping(rehome, home, command):
    rehome(command, REHOME_HOME=str(home / "none"))

    assert list(home.iterdir()) == []


def test_says_that_standard_output_is_full(rehome):
    with Path("/dev/full").open("w") as full:
        ended = rehome("down", "--json", stdout=full)

    assert (ended.status, ended.sentence) == (
        ERROR,
        "standard output: No space left on device; make room, then run it again",
    )
    assert len(ended.err.splitlines()) == 1


def test_begins_no_rehearsal_without_room(home, monkeypatch):
    monkeypatch.setattr(rehearsing, "NEEDED_MB", 10**12)
    wanted = rehearsing.Wanted(stations=8, seed=1, is_asking=False)

    with pytest.raises(DiskFull, match=r"MB free and 1000000000000 MB are needed: make room, then run it again"):
        rehearsing.rehearse(home, wanted, is_fresh=False, telling=progress.Lines())

    assert list(home.iterdir()) == []


@pytest.mark.parametrize("options", [["--stations", "9"], ["--stations", "8", "--seed", "2"]], ids=["size", "seed"])
def test_mixes_no_two_rehearsals(rehome, home, files, options):
    workplace.begin(home, Rehearsal(run="r", stations=8, seed=1, as_of="2026-03-01T12:00:00+00:00"))
    before = files(home)

    ended = rehome("rehearse", *options)

    assert ended.status == REFUSED
    assert ended.sentence == (
        "no rehearsal was started: one of 8 stations with seed 1 was begun on 2026-03-01T12:00; "
        "carry it on with --stations 8 --seed 1, or begin anew with --fresh"
    )
    assert {name: text for name, text in files(home).items() if name != "rehearse.lock"} == before


def test_while_a_rehearsal_is_kept_commands_say_that_they_are_about_it_and_real_data_stays_out(
    rehome, home, export, server_url
):
    address = {"DATABASE_URL": _plain(server_url)}
    server = f"postgresql+psycopg://{sa.make_url(server_url).host}:{sa.make_url(server_url).port}"
    workplace.begin(home, Rehearsal(run="r", stations=8, seed=1, as_of="2026-03-01T12:00:00+00:00", server=server))

    refused = rehome("extract", "csv", str(export), "--time-zone", "UTC", **address)
    told = rehome("recipe", "list", **address)
    ended = rehome("rehearse", "--end", **address)
    again = rehome("rehearse", "--end", **address)
    alone = rehome("recipe", "list", **address)

    assert refused.status == REFUSED
    assert refused.sentence == (
        f"the extract was not begun: a rehearsal is kept in {home}; "
        "for the real network end it (rehome rehearse --end), or name another home in REHOME_HOME"
    )
    assert f"this is about the rehearsal in {home / 'rehearsal'}" in told.err
    assert "the rehearsal is put away" in ended.out
    assert "there was no rehearsal" in again.out
    assert (alone.status, alone.err) == (PASS, "")
    assert not (home / "rehearsal").exists()


def test_rehearses_once_at_a_time(rehome, home):
    with (home / "rehearse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = rehome("rehearse", "--stations", "8")

    assert (ended.status, ended.sentence) == (
        REFUSED,
        "no rehearsal was started: one is running in this folder now; wait for it, or stop it first",
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param(["nonsense"], "No such command 'nonsense'", id="command"),
        pytest.param(["up", "--nonsense"], "No such option: --nonsense", id="option"),
        pytest.param(["rehearse", "--stations", "many"], "unable to parse string as an integer", id="no number"),
        pytest.param(["rehearse", "--stations", "3"], "greater than or equal to 8", id="too few"),
        pytest.param(["gate", "show"], "Missing argument 'wave'", id="no wave"),
        pytest.param(
            ["gate", "decide", "0", "perhaps", "--by", "Me"], "'perhaps' is not one of 'go', 'hold'", id="word"
        ),
        pytest.param(["gate", "decide", "0", "go"], "Missing option '--by'", id="nobody"),
    ],
)
def test_says_what_it_does_not_understand(rehome, command, message):
    ended = rehome(*command)

    assert ended.status == ERROR
    assert message in " ".join(ended.err.replace("│", " ").split())
    assert ended.out == ""


def test_extracts_and_puts_json_alone_on_standard_output(rehome, export, migrated_url):
    ended = rehome("extract", "csv", export, "--json", DATABASE_URL=_plain(migrated_url))

    assert ended.status == PASS, ended.err
    result = json.loads(ended.out)
    assert [(row["entity"], row["rows_in"], row["loaded"]) for row in result["rows"]] == [
        ("station", 1, 1),
        ("session", 2, 2),
    ]
    assert result["adds_up"] is True
    assert {json.loads(line)["event"] for line in ended.err.splitlines()} == {"begin", "advance", "end"}


def test_shows_what_runs_as_json(rehome, migrated_url):
    ended = rehome("status", "--json", DATABASE_URL=_plain(migrated_url))

    assert ended.status == NO
    assert {part["part"]: part["is_running"] for part in json.loads(ended.out)["parts"]} == {
        "database": True,
        "prefect": False,
        "runner": False,
        "world": False,
    }
    assert ended.err == ""


def test_shows_what_runs_in_any_alphabet(rehome, migrated_url):
    ended = rehome("status", DATABASE_URL=_plain(migrated_url), PYTHONIOENCODING="ascii")

    assert (ended.status, ended.err) == (NO, "")
    assert ended.out.startswith(r"\u25cf database   postgresql+psycopg://")
    assert ":***@" in ended.out


def test_stops_what_runs_as_json(rehome):
    ended = rehome("down", "--json")

    assert (ended.status, json.loads(ended.out), ended.err) == (PASS, {"stopped": []}, "")


def test_tells_its_version(rehome):
    ended = rehome("--version")

    assert (ended.status, ended.out.startswith("rehome ")) == (PASS, True)
