from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.errors import CountsDisagree
from charging.reconciliation.aliases import Alias
from charging.reconciliation.summary import summarise
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import CdrLine, Cohort
from charging.roaming.terms import Terms, Tier, Tolerances
from charging.tariffs.parse import parse
from charging.tariffs.tariff import Dimension

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("how_ours", "how_theirs", "expected"),
    [
        pytest.param({}, {}, "equal", id="the same"),
        pytest.param({}, {"kwh": "10.010", "net": "4.50"}, "within_tolerance", id="energy at the tolerance"),
        pytest.param({}, {"kwh": "10.011"}, "quantity_differs", id="energy beyond it"),
        pytest.param({}, {"minutes": 61}, "within_tolerance", id="duration at the tolerance"),
        pytest.param({}, {"minutes": 62}, "quantity_differs", id="duration beyond it"),
        pytest.param({}, {"net": "4.51"}, "within_tolerance", id="two priced lines may round by a cent"),
        pytest.param({}, {"net": "4.52"}, "ours_right", id="two cents are more than rounding"),
        pytest.param({"net": "4.60"}, {}, "theirs_right", id="ours is wrong"),
        pytest.param({"net": "4.60"}, {"net": "4.70"}, "neither_right", id="both are wrong"),
        pytest.param({}, {"net": "4.60", "tariff_id": "U"}, "tariff_differs", id="another tariff"),
        pytest.param({}, {"tariff_id": "U"}, "equal", id="another name for the same price"),
        pytest.param({}, {"lines": ()}, "equal", id="equal amounts need no recomputation"),
        pytest.param({}, {"net": "4.60", "lines": ()}, "not_priceable", id="nothing to recompute from"),
        pytest.param({"gross": "5.45"}, {"gross": "5.45"}, "equal", id="with VAT"),
        pytest.param({"gross": "5.45"}, {"gross": "5.00"}, "ours_right", id="only the VAT is wrong"),
        pytest.param({"gross": "5.45"}, {}, "equal", id="one side is silent about VAT"),
        pytest.param({}, {"currency": "CHF"}, "ours_right", id="another currency than agreed"),
    ],
)
def test_judges_a_pair(ours, theirs, verdicts, how_ours, how_theirs, expected):
    assert verdicts([ours(**how_ours)], [theirs(**how_theirs)]) == [expected]


def test_two_prices_that_follow_from_different_lines_differ_in_quantity(ours, theirs, night):
    twice = (CdrLine(measure=Dimension.ENERGY, started_at=START, volume=Decimal(20)),)

    (judged,) = night([ours()], [theirs(net="8.50", lines=twice)]).judged

    assert (judged.verdict, judged.kinds) == (Verdict.QUANTITY_DIFFERS, (Kind.NET, Kind.LINES))
    assert judged.money_at_risk == Decimal("4.00")


def test_a_net_amount_taken_for_one_with_vat_is_named(ours, theirs, night):
    (judged,) = night([ours(gross="5.45")], [theirs(net="5.45", gross="6.59")]).judged

    assert judged.verdict is Verdict.OURS_RIGHT
    assert Kind.VAT_CONFUSION in judged.kinds
    assert (judged.difference, judged.money_at_risk) == (Decimal("0.95"), Decimal("0.95"))


def test_shifted_clocks_are_named_and_cost_nothing(ours, theirs, night):
    (judged,) = night([ours()], [theirs(start=START + timedelta(seconds=75))]).judged

    assert (judged.verdict, judged.kinds, judged.money_at_risk) == (Verdict.WITHIN_TOLERANCE, (Kind.CLOCK,), 0)


@pytest.mark.parametrize(
    ("days_before", "expected"), [(2, "late"), (3, "missing_at_partner"), (20, "missing_at_partner")]
)
def test_what_is_young_is_late_and_not_missing(ours, verdicts, days_before, expected):
    cdr = ours()
    assert verdicts([cdr], [], as_of=cdr.ended_at + timedelta(days=days_before)) == [expected]


def test_what_came_unreadable_is_missing_at_once_and_says_why(ours, night):
    cdr = ours()

    (judged,) = night([cdr], [], as_of=cdr.ended_at, unreadable={"1": "no total_energy"}).judged

    assert (judged.verdict, judged.kinds) == (Verdict.MISSING_AT_PARTNER, (Kind.UNREADABLE,))
    assert "no total_energy" in judged.explanation


def test_what_only_they_have_is_missing_at_us(theirs, night):
    (judged,) = night([], [theirs()]).judged

    assert (judged.verdict, judged.difference, judged.money_at_risk) == (
        Verdict.MISSING_AT_US,
        Decimal("4.50"),
        Decimal("4.50"),
    )


@pytest.mark.parametrize(
    ("how_ours", "how_theirs", "tier"),
    [
        pytest.param({}, {}, Tier.CDR_ID, id="cdr id"),
        pytest.param({"session_id": "s"}, {"cdr_id": "2", "session_id": "S"}, Tier.SESSION_ID, id="session id"),
        pytest.param(
            {"authorization_reference": "a"},
            {"cdr_id": "2", "authorization_reference": "a"},
            Tier.AUTHORIZATION_REFERENCE,
            id="authorisation reference",
        ),
        pytest.param({}, {"cdr_id": "2", "start": START + timedelta(seconds=120)}, Tier.EVSE_AND_TOKEN, id="token"),
        pytest.param({}, {"cdr_id": "2", "token_uid": None}, Tier.EVSE_AND_CONTRACT, id="contract"),
        pytest.param({"contract_compact": None}, {"cdr_id": "2", "token_uid": None}, Tier.EVSE_AND_TIME, id="time"),
    ],
)
def test_says_how_a_pair_was_found(ours, theirs, night, how_ours, how_theirs, tier):
    (judged,) = night([ours(**how_ours)], [theirs(**how_theirs)]).judged

    assert judged.tier is tier
    assert (judged.verdict is Verdict.AMBIGUOUS) == (tier is Tier.EVSE_AND_TIME)


@pytest.mark.parametrize(
    ("minutes_later", "expected"),
    [
        pytest.param(12, ["within_tolerance"], id="four fifths in common"),
        pytest.param(13, ["missing_at_partner", "missing_at_us"], id="less"),
    ],
)
def test_sessions_that_overlap_too_little_are_two(ours, theirs, verdicts, minutes_later, expected):
    shifted = theirs("2", token_uid=None, start=START + timedelta(minutes=minutes_later))
    assert verdicts([ours()], [shifted]) == expected


@pytest.mark.parametrize(
    ("minutes", "kwh", "expected"),
    [
        pytest.param(4, "0.499", ["missing_at_partner", "missing_at_us"], id="two failed starts"),
        pytest.param(4, "0.500", ["within_tolerance"], id="half a kWh tells a session"),
        pytest.param(5, "0.072", ["within_tolerance"], id="five minutes tell a session"),
    ],
)
def test_clocks_an_hour_apart_need_a_session_to_tell_it(ours, theirs, verdicts, minutes, kwh, expected):
    an_hour_later = theirs(minutes=minutes, kwh=kwh, token_uid="04FFFFFF", start=START + timedelta(hours=1))
    assert verdicts([ours(minutes=minutes, kwh=kwh)], [an_hour_later]) == expected


def test_an_id_of_another_driver_elsewhere_proves_nothing(ours, theirs, verdicts):
    stranger = theirs(
        evse_compact="NLEVNE99",
        token_uid="04FFFFFF",
        contract_compact="NLROAC00099999",
        start=START + timedelta(hours=5),
    )
    assert sorted(verdicts([ours()], [stranger])) == ["missing_at_partner", "missing_at_us"]


def test_two_back_offices_may_count_the_same_ids(ours, theirs, verdicts):
    later = START + timedelta(days=9)
    our_cdrs = [ours("17"), ours("17", start=later, kwh="5.000")]
    their_cdrs = [theirs("17"), theirs("live", start=later, kwh="5.000")]

    assert verdicts(our_cdrs, their_cdrs) == ["equal", "equal"]


def test_a_tie_is_left_to_people(ours, theirs, night):
    near = [theirs(name, start=START + timedelta(seconds=seconds)) for name, seconds in (("a", 30), ("b", 60))]

    judged = night([ours()], near).judged

    assert [one.verdict for one in judged] == [Verdict.AMBIGUOUS] * 3
    assert all(near_one.cdr_key in judged[0].explanation for near_one in near)


def test_a_tie_is_resolved_by_other_evidence(ours, theirs, verdicts):
    near = [
        theirs("a", start=START + timedelta(seconds=60)),
        theirs("b", minutes=5, kwh="1.000", start=START - timedelta(seconds=60)),
    ]
    retried = [ours("x", start=START + timedelta(seconds=60)), ours("y", minutes=5, kwh="1.000")]

    assert sorted(verdicts(retried, near)) == ["equal", "within_tolerance"]


@pytest.mark.parametrize(
    "repetition",
    [
        pytest.param({"cdr_id": "2", "session_id": "s"}, id="of the session"),
        pytest.param({"cdr_id": "2"}, id="of the same content"),
        pytest.param({"cdr_id": "2", "start": START + timedelta(seconds=2)}, id="two seconds later"),
        pytest.param({"cdr_id": "1", "kwh": "11.000"}, id="of the id, changed"),
    ],
)
def test_a_repetition_is_set_aside(ours, theirs, night, repetition):
    first = theirs(session_id="s")
    second = theirs(**repetition, last_updated=START + timedelta(days=1))

    judged = {one.theirs_key: one for one in night([ours()], [second, first]).judged}

    assert judged[first.cdr_key].verdict is Verdict.EQUAL
    assert judged[second.cdr_key].verdict is Verdict.DUPLICATE
    assert judged[second.cdr_key].money_at_risk == second.net
    assert (Kind.MUTATED in judged[second.cdr_key].kinds) == (repetition["cdr_id"] == "1")


def test_the_first_stated_lives_whatever_its_id(ours, theirs, night):
    first, second = theirs("b"), theirs("a", last_updated=START + timedelta(days=1))

    judged = {one.theirs_key: one.verdict for one in night([ours()], [second, first]).judged}

    assert judged == {first.cdr_key: Verdict.EQUAL, second.cdr_key: Verdict.DUPLICATE}


def credit_of(cdr, **more):
    facts = {"cdr_id": f"{cdr.cdr_id}-C", "is_credit": True, "credits_cdr_id": cdr.cdr_id, "net": -cdr.net}
    return replace(cdr, **{**facts, "raw_sha256": "credit", **more})


def test_a_credit_takes_its_original_back_and_the_replacement_counts(ours, theirs, night):
    wrong = theirs(net="9.99")
    right = theirs("1-N", last_updated=START + timedelta(days=1))

    found = night([ours()], [right, credit_of(wrong), wrong])

    assert {one.theirs_key: one.verdict for one in found.judged} == {
        wrong.cdr_key: Verdict.CREDIT_PAIRED,
        credit_of(wrong).cdr_key: Verdict.CREDIT_PAIRED,
        right.cdr_key: Verdict.EQUAL,
    }
    assert found.summary.money_at_risk == {}


def test_a_credit_without_a_replacement_leaves_ours_alone(ours, theirs, verdicts):
    wrong = theirs()
    assert sorted(verdicts([ours()], [wrong, credit_of(wrong)])) == [
        "credit_paired",
        "credit_paired",
        "missing_at_partner",
    ]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        pytest.param({"credits_cdr_id": "nobody"}, (), id="of nothing that we know"),
        pytest.param({"net": Decimal("-1.00")}, (Kind.CREDIT_AMOUNT,), id="of another amount"),
    ],
)
def test_a_credit_that_cancels_nothing_is_said(ours, theirs, night, change, kinds):
    credit = credit_of(theirs(), **change)

    judged = {one.theirs_key: one for one in night([ours()], [theirs(), credit]).judged}

    assert judged[theirs().cdr_key].verdict is Verdict.EQUAL
    assert (judged[credit.cdr_key].verdict, judged[credit.cdr_key].kinds) == (Verdict.CREDIT_UNPAIRED, kinds)
    assert judged[credit.cdr_key].money_at_risk == abs(credit.net)


@pytest.mark.parametrize(
    ("expires_after", "kinds"),
    [
        pytest.param(None, (Kind.EVSE_ALIAS,), id="for good"),
        pytest.param(timedelta(days=1), (Kind.EVSE_ALIAS,), id="in time"),
        pytest.param(timedelta(0), (Kind.EVSE_ALIAS, Kind.EVSE_ALIAS_EXPIRED), id="after the agreed day"),
    ],
)
def test_a_former_evse_id_still_matches(ours, theirs, night, expires_after, kinds):
    alias = Alias(evse_compact="NLEVNE11", expires_at=expires_after if expires_after is None else START + expires_after)

    (judged,) = night([ours()], [theirs("2", evse_compact="NLEVXE11")], aliases={"NLEVXE11": (alias,)}).judged

    assert (judged.verdict, judged.tier, judged.kinds) == (Verdict.EQUAL, Tier.EVSE_AND_TOKEN, kinds)


def test_one_priced_line_leaves_no_cent_to_rounding(ours, theirs, verdicts):
    single = parse(
        b'{"id": "T", "currency": "EUR", "elements": ['
        b'{"price_components": [{"type": "ENERGY", "price": 0.45, "step_size": 1}]}]}'
    )
    assert verdicts([ours()], [theirs(net="4.51")], tariffs=[single]) == ["ours_right"]


def test_an_agreed_tolerance_replaces_the_derived_one(ours, theirs, verdicts):
    generous = Terms(currency="EUR", time_zone="UTC", tolerances=Tolerances(money=Decimal("0.10")))
    assert verdicts([ours()], [theirs(net="4.60")], terms=generous) == ["within_tolerance"]
    assert verdicts([ours()], [theirs(net="4.61")], terms=generous) == ["ours_right"]


def test_sums_up_by_verdict_cohort_and_money(ours, theirs, night):
    moved = ours(cohort=Cohort.MOVED)
    other = ours("2", start=START + timedelta(days=1), cohort=Cohort.NOT_MOVED)

    summary = night([moved, other], [theirs(net="5.50")]).summary

    assert summary.verdicts == {Verdict.OURS_RIGHT: 1, Verdict.MISSING_AT_PARTNER: 1}
    assert summary.cohorts == {
        Cohort.MOVED: {Verdict.OURS_RIGHT: 1},
        Cohort.NOT_MOVED: {Verdict.MISSING_AT_PARTNER: 1},
    }
    assert summary.money_at_risk == {
        (Verdict.OURS_RIGHT, "EUR"): Decimal("1.00"),
        (Verdict.MISSING_AT_PARTNER, "EUR"): Decimal("4.50"),
    }
    assert (summary.ours, summary.theirs, summary.matched) == (2, 1, 1)


def test_refuses_a_night_that_loses_a_record_even_if_it_cost_nothing(ours, theirs, night):
    our_cdrs, their_cdrs = [ours()], [theirs()]
    judged = night(our_cdrs, their_cdrs).judged

    with pytest.raises(CountsDisagree, match="3 rows went in"):
        summarise(judged, ours=[*our_cdrs, ours("2", net="0.00")], theirs=their_cdrs)


def test_refuses_a_night_that_loses_a_cent(ours, theirs, night):
    our_cdrs, their_cdrs = [ours()], [theirs(net="4.60")]
    judged = [replace(one, difference=Decimal("0.09")) for one in night(our_cdrs, their_cdrs).judged]

    with pytest.raises(CountsDisagree, match=r"unaccounted for: 0\.01"):
        summarise(judged, ours=our_cdrs, theirs=their_cdrs)


EVENING = parse(
    b'{"id": "E", "currency": "EUR", "elements": ['
    b'{"price_components": [{"type": "ENERGY", "price": 0.50, "step_size": 1}],'
    b'"restrictions": {"start_time": "17:00", "end_time": "00:00"}},'
    b'{"price_components": [{"type": "ENERGY", "price": 0.20, "step_size": 1}]}]}'
)


@pytest.mark.parametrize(
    ("ours_zone", "theirs_zone", "verdict", "clock"),
    [
        pytest.param("Europe/Lisbon", None, Verdict.OURS_RIGHT, " by the clock of Europe/Lisbon", id="our location's"),
        pytest.param(None, "Europe/Lisbon", Verdict.OURS_RIGHT, " by the clock of Europe/Lisbon", id="the partner's"),
        pytest.param(None, None, Verdict.THEIRS_RIGHT, "", id="the agreed one, where none is known"),
        pytest.param("Europe/Amsterdam", None, Verdict.THEIRS_RIGHT, "", id="the same as agreed"),
    ],
)
@pytest.mark.parametrize("net", ["5.00", "5.00000001"], ids=["in columns", "one by one"])
def test_a_tariff_goes_by_the_clock_at_the_location_and_it_is_said(
    night, ours, theirs, ours_zone, theirs_zone, verdict, clock, net
):
    start = datetime(2026, 11, 2, 16, tzinfo=UTC)  # five in Amsterdam, four in Lisbon
    facts = {"start": start, "kwh": "10.000"}

    (judged,) = night(
        [ours(net="2.00", time_zone=ours_zone, **facts)],
        [theirs(net=net, time_zone=theirs_zone, **facts)],
        tariffs=[EVENING],
    ).judged

    assert judged.verdict is verdict
    recomputed = "5.00" if verdict is Verdict.THEIRS_RIGHT else "2.00"
    assert f"; recomputed {recomputed} from ours and {recomputed} from theirs{clock}: " in judged.explanation
