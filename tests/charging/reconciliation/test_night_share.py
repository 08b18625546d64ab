"""What is taken of a night in columns is what would be taken of its values."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_properties import facts, on

from charging import canonical
from charging.reconciliation import night_share
from charging.reconciliation.follow_up import coexistence
from charging.reconciliation.follow_up.case import record, subject
from charging.reconciliation.named_columns import doubtful, neighbours, with_named
from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.reconciliation.verdict import SETTLED, Kind, Verdict
from charging.roaming.cdr import Cohort, Side
from charging.roaming.frame import to_cdrs, to_frame

HOUR = timedelta(hours=1)
SIDE = st.lists(facts(), max_size=12)


@pytest.fixture
def nights(theirs, terms_and_tariffs):
    """What judges two drawn sides, and returns the night in columns and as values, with all of its CDRs."""

    def judged(our_facts, their_facts):
        cdrs = [*on(Side.OURS, theirs, our_facts), *on(Side.THEIRS, theirs, their_facts)]
        frames = (to_frame(cdr for cdr in cdrs if cdr.side is side) for side in Side)
        night = reconcile_frames(*frames, exact={cdr.cdr_key: cdr for cdr in cdrs}, **terms_and_tariffs)
        return night, to_judged(night), {cdr.cdr_key: cdr for cdr in cdrs}

    return judged


def drawn(check, **more):
    decided = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    decided(given(our_facts=SIDE, their_facts=SIDE, **more)(check))()


def test_a_verdict_belongs_where_ours_ended(nights):
    def check(our_facts, their_facts, hours):
        night, judged, cdrs = nights(our_facts, their_facts)
        ends = sorted(cdr.ended_at for cdr in cdrs.values())
        period = (ends[0], ends[0] + hours * HOUR) if ends else (None, None)
        if not ends:
            return

        share = night_share.share(night, period=period)

        is_in = [period[0] <= cdrs[one.ours_key or one.theirs_key].ended_at < period[1] for one in judged]
        assert to_judged(share.kept) == [one for one, is_kept in zip(judged, is_in, strict=True) if is_kept]
        assert to_judged(share.beside) == [one for one, is_kept in zip(judged, is_in, strict=True) if not is_kept]

    drawn(check, hours=st.integers(0, 48))


def test_adds_up_and_is_told_apart_as_its_values_are(nights):
    def check(our_facts, their_facts):
        night, judged, cdrs = nights(our_facts, their_facts)
        period = (min(cdr.ended_at for cdr in cdrs.values()), None) if cdrs else ()

        at_risk = {}
        for one in judged:
            if one.money_at_risk:
                at_risk[one.currency] = at_risk.get(one.currency, Decimal(0)) + one.money_at_risk
        assert night_share.money_at_risk(night) == at_risk
        assert list(night_share.money_at_risk(night)) == list(at_risk)
        assert night_share.to_follow_up(night) == sum(one.verdict not in SETTLED for one in judged)
        assert sum(night_share.verdict_counts(night).values()) == len(judged)
        assert sum(night_share.tier_counts(night).values()) == sum(one.tier is not None for one in judged)
        keys = sorted(key for one in judged for key in (one.ours_key, one.theirs_key) if key is not None)
        assert night_share.inputs_digest(night, period=period) == canonical.digest([keys, period])
        said = sorted(
            [str(one.verdict), one.ours_key or "", one.theirs_key or "", *map(str, one.kinds), str(one.difference),
             str(one.money_at_risk), one.currency, str(one.cohort)]
            for one in judged
        )  # fmt: skip
        assert night_share.verdicts_digest(night) == canonical.digest(said)

    drawn(check)


def test_finds_what_is_open_and_all_that_is_about_a_record(nights):
    def check(our_facts, their_facts, number):
        night, judged, _ = nights(our_facts, their_facts)
        keys = [key for one in judged for key in (one.ours_key, one.theirs_key) if key is not None][number : number + 2]
        records = {record(key) for key in keys}

        found = night_share.open_or_about(night, keys)

        assert found == [
            one
            for one in judged
            if one.verdict not in SETTLED
            or any(record(key) in records for key in (one.ours_key, one.theirs_key) if key is not None)
        ]
        subjects = [subject(one) for one in judged][number : number + 2]
        assert night_share.about(night, subjects) == [one for one in judged if subject(one) in subjects]

    drawn(check, number=st.integers(0, 8))


def test_what_the_move_explains_is_named_as_on_values(nights):
    seen = set()

    def check(our_facts, their_facts, stations, told):
        night, judged, cdrs = nights(our_facts, their_facts)
        placed = [
            replace(cdr, station_id=f"CS-{number % stations}", cohort=list(Cohort)[number % 2])
            for number, cdr in enumerate(cdrs.values())
        ]
        starts = [cdr.started_at for cdr in placed]
        moved_at = {"CS-0": min(starts) + told * timedelta(minutes=20)} if starts else {}
        sides = [to_frame(cdr for cdr in placed if cdr.side is side).lazy() for side in Side]

        some = doubtful(night, sides, moved_at=moved_at)
        near = [cdr for side in neighbours(some, sides) for cdr in to_cdrs(side.collect())]
        named = with_named(night, coexistence.named(to_judged(some), near, moved_at=moved_at))

        expected = coexistence.named(judged, placed, moved_at=moved_at)
        assert to_judged(named) == expected
        seen.update(kind for one in expected for kind in one.kinds)

    drawn(check, stations=st.integers(1, 2), told=st.integers(0, 9))
    assert Kind.STRADDLES_CUTOVER in seen


def test_a_repetition_of_ours_on_two_routes_is_named(ours, theirs, terms_and_tariffs):
    first, again = ours("1", cohort=Cohort.NOT_MOVED), ours("2", cohort=Cohort.MOVED)
    sides = to_frame([first, again]), to_frame([theirs("1")])
    night = reconcile_frames(*sides, **terms_and_tariffs)
    assert Verdict.DUPLICATE in {one.verdict for one in to_judged(night)}
    scans = [side.lazy() for side in sides]

    some = doubtful(night, scans, moved_at={})
    near = [cdr for side in neighbours(some, scans) for cdr in to_cdrs(side.collect())]
    named = with_named(night, coexistence.named(to_judged(some), near, moved_at={}))

    assert [one.kinds for one in to_judged(named) if one.verdict is Verdict.DUPLICATE] == [(Kind.TWO_ROUTES,)]
    assert named.judged.height == night.judged.height
    assert named.judged.drop("kinds").equals(night.judged.drop("kinds"))


def test_nothing_named_leaves_everything_as_it_is(nights):
    night, _, _ = nights([], [])

    assert with_named(night, []).judged.equals(night.judged)
    assert night_share.chosen(night, pl.lit(value=True)).judged.is_empty()
