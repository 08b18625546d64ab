"""SteVe's database as a target, on every server and in every generation that is found."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging.errors import BackOfficeUnavailable, SourceError
from charging.legacy.steve import SteveSource
from charging.network import Connector, Evse, Lane, Location, Station, Token
from charging.targets.change import Action, Difference
from charging.targets.steve import SteveTarget
from charging.targets.wanted import Wanted
from rehearsal import steve_schema
from rehearsal.steve_schema import Generation

NEXT_YEAR = datetime(2027, 5, 1, tzinfo=UTC)


@pytest.fixture(params=list(Generation), ids=str)
def generation(request):
    return request.param


@pytest.fixture(params=["postgresql", "mariadb"])
def engine(request, generation):
    """A SteVe whose tables refer to one another, as one that was never imported into has it."""
    url = request.getfixturevalue("database_url" if request.param == "postgresql" else "mariadb_url")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        steve_schema.create(connection, steve_schema.tables(generation, has_references=True))
        if request.param == "mariadb" and generation is Generation.EVSE:  # V1_1_4 takes its default away
            connection.execute(sa.text("ALTER TABLE evse MODIFY topology_source enum('ocpp1', 'ocpp2') NOT NULL"))
    yield engine
    engine.dispose()


@pytest.fixture
def target(engine):
    return SteveTarget(engine)


def location(location_id="L1", *, street="Kade 5", latitude="52.011", longitude="4.357"):
    return Location(
        location_id=location_id,
        name="Kade",
        street=street,
        city="Delft",
        postal_code="2611 AB",
        country="NL",
        latitude=Decimal(latitude),
        longitude=Decimal(longitude),
        time_zone=None,
    )


def station(station_id="CS-1", *, serial_number="S1", firmware="5.8", vendor="Supplier A", location_id=None):
    return Station(
        station_id=station_id,
        location_id=location_id,
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


def connector(evse_uid="CS-1*1", *, standard="IEC_62196_T2", max_voltage=400):
    return Connector(
        evse_uid=evse_uid,
        connector_number=1,
        standard=standard,
        format="SOCKET",
        power_type="AC_3_PHASE",
        max_voltage=max_voltage,
        max_amperage=32,
        max_power_w=22000,
    )


def wanted(stations=(), evses=(), tokens=(), locations=(), connectors=()):
    return Wanted(locations=locations, stations=stations, evses=evses, connectors=connectors, tokens=tokens)


def load(target, *given, **named):
    return list(target.apply(target.plan(wanted(*given, **named))))


def wrong(target, *given, **named):
    return target.verify(target.plan(wanted(*given, **named)))


def actions(changes):
    return {change.key: change.action for change in changes}


def everything():
    return wanted(
        locations=[location()],
        stations=[station(location_id="L1")],
        evses=[evse(), evse(connector_id=0)],
        tokens=[token(expires_at=NEXT_YEAR)],
    )


def test_loads_an_empty_target_completely(target):
    planned = target.plan(everything())

    assert [each.error for each in target.apply(planned)] == [None] * 4
    assert target.verify(planned) == []


def test_keeps_a_contract_where_a_source_finds_it_again(target, engine):
    load(target, tokens=[token(expires_at=NEXT_YEAR)])

    ((row,),) = SteveSource(engine, "target").rows("token")
    assert row.values["note"] == "NL-TNM-C00122045-K"
    assert row.values["expires_at"] == "2027-05-01T00:00:00Z"


def test_puts_a_station_where_a_source_finds_its_place_again(target, engine):
    load(target, [station(location_id="L1"), station("CS-2", location_id="L2")], locations=[location(), location("L2")])

    source = SteveSource(engine, "target")
    ((place,),) = source.rows("location")
    (stations,) = source.rows("station")
    assert (place.values["street"], place.values["city"], place.values["postal_code"]) == ("Kade 5", "Delft", "2611 AB")
    assert Decimal(place.values["latitude"]) == Decimal("52.011")
    assert {row.values["location_id"] for row in stations} == {place.values["location_id"]}


def test_plans_without_writing(target):
    assert {change.action for change in target.plan(everything())} == {Action.CREATE}
    assert {change.action for change in target.plan(everything())} == {Action.CREATE}


def test_loading_twice_changes_nothing(target):
    given = replace(everything(), tokens=[token(), token("B", parent="04A1B2C3D4E5F6")])
    planned = target.plan(given)

    assert [each.error for each in target.apply(planned)] == [None] * 5
    assert [each.error for each in target.apply(planned)] == [None] * 5
    assert {change.action for change in target.plan(given)} == {Action.SAME}


def test_never_writes_a_heartbeat_that_the_target_has_not_seen(target, engine):
    load(target, [station()])

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT last_heartbeat_timestamp FROM charge_box")) is None


def test_fills_gaps_and_leaves_what_the_target_observed_itself(target):
    load(target, [station(vendor=None, firmware="6.0")])

    (change,) = target.plan(wanted([station(firmware="5.8")]))
    load(target, [station(firmware="5.8")])

    assert (change.action, dict(change.after)) == (Action.UPDATE, {"charge_point_vendor": "Supplier A"})
    assert dict(change.kept) == {"fw_version": "6.0"}
    assert wrong(target, [station(firmware="5.8")]) == []


def test_finds_what_is_not_there_and_what_reads_otherwise(target, engine):
    planned = target.plan(wanted([station(), station("CS-2")]))
    list(target.apply(planned))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE charge_box SET imsi = NULL, fw_version = '9' WHERE charge_box_id = 'CS-1'"))
        connection.execute(sa.text("DELETE FROM charge_box WHERE charge_box_id = 'CS-2'"))

    assert target.verify(planned) == [
        Difference(entity="station", key="CS-1", field="fw_version", expected="5.8", found="9"),
        Difference(entity="station", key="CS-2", field="", expected="CS-2", found=None),
    ]


def test_leaves_every_row_of_a_used_target_that_is_not_ours_as_it_is(target, engine):
    theirs = (
        "INSERT INTO address (street, city) VALUES ('Their street 1', 'Delft')",
        "INSERT INTO charge_box (charge_box_id, note, address_pk, fw_version) VALUES ('THEIRS', 'keep', 1, '1')",
        "INSERT INTO ocpp_tag (id_tag, max_active_transaction_count, note) VALUES ('THEIRTAG', -1, 'keep')",
    )
    with engine.begin() as connection:
        for statement in theirs:
            connection.execute(sa.text(statement))
        before = snapshot(connection)

    load(target, [station(location_id="L1")], [evse()], [token()], locations=[location()])

    with engine.connect() as connection:
        after = snapshot(connection)
    assert {name: [row for row in after[name] if row in before[name]] for name in before} == before


def snapshot(connection):
    return {
        name: sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {name}")).all()))
        for name in ("address", "charge_box", "ocpp_tag", "transaction_start", "transaction_stop", "connector_status")
    }


def test_leaves_a_station_at_the_address_that_the_target_has_given_it(target):
    load(target, [station(location_id="L1")], locations=[location()])

    (_, change) = target.plan(wanted([station(location_id="L2")], locations=[location("L2", street="Dam 1")]))

    assert change.action is Action.SAME
    assert "Kade 5" in change.kept["address"]


@pytest.mark.parametrize(
    ("held", "given"),
    [
        pytest.param(
            {"stations": [station(serial_number="S1")]}, {"stations": [station(serial_number="S2")]}, id="serial"
        ),
        pytest.param({"tokens": [token(is_blocked=True)]}, {"tokens": [token()]}, id="a tag that the target blocks"),
        pytest.param(
            {"tokens": [token(expires_at=NEXT_YEAR)]}, {"tokens": [token()]}, id="a tag that the target lets expire"
        ),
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
    assert wrong(target, tokens=[stricter]) == []


def test_lets_a_token_that_may_charge_more_often_be(target, engine):
    load(target, tokens=[token()])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ocpp_tag SET max_active_transaction_count = -1"))

    assert actions(target.plan(wanted(tokens=[token()]))) == {"04A1B2C3D4E5F6": Action.SAME}
    assert wrong(target, tokens=[token()]) == []


def test_puts_parents_before_their_children(target):
    child, parent, grandparent = token("C", parent="B"), token("B", parent="A"), token("A")

    assert [change.key for change in target.plan(wanted(tokens=[child, parent, grandparent]))] == ["A", "B", "C"]
    assert len(target.plan(wanted(tokens=[token("A", parent="B"), token("B", parent="A")]))) == 2


def test_loads_a_token_without_a_parent_that_is_nowhere_and_with_it_once_it_is_there(target):
    orphan = token("A", parent="GONE")
    changes = target.plan(wanted(tokens=[orphan, token("C", parent="A")]))

    assert [each.error for each in target.apply(changes)] == [None, None]
    assert (changes[0].no_place, changes[1].no_place) == (("parent_id_tag",), ())
    assert target.verify(changes) == []
    assert actions(target.plan(wanted(tokens=[orphan]))) == {"A": Action.SAME}
    assert actions(target.plan(wanted(tokens=[orphan, token("GONE")]))) == {
        "GONE": Action.CREATE,
        "A": Action.UPDATE,
    }


def test_one_row_that_fails_costs_itself_alone(target):
    given = [station("X" * 300), station("CS-2")]
    applied = load(target, given)

    assert [bool(each.error) for each in applied] == [True, False]
    assert [difference.key for difference in wrong(target, given)] == ["X" * 300]


@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_rows_that_fail_cost_no_other_row_however_many_go_together(target, monkeypatch, batch):
    monkeypatch.setattr("charging.targets.steve.BATCH", batch)
    long_ids = {2, 5}
    stations = [station(f"CS-{number}" + "X" * (300 if number in long_ids else 0)) for number in range(8)]
    tokens = [token("A"), token("B", parent="A")]

    applied = load(target, stations, tokens=tokens)

    assert [each.key for each in applied] == [*(each.station_id for each in stations), "A", "B"]
    assert [number for number, each in enumerate(applied) if each.error] == [2, 5]
    assert {difference.key for difference in wrong(target, stations, tokens=tokens)} == {
        stations[number].station_id for number in long_ids
    }


def test_leaves_alone_what_changed_since_the_plan(target, engine):
    load(target, [station(vendor=None)])
    planned = target.plan(wanted([station()]))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE charge_box SET charge_point_vendor = 'Supplier B'"))

    (applied,) = target.apply(planned)

    assert "plan again" in applied.error


@pytest.mark.parametrize("generation", [Generation.EVSE], indirect=True, ids=["evse"])
def test_does_not_overrule_a_published_evse_id(target):
    load(target, [station()], [evse(evse_id=None)])

    assert actions(target.plan(wanted([station()], [evse()])))["CS-1*1"] is Action.UPDATE
    load(target, [station()], [evse()])
    refused = target.plan(wanted([station()], [evse(evse_id="NL*EVN*EOTHER*1")]))
    assert actions(refused)["CS-1*1"] is Action.REFUSE


@pytest.mark.parametrize("generation", [Generation.CONNECTOR], indirect=True, ids=["connector"])
def test_says_so_where_the_schema_has_no_place_for_an_evse_id(target):
    (_, change) = target.plan(wanted([station()], [evse()]))

    assert "NL*EVN*ECS1*1" in change.reason
    assert change.no_place == ("evse_id",)


@pytest.mark.parametrize("generation", [Generation.EVSE], indirect=True, ids=["evse"])
def test_loads_connectors_where_the_schema_has_them(engine):
    target = SteveTarget(engine)
    given = wanted([station()], [evse()], connectors=[connector(), connector("CS-9*1")])
    planned = target.plan(given)

    assert [each.error for each in target.apply(planned)] == [None, None, None, "its EVSE CS-9*1 is not loaded"]
    assert target.verify(planned) == []
    assert actions(target.plan(given))["CS-1*1#1"] is Action.SAME
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE evse_connector SET max_voltage = NULL"))
    assert [each.action for each in target.plan(given)][2] is Action.UPDATE
    assert [each.error for each in target.apply(target.plan(given))][2] is None
    assert target.verify(target.plan(given)) == []


@pytest.mark.parametrize("engine", ["mariadb"], indirect=True)
def test_refuses_what_the_server_cannot_tell_from_another_row(target):
    load(target, tokens=[token("ab12")])

    planned = target.plan(wanted([station("cs-1"), station("CS-1")], tokens=[token("AB12")]))

    assert [change.action for change in planned] == [Action.CREATE, Action.REFUSE, Action.REFUSE]
    assert "cs-1" in planned[1].reason


def test_says_that_the_target_is_down_without_its_password():
    down = SteveTarget(sa.create_engine("postgresql+psycopg://steve:hunter2@127.0.0.1:9/none"), "target")

    with pytest.raises((SourceError, BackOfficeUnavailable)) as caught:
        down.plan(wanted())
    assert "hunter2" not in str(caught.value)
