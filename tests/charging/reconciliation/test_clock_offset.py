from datetime import timedelta

import pytest

from charging.reconciliation.clock_offset import OffsetKind
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.terms import Tier

HOUR = timedelta(hours=1)


@pytest.fixture
def sessions(ours, theirs):
    def of(number, *, off, ids=True):
        pairs = []
        for n in range(number):
            facts = {"evse_compact": f"NLEVNE{n}", "kwh": f"{n + 5}.000"}
            our = ours(f"{n}", start=ours().started_at + n * HOUR, **facts)
            name = f"{n}" if ids else f"H{n}"
            pairs.append((our, theirs(name, start=our.started_at + off(our.started_at), **facts)))
        return [our for our, _ in pairs], [their for _, their in pairs]

    return of


def constant(by):
    return lambda _: by


@pytest.mark.parametrize(
    ("number", "off", "expected"),
    [
        pytest.param(20, timedelta(seconds=75), (OffsetKind.CONSTANT, timedelta(seconds=75), 20), id="twenty votes"),
        pytest.param(19, timedelta(seconds=75), None, id="one too few"),
        pytest.param(20, timedelta(seconds=9), None, id="a usual delay"),
        pytest.param(20, HOUR, (OffsetKind.THEIRS_LOCAL, HOUR, 20), id="they wrote local time"),
        pytest.param(20, -HOUR, (OffsetKind.OURS_LOCAL, -HOUR, 20), id="we wrote local time"),
    ],
)
def test_pairs_vote_on_the_clock(night, sessions, number, off, expected):
    found = night(*sessions(number, off=constant(off))).summary.clock

    assert (found and (found.kind, found.offset, found.votes)) == expected


def test_feeds_that_disagree_have_no_offset(night, sessions):
    def off(start):
        return timedelta(seconds=75 if start.hour % 2 else 300)

    assert night(*sessions(30, off=off)).summary.clock is None


def test_an_offset_is_allowed_for_where_no_id_is_left_and_still_said(night, sessions):
    judged = night(*sessions(24, off=constant(HOUR), ids=False)).judged

    assert {one.tier for one in judged} == {Tier.EVSE_AND_TOKEN}
    assert {(one.verdict, one.kinds) for one in judged} == {(Verdict.WITHIN_TOLERANCE, (Kind.CLOCK,))}
