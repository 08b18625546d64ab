"""An id that both of our back-offices have given is tied out against each of its CDRs, and nothing is guessed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.reconciliation.follow_up.listed import Billed, Line, Terms, assigned
from charging.reconciliation.follow_up.tie_out import Invoice, tie_out

D = Decimal
MARCH = {"period_from": date(2026, 3, 1), "period_until": date(2026, 3, 31)}


def of(office, net, *, ended="2026-03-10", **more):
    ended_at = datetime.fromisoformat(ended).replace(tzinfo=UTC)
    amount = None if net is None else D(net)
    return Billed(cdr_id="77", currency="EUR", net=amount, back_office=office, ended_at=ended_at, **more)


LEGACY, TARGET = of("legacy", "0.36"), of("target", "0.72", case_key="R-2", invoices=("I-0", "I-1"))


def invoice(net, *amounts, **more):
    listed = tuple(Line(cdr_id="77", net=None if one is None else D(one)) for one in amounts)
    head = {"partner": "roa", "invoice_id": "I-1", "issuer": "ours", "currency": "EUR", "gross": None}
    return Invoice(**head, net=D(net), lines=listed, **more)


def differences(bill, *cdrs):
    found = tie_out(bill, {"77": list(cdrs)})
    assert found.summed + sum(one.amount for one in found.differences) == bill.net
    return [(str(one.difference), str(one.amount)) for one in found.differences]


BESIDE = [("listed_elsewhere", "0"), ("open_case", "0")]


@pytest.mark.parametrize(
    ("bill", "named"),
    [
        pytest.param(invoice("1.08", "0.36", "0.72"), BESIDE, id="one of each"),
        pytest.param(invoice("1.08", "0.72", "0.36"), BESIDE, id="in the other order"),
        pytest.param(invoice("1.08", None, None), BESIDE, id="both without an amount"),
        pytest.param(invoice("0.36", "0.36"), [], id="the legacy's alone"),
        pytest.param(invoice("0.72", "0.72"), BESIDE, id="the target's alone"),
        pytest.param(invoice("1.16", "0.36", "0.80"), [("line_amount", "0.08"), *BESIDE], id="what is left over"),
        pytest.param(
            invoice("1.44", "0.36", "0.72", "0.36"), [("listed_twice", "0.36"), *BESIDE], id="one of them again"
        ),
    ],
)
def test_assigns_what_the_amounts_tell(bill, named):
    assert differences(bill, LEGACY, TARGET) == named


@pytest.mark.parametrize(
    ("bill", "named"),
    [
        pytest.param(
            invoice("0.37", "0.37"), [("not_told_apart", "0.37"), *BESIDE], id="alone, with an amount of neither"
        ),
        pytest.param(
            invoice("0.36", None), [("not_told_apart", "0"), *BESIDE, ("remainder", "0.36")], id="alone, without amount"
        ),
        pytest.param(invoice("1.70", "0.80", "0.90"), [("not_told_apart", "1.70"), *BESIDE], id="two unlike both"),
        pytest.param(
            invoice("0.72", "0.36", "0.36"),
            [("not_told_apart", "0.36"), *BESIDE],
            id="the one again, or the other with a wrong amount",
        ),
        pytest.param(invoice("1.58", "0.36", "0.72", "0.50"), [*BESIDE, ("not_told_apart", "0.50")], id="one too many"),
        pytest.param(
            invoice("1.08", None, None, None),
            [("not_told_apart", "0"), *BESIDE, ("remainder", "1.08")],
            id="three without an amount",
        ),
    ],
)
def test_says_what_cannot_be_told_apart(bill, named):
    assert differences(bill, LEGACY, TARGET) == named


def test_says_both_amounts_and_whose_they_are():
    (untold, *_) = tie_out(invoice("0.37", "0.37"), {"77": [LEGACY, TARGET]}).differences

    assert untold.explanation == (
        "77 is listed with 0.37; we have 0.36 EUR (the legacy), 0.72 EUR (the target): say which of them is meant"
    )


@pytest.mark.parametrize(
    ("bill", "named"),
    [
        pytest.param(invoice("0.72", "0.36", "0.36"), [], id="each once"),
        pytest.param(invoice("0.36", "0.36"), [("not_told_apart", "0.36")], id="one of them"),
        pytest.param(invoice("1.08", "0.36", "0.36", "0.36"), [("listed_twice", "0.36")], id="one of them again"),
        pytest.param(invoice("1.70", "0.80", "0.90"), [("line_amount", "0.44"), ("line_amount", "0.54")], id="wrong"),
    ],
)
def test_where_both_state_the_same_it_matters_not_which_is_which(bill, named):
    assert differences(bill, LEGACY, of("target", "0.36")) == named


@pytest.mark.parametrize(
    ("ended", "is_told"),
    [("2026-04-01", False), ("2026-04-02", True), ("2026-02-28", False), ("2026-02-27", True)],
    ids=["a day after", "two days after", "a day before", "two days before"],
)
@pytest.mark.parametrize("amount", ["0.36", None])
def test_a_line_alone_is_told_by_the_period_where_that_is_beyond_doubt(ended, is_told, amount):
    bill = invoice("0.36", amount, **MARCH)
    cdrs = [LEGACY, of("target", "0.36", ended=ended)]

    found = assigned(bill.lines, cdrs, terms=Terms(currency="EUR", **MARCH))

    assert found.told == (((LEGACY, bill.lines),) if is_told else ())
    assert found.untold == (() if is_told else bill.lines)


@pytest.mark.parametrize("day", ["2026-03-10", "2026-05-10"], ids=["both within", "both beyond"])
def test_the_period_tells_nothing_where_it_holds_both_or_none(day):
    cdrs = [replace(LEGACY, ended_at=datetime.fromisoformat(day).replace(tzinfo=UTC)), of("target", "0.72", ended=day)]

    assert differences(invoice("0.36", "0.36", **MARCH), *cdrs) == []


def test_where_amount_and_period_disagree_a_person_decides():
    late = of("legacy", "0.36", ended="2026-04-20")

    assert differences(invoice("0.36", "0.36", **MARCH), late, of("target", "0.72")) == [("not_told_apart", "0.36")]


def test_an_amount_in_another_currency_tells_nothing():
    named = differences(invoice("0.36", "0.36"), replace(LEGACY, currency="SEK"), of("target", "0.72"))

    assert named == [("not_told_apart", "0.36")]


amounts = st.none() | st.sampled_from([D("0.36"), D("0.72"), D("0.80")])


@given(st.lists(amounts, min_size=1, max_size=5), st.lists(amounts, min_size=1, max_size=3))
def test_every_line_is_in_one_place_in_whatever_order_they_come(listed, held):
    lines = [Line(cdr_id="77", net=net, gross=D(place)) for place, net in enumerate(listed)]
    cdrs = [of(f"office {place}", net) for place, net in enumerate(held)]
    terms = Terms(currency="EUR")

    found, backwards = assigned(lines, cdrs, terms=terms), assigned(lines[::-1], cdrs[::-1], terms=terms)

    placed = [line for _, its in found.told for line in its] + list(found.untold)
    assert sorted(placed, key=lambda line: line.gross) == lines
    assert len({cdr.back_office for cdr, _ in found.told}) == len(found.told)
    assert [line.net for line in found.untold] == [line.net for line in backwards.untold][::-1]
