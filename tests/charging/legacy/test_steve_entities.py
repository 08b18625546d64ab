"""What SteVe knows beside stations and transactions, from both generations of its schema on both servers."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.legacy.source import COLUMNS
from charging.legacy.steve import SteveSource
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

T1, T2, T3 = (datetime(2026, 3, 4, hour, tzinfo=UTC).replace(tzinfo=None) for hour in (10, 11, 12))
SIGNED = 'OCMF|{"FV":"1.0","RD":[{"RV":12.50,  "ST":"G"}]}|{"SD":"3046\\u00fc"}\r\n\t '


@pytest.fixture(params=list(Generation), ids=str)
def steve(request):
    return steve_schema.tables(request.param, has_references=True)


@pytest.fixture
def engine(legacy_url, steve):
    engine = sa.create_engine(legacy_url)
    with engine.begin() as connection:
        steve_schema.create(connection, steve)
        _insert(connection, steve, "charge_box", charge_box_id="CS-1")
        for number in (0, 1):
            _insert(
                connection,
                steve,
                steve.generation.value,
                charge_box_id="CS-1",
                **{steve.socket_pk: 10 + number, steve.socket_id: number},
            )
        _insert(connection, steve, "ocpp_tag", id_tag="A")
        for number in (7, 8):
            _insert(
                connection,
                steve,
                "transaction_start",
                transaction_pk=number,
                event_timestamp=T1,
                id_tag="A",
                start_value="0",
                **{steve.socket_pk: 11},
            )
    yield engine
    engine.dispose()


def _insert(connection, steve, table, **values):
    connection.execute(sa.insert(steve.metadata.tables[table]).values(values))


def rows(engine, entity, **options):
    return [row for chunk in SteveSource(engine, "legacy").rows(entity, **options) for row in chunk]


def test_reads_users_without_their_birthdays(engine, steve):
    with engine.begin() as connection:
        _insert(connection, steve, "user", first_name="Ada", last_name=None, e_mail="ada@example.org", sex="f")

    (row,) = rows(engine, "customer")

    assert {name: row.values[name] for name in COLUMNS["customer"]} == {
        "customer_id": "1",
        "name": "Ada",
        "email": "ada@example.org",
        "phone": None,
        "note": None,
    }
    assert set(row.values) == set(COLUMNS["customer"])


def test_keeps_what_a_meter_signed_byte_for_byte(engine, steve):
    with engine.begin() as connection:
        sample = {steve.socket_pk: 11, "transaction_pk": 7, "value_timestamp": T2}
        _insert(connection, steve, "connector_meter_value", value=SIGNED, format="SignedData", **sample)
        _insert(connection, steve, "connector_meter_value", value="12,5", unit="kWh", **sample)

    found = [row.values for row in rows(engine, "meter_value")]

    assert sorted(each["value"] for each in found) == sorted([SIGNED, "12,5"])
    assert {(each["session_id"], each["station_id"], each["connector_id"]) for each in found} == {("7", "CS-1", "1")}
    assert {each["sampled_at"] for each in found} == {"2026-03-04T11:00:00Z"}
    assert set(COLUMNS["meter_value"]) <= set(found[0])


def test_counts_samples_outside_of_any_transaction_and_reads_none_of_them(engine, steve):
    with engine.begin() as connection:
        for transaction in (7, None, None):
            sample = {steve.socket_pk: 11, "transaction_pk": transaction, "value_timestamp": T2, "value": "1"}
            _insert(connection, steve, "connector_meter_value", **sample)

    notes = SteveSource(engine, "legacy").inspect().notes

    assert "connector_meter_value: 2 rows belong to no transaction and are not read" in notes
    assert len(rows(engine, "meter_value")) == 1


def test_reads_a_transactions_samples_in_the_order_of_time(engine, steve):
    with engine.begin() as connection:
        for number, (transaction, at) in enumerate([(8, T1), (7, T3), (7, T2), (8, T2)]):
            sample = {steve.socket_pk: 11, "transaction_pk": transaction, "value_timestamp": at, "value": str(number)}
            _insert(connection, steve, "connector_meter_value", **sample)

    found = rows(engine, "meter_value", chunk_size=3)

    assert [row.values["value"] for row in found] == ["2", "1", "0", "3"]
    assert [row.line for row in found] == [1, 2, 3, 4]


def test_reads_reservations(engine, steve):
    with engine.begin() as connection:
        times = {"start_datetime": T1, "expiry_datetime": T2}
        held = {steve.socket_pk: 11, "transaction_pk": 7, "id_tag": "A", "status": "USED"}
        _insert(connection, steve, "reservation", **held, **times)

    (row,) = rows(engine, "reservation")

    assert row.values == {
        "reservation_id": "1",
        "station_id": "CS-1",
        "connector_id": "1",
        "token_uid": "A",
        "session_id": "7",
        "starts_at": "2026-03-04T10:00:00Z",
        "expires_at": "2026-03-04T11:00:00Z",
        "status": "USED",
    }


@pytest.mark.parametrize("chunk_size", [1, 2, 5000])
def test_reads_a_charging_profile_once_per_evse_with_its_periods(engine, steve, chunk_size):
    with engine.begin() as connection:
        for number in (1, 2):
            of = {"charging_profile_pk": number, "charging_profile_purpose": "TxDefaultProfile", "stack_level": number}
            kind = {"charging_profile_kind": "Relative", "charging_rate_unit": "A", "valid_to": T3}
            _insert(connection, steve, "charging_profile", **of, **kind)
        for start, phases in ((3600, None), (0, 3)):
            of = {"charging_profile_pk": 1, "start_period_in_seconds": start}
            _insert(connection, steve, "charging_schedule_period", **of, power_limit="16.5", number_phases=phases)
        for socket in (10, 11):
            _insert(connection, steve, "connector_charging_profile", charging_profile_pk=1, **{steve.socket_pk: socket})

    found = rows(engine, "charging_profile", chunk_size=chunk_size)

    ids = [(row.values["profile_id"], row.values["station_id"], row.values["connector_id"]) for row in found]
    assert ids == [("1-10", "CS-1", "0"), ("1-11", "CS-1", "1"), ("2", None, None)]
    assert [json.loads(row.values["periods"]) for row in found][1:] == [
        [
            {"start_period": 0, "limit": "16.5", "number_phases": 3},
            {"start_period": 3600, "limit": "16.5"},
        ],
        [],
    ]
    assert {row.values["valid_until"] for row in found} == {"2026-03-04T12:00:00Z"}
    assert set(COLUMNS["charging_profile"]) <= set(found[0].values)


def test_reads_sockets_where_the_schema_has_them(engine, steve):
    if steve.generation is Generation.CONNECTOR:
        assert rows(engine, "connector") == []
        assert "connector" not in SteveSource(engine, "legacy").inspect().entities
        return
    with engine.begin() as connection:
        for kind in ("IEC_62196_T2", "IEC_62196_T2_COMBO"):
            _insert(connection, steve, "evse_connector", evse_pk=11, connector_type=kind, max_voltage=400)

    found = [row.values for row in rows(engine, "connector")]

    assert [(each["connector_number"], each["standard"], each["max_voltage"]) for each in found] == [
        ("1", "IEC_62196_T2", "400"),
        ("2", "IEC_62196_T2_COMBO", "400"),
    ]
    assert set(found[0]) == set(COLUMNS["connector"])


def test_has_every_column_of_every_entity_that_it_hands_over(engine, steve):
    entities = SteveSource(engine, "legacy").inspect().entities

    assert {"customer", "meter_value", "reservation", "charging_profile"} <= set(entities)
    assert not {"tariff", "contract"} & set(entities)
    assert all(entities[entity] == COLUMNS[entity] for entity in entities)
