from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.errors import BackOfficeUnavailable, SourceError
from charging.legacy.steve import SteveSource
from charging.network import Evse, Lane, Station, Token
from charging.targets.change import Action, Difference
from charging.targets.steve import SteveTarget
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

NEXT_YEAR = datetime(2027, 5, 1, tzinfo=UTC)


@pytest.fixture(params=list(Generation), ids=str)
def generation(request):
    return request.param


@pytest.fixture
def engine(database_url, generation):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        steve_schema.create(connection, steve_schema.tables(generation))
    yield engine
    engine.dispose()


@pytest.fixture
def target(engine):
    return SteveTarget(engine)


def station(station_id="CS-1", *, serial_number="S1", firmware="5.8", vendor="Supplier A"):
    return Station(
        station_id=station_id,
        location_id=None,
        vendor=vendor,
        model="A1",
        serial_number=serial_number,
        firmware=firmware,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=NEXT_YEAR,
    )


def evse(station_id="CS-1", connector_id=1, *, evse_id="NL*EVN*ECS1*1"):
    return Evse(
        evse_uid=f"{station_id}*{connector_id}", station_id=station_id, connector_id=connector_id, evse_id=evse_id
    )


def token(
    token_uid="04A1B2C3D4E5F6", *, is_blocked=False, expires_at=None, contract_id="NL-TNM-C00122045-K", parent=None
):
    return Token(
        token_uid=token_uid,
        parent_uid=parent,
        contract_id=contract_id,
        issuer=None,
        is_blocked=is_blocked,
        expires_at=expires_at,
    )


def load(target, stations=(), evses=(), tokens=()):
    return target.apply(target.plan(stations, evses, tokens))


def actions(changes):
    return {change.key: change.action for change in changes}


def test_loads_an_empty_target_completely(target):
    everything = ([station()], [evse(), evse(connector_id=0)], [token(expires_at=NEXT_YEAR)])

    applied = load(target, *everything)

    assert [each.error for each in applied] == [None, None, None]
    assert target.verify(*everything) == []


def test_keeps_a_contract_where_a_source_finds_it_again(target, engine):
    load(target, tokens=[token(expires_at=NEXT_YEAR)])

    ((row,),) = SteveSource(engine, "target").rows("token")
    assert row.values["note"] == "NL-TNM-C00122045-K"
    assert row.values["expires_at"] == "2027-05-01T00:00:00Z"


def test_plans_without_writing(target):
    planned = target.plan([station()], [evse()], [token()])

    assert {change.action for change in planned} == {Action.CREATE}
    assert {change.action for change in target.plan([station()], [evse()], [token()])} == {Action.CREATE}


def test_loading_twice_changes_nothing(target):
    everything = ([station()], [evse()], [token(), token("B", parent="04A1B2C3D4E5F6")])
    planned = target.plan(*everything)

    assert [each.error for each in target.apply(planned)] == [None] * 4
    assert [each.error for each in target.apply(planned)] == [None] * 4
    assert {change.action for change in target.plan(*everything)} == {Action.SAME}


def test_never_writes_a_heartbeat_that_the_target_has_not_seen(target, engine):
    load(target, [station()])

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT last_heartbeat_timestamp FROM charge_box")) is None


def test_fills_gaps_and_leaves_what_the_target_observed_itself(target):
    load(target, [station(vendor=None, firmware="6.0")])

    (change,) = target.plan([station(firmware="5.8")], [], [])
    load(target, [station(firmware="5.8")])

    assert (change.action, dict(change.after)) == (Action.UPDATE, {"charge_point_vendor": "Supplier A"})
    assert target.verify([station(firmware="5.8")], [], []) == [
        Difference(entity="station", key="CS-1", field="fw_version", expected="5.8", found="6.0")
    ]


@pytest.mark.parametrize(
    ("held", "given"),
    [
        pytest.param(
            {"stations": [station(serial_number="S1")]}, {"stations": [station(serial_number="S2")]}, id="serial"
        ),
        pytest.param({"tokens": [token(is_blocked=True)]}, {"tokens": [token()]}, id="a tag that the target blocks"),
        pytest.param(
            {"tokens": [token()]}, {"tokens": [token(contract_id="NL-TNM-C00000001-0")]}, id="a tag of another contract"
        ),
        pytest.param({}, {"evses": [evse("CS-9")]}, id="an EVSE without its station"),
    ],
)
def test_refuses_to_overrule_identity_and_access(target, held, given):
    load(target, **held)

    (applied,) = load(target, **given)

    assert applied.action is Action.REFUSE
    assert applied.error


def test_blocks_and_expires_a_token_that_is_there(target):
    load(target, tokens=[token()])
    stricter = token(is_blocked=True, expires_at=NEXT_YEAR)

    assert [each.action for each in load(target, tokens=[stricter])] == [Action.UPDATE]
    assert target.verify([], [], [stricter]) == []
    assert [difference.field for difference in target.verify([], [], [token()])] == [
        "max_active_transaction_count",
        "expiry_date",
    ]


def test_lets_a_token_that_may_charge_more_often_be(target, engine):
    load(target, tokens=[token()])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ocpp_tag SET max_active_transaction_count = -1"))

    assert actions(target.plan([], [], [token()])) == {"04A1B2C3D4E5F6": Action.SAME}
    assert target.verify([], [], [token()]) == []


def test_puts_parents_before_their_children(target):
    child, parent, grandparent = token("C", parent="B"), token("B", parent="A"), token("A")

    assert [change.key for change in target.plan([], [], [child, parent, grandparent])] == ["A", "B", "C"]
    assert len(target.plan([], [], [token("A", parent="B"), token("B", parent="A")])) == 2


def test_one_row_that_fails_costs_itself_alone(target):
    applied = load(target, [station("X" * 300), station("CS-2")])

    assert [bool(each.error) for each in applied] == [True, False]
    assert [difference.key for difference in target.verify([station("X" * 300), station("CS-2")], [], [])] == [
        "X" * 300
    ]


@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_rows_that_fail_cost_no_other_row_however_many_go_together(target, monkeypatch, batch):
    monkeypatch.setattr("charging.targets.steve.BATCH", batch)
    long_ids = {2, 5}
    stations = [station(f"CS-{number}" + "X" * (300 if number in long_ids else 0)) for number in range(8)]

    applied = load(target, stations, tokens=[token("A"), token("B", parent="A")])

    assert [each.key for each in applied] == [*(each.station_id for each in stations), "A", "B"]
    assert [number for number, each in enumerate(applied) if each.error] == [2, 5]
    assert {difference.key for difference in target.verify(stations, [], [token("A"), token("B", parent="A")])} == {
        stations[number].station_id for number in long_ids
    }


def test_leaves_alone_what_changed_since_the_plan(target, engine):
    load(target, [station(vendor=None)])
    planned = target.plan([station()], [], [])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE charge_box SET charge_point_vendor = 'Supplier B'"))

    (applied,) = target.apply(planned)

    assert "plan again" in applied.error


@pytest.mark.parametrize("generation", [Generation.EVSE], indirect=True, ids=["evse"])
def test_does_not_overrule_a_published_evse_id(target):
    load(target, [station()], [evse(evse_id=None)])

    assert actions(target.plan([station()], [evse()], []))["CS-1*1"] is Action.UPDATE
    load(target, [station()], [evse()])
    assert actions(target.plan([station()], [evse(evse_id="NL*EVN*EOTHER*1")], []))["CS-1*1"] is Action.REFUSE


@pytest.mark.parametrize("generation", [Generation.CONNECTOR], indirect=True, ids=["connector"])
def test_says_so_where_the_schema_has_no_place_for_an_evse_id(target):
    (_, change) = target.plan([station()], [evse()], [])

    assert "NL*EVN*ECS1*1" in change.reason


def test_says_that_the_target_is_down_without_its_password():
    down = SteveTarget(sa.create_engine("postgresql+psycopg://steve:hunter2@127.0.0.1:9/none"), "target")

    with pytest.raises((SourceError, BackOfficeUnavailable)) as caught:
        down.plan([], [], [])
    assert "hunter2" not in str(caught.value)
