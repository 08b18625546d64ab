"""A charge that both back-offices hold is billed once: what is second is named, with its money, whatever came of it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from charging.reconciliation.billed_twice import held_twice
from charging.reconciliation.follow_up.both_offices import named, named_in_columns, said
from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.reconciliation.one_of_both import judged_as, one_of_both
from charging.reconciliation.summary import summarise
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import Cohort
from charging.roaming.frame import to_frame

APART = timedelta(seconds=40)
ZONE = "Europe/Amsterdam"


@pytest.fixture
def legacy(ours):
    return lambda cdr_id="17", **facts: ours(cdr_id, cohort=Cohort.NOT_MOVED, **facts)


@pytest.fixture
def target(ours):
    """A CDR of the same charge from the other back-office, whose clock is somewhat ahead."""
    start = ours().started_at + APART
    return lambda cdr_id="4711", **facts: ours(cdr_id, **{"cohort": Cohort.MOVED, "start": start, **facts})


@pytest.fixture
def judge(terms_and_tariffs):
    """What judges a night, and names what both back-offices hold; by the id of our CDR."""

    def judged(cdrs, theirs):
        frames = [to_frame(side) for side in (cdrs, theirs)]
        twice = held_twice(frames[0].lazy(), aliases={}, time_zone=ZONE)
        as_judged = judged_as(frames[0].lazy(), one_of_both(*(frame.lazy() for frame in frames), twice)).collect()
        found = reconcile_frames(as_judged, frames[1], **terms_and_tariffs)
        ids = {cdr.cdr_key: cdr.cdr_id for cdr in cdrs}
        told = named(to_judged(found), twice)
        summarise(told, ours=cdrs, theirs=theirs)  # refuses what lost a record or a cent
        return {ids.get(one.ours_key): one for one in told}

    return judged


@pytest.mark.parametrize(
    ("billed", "second"),
    [
        pytest.param(["17"], "4711", id="the legacy's was billed"),
        pytest.param(["4711"], "17", id="the target's was billed"),
        pytest.param([], "4711", id="neither yet: the legacy's will be"),
    ],
)
def test_the_second_is_named_with_its_money_and_the_first_is_judged_as_ever(
    judge, legacy, target, theirs, billed, second
):
    first = {"17": "4711", "4711": "17"}[second]

    found = judge([legacy(), target(kwh="11.000")], [theirs(one) for one in billed])

    assert found[first].verdict in (
        {Verdict.MISSING_AT_PARTNER}
        if not billed
        else {Verdict.EQUAL, Verdict.QUANTITY_DIFFERS, Verdict.WITHIN_TOLERANCE}
    )
    assert (found[second].verdict, found[second].kinds) == (Verdict.DUPLICATE, (Kind.TWO_ROUTES,))
    assert found[second].money_at_risk == {"17": Decimal("4.50"), "4711": Decimal("4.90")}[second]
    assert f"it is billed once, as {first}" in found[second].explanation
    assert "17 (4.50 EUR)" in found[second].explanation


@pytest.mark.parametrize("session_id", [None, "S-1"])
def test_a_partner_that_uses_none_of_our_ids_fits_both_and_is_held_against_the_first(
    judge, legacy, target, theirs, session_id
):
    found = judge([legacy(session_id=session_id), target()], [theirs("X-1")])

    assert (found["17"].verdict, found["4711"].verdict) == (Verdict.EQUAL, Verdict.DUPLICATE)
    assert "it is billed once, as 17" in found["4711"].explanation


def test_the_legacys_counts_though_the_target_stated_it_earlier(judge, legacy, target):
    sooner = target(start=legacy().started_at - APART)

    found = judge([legacy(), sooner], [])

    assert (found["17"].verdict, found["4711"].verdict) == (Verdict.MISSING_AT_PARTNER, Verdict.DUPLICATE)


def test_what_the_partner_was_billed_twice_is_money_at_risk(judge, legacy, target, theirs):
    found = judge(
        [legacy(), target()], [theirs("17"), theirs("4711", start=target().started_at + timedelta(seconds=3))]
    )

    assert found["17"].verdict is Verdict.EQUAL
    assert (found["4711"].verdict, found["4711"].money_at_risk) == (Verdict.DUPLICATE, Decimal("4.50"))
    assert found["4711"].theirs_key is not None
    assert found["4711"].explanation.endswith("the partner has a CDR of each")


def test_what_only_place_and_time_say_is_for_a_person(judge, legacy, target, theirs):
    found = judge([legacy(), target(token_uid="04FFFFFF", contract_compact=None)], [theirs("17")])

    assert found["17"].verdict is Verdict.EQUAL
    assert (found["4711"].verdict, found["4711"].kinds) == (Verdict.AMBIGUOUS, (Kind.TWO_ROUTES, Kind.SUSPECT))
    assert found["4711"].explanation.startswith("it may be that both back-offices hold this charge")


def test_other_charges_and_those_of_one_back_office_are_left_alone(judge, legacy, target, theirs):
    elsewhere = target("17", evse_compact="NLEVNE2", kwh="3.000")
    later = target("18", start=legacy().started_at + timedelta(hours=5))

    found = judge([legacy("1"), elsewhere, later], [theirs("1")])

    assert [Kind.TWO_ROUTES in one.kinds for one in found.values()] == [False, False, False]


def test_a_night_in_columns_says_the_same_and_counts_the_same(legacy, target, theirs, night, terms_and_tariffs):
    cdrs = [legacy(), target(), legacy("20", start=legacy().started_at + timedelta(hours=3)),
            replace(target("21", evse_compact="NLEVNE9"), net=Decimal("1.00000000001"))]  # fmt: skip
    bills = [theirs("17"), theirs("20", start=cdrs[2].started_at)]
    twice = held_twice(to_frame(cdrs).lazy(), aliases={}, time_zone=ZONE)
    frames = [to_frame(cdrs), to_frame(bills)]
    exact = {cdrs[3].cdr_key: cdrs[3]}

    told = named_in_columns(reconcile_frames(*frames, exact=exact, **terms_and_tariffs), twice)

    by_objects = named(night(cdrs, bills).judged, twice)
    assert to_judged(told) == by_objects
    assert Verdict.DUPLICATE in told.summary.verdicts
    recounted = summarise(by_objects, ours=cdrs, theirs=bills)
    for name in ("verdicts", "cohorts", "money_at_risk", "tiers"):
        assert getattr(told.summary, name) == getattr(recounted, name), name


def test_says_how_many_and_how_much(legacy, target):
    cdrs = [
        legacy(),
        target(),
        legacy("20", evse_compact="NLEVNE2"),
        target("21", evse_compact="NLEVNE2", token_uid="04FF", contract_compact=None),
    ]

    twice = held_twice(to_frame(cdrs).lazy(), aliases={}, time_zone=ZONE)

    assert list(said(twice)) == [
        "both back-offices hold 1 charges (4.50 EUR): each is billed once",
        "1 CDRs of one back-office may be of a charge that the other holds, too: for a person",
    ]
    assert list(said(held_twice(to_frame([]).lazy(), aliases={}, time_zone=ZONE))) == []
