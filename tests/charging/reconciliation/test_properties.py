"""What holds of every night, whatever the two sides send."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_night import by_key, slow_night

from charging.reconciliation.verdict import SETTLED, Verdict
from charging.roaming.cdr import CdrLine, CdrState, Protocol, Side
from charging.roaming.partner import CreditPolicy
from charging.tariffs.tariff import Dimension

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MIRROR = {
    Verdict.OURS_RIGHT: Verdict.THEIRS_RIGHT,
    Verdict.THEIRS_RIGHT: Verdict.OURS_RIGHT,
    Verdict.MISSING_AT_PARTNER: Verdict.MISSING_AT_US,
    Verdict.MISSING_AT_US: Verdict.MISSING_AT_PARTNER,
}
OTHER_SIDE = {Side.OURS: Side.THEIRS, Side.THEIRS: Side.OURS}

maybe = st.sampled_from
ENERGIES = ["0.000", "5.000", "5.008", "10.000"]


@st.composite
def facts(draw):
    """Few ids, places and times, so that collisions, ties, repetitions and credits are common."""
    kwh = Decimal(draw(maybe(ENERGIES)))
    start = START + timedelta(seconds=draw(maybe([0, 1, 30, 90, 130, 1800, 7200, 90_000, 19 * 86_400])))
    is_credit = draw(st.integers(0, 6)) == 0
    net = Decimal("0.50") + kwh * Decimal("0.40") + Decimal(draw(maybe(["0", "0", "0", "0.01", "0.02", "1.00"])))
    cdr_id = draw(maybe(["1", "2", "3", "4"]))
    lines = (CdrLine(measure=Dimension.ENERGY, started_at=start, volume=kwh),)
    return {
        "cdr_id": f"{cdr_id}-C" if is_credit else cdr_id,
        "session_id": draw(maybe([None, "s1", "s2"])),
        "authorization_reference": draw(maybe([None, "a1"])),
        "evse_compact": draw(maybe(["NLEVNE1", "NLEVNE2"])),
        "token_uid": draw(maybe([None, "04AA", "04BB"])),
        "contract_compact": draw(maybe([None, "NLROAC1", "NLROAC2"])),
        "started_at": start,
        "ended_at": start + timedelta(minutes=draw(maybe([0, 10, 11, 60]))),
        "energy_kwh": kwh,
        "net": draw(maybe([-net])) if is_credit else draw(maybe([net, net, net, None])),
        "gross": draw(maybe([None, (net * Decimal("1.21")).quantize(Decimal("0.01"))])),
        "currency": draw(maybe(["EUR", "EUR", "EUR", "CHF"])),
        "tariff_id": draw(maybe([None, "T", "U"])),
        "lines": draw(maybe([lines, lines, ()])),
        "is_credit": is_credit,
        "credits_cdr_id": cdr_id if is_credit else None,
        "last_updated": start + timedelta(hours=draw(st.integers(0, 3))),
        "session_aliases": draw(maybe([(), (), ("s1",), ("h1", "s2")])),
        "protocol": draw(maybe([Protocol.OCPI, Protocol.OCPI, Protocol.OCHP])),
        "state": draw(maybe([CdrState.FINAL] * 6 + [CdrState.INTERMEDIATE, CdrState.REJECTED, CdrState.REVISED])),
        "is_cost_significant": draw(st.integers(0, 6)) != 0,
    }


sides = st.lists(facts(), max_size=9)


def on(side, make, listed):
    found = []
    for stated in listed:
        digest = hashlib.sha256(repr(sorted(stated.items())).encode()).hexdigest()
        found.append(replace(make(), side=side, raw_sha256=digest, **stated))
    return found


def of_every_verdict(judged):
    return Counter((one.ours_key, one.theirs_key, one.verdict, one.tier, frozenset(one.kinds)) for one in judged)


def checked(function):
    return settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])(
        given(our_facts=sides, their_facts=sides)(function)
    )


@checked
def test_every_record_and_every_cent_is_in_exactly_one_verdict(night, theirs, our_facts, their_facts):
    our_cdrs, their_cdrs = on(Side.OURS, theirs, our_facts), on(Side.THEIRS, theirs, their_facts)

    found = night(our_cdrs, their_cdrs)  # raises CountsDisagree where it is not so

    keys = Counter(key for one in found.judged for key in (one.ours_key, one.theirs_key) if key)
    assert keys == Counter(cdr.cdr_key for cdr in our_cdrs + their_cdrs)
    assert all(one.money_at_risk >= 0 for one in found.judged)
    assert all(one.money_at_risk == 0 for one in found.judged if one.verdict in SETTLED)


@checked
def test_swapping_the_sides_mirrors_the_verdicts(night, theirs, our_facts, their_facts):
    straight = night(on(Side.OURS, theirs, our_facts), on(Side.THEIRS, theirs, their_facts)).judged
    swapped = night(on(Side.OURS, theirs, their_facts), on(Side.THEIRS, theirs, our_facts)).judged

    def mirrored(key):
        side, rest = key.split("|", 1)
        return f"{OTHER_SIDE[Side(side)]}|{rest}"

    turned = [
        replace(
            one,
            verdict=MIRROR.get(one.verdict, one.verdict),
            ours_key=one.theirs_key and mirrored(one.theirs_key),
            theirs_key=one.ours_key and mirrored(one.ours_key),
        )
        for one in swapped
    ]
    assert of_every_verdict(turned) == of_every_verdict(straight)
    amounts = Counter((one.ours_key, one.theirs_key, one.difference) for one in straight)
    assert amounts == Counter((one.ours_key, one.theirs_key, one.difference and -one.difference) for one in turned)


@checked
def test_the_order_of_the_records_changes_nothing(night, theirs, our_facts, their_facts):
    our_cdrs, their_cdrs = on(Side.OURS, theirs, our_facts), on(Side.THEIRS, theirs, their_facts)

    there, back = night(our_cdrs, their_cdrs), night(our_cdrs[::-1], their_cdrs[::-1])

    assert there == back


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sessions=st.integers(2, 12),
    place=st.integers(0, 11),
    fault=st.sampled_from(["net", "energy", "missing", "extra", "duplicate"]),
    size=st.integers(1, 500),
)
def test_one_injected_fault_is_found_and_only_that(night, ours, theirs, sessions, place, fault, size):
    def session(make, n, **more):
        return make(f"{n}", start=START + timedelta(hours=3 * n), evse_compact=f"NLEVNE{n % 3}", **more)

    place %= sessions
    our_cdrs = [session(ours, n) for n in range(sessions)]
    their_cdrs = [session(theirs, n) for n in range(sessions)]
    right = their_cdrs[place]
    match fault:
        case "net":
            their_cdrs[place] = replace(right, net=right.net + Decimal(size + 1) / 100)  # a cent is within rounding
        case "energy":
            their_cdrs[place] = replace(right, energy_kwh=right.energy_kwh + Decimal(size + 10) / 1000)
        case "missing":
            del their_cdrs[place]
        case "extra":
            their_cdrs.append(session(theirs, 100 + place))
        case "duplicate":
            their_cdrs.append(replace(right, cdr_id="again", last_updated=right.last_updated + timedelta(hours=1)))

    judged = night(our_cdrs, their_cdrs, as_of=START + timedelta(days=30)).judged

    expected = {
        "net": Verdict.OURS_RIGHT,
        "energy": Verdict.QUANTITY_DIFFERS,
        "missing": Verdict.MISSING_AT_PARTNER,
        "extra": Verdict.MISSING_AT_US,
        "duplicate": Verdict.DUPLICATE,
    }
    assert [one.verdict for one in judged if one.verdict is not Verdict.EQUAL] == [expected[fault]]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(our_facts=sides, their_facts=sides, policy=st.sampled_from(CreditPolicy))
def test_columns_judge_as_the_slow_night_does(night, theirs, terms_and_tariffs, our_facts, their_facts, policy):
    our_cdrs, their_cdrs = on(Side.OURS, theirs, our_facts), on(Side.THEIRS, theirs, their_facts)

    found = night(our_cdrs, their_cdrs, credit_policy=policy)

    assert by_key(found.judged) == slow_night(our_cdrs, their_cdrs, **terms_and_tariffs, policy=policy)
