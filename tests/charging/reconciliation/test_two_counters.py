"""Two back-offices number their transactions alike: an id that stands in both proves nothing by itself."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_night import by_key, slow_night

from charging.reconciliation.billed_twice import held_twice
from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.reconciliation.one_of_both import judged_as, one_of_both
from charging.reconciliation.partitions import join, partition
from charging.reconciliation.verdict import Verdict
from charging.roaming.cdr import Cohort, Side
from charging.roaming.frame import to_frame
from charging.roaming.partner import CreditPolicy
from charging.roaming.terms import Tier

SECONDS = timedelta(seconds=1)
ELSEWHERE = {"evse_compact": "NLEVNE99", "token_uid": "04FFFFFF", "contract_compact": "NLROAC00099999"}
"""Another EVSE and driver."""
APARTS = [0, 60, 90, 1800, 7200]


@pytest.fixture
def both(ours):
    """Two sessions that have nothing in common but their number, one of each back-office: `apart` seconds apart."""

    def made(apart=60, **facts):
        start = ours().started_at
        numbered = {"session_id": "77"}
        legacy = ours("77", cohort=Cohort.NOT_MOVED, raw_sha256="legacy", **numbered)
        other = {"start": start + apart * SECONDS, "kwh": "20.000", **ELSEWHERE, **facts}
        return [legacy, ours("77", cohort=Cohort.MOVED, raw_sha256="target", **numbered, **other)]

    return made


@pytest.fixture
def counterparts(theirs):
    """What makes the partner's CDRs of some of ours, each under the id that it is given."""

    def made(cdrs, *names):
        return [
            replace(cdr, side=Side.THEIRS, cdr_id=name, session_id=name, cohort=None, raw_sha256=f"theirs-{number}")
            for number, (cdr, name) in enumerate(zip(cdrs, names, strict=True))
        ]

    return made


def kwh(cdrs):
    return {cdr.cdr_key: cdr.energy_kwh for cdr in cdrs}


@pytest.mark.parametrize("policy", [CreditPolicy.CREDIT_CDR, CreditPolicy.RESENT_ID])
@pytest.mark.parametrize("apart", APARTS)
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("P1", "P2"), id="ids of its own"),
        pytest.param(("77", "P2"), id="the legacy's number for one"),
        pytest.param(("P1", "77"), id="the target's number for one"),
    ],
)
def test_each_is_judged_by_itself(night, both, counterparts, names, apart, policy):
    ours = both(apart)
    theirs = counterparts(ours, *names)

    found = night(ours, theirs, credit_policy=policy).judged

    assert [one.verdict for one in found] == [Verdict.EQUAL, Verdict.EQUAL]
    amounts = kwh(ours) | kwh(theirs)
    assert all(amounts[one.ours_key] == amounts[one.theirs_key] for one in found)


def test_a_partner_that_uses_the_number_for_both_repeats_an_id_and_ours_do_not(night, both, counterparts):
    ours = both(1800)

    found = night(ours, counterparts(ours, "77", "77")).judged

    assert [one.verdict for one in found] == [Verdict.EQUAL, Verdict.EQUAL]


@pytest.mark.parametrize("which", [0, 1], ids=["the legacy's", "the target's"])
@pytest.mark.parametrize("apart", APARTS)
def test_the_one_that_the_partner_has_no_cdr_of_is_missing_there(night, both, counterparts, which, apart):
    ours = both(apart)
    theirs = counterparts([ours[which]], "77")

    found = {one.ours_key: one for one in night(ours, theirs).judged}

    assert found[ours[which].cdr_key].verdict is Verdict.EQUAL
    assert found[ours[1 - which].cdr_key].verdict is Verdict.MISSING_AT_PARTNER


def test_a_driver_who_charges_twice_at_one_evse_is_billed_twice(night, both, counterparts):
    same = {"evse_compact": "NLEVNE11", "token_uid": "04A1B2C3", "contract_compact": "NLROAC00010069"}
    ours = both(7200, **same)
    theirs = counterparts(ours, "P1", "77")

    found = night(ours, theirs).judged

    assert [one.verdict for one in found] == [Verdict.EQUAL, Verdict.EQUAL]
    amounts = kwh(ours) | kwh(theirs)
    assert all(amounts[one.ours_key] == amounts[one.theirs_key] for one in found)


def test_place_and_time_make_an_id_of_both_as_good_as_any(night, both, counterparts):
    ours = both(1800)
    theirs = [replace(one, token_uid=None, contract_compact=None) for one in counterparts(ours, "77", "P2")]

    found = night(ours, theirs).judged

    assert {one.tier for one in found} == {Tier.CDR_ID, Tier.EVSE_AND_TIME}


def test_one_counter_repeats_its_own_ids_as_ever(night, both, counterparts):
    ours = [replace(cdr, cohort=Cohort.MOVED) for cdr in both(60)]

    assert Verdict.DUPLICATE in {one.verdict for one in night(ours, counterparts(ours, "P1", "P2")).judged}


def test_the_partner_repeats_an_id_wherever_the_stations_were(night, both, counterparts):
    theirs = [replace(cdr, cohort=mine.cohort) for mine in both(60) for cdr in counterparts([mine], "77")]
    assert [one.verdict for one in night([], theirs).judged].count(Verdict.DUPLICATE) == 1


@pytest.fixture
def judge(terms_and_tariffs):
    """What judges a night whose charges that both hold are known: whole, and in parts."""

    def judged(ours, theirs):
        frames = [to_frame(side).lazy() for side in (ours, theirs)]
        twice = held_twice(frames[0], aliases={}, time_zone="Europe/Amsterdam")
        seen = judged_as(frames[0], one_of_both(*frames, twice)).collect()
        whole = reconcile_frames(seen, frames[1].collect(), **terms_and_tariffs)
        parts = partition(seen, frames[1].collect(), parts=4, aliases={})
        in_parts = [reconcile_frames(one.ours, one.theirs, clock=None, **terms_and_tariffs) for one in parts]
        assert to_judged(join(in_parts)) == to_judged(whole)
        return {one.ours_key: one.verdict for one in to_judged(whole)}

    return judged


@pytest.mark.parametrize("name", ["77", "P1"])
def test_a_charge_that_both_hold_under_one_number_is_billed_once(judge, both, counterparts, name):
    legacy, target = both(30, evse_compact="NLEVNE11", token_uid="04A1B2C3", contract_compact="NLROAC00010069")
    target = replace(target, energy_kwh=legacy.energy_kwh, net=legacy.net, lines=legacy.lines)

    found = judge([legacy, target], counterparts([legacy], name))

    assert found == {legacy.cdr_key: Verdict.EQUAL, target.cdr_key: Verdict.DUPLICATE}


def test_a_number_that_the_partner_uses_for_another_session_says_not_which_was_billed(judge, ours, counterparts):
    """Both hold a charge, as 77 and as 78; each numbered another session like the other's half of it."""
    start = ours().started_at
    legacy = ours("77", session_id="77", cohort=Cohort.NOT_MOVED)
    target = ours("78", session_id="78", cohort=Cohort.MOVED, start=start + 30 * SECONDS)
    others = [
        ours(
            "78", session_id="78", cohort=Cohort.NOT_MOVED, start=start + 3 * 3600 * SECONDS, kwh="3.000", **ELSEWHERE
        ),
        ours("77", session_id="77", cohort=Cohort.MOVED, start=start + 5 * 3600 * SECONDS, kwh="4.000", **ELSEWHERE),
    ]

    found = judge([legacy, target, *others], counterparts([legacy, *others], "P1", "78", "77"))

    assert found == dict.fromkeys((one.cdr_key for one in [legacy, *others]), Verdict.EQUAL) | {
        target.cdr_key: Verdict.DUPLICATE
    }


few = st.sampled_from
cdr_facts = st.fixed_dictionaries(
    {
        "cdr_id": few(["1", "2"]),
        "session_id": few([None, "s1", "s2"]),
        "session_aliases": few([(), (), ("s1",)]),
        "cohort": few([None, Cohort.MOVED, Cohort.NOT_MOVED]),
        "evse_compact": few(["NLEVNE1", "NLEVNE2"]),
        "token_uid": few([None, "04AA", "04BB"]),
        "start": few([0, 1, 60, 130, 1800, 7200]),
        "kwh": few(["5.000", "10.000"]),
    }
)
sides = st.lists(cdr_facts, max_size=7)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(our_facts=sides, their_facts=sides, policy=few([CreditPolicy.CREDIT_CDR, CreditPolicy.RESENT_ID]))
def test_columns_and_the_slow_night_agree(ours, theirs, night, terms_and_tariffs, our_facts, their_facts, policy):
    def made(make, listed):
        start = make().started_at
        return [
            make(**{**one, "start": start + one["start"] * SECONDS, "raw_sha256": f"{number:012}"})
            for number, one in enumerate(listed)
        ]

    our_cdrs, their_cdrs = made(ours, our_facts), made(theirs, their_facts)

    found = night(our_cdrs, their_cdrs, credit_policy=policy)

    assert by_key(found.judged) == slow_night(our_cdrs, their_cdrs, policy=policy, **terms_and_tariffs)


def test_money_at_risk_is_of_the_missing_one_alone(night, both, counterparts):
    ours = both(60)
    found = night(ours, counterparts(ours[:1], "77"))
    assert sum(one.money_at_risk for one in found.judged) == Decimal("8.50")
