"""An invoice is what it lists: every difference has a name, and together they make the invoice's amount."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.reconciliation.follow_up.at_risk import NO_WAVE, OLDER, at_risk, band
from charging.reconciliation.follow_up.listed import Billed, Line
from charging.reconciliation.follow_up.tie_out import Invoice, tie_out

D = Decimal
KNOWN = {
    "A": [Billed(cdr_id="A", currency="EUR", net=D("4.50"))],
    "B": [Billed(cdr_id="B", currency="EUR", net=D("1.25"), case_key="R-1")],
    "S": [Billed(cdr_id="S", currency="SEK", net=D(40))],
    "N": [Billed(cdr_id="N", currency="EUR", net=None)],
    "E": [Billed(cdr_id="E", currency="EUR", net=D("2.00"), invoices=("I-1", "I-0"))],
    "T": [
        Billed(cdr_id="T", currency="EUR", net=D("0.36"), back_office="legacy"),
        Billed(cdr_id="T", currency="EUR", net=D("0.72"), back_office="target", case_key="R-2"),
    ],
}


def invoice(net, *lines, currency="EUR"):
    listed = tuple(line if isinstance(line, Line) else Line(cdr_id=line) for line in lines)
    amount = None if net is None else D(net)
    return Invoice(
        partner="roa", invoice_id="I-1", issuer="theirs", currency=currency, net=amount, gross=None, lines=listed
    )


@pytest.mark.parametrize(
    ("bill", "differences", "is_tied"),
    [
        pytest.param(invoice("4.50", "A"), [], True, id="it ties"),
        pytest.param(invoice("4.50", "a"), [], True, id="in small letters"),
        pytest.param(invoice("5.75", "A", "B"), [("open_case", "B", "0")], True, id="with reserve"),
        pytest.param(invoice("4.51", "A"), [("remainder", None, "0.01")], False, id="a cent over"),
        pytest.param(invoice("9.00", "A", "A"), [("listed_twice", "A", "4.50")], False, id="twice"),
        pytest.param(
            invoice("8.50", "A", Line(cdr_id="X", net=D("4.00"))), [("unknown_cdr", "X", "4.00")], False, id="unknown"
        ),
        pytest.param(
            invoice("8.50", "A", "X"), [("unknown_cdr", "X", "0"), ("remainder", None, "4.00")], False, id="no amount"
        ),
        pytest.param(
            invoice("5.00", Line(cdr_id="A", net=D("5.00"))), [("line_amount", "A", "0.50")], False, id="another amount"
        ),
        pytest.param(invoice("0", "S"), [("other_currency", "S", "0")], False, id="another currency"),
        pytest.param(invoice("0", "N"), [("no_amount", "N", "0")], False, id="a CDR without an amount"),
        pytest.param(invoice(None, "A"), [("no_amount", None, "0")], False, id="an invoice without an amount"),
        pytest.param(invoice("2.00", "E"), [("listed_elsewhere", "E", "0")], False, id="on two invoices"),
    ],
)
def test_names_every_difference(bill, differences, is_tied):
    found = tie_out(bill, KNOWN)

    assert [(str(one.difference), one.cdr_id, str(one.amount)) for one in found.differences] == differences
    assert found.is_tied is is_tied


def test_takes_the_currency_of_what_is_listed():
    assert tie_out(invoice("5.75", "A", "B", currency=None), KNOWN).currency == "EUR"


@pytest.mark.parametrize(("over", "named"), [("0.01", 0), ("0.02", 1)])
def test_bears_a_remainder_up_to_the_tolerance(over, named):
    found = tie_out(invoice(str(D("4.50") + D(over)), "A"), KNOWN, tolerance=D("0.01"))

    assert len(found.differences) == named


amounts = st.decimals(min_value=-1000, max_value=1000, places=2)
lines = st.builds(Line, cdr_id=st.sampled_from([*KNOWN, "X", "Y"]), net=st.none() | amounts)


@given(st.lists(lines, max_size=12), amounts)
def test_adds_up_to_the_invoice_whatever_it_lists(listed, net):
    found = tie_out(invoice(str(net), *listed), KNOWN)

    assert found.summed + sum(one.amount for one in found.differences) == net


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "up to 7 days"), (7, "up to 7 days"), (8, "8 to 30 days"), (90, "31 to 90 days"), (91, OLDER)],
)
def test_puts_an_age_in_one_band(days, name):
    assert band(days) == name


def test_counts_money_at_risk_once(book, ours, theirs, ended):
    book.after([ours("1"), ours("2", start=ended)], [theirs("1", net="5.50")])
    waiting, other = book.cases.values()

    found = at_risk([waiting, replace(other, wave=None)], as_of=ended)

    assert sum(one.amount for one in found) == D("5.50")
    assert {(one.partner, one.wave, one.cases) for one in found} == {("roa", "2", 1), ("roa", NO_WAVE, 1)}
