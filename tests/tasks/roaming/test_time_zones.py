"""A tariff that depends on the clock goes by the one at the location, in the night and in what is proposed of it."""

import json
from dataclasses import replace
from datetime import date

import pytest

from charging.database.queries import cases, nights, stored_cdrs

DAY = date(2026, 3, 1)
EVENING = {
    "id": "E",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.50, "step_size": 1}],
            "restrictions": {"start_time": "17:00", "end_time": "00:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": 0.20, "step_size": 1}]},
    ],
}


@pytest.fixture
def evening(partner_network, settings, own_session, the_location):
    """A session at five in the afternoon by the clock at its location, which is three in UTC; the evening is dear."""
    (settings.home / settings.partners / "roa.json").write_text(json.dumps(EVENING))
    partner_network(replace(the_location, time_zone="Europe/Athens"), own_session(15))


def test_a_session_is_priced_by_the_clock_of_our_location(evening, reconciled, make_record, engine):
    hours = [make_record(hour, total_cost={"excl_vat": 0.18}) for hour in (8, 9, 15)]

    told = reconciled(*hours, at="2026-03-09T04:30:00+00:00")

    assert told["verdicts"] == {"equal": 2, "ours_right": 1}
    with engine.connect() as connection:
        (wrong,) = (one for one in nights.judged(connection, "roa", DAY) if one.verdict == "ours_right")
        (case,) = cases.cases(connection, cases.Wanted(partner="roa", is_open=True))
        (proposal,) = cases.proposals(connection, case_keys=[case.case_key])
    assert "recomputed 0.45 from ours and 0.45 from theirs by the clock of Europe/Athens" in wrong.explanation
    recomputed = proposal["evidence"]["recomputed"]
    assert {(side["time_zone"], side["net"]) for side in recomputed.values()} == {("Europe/Athens", "0.45")}


def test_where_the_zone_of_the_location_is_none_that_exists_the_agreed_one_counts(
    evening, partner_network, the_location, reconciled, make_record
):
    partner_network(replace(the_location, time_zone="Europe/Atlantis"))

    told = reconciled(*(make_record(hour, total_cost={"excl_vat": 0.18}) for hour in (8, 9, 15)))

    assert told["verdicts"] == {"equal": 3}


def test_what_is_stored_is_what_was_judged_also_when_the_clock_of_a_location_becomes_known(
    partner_network, settings, own_session, the_location, reconciled, make_record, engine
):
    (settings.home / settings.partners / "roa.json").write_text(json.dumps(EVENING))
    partner_network(own_session(15))
    theirs = [make_record(hour, total_cost={"excl_vat": 0.18}) for hour in (8, 9)]
    theirs.append(make_record(15, total_cost={"excl_vat": 0.45}))

    before = reconciled(*theirs, at="2026-03-09T04:30:00+00:00")
    partner_network(replace(the_location, time_zone="Europe/Athens"))
    after = reconciled(*theirs, at="2026-03-09T05:30:00+00:00")

    assert before["verdicts"] == {"equal": 2, "ours_right": 1}
    assert after["verdicts"] == {"equal": 3}
    with engine.connect() as connection:
        judged = nights.judged(connection, "roa", DAY)
        stored = stored_cdrs.by_keys(connection, "roa", [one.ours_key for one in judged])
        (case,) = cases.cases(connection, cases.Wanted(partner="roa"))
    assert {(cdr.cdr_id, str(cdr.net), cdr.time_zone) for cdr in stored.values()} == {
        ("8", "0.18", "Europe/Athens"),
        ("9", "0.18", "Europe/Athens"),
        ("15", "0.45", "Europe/Athens"),
    }
    assert not case.is_open


def test_what_is_stored_is_what_was_judged_also_when_another_tariff_is_agreed(
    evening, settings, reconciled, make_record, engine
):
    theirs = [make_record(hour, total_cost={"excl_vat": 0.18}) for hour in (8, 9, 15)]
    reconciled(*theirs, at="2026-03-09T04:30:00+00:00")
    cheap = {**EVENING, "id": "D", "elements": EVENING["elements"][1:]}
    (settings.home / settings.partners / "roa.json").write_text(json.dumps(cheap))

    told = reconciled(*theirs, at="2026-03-09T05:30:00+00:00")

    assert told["verdicts"] == {"equal": 3}
    with engine.connect() as connection:
        keys = [one.ours_key for one in nights.judged(connection, "roa", DAY)]
        stored = stored_cdrs.by_keys(connection, "roa", keys)
    assert {(str(cdr.net), cdr.tariff_id) for cdr in stored.values()} == {("0.18", "D")}
