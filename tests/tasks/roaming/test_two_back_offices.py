"""Nights while two back-offices run beside each other: a charge that both hold is billed once, and its case is open."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from charging.database.operations import clean
from charging.database.queries import cases, nights

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
