"""The gate's arithmetic, criteria and decisions."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import GateClosed
from charging.migration.binomial import lower_bound, upper_bound
from charging.migration.criteria import Evidence, Pilot, Share, Verdict
from charging.migration.gates import Choice, Decision, canonical, evidence_hash, judge, require_decision

GOOD = Evidence(
    gate="wave-3",
    wave=3,
    as_of=datetime(2026, 3, 1, 6, 0, tzinfo=UTC),
    quarantined_stations=Share(count=1, total=300),
    quarantined_tokens=Share(count=0, total=5000),
    pilots=(
        Pilot(kind="Alfen NG910 6.1", planned=3, verified=3, rolled_back=0, to_site=0),
        Pilot(kind="Amina S 4.2.85", planned=3, verified=3, rolled_back=0, to_site=0),
    ),
    problems=Share(count=1, total=66),
    vetoes=(),
    connected=Share(count=65, total=65),
    disputed_moved=Share(count=0, total=90),
    disputed_not_moved=Share(count=2, total=900),
    unnamed=(),
    overdue=(),
)


@pytest.mark.parametrize(
    ("bound", "count", "total", "confidence", "expected"),
    [
        pytest.param(upper_bound, 0, 300, 0.975, 0.012220, id="0 of 300, two-sided 95 %"),
        pytest.param(upper_bound, 0, 299, 0.95, 0.009969, id="0 of 299, one-sided"),
        pytest.param(upper_bound, 5, 10, 0.975, 0.812914, id="5 of 10, published upper"),
        pytest.param(lower_bound, 5, 10, 0.975, 0.187086, id="5 of 10, published lower"),
        pytest.param(lower_bound, 10, 10, 0.95, 0.741134, id="all of 10"),
        pytest.param(lower_bound, 0, 10, 0.95, 0.0, id="none"),
        pytest.param(upper_bound, 10, 10, 0.95, 1.0, id="all"),
    ],
)
def test_bounds_equal_the_published_ones(bound, count, total, confidence, expected):
    assert bound(count, total, confidence=confidence) == pytest.approx(expected, abs=1e-6)


def exact_tail(count, total, share):
    """The probability of `count` or more, in whole fractions: slow, obvious, exact."""
    return sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(count, total + 1))


@given(st.integers(1, 40).flatmap(lambda total: st.tuples(st.integers(1, total), st.just(total))))
def test_at_the_lower_bound_as_many_or_more_are_as_rare_as_was_asked(share):
    count, total = share

    found = exact_tail(count, total, Fraction(lower_bound(count, total)))

    assert math.isclose(found, 0.05, rel_tol=1e-6)


@given(st.integers(1, 100_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_bounds_enclose_the_plain_share_of_networks_of_any_size(share):
    count, total = share

    assert 0 <= lower_bound(count, total) <= count / total <= upper_bound(count, total) <= 1


@pytest.mark.parametrize("share", [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(ValueError, match="is no share"):
        upper_bound(*share)


def pilot(**counts):
    return (Pilot(**({"kind": "X", "planned": 3, "verified": 0, "rolled_back": 0, "to_site": 0} | counts)),)


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        pytest.param({}, Verdict.OPEN, "", id="all well"),
        pytest.param({"quarantined_stations": Share(count=5, total=100)}, Verdict.OPEN, "", id="stations at the limit"),
        pytest.param(
            {"quarantined_stations": Share(count=6, total=100)}, Verdict.CLOSED, "6 of 100 stations", id="beyond it"
        ),
        pytest.param(
            {"quarantined_tokens": Share(count=21, total=1000)}, Verdict.CLOSED, "21 of 1000 tokens", id="tokens"
        ),
        pytest.param({"pilots": pilot(verified=2)}, Verdict.INCONCLUSIVE, "2 verified", id="pilot under way"),
        pytest.param({"pilots": pilot(verified=2, to_site=1)}, Verdict.CLOSED, "1 to site", id="pilot lost one"),
        pytest.param({"pilots": pilot(rolled_back=3)}, Verdict.CLOSED, "3 rolled back", id="pilot failed"),
        pytest.param(
            {"pilots": pilot(verified=2, rolled_back=1)}, Verdict.INCONCLUSIVE, "1 rolled back", id="pilot in part"
        ),
        pytest.param({"problems": Share(count=0, total=0)}, Verdict.OPEN, "", id="nothing done yet"),
        pytest.param({"problems": Share(count=0, total=3)}, Verdict.OPEN, "", id="three without a problem"),
        pytest.param({"problems": Share(count=1, total=20)}, Verdict.OPEN, "", id="at the limit"),
        pytest.param(
            {"problems": Share(count=2, total=20)},
            Verdict.INCONCLUSIVE,
            "2 of 20 stations had problems, 10.00 % (limit 5.00 %): from so few, between 1.81 % and 28.26 %",
            id="two of twenty may be chance",
        ),
        pytest.param({"problems": Share(count=4, total=20)}, Verdict.CLOSED, "between 7.1", id="four are not"),
        pytest.param({"problems": Share(count=19, total=19)}, Verdict.INCONCLUSIVE, "19 of 19", id="too few to close"),
        pytest.param({"vetoes": ("driver trapped",)}, Verdict.CLOSED, "veto: driver trapped", id="veto"),
        pytest.param(
            {"connected": Share(count=94, total=100)}, Verdict.CLOSED, "94 of 100 moved", id="moved but silent"
        ),
        pytest.param(
            {"disputed_moved": Share(count=0, total=59)}, Verdict.INCONCLUSIVE, "fewer than 60", id="too few CDRs"
        ),
        pytest.param({"disputed_moved": Share(count=0, total=60)}, Verdict.OPEN, "", id="the rule of three's sample"),
        pytest.param(
            {"disputed_moved": Share(count=9, total=90)}, Verdict.CLOSED, "moving made it worse", id="moved are worse"
        ),
        pytest.param(
            {"disputed_moved": Share(count=45, total=90), "disputed_not_moved": Share(count=450, total=900)},
            Verdict.INCONCLUSIVE,
            "45 of 90",
            id="a partner's bad night is nobody's fault",
        ),
        pytest.param({"unnamed": ("S9",)}, Verdict.CLOSED, "no named stage", id="a station is nowhere"),
        pytest.param({"overdue": ("S1", "S2")}, Verdict.CLOSED, "2 stations are past", id="overdue"),
    ],
)
def test_each_criterion_turns_where_it_says(change, verdict, reason):
    judgement = judge(replace(GOOD, **change))

    assert judgement.verdict is verdict
    assert any(reason in each for each in judgement.reasons) == (verdict is not Verdict.OPEN)


def test_closed_outweighs_inconclusive():
    assert judge(replace(GOOD, vetoes=("x",), disputed_moved=Share(count=0, total=1))).verdict is Verdict.CLOSED


def test_before_anything_has_moved_roaming_is_not_asked():
    nothing = Share(count=0, total=0)
    first = replace(GOOD, wave=0, pilots=(), problems=nothing, connected=nothing, disputed_moved=nothing)

    assert judge(first).verdict is Verdict.OPEN


def test_evidence_hashes_alike_however_it_is_listed_and_unlike_when_anything_differs():
    listed_otherwise = replace(GOOD, pilots=GOOD.pilots[::-1])

    assert evidence_hash(listed_otherwise) == evidence_hash(GOOD)
    assert canonical(GOOD).startswith(b'{"as_of":"2026-03-01T06:00:00+00:00","connected":{"count":65,"total":65}')
    assert evidence_hash(replace(GOOD, problems=Share(count=2, total=66))) != evidence_hash(GOOD)
    assert judge(GOOD).evidence_hash == evidence_hash(GOOD)


def decision(choice=Choice.GO, by="approver", reason="", via="console"):
    return Decision(choice=choice, by=by, reason=reason, via=via)


@pytest.mark.parametrize(
    ("evidence", "given"),
    [
        pytest.param(GOOD, decision(), id="open, approved by another"),
        pytest.param(replace(GOOD, vetoes=("x",)), decision(reason="false alarm"), id="override in writing"),
        pytest.param(replace(GOOD, vetoes=("x",)), decision(Choice.HOLD), id="a no needs no reason"),
        pytest.param(GOOD, decision(Choice.HOLD, by="requester"), id="one's own request withdrawn"),
    ],
)
def test_a_decision_stands(evidence, given):
    require_decision(judge(evidence), given, requested_by="requester")


@pytest.mark.parametrize(
    ("evidence", "given", "problem"),
    [
        pytest.param(GOOD, decision(by=" Requester"), "another person must approve", id="one's own request"),
        pytest.param(replace(GOOD, vetoes=("x",)), decision(reason=" "), "written reason", id="override in silence"),
        pytest.param(
            replace(GOOD, disputed_moved=Share(count=0, total=1)), decision(), "written reason", id="inconclusive, too"
        ),
    ],
)
def test_a_decision_is_refused(evidence, given, problem):
    with pytest.raises(GateClosed, match=problem):
        require_decision(judge(evidence), given, requested_by="requester")
