"""What a second look at a SteVe that lives gives, and what one moment of it is."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.errors import UnreadableSource
from charging.legacy.steve import SteveSource
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

T1, T2, T3 = (datetime(2026, 3, 4, hour, tzinfo=UTC).replace(tzinfo=None) for hour in (10, 11, 12))


@pytest.fixture(params=list(Generation), ids=str)
def steve(request):
    return steve_schema.tables(request.param)


@pytest.fixture
def engine(legacy_url, steve):
    engine = sa.create_engine(legacy_url)
    with engine.begin() as connection:
        steve_schema.create(connection, steve)
        connection.execute(sa.insert(steve.charge_box).values(charge_box_id="CS-1"))
        connection.execute(
            sa.insert(steve.socket).values(charge_box_id="CS-1", **{steve.socket_pk: 11, steve.socket_id: 1})
        )
        for number in (1, 2, 3):
            _start(connection, steve, number, at=T1)
        _stop(connection, steve, 1, at=T1)
        _stop(connection, steve, 2, at=T2)
    yield engine
    engine.dispose()


def _start(connection, steve, number, *, at):
    started = {"transaction_pk": number, "event_timestamp": at, "start_timestamp": at, "id_tag": "A"}
    connection.execute(sa.insert(steve.start).values(started | {steve.socket_pk: 11}))


def _stop(connection, steve, number, *, at):
    stopped = {"transaction_pk": number, "event_timestamp": at, "stop_timestamp": at, "stop_value": "9"}
    connection.execute(sa.insert(steve.stop).values(stopped))


def sessions(source, **options):
    return [row.values["session_id"] for chunk in source.rows("session", **options) for row in chunk]


def test_says_how_far_it_goes_by_the_servers_clock(engine):
    watermark = SteveSource(engine, "legacy").inspect().watermarks["session"]

    assert watermark.highest == "2026-03-04T11:00:00.000000Z"
    assert "transaction_stop.event_timestamp" in watermark.column


def test_a_delta_holds_what_has_begun_or_ended_since(engine, steve):
    source = SteveSource(engine, "legacy")
    mark = source.inspect().watermarks["session"].highest
    with engine.begin() as connection:
        _start(connection, steve, 4, at=T3)
        _stop(connection, steve, 3, at=T3)
        failed = {"transaction_pk": 99, "event_timestamp": T3, "stop_timestamp": T3, "stop_value": "9"}
        connection.execute(sa.insert(steve.stop_failed).values(failed))

    assert sessions(source, after=mark) == ["2", "3", "4", "99"]  # 2 stands exactly at the mark
    assert sessions(source) == ["1", "2", "3", "4", "99"]


def test_an_entity_that_tells_no_change_comes_whole(engine):
    source = SteveSource(engine, "legacy")

    assert "evse" not in source.inspect().watermarks
    assert [len(chunk) for chunk in source.rows("evse", after="2030-01-01T00:00:00.000000Z")] == [1]


def test_an_empty_source_has_no_highest(engine, steve):
    with engine.begin() as connection:
        for table in (steve.start, steve.stop):
            connection.execute(sa.delete(table))

    assert SteveSource(engine, "legacy").inspect().watermarks["session"].highest is None


def test_holds_one_moment_while_the_back_office_goes_on(engine, steve):
    with SteveSource(engine, "legacy") as source:
        source.inspect()
        with engine.begin() as connection:
            _start(connection, steve, 4, at=T3)
        assert sessions(source) == ["1", "2", "3"]
    assert sessions(source) == ["1", "2", "3", "4"]


def test_can_write_nothing(engine, steve):
    with (
        SteveSource(engine, "legacy") as source,
        pytest.raises(UnreadableSource, match=r"(?i)read.only"),
        source._snapshot.connection() as connection,
    ):
        connection.execute(sa.delete(steve.start))


def test_says_that_a_table_has_vanished_half_way(engine, steve):
    source = SteveSource(engine, "legacy")
    source.inspect()
    with engine.begin() as connection:
        connection.execute(sa.text("DROP VIEW transaction"))
        steve.stop.drop(connection)

    with pytest.raises(UnreadableSource, match="transaction_stop"):
        sessions(source)


def test_leaving_in_the_middle_of_a_table_is_no_trouble(engine, recwarn):
    source = SteveSource(engine, "legacy")
    chunks = source.rows("session", chunk_size=1)
    next(chunks)
    chunks.close()

    assert sessions(source) == ["1", "2", "3"]
    assert not [warning for warning in recwarn if "unbuffered" in str(warning.message)]
