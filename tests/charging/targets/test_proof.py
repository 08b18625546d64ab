"""The sums of a proof: what is listed is what is missing, to the last row and the last watt-hour."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import CountsDisagree
from charging.targets.change import Action, Applied, Change, Difference
from charging.targets.outcome import Verdict, outcomes
from charging.targets.proof import fields_of, line, standing

COUNTS = st.dictionaries(st.sampled_from(["quarantined", "merged", "refused", "failed"]), st.integers(0, 1000))


def change(action, *, key="A", **fields):
    return Change(entity="token", key=key, action=action, reason="why", **fields)


@given(COUNTS, st.integers(0, 10_000), st.integers(-3, 3))
def test_a_sum_adds_up_exactly_if_nothing_is_missing_beside_what_is_listed(listed, after, missing):
    one = line("tokens", "clean to target", "rows", after + sum(listed.values()) + missing, after, **listed)

    assert one.adds_up == (missing == 0)
    assert "nothing" not in one.exceptions
    assert all(one.exceptions.values())


def test_energy_adds_up_without_rounding():
    assert line("sessions", "x", "kWh", Decimal("0.3"), Decimal("0.1"), merged=Decimal("0.2")).adds_up


@pytest.mark.parametrize(
    ("planned", "errors", "verdict", "why"),
    [
        pytest.param(change(Action.SAME), {}, Verdict.LOADED, "", id="it says all of it"),
        pytest.param(
            change(Action.UPDATE, after={"note": "C"}, before={"note": "D"}, fields={"note": "C"}),
            {},
            Verdict.ALTERED,
            "note: 'C' reads 'D'",
            id="it says otherwise",
        ),
        pytest.param(
            change(Action.UPDATE, fields={"name": "x"}), {}, Verdict.LOADED, "", id="only what is inside says otherwise"
        ),
        pytest.param(change(Action.CREATE), {}, Verdict.MISSING, "the target does not have it", id="it is not there"),
        pytest.param(
            change(Action.CREATE), {("token", "A"): "HTTP 500"}, Verdict.FAILED, "HTTP 500", id="it was not taken"
        ),
        pytest.param(change(Action.REFUSE), {}, Verdict.REFUSED, "why", id="it was not to be sent"),
        pytest.param(change(Action.UNKNOWN), {}, Verdict.UNKNOWN, "why", id="nobody knows"),
    ],
)
def test_a_row_stands_where_the_target_says_now(planned, errors, verdict, why):
    assert standing([planned], errors) == {("token", "A"): (verdict, why)}


def test_says_field_by_field_what_the_target_did_with_samples():
    rounded = change(Action.UPDATE, after={"lat": "52.01"}, before={"lat": "52"}, no_place=("expires_at",))
    kept = change(Action.SAME, key="B", fields={"fw": "5"}, kept={"fw": "6"}, no_place=("expires_at",))

    told = {(one.field, one.what): (one.rows, one.samples) for one in fields_of([rounded, kept])}

    assert told["lat", "altered"] == (1, (("A", "52.01", "52"),))
    assert told["fw", "kept"] == (1, (("B", "5", "6"),))
    assert told["expires_at", "no place"][0] == 2


def test_what_was_observed_decides_and_not_what_was_answered():
    planned = change(Action.CREATE)
    said_no = Applied(entity="token", key="A", action=Action.CREATE, error="the answer broke off")
    gone = Difference(entity="token", key="A", field="", expected="A", found=None)
    accepted = Applied(entity="token", key="A", action=Action.CREATE, error=None)

    assert [outcomes([planned], [said_no], [])[0].verdict, outcomes([planned], [said_no], [gone])[0].verdict] == [
        Verdict.LOADED,
        Verdict.FAILED,
    ]
    assert outcomes([planned], [accepted], [gone])[0].verdict is Verdict.MISSING


def test_a_row_of_which_nothing_is_known_stops_the_load():
    with pytest.raises(CountsDisagree):
        outcomes([change(Action.CREATE)], [], [])
