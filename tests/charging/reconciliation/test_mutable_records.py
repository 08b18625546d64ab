"""Records that change, that bill nothing, or whose amounts mean nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha1, sha256

import pytest

from charging.reconciliation.billed_twice import match_offices
from charging.reconciliation.kernels import joining, sweeping
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import CdrState, Protocol
from charging.roaming.frame import to_frame
from charging.roaming.partner import CreditPolicy
from charging.roaming.terms import Tier

LATER = timedelta(hours=1)


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        pytest.param({"protocol": Protocol.OCHP}, CreditPolicy.CREDIT_CDR, id="OCHP"),
        pytest.param({}, CreditPolicy.RESENT_ID, id="ids sent again"),
    ],
)
def test_the_last_state_counts(ours, theirs, night, facts, policy):
    first = theirs(net="9.99", **facts)
    last = theirs(last_updated=first.last_updated + LATER, **facts)

    judged = {one.theirs_key: one.verdict for one in night([ours()], [last, first], credit_policy=policy).judged}

    assert judged == {first.cdr_key: Verdict.SUPERSEDED, last.cdr_key: Verdict.EQUAL}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        pytest.param({"state": CdrState.INTERMEDIATE}, Kind.INTERMEDIATE, id="a report on the way"),
        pytest.param({"state": CdrState.REJECTED}, Kind.REFUSED, id="refused"),
        pytest.param({"contract_compact": "GIREVE2ADVENIR"}, Kind.SUBSIDY, id="a subsidy's copy"),
    ],
)
def test_what_bills_nothing_is_excluded(theirs, night, facts, kind):
    (judged,) = night([], [theirs(**facts)]).judged

    assert (judged.verdict, judged.kinds, judged.money_at_risk) == (Verdict.EXCLUDED, (kind,), 0)


def test_a_negative_cdr_takes_back_what_it_cancels(ours, theirs, night):
    wrong = theirs(net="9.99")
    negative = replace(wrong, cdr_id="2", net=-wrong.net, raw_sha256="negative")

    judged = night([ours()], [wrong, negative, theirs("3")], credit_policy=CreditPolicy.NEGATIVE_CDR).judged

    assert sorted(one.verdict for one in judged) == ["credit_paired", "credit_paired", "equal"]


def test_an_amount_that_means_nothing_is_not_judged(ours, theirs, night):
    (judged,) = night([ours()], [theirs(net="9.99", is_cost_significant=False)]).judged

    assert (judged.verdict, judged.kinds) == (Verdict.WITHIN_TOLERANCE, (Kind.INSIGNIFICANT,))
    assert (judged.difference, judged.money_at_risk) == (Decimal("5.49"), 0)


@pytest.mark.parametrize(
    "hashed",
    [
        pytest.param(f"sha-1:{sha1(b'04a1b2c3', usedforsecurity=False).hexdigest()}", id="lower case"),
        pytest.param(f"sha-256:{sha256(b'4A1B2C3').hexdigest()}", id="without the zero before it"),
    ],
)
def test_a_hashed_token_is_known_again(ours, theirs, night, hashed):
    (judged,) = night([ours()], [theirs("2", token_uid=None, contract_compact=None, token_hash=hashed)]).judged

    assert judged.tier is Tier.EVSE_AND_TOKEN


def test_a_session_is_known_by_any_of_its_ids(ours, theirs, night):
    (judged,) = night([ours(session_id="s")], [theirs("2", session_id="hub", session_aliases=("S",))]).judged

    assert judged.tier is Tier.SESSION_ID


def test_an_alias_that_repeats_the_sessions_own_id_is_no_second_candidate(ours, theirs, night):
    others = [theirs(f"{days}", start=theirs().started_at + timedelta(days=days)) for days in (3, 4)]

    judged = night([ours(session_id="s")], [theirs("2", session_id="s", session_aliases=("s",)), *others]).judged

    assert [one.tier for one in judged if one.ours_key] == [Tier.SESSION_ID]


def test_an_id_that_everybody_bears_tells_nothing(ours, theirs, night):
    def many(make):
        return [
            make(f"{make().side}-{n}", session_id="0", evse_compact=f"NLEVNE{n}", start=make().started_at + n * LATER)
            for n in range(joining.CROWD + 1)
        ]

    judged = night(many(ours), many(theirs)).judged

    assert {(one.tier, one.verdict) for one in judged} == {(Tier.EVSE_AND_TOKEN, Verdict.EQUAL)}


def test_a_session_that_two_back_offices_billed_is_named(ours):
    legacy = [ours("17"), ours("18", start=ours().started_at + 24 * LATER)]
    target = [ours("4711", start=ours().started_at + timedelta(seconds=30)), ours("17", evse_compact="NLEVNE2")]

    found = match_offices(to_frame(legacy).lazy(), to_frame(target).lazy(), aliases={}, time_zone="Europe/Amsterdam")

    assert found.sessions.select("legacy_key", "target_key", "tier", "is_certain").rows() == [
        (legacy[0].cdr_key, target[0].cdr_key, Tier.EVSE_AND_TOKEN, True)
    ]


def test_the_loops_agree_on_what_they_each_keep():
    assert (joining.CROWD, joining.START_WINDOW) == (sweeping.CROWD, sweeping.START_WINDOW)
