from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from charging.reconciliation.clock_offset import ClockOffset, OffsetKind
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


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
def test_an_offset_is_that_of_each_instant_though_clocks_change_among_them(change):
    zone = ZoneInfo("Europe/Amsterdam")
    instants = [change + timedelta(seconds=7 * n) for n in range(-1500, 1500)]
    micro = np.array([round(instant.timestamp() * 1_000_000) for instant in instants])

    ours_local, theirs_local = (
        ClockOffset(kind=kind, offset=HOUR, votes=20, pairs=20, time_zone="Europe/Amsterdam").of(micro)
        for kind in (OffsetKind.OURS_LOCAL, OffsetKind.THEIRS_LOCAL)
    )

    assert [timedelta(microseconds=-int(by)) for by in ours_local] == [_offset(at.astimezone(zone)) for at in instants]
    local = [instant.replace(tzinfo=zone) for instant in instants]
    assert [timedelta(microseconds=int(by)) for by in theirs_local] == [_offset(at) for at in local]


def _offset(at):
    """Return the offset of an instant; nothing where the clocks skip it."""
    is_there = at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) == at.replace(tzinfo=None)
    return at.utcoffset() if is_there else timedelta(0)
