"""A delta reads only what is new, and joins what is clean as if it had come at once; a freeze is seen to hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import landing as read
from charging.errors import SettingsError
from charging.legacy.extract import extract
from charging.legacy.source import Order, Watermark
from tasks import cleansing, freezing

AT = datetime(2026, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=6)


@pytest.fixture
def growing(listed):
    """What makes a source whose sessions have a watermark: the later of their start and stop."""

    class Growing(listed):
        def inspect(self):
            marks = [_mark(row) for row in self.entities.get("session", [])]
            told = Watermark(column="at", order=Order.INSTANT, highest=max(marks, default=None))
            return replace(super().inspect(), watermarks={"session": told})

        def rows(self, entity, *, chunk_size=2, after=None):
            for chunk in super().rows(entity, chunk_size=chunk_size):
                yield [row for row in chunk if entity != "session" or after is None or _mark(row.values) >= after]

    return Growing


def _mark(row):
    return row.get("written_at") or row.get("stopped_at") or row["started_at"]


@pytest.fixture
def take(engine, settings, growing):
    """What extracts and cleanses; a delta goes on from the latest."""

    def taken(entities, *, at, delta=False):
        after = None
        if delta:
            with engine.connect() as connection:
                after = read.latest(connection, "legacy", is_cleansed=True)
        manifest, _ = extract(growing("legacy", **entities), engine, clock=lambda: at, code_version="1", after=after)
        return manifest, cleansing.cleanse_extract(engine, settings, manifest.extract_id)

    return taken


def _sessions(engine):
    names = ("session_id", "stopped_at", "energy_kwh", "is_estimated")
    with engine.connect() as connection:
        chosen = sa.select(*(tables.session.c[name] for name in names)).order_by(tables.session.c.session_id)
        return connection.execute(chosen).tuples().all()


@pytest.fixture
def before(rows, make_session):
    open_one = make_session("3", hour=10, stopped_at=None, meter_stop_wh=None)
    return rows(session=[make_session("1", hour=8), make_session("2", hour=9), open_one])


@pytest.fixture
def after(rows, make_session):
    return rows(session=[make_session(f"{number}", hour=hour) for number, hour in enumerate((8, 9, 10, 12), start=1)])


def test_a_delta_brings_what_came_since_and_what_was_open_then(take, before, after):
    first, _ = take(before, at=AT)

    second, _ = take(after, at=LATER, delta=True)

    assert second.after_extract_id == first.extract_id
    assert second.row_counts["session"] == 2
    assert second.row_counts["station"] == 1


def test_a_delta_ends_where_a_whole_extract_does(take, engine, before, after):
    take(before, at=AT)
    take(after, at=LATER, delta=True)
    by_delta = _sessions(engine)

    take(after, at=LATER + timedelta(hours=1))

    assert by_delta == _sessions(engine)
    assert len(by_delta) == 4


def test_what_waited_in_its_older_version_waits_no_more(take, engine, before, after):
    take(before, at=AT)
    take(after, at=LATER, delta=True)

    row = tables.quarantined_row.c
    with engine.connect() as connection:
        assert connection.execute(sa.select(row.key, row.decision)).tuples().all() == [("3", "superseded")]


def test_a_late_session_that_overlaps_a_clean_one_is_set_aside_and_the_clean_one_stays(
    take, engine, rows, make_session
):
    before = [make_session("1", hour=8), make_session("5", hour=11)]
    take(rows(session=before), at=AT)
    half = {"started_at": "2026-03-01T08:30:00Z", "stopped_at": "2026-03-01T09:30:00Z"}
    late = make_session("2", hour=8, written_at="2026-03-01T13:00:00Z", **half)

    _, result = take(rows(session=[*before, late]), at=LATER, delta=True)

    assert [one[0] for one in _sessions(engine)] == ["1", "5"]
    assert [(each["rule"], each["rows"]) for each in result["quarantine"]] == [("tx.overlap", 1)]


def test_a_session_that_is_set_aside_in_its_newer_version_is_clean_no_more(take, engine, rows, make_session):
    take(rows(), at=AT)

    take(rows(session=[make_session("1", hour=8), make_session("2", hour=9, currency="USD", cost="1")]), at=LATER)

    assert [one[0] for one in _sessions(engine)] == ["1"]


def test_nothing_new_lands_nothing_twice(take, engine, after):
    take(after, at=AT)
    first, _ = take(after, at=LATER, delta=True)

    second, _ = take(after, at=LATER + timedelta(hours=1), delta=True)

    assert second.extract_id == first.extract_id
    assert len(_sessions(engine)) == 4


def test_a_freeze_that_holds_is_seen_to(take, engine, settings, rows, make_session):
    take(rows(), at=AT)
    frozen = settings.model_copy(update={"freeze_from": AT - timedelta(minutes=1)})
    assert freezing.compare(engine, frozen, "legacy")["holds"] is None
    take(rows(session=[make_session("9", hour=20)]), at=LATER)

    found = freezing.compare(engine, frozen, "legacy")

    assert (found["holds"], found["changes"]) == (True, [])
    assert {"station", "evse", "token", "location"} <= set(found["compared"])


def test_a_freeze_that_is_broken_names_every_row(take, engine, settings, rows, make_station, make_location):
    take(rows(location=[make_location(), make_location("L2")]), at=AT)
    changed = rows(
        location=[make_location(city="Leiden")],
        station=[make_station(last_seen_at="2026-03-02T05:00:00Z"), make_station("CS-2", serial_number="2")],
    )
    take(changed, at=LATER)

    found = freezing.compare(engine, settings.model_copy(update={"freeze_from": AT}), "legacy")

    assert found["holds"] is False
    assert [(each["entity"], each["key"], each["kind"]) for each in found["changes"]] == [
        ("location", "L1", "changed"),
        ("location", "L2", "vanished"),
        ("station", "CS-2", "created"),
    ]
    assert found["changes"][0]["before"] == {"city": "Delft"}
    assert found["changes"][0]["after"] == {"city": "Leiden"}


def test_a_nights_intake_of_sessions_alone_says_nothing_about_a_freeze(take, engine, settings, rows, make_session):
    take(rows(), at=AT)
    take({"session": [make_session("9", hour=20)]}, at=LATER)

    found = freezing.compare(engine, settings.model_copy(update={"freeze_from": AT}), "legacy")

    assert (found["frozen"], found["extract"], found["holds"]) == (found["extract"], found["frozen"], None)


def test_says_that_no_freeze_is_set(engine, settings):
    with pytest.raises(SettingsError, match="freeze_from is not set"):
        freezing.compare(engine, settings, "legacy")
