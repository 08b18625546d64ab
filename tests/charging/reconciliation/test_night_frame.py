from datetime import timedelta
from decimal import Decimal

import pytest

from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.roaming.frame import to_frame


@pytest.fixture
def framed(terms_and_tariffs):
    def of(our_cdrs, their_cdrs, **more):
        return reconcile_frames(to_frame(our_cdrs), to_frame(their_cdrs), **{**terms_and_tariffs, **more})

    return of


def test_columns_and_values_say_the_same(ours, theirs, night, framed):
    our_cdrs = [ours(), ours("2", start=ours().started_at + timedelta(days=1))]
    their_cdrs = [theirs(net="4.60"), theirs("3", start=ours().started_at + timedelta(days=2), evse_compact="NLEVNE9")]

    values, columns = night(our_cdrs, their_cdrs), framed(our_cdrs, their_cdrs)

    assert to_judged(columns) == list(values.judged)
    assert columns.summary == values.summary


def test_an_amount_that_does_not_fit_in_a_column_is_judged_exactly(ours, theirs, night, framed):
    fine = theirs(net="4.6000000001")

    found = framed([ours()], [fine], exact={fine.cdr_key: fine})

    assert found.judged["is_exact"].to_list() == [False]
    assert to_judged(found) == list(night([ours()], [fine]).judged)
    assert found.inexact[0].difference == Decimal("0.1000000001")


def test_a_row_that_is_not_exact_needs_its_cdr(ours, theirs, framed):
    with pytest.raises(KeyError):
        framed([ours()], [theirs(net="4.6000000001")])
