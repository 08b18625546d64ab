"""How late is too late is learnt from the partner's own past, and agreed while there is too little of it."""

from datetime import timedelta
from fractions import Fraction

import pytest

from charging.reconciliation.follow_up.lateness import LEAST, LONGEST, Arrivals, learnt

AGREED = timedelta(days=3)


def test_keeps_to_what_was_agreed_while_too_few_have_come():
    found = learnt(Arrivals(by_hour={1: LEAST - 1}), agreed=AGREED)

    assert (found.after, found.is_learnt, found.sample) == (AGREED, False, LEAST - 1)


def test_learns_from_the_first_sample_that_is_large_enough():
    found = learnt(Arrivals(by_hour={1: LEAST - 1, 200: 1}), agreed=AGREED)

    assert (found.after, found.is_learnt) == (timedelta(days=1, hours=1), True)


def test_takes_a_slow_partner_for_slow():
    found = learnt(Arrivals(by_hour={20: 900, 24 * 9: 100}), agreed=AGREED)

    assert found.after == timedelta(days=10)


def test_waits_for_ever_for_nobody():
    assert learnt(Arrivals(by_hour={24 * 400: LEAST}), agreed=AGREED).after == LONGEST


@pytest.mark.parametrize(
    ("share", "hours"),
    [
        pytest.param(Fraction(1, 1000), 1, id="the first"),
        pytest.param(Fraction(1, 2), 1, id="exactly half"),
        pytest.param(Fraction(501, 1000), 5, id="one more than half"),
        pytest.param(Fraction(1), 9, id="all"),
    ],
)
def test_gives_a_delay_that_was_seen(share, hours):
    arrivals = Arrivals(by_hour={9: 1, 1: 500, 5: 499})

    assert arrivals.quantile(share) == timedelta(hours=hours)
    assert arrivals.within(arrivals.quantile(share)) >= share


@pytest.mark.parametrize("share", [Fraction(0), Fraction(11, 10)])
def test_refuses_a_share_that_is_none(share):
    with pytest.raises(ValueError, match="there is no delay"):
        Arrivals(by_hour={1: 1}).quantile(share)


def test_has_no_share_of_nothing():
    assert Arrivals(by_hour={}).within(AGREED) == 0
