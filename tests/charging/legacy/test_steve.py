from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from pymysql.cursors import SSCursor

from charging.errors import SourceError, SourceNotFound, UnreadableSource
from charging.legacy.steve import SteveSource
from charging.legacy.steve_queries import QUERIES
from charging.legacy.steve_schema import SteveSchema
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
        _fill(connection, steve)
    yield engine
    engine.dispose()


def _fill(connection, steve):
    socket = {"charge_box_id": "CS-1"}
    stop = {"transaction_pk": 7, "stop_timestamp": T2, "event_actor": "station", "stop_reason": "Local"}
    content = [
        (steve.address, [{"address_pk": 3, "street": "Kade", "house_number": "5", "city": "Delft", "latitude": 52.01}]),
        (
            steve.charge_box,
            [
                {
                    "charge_box_pk": 1,
                    "charge_box_id": "CS-1",
                    "address_pk": 3,
                    "charge_box_serial_number": "S1",
                    "last_heartbeat_timestamp": T1,
                }
            ],
        ),
        (
            steve.socket,
            [socket | {steve.socket_pk: 10 + number, steve.socket_id: number} for number in (0, 1)]
            + [{"charge_box_id": "GONE", steve.socket_pk: 20, steve.socket_id: 1}],
        ),
        (
            steve.connector_status,
            [
                {steve.socket_pk: 11, "status_timestamp": T1, "status": "Faulted"},
                {steve.socket_pk: 11, "status_timestamp": T2, "status": "Available"},
                {steve.socket_pk: 10, "status_timestamp": T2, "status": "Unavailable"},
            ],
        ),
        (
            steve.start,
            [
                {
                    "transaction_pk": number,
                    "event_timestamp": T1,
                    "start_timestamp": T1,
                    "start_value": "100",
                    "id_tag": "04A1B2C3",
                    steve.socket_pk: socket_pk,
                }
                for number, socket_pk in ((7, 11), (8, 11), (9, 20))
            ],
        ),
        (
            steve.stop,
            [
                stop | {"event_timestamp": T1, "stop_value": "50", "event_actor": "manual"},
                stop | {"event_timestamp": T3, "stop_value": "7600"},
                stop | {"event_timestamp": T2, "stop_value": "7500"},
            ],
        ),
        (
            steve.stop_failed,
            [
                {"transaction_pk": number, "charge_box_id": "CS-1", "event_timestamp": T2, "stop_timestamp": T2}
                | {"stop_value": "900", "fail_reason": "unknown transaction"}
                for number in (8, None, None)
            ],
        ),
        (
            steve.ocpp_tag,
            [
                {"ocpp_tag_pk": 1, "id_tag": "A", "max_active_transaction_count": 0, "note": "n"},
                {"ocpp_tag_pk": 2, "id_tag": "B", "max_active_transaction_count": -1, "note": None},
            ],
        ),
    ]
    for table, records in content:
        for record in records:
            connection.execute(sa.insert(table).values(record))


def rows(engine, entity, **options):
    return [row for chunk in SteveSource(engine, "legacy").rows(entity, **options) for row in chunk]


def test_says_which_generation_of_the_schema_it_found(engine, steve):
    inspection = SteveSource(engine, "legacy").inspect()

    assert inspection.schema_generation == steve.generation.value
    assert "transaction_start: 3 rows" in inspection.notes
    assert not any("web_user" in note or "settings" in note for note in inspection.notes)


def test_reads_addresses_as_locations(engine):
    (row,) = rows(engine, "location")

    assert (row.file, row.line) == ("address", 3)
    assert (row.values["location_id"], row.values["street"], row.values["city"]) == ("3", "Kade 5", "Delft")
    assert row.values["latitude"] == "52.01000000"
    assert row.values["longitude"] is None


def test_reads_a_station_with_its_latest_status(engine):
    (row,) = rows(engine, "station")

    assert row.values["station_id"] == "CS-1"
    assert row.values["serial_number"] == "S1"
    assert row.values["last_seen_at"] == "2026-03-04T10:00:00Z"
    assert row.values["status"] == "Unavailable"


def test_any_connector_in_a_fault_is_the_station_in_a_fault(engine, steve):
    with engine.begin() as connection:
        fault = {steve.socket_pk: 11, "status_timestamp": T3, "status": "Faulted"}
        connection.execute(sa.insert(steve.connector_status).values(fault))

    assert [row.values["status"] for row in rows(engine, "station")] == ["Faulted"]


def test_reads_every_connector_even_of_a_station_that_is_gone(engine):
    found = [(row.values["station_id"], row.values["connector_id"]) for row in rows(engine, "evse")]

    assert found == [("CS-1", "0"), ("CS-1", "1"), ("GONE", "1")]


def test_reads_published_evse_ids_where_the_schema_has_them(engine, steve):
    if steve.generation is Generation.CONNECTOR:
        assert {row.values["evse_id"] for row in rows(engine, "evse")} == {None}
        return
    with engine.begin() as connection:
        connection.execute(sa.update(steve.socket).values(evse_id_external="NL*EVN*E1*1"))
    assert {row.values["evse_id"] for row in rows(engine, "evse")} == {"NL*EVN*E1*1"}


def test_prefers_the_stations_own_first_stop_and_counts_them_all(engine):
    session = rows(engine, "session")[0].values

    assert (session["session_id"], session["station_id"], session["connector_id"]) == ("7", "CS-1", "1")
    assert (session["meter_start_wh"], session["meter_stop_wh"]) == ("100", "7500")
    assert (session["event_actor"], session["stop_count"]) == ("station", "3")
    assert (session["started_at"], session["location_id"]) == ("2026-03-04T10:00:00Z", "3")


def test_keeps_sessions_without_a_stop_and_without_a_station(engine):
    without_stop, ghost = rows(engine, "session")[1:3]

    assert (without_stop.values["session_id"], without_stop.values["stopped_at"]) == ("8", None)
    assert ghost.values["station_id"] == "GONE"


def test_yields_stops_that_could_not_be_booked_as_marked_rows(engine):
    stops = [row for row in rows(engine, "session") if row.file == "transaction_stop_failed"]
    (failed,) = (row for row in stops if row.values["session_id"] == "8")

    assert failed.values["failed_stop_reason"] == "unknown transaction"
    assert (failed.values["session_id"], failed.values["meter_start_wh"]) == ("8", "100")
    assert (failed.values["meter_stop_wh"], failed.values["stopped_at"]) == ("900", "2026-03-04T11:00:00Z")


def test_gives_every_stop_that_could_not_be_booked_a_place_and_a_name_of_its_own(engine):
    failed = [row for row in rows(engine, "session") if row.file == "transaction_stop_failed"]

    assert sorted(row.line for row in failed) == [1, 2, 3]
    assert sorted(row.values["session_id"] for row in failed) == ["8", *["CS-1@2026-03-04T11:00:00"] * 2]


def test_reads_a_tag_without_active_transactions_as_blocked(engine):
    assert [(row.values["token_uid"], row.values["is_blocked"]) for row in rows(engine, "token")] == [
        ("A", "1"),
        ("B", "0"),
    ]


def test_counts_holders_only_where_the_back_office_links_any(engine, steve):
    assert {row.values["owner_count"] for row in rows(engine, "token")} == {None}
    _hold(engine, steve, user_pk=1, ocpp_tag_pk=2)

    found = [(row.values["owner_count"], row.values["customer_id"]) for row in rows(engine, "token")]

    assert found == [("0", None), ("1", "1")]


def test_a_tag_of_two_users_is_nobodys_in_particular(engine, steve):
    _hold(engine, steve, user_pk=1, ocpp_tag_pk=2)
    _hold(engine, steve, user_pk=2, ocpp_tag_pk=2)

    assert [(row.values["owner_count"], row.values["customer_id"]) for row in rows(engine, "token")][1] == ("2", None)


def _hold(engine, steve, *, user_pk, ocpp_tag_pk):
    user, link = steve.metadata.tables["user"], steve.metadata.tables.get("user_ocpp_tag")
    named = {} if link is not None else {"ocpp_tag_pk": ocpp_tag_pk}
    with engine.begin() as connection:
        connection.execute(sa.insert(user).values(user_pk=user_pk, first_name="Ada", **named))
        if link is not None:
            connection.execute(sa.insert(link).values(user_pk=user_pk, ocpp_tag_pk=ocpp_tag_pk))


def test_never_selects_a_secret(engine):
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))

    for entity in QUERIES:
        rows(engine, entity)

    assert statements
    assert not any(word in statement for statement in statements for word in ("password", "web_user", "settings"))


def test_streams_in_chunks_with_a_cursor_of_the_server(engine):
    cursors = []
    sa.event.listen(engine, "before_cursor_execute", lambda *seen: cursors.append(seen[1]))

    chunks = list(SteveSource(engine, "legacy").rows("evse", chunk_size=2))

    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert getattr(cursors[-1], "name", None) or isinstance(cursors[-1], SSCursor)


def test_says_that_a_database_is_none_of_steves(legacy_url):
    engine = sa.create_engine(legacy_url)

    with pytest.raises(SourceNotFound, match="charge_box"):
        SteveSource(engine, "legacy").inspect()
    engine.dispose()


def test_says_that_a_database_is_down_without_its_password():
    engine = sa.create_engine("postgresql+psycopg://steve:hunter2@127.0.0.1:9/none")

    with pytest.raises(UnreadableSource, match="legacy cannot be read") as caught:
        list(SteveSource(engine, "legacy").rows("station"))
    assert isinstance(caught.value, SourceError)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "postgresql"])
@pytest.mark.parametrize("entity", QUERIES)
def test_every_statement_can_be_written_in_every_dialect(steve, entity, dialect):
    columns = {table.name: frozenset(table.c.keys()) for table in steve.metadata.tables.values()}
    for reading in QUERIES[entity](SteveSchema(generation=steve.generation.value, columns=columns)):
        text = str(reading.query.compile(dialect=sa.create_mock_engine(f"{dialect}://", executor=None).dialect))
        assert "||" not in text
        assert "NULLS" not in text
