"""What types of stations do unasked, from recorded frames to a kept table, a file for the gateway and an alarm."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.database import tables
from charging.database.operations import gateway_frames
from charging.errors import SettingsError
from charging.ocpp.flavours.flavour import flavour_of
from charging.ocpp.flavours.reading import parse_flavours
from console.cli import app
from reports.collected import progress
from tasks import flavours as task

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 15


@pytest.fixture
def rehome(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    return lambda *words: CliRunner().invoke(app, ["flavours", *map(str, words)])


@pytest.fixture
def record(engine):
    """What records a day of a station: it boots, charges once, and tells the end of it or does not."""
    places = iter(range(1, 100_000))

    def frame(at, direction, kind, number, action, body):
        call = [2, number, action, body] if kind == 2 else [3, number, body]
        return {
            "at": at,
            "gateway": "g",
            "segment": 1,
            "place": next(places),
            "station_id": "S1",
            "direction": direction,
            "kind": kind,
            "unique_id": number,
            "action": action,
            "received": json.dumps(call),
        }

    def day(number, *, tells):
        begin = BEGIN + timedelta(days=number)
        said = [
            (0, "BootNotification", {"chargePointVendor": "Maker", "chargePointModel": "Post", "firmwareVersion": "1"}),
            (60, "StartTransaction", {"connectorId": 1, "meterStart": 0, "timestamp": begin.isoformat()}),
            (3600, "StopTransaction", {"transactionId": 7, "meterStop": 9, "timestamp": begin.isoformat()}),
        ]
        said += [(3620, "StatusNotification", {"connectorId": 1, "status": "Available"})] if tells else []
        answer = {"status": "Accepted", "transactionId": 7}
        rows = []
        for second, action, body in said:
            at = begin + timedelta(seconds=second)
            rows.append(frame(at, "from_station", 2, f"{number}-{second}", action, body))
            rows.append(frame(at + timedelta(seconds=1), "from_office", 3, f"{number}-{second}", action, answer))
        with engine.begin() as connection:
            gateway_frames.make_days(connection, [begin.date()])
            connection.execute(sa.insert(tables.frame), rows)

    return day


def learnt(rehome, *words, since=0, until=DAYS):
    period = [(BEGIN + timedelta(days=days)).isoformat() for days in (since, until)]
    return rehome("learn", "--since", period[0], "--until", period[1], *words)


def test_learns_from_the_tables_and_keeps_what_is_meant_to_be_kept(rehome, record, engine):
    for day in range(DAYS):
        record(day, tells=True)

    dry = learnt(rehome, "--json")
    assert dry.exit_code == 0, dry.output
    (row,) = json.loads(dry.stdout)["rows"]
    assert (row["type"], row["source"], row["doubt"]) == ("Maker Post *", "not kept", "")
    stop, start = row["cells"]["tells_after_stop"], row["cells"]["tells_after_start"]
    assert (stop["verdict"], stop["events"], stop["doubt"]) == ("yes", DAYS, "")
    assert (start["verdict"], start["followed"]) == ("no", 0)
    assert "nothing is known" in rehome("show").stdout

    assert learnt(rehome, "--keep", "--by", "Anna Vos").exit_code == 0
    shown = rehome("show").stdout
    assert "Maker Post *" in shown
    assert "yes 15/15" in shown
    assert "no 0/15" in shown
    with engine.connect() as connection:
        places = set(connection.scalars(sa.select(tables.frame.c.place)))
    assert all(int(proof.rpartition("/")[2]) in places for event in stop["proofs_for"] for proof in event)


def test_writes_what_is_sure_as_flavours_that_the_gateway_reads(rehome, record, tmp_path):
    for day in range(DAYS):
        record(day, tells=False)

    assert learnt(rehome, "--toml", tmp_path / "learnt.toml").exit_code == 0
    flavours = parse_flavours("learnt.toml", (tmp_path / "learnt.toml").read_text())

    found = flavour_of(flavours, "maker", "Post", "2")
    assert not found.tells_after_stop
    assert not found.tells_after_start
    assert found.boots_after_link_loss, "never seen, so nothing is done about it"
    again = learnt(rehome, "--toml", tmp_path / "learnt.toml")
    assert isinstance(again.exception, SettingsError)


def test_raises_an_alarm_once_a_type_no_longer_does_what_it_did(rehome, record, engine):
    for day in range(DAYS):
        record(day, tells=True)
    assert learnt(rehome, "--keep", "--by", "Anna Vos").exit_code == 0
    for day in range(DAYS, DAYS + 3):
        record(day, tells=False)

    drifted = learnt(rehome, "--keep", "--by", "Anna Vos", until=DAYS + 3)
    assert drifted.exit_code == 1
    assert "! Maker Post: tells_after_stop was yes (15 of 15) and is no (0 of 3)" in drifted.stdout
    with engine.connect() as connection:
        alarms = connection.execute(sa.select(tables.alarm.c.kind, tables.alarm.c.problem)).all()
    assert [tuple(alarm) for alarm in alarms] == [
        ("flavour_drift", "Maker Post: tells_after_stop was yes (15 of 15) and is no (0 of 3)")
    ]


def test_the_nightly_watch_raises_it_too_once_and_keeps_nothing_of_what_it_sees(rehome, record, engine, monkeypatch):
    for day in range(DAYS):
        record(day, tells=True)
    assert learnt(rehome, "--keep", "--by", "Anna Vos").exit_code == 0
    at = BEGIN + timedelta(days=DAYS + 3)
    monkeypatch.setattr(task, "system_clock", lambda: at)
    calm = task.watch.fn(30)
    for day in range(DAYS, DAYS + 3):
        record(day, tells=False)

    found, again = task.watch.fn(30), task.watch.fn(30)

    what = "Maker Post: tells_after_stop was yes (15 of 15) and is no (0 of 3)"
    assert (calm["drifts"], calm["alarms"]) == ([], 0)
    assert (found["drifts"], found["alarms"], found["types"], found["unknown"]) == ([what], 1, 1, [])
    assert (again["drifts"], again["alarms"]) == ([what], 0)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.flavour_row)) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.station_order)) == 0
        (risk,) = progress._drifts(connection, as_of=at + timedelta(days=1))
        assert not list(progress._drifts(connection, as_of=at + timedelta(days=15)))
    assert risk.title == "Maker Post behaves otherwise than recorded"


def test_the_nightly_watch_names_types_of_which_nothing_is_kept(rehome, record, monkeypatch):
    record(0, tells=True)
    monkeypatch.setattr(task, "system_clock", lambda: BEGIN + timedelta(days=2))

    assert task.watch.fn(30)["unknown"] == ["Maker Post"]


def test_keeps_nothing_in_nobodys_name(rehome, record):
    record(0, tells=True)

    refused = learnt(rehome, "--keep")

    assert refused.exit_code != 0
    assert "nobody is named" in str(refused.exception)
