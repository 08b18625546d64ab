"""What the move itself explains is named, and nothing else of the verdict changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from charging.reconciliation.follow_up.coexistence import named
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import Cohort


@pytest.mark.parametrize(
    ("minutes", "straddles"),
    [
        pytest.param(0, False, id="when it began"),
        pytest.param(1, True, id="while it ran"),
        pytest.param(59, True, id="just before its end"),
        pytest.param(60, False, id="when it ended"),
    ],
)
def test_names_a_session_that_the_move_cut_in_two(night, ours, theirs, minutes, straddles):
    cdr = ours(station_id="CS-1")
    judged = night([cdr], [theirs()]).judged

    (found,) = named(judged, [cdr], moved_at={"CS-1": cdr.started_at + timedelta(minutes=minutes)})

    assert (Kind.STRADDLES_CUTOVER in found.kinds) is straddles
    assert replace(found, kinds=()) == replace(judged[0], kinds=())


@pytest.mark.parametrize(
    ("cohort", "kinds"),
    [
        pytest.param(Cohort.MOVED, (Kind.TWO_ROUTES,), id="by the other back-office"),
        pytest.param(Cohort.NOT_MOVED, (), id="by the same"),
    ],
)
def test_names_a_charge_that_both_back_offices_have_recorded(night, ours, theirs, cohort, kinds):
    cdrs = [ours("1", cohort=Cohort.NOT_MOVED), ours("2", cohort=cohort)]
    judged = night(cdrs, [theirs("1")]).judged

    found = named(judged, cdrs, moved_at={})

    assert [one.kinds for one in found if one.verdict is Verdict.DUPLICATE] == [kinds]
    assert [one.kinds for one in found if one.verdict is Verdict.EQUAL] == [()]
