"""A night that is judged in parts is the night that is judged as a whole."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_properties import facts, on

from charging.reconciliation.aliases import Alias
from charging.reconciliation.clock_offset import count
from charging.reconciliation.night import cast_ballots, reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.reconciliation.partitions import join, partition
from charging.roaming.cdr import Side
from charging.roaming.frame import to_frame
from charging.roaming.partner import CreditPolicy
from rehearsal.labelled_night import labelled_night

ALIASES = {"NLEVXE1": (Alias(evse_compact="NLEVNE1"),)}
WIDE = st.lists(
    st.tuples(facts(), st.integers(0, 5), st.sampled_from(["", "NLEVXE1", "NLEVNE1", "NLEVNE2", "NLEVNE3", "NLEVNE4"])),
    max_size=16,
)


def spread(drawn):
    """More places and ids than the other properties have, so that there is something to cut."""
    for stated, number, evse in drawn:
        renamed = {
            name: value and f"{value}{number}"
            for name, value in stated.items()
            if name in {"session_id", "authorization_reference"}
        }
        cdr_id = f"{number}{stated['cdr_id']}"
        credited = {"credits_cdr_id": stated["credits_cdr_id"] and f"{number}{stated['credits_cdr_id']}"}
        yield stated | renamed | credited | {"cdr_id": cdr_id, "evse_compact": evse}


def in_parts(ours, theirs, *, parts, terms, aliases, **more):
    cut = partition(ours, theirs, parts=parts, aliases=aliases)
    assert sum(part.ours.height + part.theirs.height for part in cut) == ours.height + theirs.height
    policy = more.get("credit_policy", CreditPolicy.CREDIT_CDR)
    cast = [cast_ballots(part.ours, part.theirs, terms=terms, aliases=aliases, credit_policy=policy) for part in cut]
    clock = count(cast, time_zone=terms.time_zone) if cast else None
    judged = [
        reconcile_frames(part.ours, part.theirs, terms=terms, aliases=aliases, clock=clock, **more) for part in cut
    ]
    return len(cut), join(judged)


@pytest.mark.parametrize("policy", [CreditPolicy.CREDIT_CDR, CreditPolicy.NEGATIVE_CDR, CreditPolicy.RESENT_ID])
def test_parts_joined_are_the_whole(theirs, terms_and_tariffs, policy):
    seen = Counter()

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(our_facts=WIDE, their_facts=WIDE, parts=st.integers(2, 5))
    def check(our_facts, their_facts, parts):
        ours = to_frame(on(Side.OURS, theirs, spread(our_facts)))
        others = to_frame(on(Side.THEIRS, theirs, spread(their_facts)))
        known = {**terms_and_tariffs, "aliases": ALIASES, "credit_policy": policy}
        whole = reconcile_frames(ours, others, **known)
        number, joined = in_parts(ours, others, parts=parts, **known)
        seen[number] += 1
        same(joined, whole)

    check()
    assert sum(times for number, times in seen.items() if number > 1) > 3


@pytest.mark.parametrize("skew", [0, 3600])
def test_a_labelled_night_in_parts_is_the_whole_with_its_clock(terms_and_tariffs, skew):
    night = labelled_night(2_000, seed=7, clock_skew_seconds=skew)
    aliases = {former: (Alias(evse_compact=now),) for former, now in night.former_ids.items()}
    known = {**terms_and_tariffs, "aliases": aliases}

    whole = reconcile_frames(night.ours, night.theirs, **known)
    number, joined = in_parts(night.ours, night.theirs, parts=4, **known)

    assert number == 4
    assert (whole.summary.clock is not None) == bool(skew)
    same(joined, whole)


def test_few_pairs_in_each_part_vote_together(theirs, ours, terms_and_tariffs):
    hour, first = timedelta(hours=1), ours("0").started_at
    mine = [
        ours(str(number), evse_compact=f"E{number % 4}", kwh=f"{number + 1}.000", start=first + number * 5 * hour)
        for number in range(24)
    ]
    other = [
        replace(cdr, side=Side.THEIRS, started_at=cdr.started_at + hour, ended_at=cdr.ended_at + hour) for cdr in mine
    ]
    sides = to_frame(mine), to_frame(other)

    whole = reconcile_frames(*sides, aliases={}, **terms_and_tariffs)
    number, joined = in_parts(*sides, parts=4, aliases={}, **terms_and_tariffs)

    assert (number, whole.summary.clock and whole.summary.clock.votes) == (4, 24)
    same(joined, whole)


def test_a_credit_of_another_place_and_week_stays_with_what_it_takes_back(theirs, terms_and_tariffs):
    original = theirs("1", evse_compact="E1")
    credit = theirs(
        "1-C", evse_compact="E2", net="-4.50", is_credit=True, start=original.started_at + timedelta(days=9)
    )
    frames = to_frame([]), to_frame([original, credit, theirs("7", evse_compact="E3")])

    cut = partition(*frames, parts=3, aliases={})

    assert sorted(part.theirs["cdr_id"].sort().to_list() for part in cut) == [["1", "1-C"], ["7"]]


def test_a_night_without_records_has_no_parts():
    assert partition(to_frame([]), to_frame([]), parts=4, aliases={}) == []


def same(joined, whole):
    assert joined.judged.equals(whole.judged)
    assert to_judged(joined) == to_judged(whole)
    assert joined.summary == whole.summary
