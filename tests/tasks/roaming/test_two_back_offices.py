"""Nights while two back-offices run beside each other: a charge that both hold is billed once, and its case is open."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from charging.database.operations import clean
from charging.database.queries import cases, nights, stored_cdrs
from charging.network import Evse, Lane, Station, Token

DAY = date(2026, 3, 1)
LATER = "2026-03-09T04:30:00+00:00"


@pytest.fixture
def also_target(engine, partner_network, own_session):
    """What stores the charge of an hour once more, as the target saw it: under another id, and half a minute later."""

    def stored(hour, *, session_id="4711", seconds=30):
        one = own_session(hour)
        apart = timedelta(seconds=seconds)
        seen = replace(one, session_id=session_id, started_at=one.started_at + apart, stopped_at=one.stopped_at + apart)
        with engine.begin() as connection:
            clean.store_entities(connection, [seen], extract_id="target-1", back_office="target")

    return stored


@pytest.fixture
def opened(engine):
    """What returns the partner's open cases by the id of our CDR."""

    def found():
        with engine.connect() as connection:
            listed = cases.cases(connection, cases.Wanted(partner="roa", is_open=True))
        return {one.ours_key.split("|")[3]: one for one in listed}

    return found


def test_the_second_of_a_charge_opens_a_case_with_its_money(also_target, reconciled, make_record, opened, engine):
    also_target(8)

    told = reconciled(make_record(8), make_record(9), at=LATER)
    again = reconciled(make_record(8), make_record(9), at=LATER)

    assert told["verdicts"] == again["verdicts"] == {"duplicate": 1, "equal": 2}
    (case,) = opened().values()
    assert (case.verdict, case.kinds, case.money_at_risk, case.turn) == (
        "duplicate",
        ("two_routes",),
        Decimal("0.36"),
        "us",
    )
    assert case.state == "found", "nothing of it is sent to the partner, who was billed once"
    assert "both back-offices hold this charge, as 8 (0.36 EUR) and as 4711 (0.36 EUR)" in case.explanation
    with engine.connect() as connection:
        head = nights.night(connection, "roa", DAY)
    assert head["summary"]["notes"] == ["both back-offices hold 1 charges (0.36 EUR): each is billed once"]


def test_what_the_other_back_office_tells_later_is_found_then(also_target, reconciled, make_record, opened):
    reconciled(make_record(8), make_record(9), at=LATER)
    also_target(8)

    told = reconciled(make_record(8), make_record(9), at=LATER)

    assert told["verdicts"] == {"duplicate": 1, "equal": 2}
    assert set(opened()) == {"4711"}


def test_what_the_partner_was_billed_twice_is_proposed_as_a_credit(also_target, reconciled, make_record, opened):
    also_target(8)
    later = {"start_date_time": "2026-03-01T08:00:30Z", "end_date_time": "2026-03-01T08:45:30Z"}

    told = reconciled(make_record(8, id="8"), make_record(8, id="4711", **later), make_record(9), at=LATER)

    assert told["verdicts"] == {"duplicate": 1, "equal": 2}
    (case,) = opened().values()
    assert case.theirs_key is not None
    assert (case.money_at_risk, case.state) == (Decimal("0.36"), "proposed")


@pytest.fixture
def numbered_alike(engine, partner_network, own_session):
    """What stores two sessions that have nothing in common but their number: one of each back-office."""

    def stored(legacy_hour, target_hour):
        token = replace(DRIVER, contract_id="NL-ROA-C00122099-9")
        partner_network(replace(STATION, station_id="CS-2"), EVSE, token)
        legacy = replace(own_session(legacy_hour), session_id="77")
        target = own_session(target_hour, started_at=f"2026-03-01T{target_hour:02}:01:00+00:00")
        target = replace(target, session_id="77", station_id="CS-2", token_uid=token.token_uid, **KWH)
        partner_network(legacy)
        with engine.begin() as connection:
            clean.store_entities(connection, [target], extract_id="target-1", back_office="target")

    return stored


STATION = Station(
    station_id="CS-1",
    location_id="L1",
    vendor="Supplier A",
    model="A1",
    serial_number=None,
    firmware="4.2",
    iccid=None,
    imsi=None,
    apn=None,
    ocpp_protocol="ocpp1.6",
    lane=Lane.LIVE,
    last_seen_at=None,
)
EVSE = Evse(evse_uid="E2", station_id="CS-2", connector_id=1, evse_id="NL*EVN*E2")
DRIVER = Token(
    token_uid="04FFFFFFFFFFFF", parent_uid=None, contract_id=None, issuer="NL-ROA", is_blocked=False, expires_at=None
)
KWH = {"energy_kwh": Decimal("1.800"), "meter_stop_wh": Decimal(1800)}


def of_the_target(make_record, hour, **more):
    return make_record(
        hour,
        kwh=1.8,
        started="2026-03-01T{hour:02}:01:00Z",
        ended="2026-03-01T{hour:02}:46:00Z",
        cdr_token={"uid": DRIVER.token_uid, "contract_id": "NL-ROA-C00122099-9"},
        cdr_location={"evse_id": "NL*EVN*E2", "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        **more,
    )


@pytest.mark.parametrize(
    ("legacy_id", "target_id"),
    [("P1", "P2"), ("77", "P2"), ("P1", "77"), ("77", "077")],
    ids=["ids of its own", "the legacy's number", "the target's number", "both"],
)
def test_sessions_that_two_back_offices_number_alike_are_each_judged_by_itself(
    numbered_alike, reconciled, make_record, engine, legacy_id, target_id
):
    numbered_alike(10, 10)
    theirs = [make_record(10, id=legacy_id), of_the_target(make_record, 10, id=target_id)]

    told = reconciled(make_record(8), make_record(9), *theirs, at=LATER)

    assert told["verdicts"] == {"equal": 4}
    with engine.connect() as connection:
        head = nights.night(connection, "roa", DAY)
        pairs = [(one.ours_key, one.theirs_key) for one in nights.judged(connection, "roa", DAY)]
        ours, theirs = (stored_cdrs.by_keys(connection, "roa", keys) for keys in zip(*pairs, strict=True))
        assert cases.cases(connection, cases.Wanted(partner="roa")) == []
    assert all(ours[one].energy_kwh == theirs[other].energy_kwh for one, other in pairs)
    assert head["summary"]["notes"] == []


@pytest.mark.parametrize("target_hour", [10, 13])
def test_each_of_two_sessions_that_are_numbered_alike_has_a_case_of_its_own(
    numbered_alike, reconciled, make_record, engine, target_hour
):
    numbered_alike(10, target_hour)

    told = reconciled(make_record(8), make_record(9), at=LATER)
    again = reconciled(make_record(8), make_record(9), of_the_target(make_record, target_hour, id="P2"), at=LATER)

    assert told["verdicts"] == {"equal": 2, "missing_at_partner": 2}
    assert again["verdicts"] == {"equal": 3, "missing_at_partner": 1}
    with engine.connect() as connection:
        found = cases.cases(connection, cases.Wanted(partner="roa"))
    assert {(one.cohort, str(one.money_at_risk), one.is_open) for one in found} == {
        ("not_moved", "0.36", True),
        ("moved", "0.00", False),
    }
