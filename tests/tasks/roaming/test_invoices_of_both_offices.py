"""What we have billed is tied out against the CDRs that the nights have judged last, of either back-office."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from charging.database.operations import clean
from charging.database.operations import invoices as write
from charging.database.queries import invoices as read
from charging.database.queries import nights
from charging.reconciliation.follow_up.listed import Line
from charging.reconciliation.follow_up.tie_out import Invoice
from tasks import invoices

LATER = "2026-03-09T04:30:00+00:00"
STILL_LATER = "2026-03-09T05:30:00+00:00"


def tariff(price):
    return {
        "id": f"T{price}",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}],
    }


@pytest.fixture
def numbered(engine, own_session):
    """What stores a session of an hour under the number 77, as one of the back-offices saw it."""

    def stored(office, hour, *, kwh="0.900", **more):
        energy = {"energy_kwh": Decimal(kwh), "meter_stop_wh": Decimal(kwh) * 1000}
        one = replace(own_session(hour), session_id="77", **energy, **more)
        with engine.begin() as connection:
            clean.store_entities(connection, [one], extract_id=f"{office}-1", back_office=office)

    return stored


@pytest.fixture
def tied_out(engine):
    """What stores an invoice of ours that lists the number 77 with some amounts, and holds it against its CDRs."""

    def done(*amounts, invoice_id="I-1"):
        lines = tuple(Line(cdr_id="77", net=Decimal(one)) for one in amounts)
        net = sum((line.net for line in lines), Decimal(0))
        bill = Invoice(
            partner="roa", invoice_id=invoice_id, issuer="ours", currency="EUR", net=net, gross=None, lines=lines
        )
        with engine.begin() as connection:
            write.store(connection, bill, source="i.csv", at=datetime(2026, 4, 1, tzinfo=UTC))
            found = invoices.tied_out(connection, tolerance=Decimal(0), partner="roa", invoice_id=invoice_id)
        (one,) = found["invoices"]
        return str(one["tie_out"].summed), [
            (str(each.difference), str(each.amount), each.explanation) for each in one["tie_out"].differences
        ]

    return done


def test_an_invoice_that_lists_a_number_of_both_offices_is_tied_out_against_both(
    partner_network, numbered, reconciled, make_record, tied_out
):
    numbered("legacy", 10)
    numbered("target", 13, kwh="1.800")
    theirs = [make_record(hour) for hour in (8, 9, 10)]
    reconciled(*theirs, make_record(13, kwh=1.8), at=LATER)

    assert tied_out("0.36", "0.72") == ("1.08", [])
    summed, (again,) = tied_out("0.36", "0.72", "0.72")
    assert (summed, again) == ("1.08", ("listed_twice", "0.72", "77 of the target is listed 2 times"))
    summed, (untold,) = tied_out("0.50")
    assert (summed, untold[:2]) == ("0", ("not_told_apart", "0.50"))


def test_an_open_case_and_another_invoice_are_named_of_the_one_that_they_are_about(
    partner_network, numbered, reconciled, make_record, tied_out
):
    numbered("legacy", 10)
    numbered("target", 13, kwh="1.800")
    reconciled(*(make_record(hour) for hour in (8, 9, 10)), at=LATER)
    tied_out("0.72", invoice_id="I-0")

    _, legacy = tied_out("0.36")
    _, target = tied_out("0.72", invoice_id="I-2")

    assert legacy == []
    assert [name for name, *_ in target] == ["listed_elsewhere", "open_case"]
    assert target[0][2] == "77 of the target is also on I-0"
    assert target[1][2].endswith("about 77 of the target is open")


def test_a_charge_that_both_offices_hold_under_one_number_is_billed_once(
    partner_network, numbered, reconciled, make_record, tied_out
):
    numbered("legacy", 10)
    numbered("target", 10)
    reconciled(*(make_record(hour) for hour in (8, 9, 10)), at=LATER)

    summed, named = tied_out("0.36", "0.36")

    assert (summed, [name for name, *_ in named]) == ("0.36", ["listed_twice", "open_case"])


def test_ours_is_what_was_judged_last_also_where_an_earlier_amount_is_agreed_again(
    partner_network, settings, numbered, reconciled, make_record, tied_out
):
    numbered("legacy", 10)
    theirs = [make_record(hour) for hour in (8, 9, 10)]
    agreed = settings.home / settings.partners / "roa.json"
    before = agreed.read_text()
    reconciled(*theirs, at=LATER)
    assert tied_out("0.36") == ("0.36", [])

    agreed.write_text(json.dumps(tariff(0.20)))
    reconciled(*theirs, at=STILL_LATER)
    summed, (beside,) = tied_out("0.18")
    assert (summed, beside[:2]) == ("0.18", ("open_case", "0"))

    agreed.write_text(before)
    reconciled(*theirs, at="2026-03-09T06:30:00+00:00")
    assert tied_out("0.36") == ("0.36", [])


def test_theirs_is_what_came_first(partner_network, reconciled, make_record, engine):
    reconciled(make_record(8), at=LATER)
    reconciled(make_record(8, total_cost={"excl_vat": 0.40}), at=STILL_LATER)

    with engine.connect() as connection:
        found = read.billed(connection, "roa", ["cdr-8"], issuer="theirs")

    assert [(one.net, one.back_office) for one in found["CDR-8"]] == [(Decimal("0.36"), None)]


@pytest.mark.parametrize(("office", "is_reopened"), [("target", True), ("legacy", False)])
def test_a_night_is_judged_again_when_the_other_office_tells_of_a_session_numbered_and_measured_alike(
    partner_network, numbered, reconciled, make_record, office, is_reopened
):
    numbered("legacy", 10)
    theirs = [make_record(hour) for hour in (8, 9, 10)]
    reconciled(*theirs, at=LATER)
    elsewhere = {"station_id": "CS-9"} if is_reopened else {}
    numbered(office, 10, **elsewhere)

    told = reconciled(*theirs, day=date(2026, 3, 8), at=STILL_LATER)
    again = reconciled(*theirs, day=date(2026, 3, 8), at="2026-03-09T06:30:00+00:00")

    found = [(one["day"], one["because"], one["verdicts"]) for one in told["reopened"]]
    assert found == (
        [("2026-03-01", nights.OWN_SESSIONS, {"equal": 3, "missing_at_partner": 1})] if is_reopened else []
    )
    assert again["reopened"] == []


def test_the_head_says_which_office_has_numbered_what_was_left_out(
    partner_network, numbered, reconciled, make_record, engine
):
    numbered("target", 13, is_billable=False)
    numbered("legacy", 10, is_estimated=True)
    reconciled(make_record(8), make_record(9), at=LATER)

    with engine.connect() as connection:
        left_out = nights.night(connection, "roa", date(2026, 3, 1))["summary"]["skipped"]

    assert [(one["session_id"], one["back_office"], one["reason"]) for one in left_out] == [
        ("77", "legacy", "its end is estimated: a person decides whether it is billed"),
        ("77", "target", "it is a failed start"),
    ]
