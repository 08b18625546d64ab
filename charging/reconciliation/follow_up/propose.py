"""What to send a partner about a case. A proposal is only written here; a person releases it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from charging import canonical
from charging.canonical import Json
from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.credit import Uncreditable, corrections
from charging.reconciliation.follow_up.follow import GONE
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import Cdr, usage
from charging.roaming.partner import OurRole, Partner
from charging.tariffs.agreed import Agreed, agreed
from charging.tariffs.cost import NotPriceable
from charging.tariffs.price import price


class ProposalKind(StrEnum):
    """What is sent."""

    DISPUTE = "dispute"
    """Their amount is not what was agreed; the recomputation is enclosed."""
    CREDIT = "credit"
    """Our amount is not: it is taken back, and where something is owed, billed again."""
    RESEND = "resend"
    """The CDR that they lack, again."""
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be sent, in words and with its evidence. It names CDRs; of drivers it says nothing."""

    proposal_id: str
    case_key: str
    partner: str
    kind: ProposalKind
    currency: str
    amount: Decimal
    """What is at stake, without VAT."""
    summary: str
    evidence: Mapping[str, Json]


_AS_CPO: Mapping[Verdict, ProposalKind] = {
    Verdict.OURS_RIGHT: ProposalKind.DISPUTE,
    Verdict.THEIRS_RIGHT: ProposalKind.CREDIT,
    Verdict.MISSING_AT_PARTNER: ProposalKind.RESEND,
    Verdict.MISSING_AT_US: ProposalKind.QUESTION,
    Verdict.DUPLICATE: ProposalKind.DISPUTE,
    Verdict.NEITHER_RIGHT: ProposalKind.QUESTION,
    Verdict.QUANTITY_DIFFERS: ProposalKind.QUESTION,
    Verdict.TARIFF_DIFFERS: ProposalKind.QUESTION,
    Verdict.NOT_PRICEABLE: ProposalKind.QUESTION,
    Verdict.CREDIT_UNPAIRED: ProposalKind.QUESTION,
    Verdict.AMBIGUOUS: ProposalKind.QUESTION,
}
KINDS: Mapping[OurRole, Mapping[Verdict, ProposalKind]] = {
    OurRole.CPO: _AS_CPO,
    # Who is billed issues no CDRs: it asks for the one it lacks, and disputes what it never had.
    OurRole.EMSP: {
        **_AS_CPO,
        Verdict.MISSING_AT_PARTNER: ProposalKind.QUESTION,
        Verdict.MISSING_AT_US: ProposalKind.DISPUTE,
        Verdict.THEIRS_RIGHT: ProposalKind.QUESTION,
    },
}
"""What answers a verdict. A verdict that is not here asks for nothing."""
ASKED: Mapping[Verdict, str] = {
    Verdict.NEITHER_RIGHT: "which tariff was in force when this session began?",
    Verdict.QUANTITY_DIFFERS: "what did your meter say at the start and at the end of this session?",
    Verdict.TARIFF_DIFFERS: "which tariff did you apply to this session, and why?",
    Verdict.NOT_PRICEABLE: "by which tariff and which measured quantities did you price this session?",
    Verdict.CREDIT_UNPAIRED: "which CDR does this credit take back?",
    Verdict.AMBIGUOUS: "which of our CDRs is of the same session as this one?",
    Verdict.MISSING_AT_US: "at which station and when did you see this session? We have none like it.",
    Verdict.MISSING_AT_PARTNER: "will you send a CDR of this session? We have seen it, and have none.",
    Verdict.THEIRS_RIGHT: "nothing: we take your amount over, and tell you so.",
}


_MOST_DIGITS = 13
"""After the point; more are no price's and no meter's."""


def propose(case: Case, *, ours: Cdr | None, theirs: Cdr | None, partner: Partner, at: datetime) -> Proposal | None:
    """Return what to send about a case, or None where nothing is to be sent.

    `ours` and `theirs` are the CDRs that the case names, `at` the instant that corrections are dated with.
    """
    kind = _kind(case, partner)
    if kind is None or case.explanation == GONE:  # nobody is written to about a CDR that is no longer there
        return None
    stated: dict[str, Json] = {
        side: _stated(cdr) for side, cdr in (("ours", ours), ("theirs", theirs)) if cdr is not None
    }
    evidence: dict[str, Json] = {"verdict": str(case.verdict), "explanation": case.explanation, "stated": stated}
    summary = f"{case.next_step}: {case.explanation}"
    match kind:
        case ProposalKind.DISPUTE:
            evidence["recomputed"] = _recomputed(ours, theirs, partner)
        case ProposalKind.CREDIT if ours is not None:
            evidence["corrections"], summary = _credited(ours, theirs, case=case, partner=partner, at=at)
        case ProposalKind.RESEND if ours is not None:
            summary = f"take in {ours.cdr_id}: {case.explanation}"
        case _:
            summary = f"about {_named(ours, theirs)}: {ASKED.get(case.verdict, case.next_step)}"
            evidence["recomputed"] = _recomputed(ours, theirs, partner)
    return Proposal(
        proposal_id=f"P-{canonical.digest([case.case_key, str(kind), case.finding])[:12]}",
        case_key=case.case_key,
        partner=case.partner,
        kind=kind,
        currency=case.currency,
        amount=case.money_at_risk,
        summary=summary,
        evidence=evidence,
    )


def _kind(case: Case, partner: Partner) -> ProposalKind | None:
    """A repetition is credited by who sent it; a record that they could not state legibly is asked for again."""
    if case.is_between_us:
        return None
    if case.verdict is Verdict.DUPLICATE and case.ours_key and partner.our_role is OurRole.CPO:
        return ProposalKind.CREDIT
    if Kind.UNREADABLE in case.kinds:
        return ProposalKind.QUESTION
    return KINDS[partner.our_role].get(case.verdict)


def _credited(ours: Cdr, theirs: Cdr | None, *, case: Case, partner: Partner, at: datetime) -> tuple[Json, str]:
    owed = None if case.verdict is Verdict.DUPLICATE else theirs
    made = corrections(
        ours,
        net=None if owed is None else owed.net,
        gross=None if owed is None else owed.gross,
        policy=partner.credit_policy,
        at=at,
    )
    if isinstance(made, Uncreditable):
        return [], f"correct {ours.cdr_id} by mail: {made.reason}"
    named = " and ".join(f"{cdr.cdr_id} of {cdr.net} {cdr.currency}" for cdr in made)
    return [_stated(cdr) for cdr in made], f"send {named} for {ours.cdr_id}: {case.explanation}"


def _stated(cdr: Cdr) -> dict[str, Json]:
    """Return what a CDR says of a charge, and nothing of who charged."""
    return {
        "cdr_id": cdr.cdr_id,
        "evse_id": cdr.evse_raw,
        "started_at": canonical.plain(cdr.started_at),
        "ended_at": canonical.plain(cdr.ended_at),
        "energy_kwh": str(cdr.energy_kwh),
        "net": canonical.plain(cdr.net),
        "gross": canonical.plain(cdr.gross),
        "currency": cdr.currency,
        "tariff_id": cdr.tariff_id,
        "is_credit": cdr.is_credit,
        "credits_cdr_id": cdr.credits_cdr_id,
    }


def _recomputed(ours: Cdr | None, theirs: Cdr | None, partner: Partner) -> dict[str, Json]:
    """Return, for each side, what the agreed tariff makes of the quantities that it measured, line by line.

    The tariffs are those that were in force when the session began, by the earlier claim, as for the verdict.
    """
    cdrs = [cdr for cdr in (ours, theirs) if cdr is not None]
    as_of = min(cdr.started_at for cdr in cdrs)
    zone = next((cdr.time_zone for cdr in cdrs if cdr.time_zone), partner.terms.time_zone)
    chosen = agreed(partner.tariffs, at=as_of, vat_percent=partner.terms.vat_percent)
    return {str(cdr.side): _lines(cdr, chosen, zone, partner) for cdr in cdrs}


def _lines(cdr: Cdr, chosen: Agreed, zone: str, partner: Partner) -> dict[str, Json]:
    measured = usage(replace(cdr, time_zone=zone), time_zone=zone)
    priced = price(measured, tariffs=chosen.by_id, default=chosen.default)
    named = (chosen.by_id.get(line.tariff_id or "") for line in cdr.lines)
    tariff = next(filter(None, named), chosen.default)
    if isinstance(priced, NotPriceable):
        return {"not_priceable": priced.reason}
    charge = priced.rounded(partner.terms.rounding)
    return {
        "tariff_id": None if tariff is None else tariff.tariff_id,
        "time_zone": zone,
        "net": canonical.plain(charge.net),
        "gross": canonical.plain(charge.gross),
        "currency": charge.currency,
        "doubts": list(priced.doubts),
        "lines": [
            {
                "dimension": str(line.dimension),
                "measured": _number(line.measured),
                "billed": _number(line.billed),
                "unit_price": _number(line.unit_price),
                "step_size": line.step_size,
                "vat_percent": _number(line.vat_percent),
                "net": _number(line.excl_vat),
            }
            for line in priced.lines
        ],
    }


def _number(value: Fraction | None) -> str | None:
    """Return a number exactly: in decimals where they end, else as the fraction that it is."""
    if value is None:
        return None
    numerator, denominator = value.as_integer_ratio()
    digits = next((digits for digits in range(_MOST_DIGITS) if 10**digits % denominator == 0), None)
    if digits is None:
        return f"{numerator}/{denominator}"
    return f"{Decimal(numerator * (10**digits // denominator)).scaleb(-digits):f}"


def _named(ours: Cdr | None, theirs: Cdr | None) -> str:
    names = [f"{whose} {cdr.cdr_id}" for whose, cdr in (("our", ours), ("your", theirs)) if cdr is not None]
    return " and ".join(names)
