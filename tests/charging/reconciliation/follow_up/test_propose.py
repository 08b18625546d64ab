"""What is sent follows from the verdict, from who bills whom, and from how the partner takes a CDR back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from charging.reconciliation.follow_up.credit import Uncreditable, corrections
from charging.reconciliation.follow_up.propose import ProposalKind, propose
from charging.reconciliation.verdict import SETTLED, Kind, Verdict
from charging.roaming.partner import CreditPolicy, Ids, OurRole, Partner, TokenEncoding
from charging.tariffs.parse import parse

D = Decimal


@pytest.fixture
def partner(terms_and_tariffs):
    return Partner(
        name="roa",
        party="NL-ROA",
        owner="NL-EVN",
        versions_url="https://roa.example/versions",
        origins=(),
        token="env:T",
        token_encoding=TokenEncoding.RAW,
        tariffs=tuple(terms_and_tariffs["tariffs"]),
        ids=Ids(),
        former_operators=(),
        terms=terms_and_tariffs["terms"],
    )


@pytest.fixture
def proposed(book, partner):
    """What is proposed for the only case of a night."""

    def made(ours, theirs, **facts):
        book.after(ours, theirs)
        case = book.only()
        cdrs = {cdr.cdr_key: cdr for cdr in (*ours, *theirs)}
        return propose(
            case,
            ours=cdrs.get(case.ours_key),
            theirs=cdrs.get(case.theirs_key),
            partner=replace(partner, **facts),
            at=case.opened_at,
        )

    return made


def test_disputes_with_the_recomputation_as_evidence(proposed, ours, theirs):
    made = proposed([ours()], [theirs(net="5.50")])

    assert (made.kind, made.amount, made.currency) == (ProposalKind.DISPUTE, D("1.00"), "EUR")
    recomputed = made.evidence["recomputed"]["theirs"]
    assert (recomputed["net"], recomputed["tariff_id"]) == ("4.50", "T")
    assert [line["net"] for line in recomputed["lines"]] == ["0.5", "4"]


def test_says_nothing_of_who_charged(proposed, ours, theirs):
    said = repr(proposed([ours()], [theirs(net="5.50")]))

    assert not [secret for secret in ("04A1B2C3", "NLROAC00010069") if secret in said]


def test_credits_what_we_billed_wrongly_and_bills_it_again(proposed, ours, theirs):
    made = proposed([ours(net="5.50")], [theirs()])

    assert made.kind is ProposalKind.CREDIT
    assert [(cdr["cdr_id"], cdr["net"], cdr["credits_cdr_id"]) for cdr in made.evidence["corrections"]] == [
        ("1-C", "-5.50", "1"),
        ("1-R", "4.50", None),
    ]


def test_credits_our_own_repetition_and_bills_nothing_instead(proposed, ours, theirs):
    made = proposed([ours("1"), ours("1b")], [theirs("1")])

    assert [(cdr["cdr_id"], cdr["net"]) for cdr in made.evidence["corrections"]] == [("1b-C", "-4.50")]


@pytest.mark.parametrize(
    ("role", "ours_has", "theirs_has", "kind"),
    [
        pytest.param(OurRole.CPO, True, False, ProposalKind.RESEND, id="they lack what we billed"),
        pytest.param(OurRole.EMSP, True, False, ProposalKind.QUESTION, id="they have not billed what we saw"),
        pytest.param(OurRole.CPO, False, True, ProposalKind.QUESTION, id="they have what we never saw"),
        pytest.param(OurRole.EMSP, False, True, ProposalKind.DISPUTE, id="they bill what we never saw"),
    ],
)
def test_depends_on_who_bills_whom(proposed, ours, theirs, role, ours_has, theirs_has, kind):
    made = proposed([ours()] if ours_has else [], [theirs()] if theirs_has else [], our_role=role)

    assert made.kind is kind


def test_asks_again_for_a_record_that_could_not_be_read(book, ours, partner):
    book.after([ours()], [], unreadable={"1": "no number"})
    case = book.only()

    made = propose(case, ours=ours(), theirs=None, partner=partner, at=case.opened_at)

    assert made.kind is ProposalKind.QUESTION


def test_proposes_nothing_while_it_waits(proposed, ours, book, ended):
    book.night = _at(book.night, ended)

    assert proposed([ours()], []) is None


def test_is_the_same_proposal_for_the_same_finding_and_another_for_another(proposed, ours, theirs):
    once = proposed([ours()], [theirs(net="5.50")])

    assert proposed([ours()], [theirs(net="5.50")]).proposal_id == once.proposal_id
    assert proposed([ours()], [theirs(net="6.50")]).proposal_id != once.proposal_id


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        pytest.param(CreditPolicy.CREDIT_CDR, [("1-C", "-4.50", True), ("1-R", "4.00", False)], id="credit"),
        pytest.param(CreditPolicy.NEGATIVE_CDR, [("1-C", "-4.50", False), ("1-R", "4.00", False)], id="negative"),
        pytest.param(CreditPolicy.RESENT_ID, [("1", "4.00", False)], id="the same id again"),
    ],
)
def test_takes_back_as_the_partner_takes_it(ours, ended, policy, made):
    found = corrections(ours(), net=D("4.00"), gross=None, policy=policy, at=ended)

    assert [(cdr.cdr_id, str(cdr.net), cdr.is_credit) for cdr in found] == made
    assert len({cdr.raw_sha256 for cdr in found} | {ours().raw_sha256}) == len(found) + 1


@pytest.mark.parametrize(
    ("cdr_id", "policy", "reason"),
    [
        pytest.param("1", CreditPolicy.NONE, "takes no corrections", id="by mail"),
        pytest.param("1" * 38, CreditPolicy.CREDIT_CDR, "leaves no room", id="too long an id"),
    ],
)
def test_says_why_nothing_can_be_taken_back(ours, ended, cdr_id, policy, reason):
    found = corrections(ours(cdr_id), net=None, gross=None, policy=policy, at=ended)

    assert isinstance(found, Uncreditable)
    assert reason in found.reason


def test_credits_the_longest_id_that_leaves_room(ours, ended):
    (credit,) = corrections(ours("1" * 37), net=None, gross=None, policy=CreditPolicy.CREDIT_CDR, at=ended)

    assert len(credit.cdr_id) == 39


def test_has_an_answer_to_every_verdict_that_waits_for_somebody(book, ours, partner):
    book.after([ours()], [])
    for verdict in set(Verdict) - SETTLED - {Verdict.LATE}:
        case = replace(book.only(), verdict=verdict)
        for role in OurRole:
            made = propose(case, ours=ours(), theirs=None, partner=replace(partner, our_role=role), at=case.opened_at)
            assert made is not None, (verdict, role)


def _at(night, as_of):
    return lambda ours, theirs, **more: night(ours, theirs, **{"as_of": as_of, **more})


def test_what_both_of_our_back_offices_hold_is_asked_of_the_partner_only_where_it_was_billed(
    book, partner, ours, theirs
):
    cdr = ours()
    book.after([cdr], [theirs(net="5.50")])
    case = replace(book.only(), verdict=Verdict.DUPLICATE, kinds=(Kind.TWO_ROUTES,))

    def made(theirs_key):
        one = replace(case, theirs_key=theirs_key)
        return propose(one, ours=cdr, theirs=None, partner=partner, at=case.opened_at)

    assert made(None) is None
    assert made(case.theirs_key).kind is ProposalKind.CREDIT


def test_recomputes_by_the_tariff_that_was_in_force_when_the_session_began(proposed, ours, theirs, partner):
    (agreed,) = partner.tariffs
    began = ours().started_at
    dearer = parse(
        b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
        b'{"type": "ENERGY", "price": 0.80, "step_size": 1}]}]}'
    )
    versions = (
        replace(agreed, valid_to=began + timedelta(days=1)),
        replace(dearer, valid_from=began + timedelta(days=1)),
        replace(dearer, tariff_id="U", valid_from=began - timedelta(days=1)),
    )
    named = theirs(net="5.50")
    named = replace(named, lines=tuple(replace(line, tariff_id="T") for line in named.lines))

    made = proposed([ours()], [named], tariffs=versions)

    recomputed = made.evidence["recomputed"]
    assert (recomputed["theirs"]["tariff_id"], recomputed["theirs"]["net"]) == ("T", "4.50")
    assert (recomputed["ours"]["tariff_id"], recomputed["ours"]["net"]) == ("U", "8.00")


def test_says_by_which_clock_it_recomputed(proposed, ours, theirs):
    of_agreed = proposed([ours()], [theirs(net="5.50")])
    of_location = proposed([ours(time_zone="Europe/Lisbon")], [theirs(net="5.60")])

    for made, zone in ((of_agreed, "Europe/Amsterdam"), (of_location, "Europe/Lisbon")):
        assert {side["time_zone"] for side in made.evidence["recomputed"].values()} == {zone}
