"""SteVe's own export against the database that it was made from: the same rows, whatever way they come."""

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.cleansing.verdict import SHIFTED
from charging.legacy.archive import Archive
from charging.legacy.steve import SteveSource
from charging.legacy.steve_export import SteveExport, is_export
from charging.legacy.steve_queries import QUERIES
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

T1 = datetime(2026, 3, 4, 10, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(params=list(Generation), ids=str)
def steve(request):
    return steve_schema.tables(request.param)


@pytest.fixture
def engine(database_url, steve):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        steve_schema.create(connection, steve)
        _fill(connection, steve)
    yield engine
    engine.dispose()


def _fill(connection, steve):
    socket = {steve.socket_pk: 11}
    stop = {"transaction_pk": 7, "stop_timestamp": T1, "event_actor": "station"}
    content = [
        ("address", {"address_pk": 3, "street": "Kade;\n5", "city": "Zürich", "latitude": "52.01"}),
        ("charge_box", {"charge_box_id": "CS-1", "address_pk": 3, "last_heartbeat_timestamp": T1, "note": ""}),
        (steve.generation.value, socket | {"charge_box_id": "CS-1", steve.socket_id: 1}),
        ("connector_status", socket | {"status": "Faulted", "status_timestamp": T1}),
        ("ocpp_tag", {"id_tag": "04A1", "max_active_transaction_count": 0, "expiry_date": T1}),
        ("user", {"first_name": "Ada", "last_name": "L."}),
        ("settings", {"app_id": "x", "mail_password": "hunter2"}),
        ("web_user", {"username": "admin", "password": "hunter2"}),
        *(
            ("transaction_start", socket | {"transaction_pk": number, "event_timestamp": T1, "id_tag": "04A1"})
            for number in (7, 8)
        ),
        *(
            ("transaction_stop", stop | {"event_timestamp": T1 + timedelta(microseconds=late), "stop_value": str(late)})
            for late in (500_000, 0)
        ),
        ("transaction_stop_failed", {"event_timestamp": T1, "stop_timestamp": T1, "stop_value": "9"}),
        *(
            ("connector_meter_value", socket | {"transaction_pk": of, "value_timestamp": T1, "value": 'a,"b'})
            for of in (7, None)
        ),
        (
            "charging_profile",
            {"charging_profile_purpose": "TxProfile", "charging_profile_kind": "Relative"}
            | {"stack_level": 1, "charging_rate_unit": "A", "charging_profile_pk": 1},
        ),
        ("charging_schedule_period", {"charging_profile_pk": 1, "start_period_in_seconds": 0, "power_limit": "16.5"}),
        ("reservation", socket | {"id_tag": "04A1", "status": "WAITING", "start_datetime": T1}),
    ]
    for table, values in content:
        connection.execute(sa.insert(steve.metadata.tables[table]).values(values))


@pytest.fixture
def exported(engine, steve, tmp_path):
    """What makes the export of the database, with some of its text replaced."""

    def made(**replaced):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive, engine.connect() as connection:
            for name, table in steve.metadata.tables.items():
                out = io.StringIO()
                writer = csv.writer(out, lineterminator="\r\n")
                writer.writerow(table.c.keys())
                writer.writerows(map(_written, row) for row in connection.execute(sa.select(table)))
                archive.writestr(f"{name}.csv", replaced.get(name, lambda text: text)(out.getvalue()))
        return Archive(path)

    return made


def _written(value):
    if value is None:
        return "NULL"
    return value.isoformat() + "Z" if isinstance(value, datetime) else value


def rows(source, entity):
    return [row for chunk in source.rows(entity) for row in chunk]


@pytest.mark.parametrize("entity", QUERIES)
def test_an_export_gives_the_rows_that_its_database_gives(engine, exported, entity):
    archive = exported()
    assert is_export(archive)

    assert rows(SteveExport(archive), entity) == rows(SteveSource(engine, "legacy"), entity)


def test_says_what_it_is_and_what_it_leaves_out(exported, steve):
    found = SteveExport(exported()).inspect()

    assert (found.kind, found.schema_generation, found.source) == ("steve", steve.generation.value, "export.zip")
    assert {"settings.csv is not read", "web_user.csv is not read"} <= set(found.notes)
    assert "transaction_start: 2 rows" in found.notes
    assert not found.watermarks


def test_a_broken_line_costs_itself_only(exported):
    export = SteveExport(
        exported(transaction_start=lambda text: text + "9,10\r\nx" + text.splitlines()[1][1:] + "\r\n")
    )

    found = rows(export, "session")

    broken = [(row.file, row.line, row.values[SHIFTED]) for row in found if SHIFTED in row.values]
    assert [row.values.get("session_id") for row in found if row.file == "transaction_start"] == ["7", "8"]
    assert [line for _, line, _ in broken] == [4, 5]
    assert "2 cells" in broken[0][2]
    assert "transaction_pk is 'x', and should be a whole number" in broken[1][2]
    assert "2 lines cannot be told apart into cells" in export.inspect().notes
