"""What can be said about a CDR, or about a pair of them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from charging.roaming.cdr import Cohort
from charging.roaming.terms import Tier


class Verdict(StrEnum):
    """Every CDR of either side is in exactly one verdict."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within_tolerance"
    OURS_RIGHT = "ours_right"
    THEIRS_RIGHT = "theirs_right"
    NEITHER_RIGHT = "neither_right"
    QUANTITY_DIFFERS = "quantity_differs"
    TARIFF_DIFFERS = "tariff_differs"
    NOT_PRICEABLE = "not_priceable"
    MISSING_AT_PARTNER = "missing_at_partner"
    MISSING_AT_US = "missing_at_us"
    LATE = "late"
    """Without a counterpart, but too young to be missed."""
    DUPLICATE = "duplicate"
    CREDIT_PAIRED = "credit_paired"
    """A credit and what it credits: together, nothing."""
    CREDIT_UNPAIRED = "credit_unpaired"
    SUPERSEDED = "superseded"
    """An earlier state of a record that may change (OCHP), or was sent again under its id: the last state counts."""
    EXCLUDED = "excluded"
    """It bills nothing: a report on the way (eMIP), a refused record (OCHP), a subsidy's anonymous copy (Advenir)."""
    AMBIGUOUS = "ambiguous"
    """Several candidates, or too little in common: for a person."""


class Kind(StrEnum):
    """One named difference, or one circumstance of a verdict."""

    ENERGY = "energy"
    DURATION = "duration"
    CLOCK = "clock"
    """Start and end are shifted together: no quantity depends on it."""
    NET = "net"
    GROSS = "gross"
    CURRENCY = "currency"
    VAT_CONFUSION = "vat_confusion"
    """One side's amount with VAT is the other's without."""
    LINES = "lines"
    """Both prices follow from what each side measured, and they measured different things."""
    TARIFF = "tariff"
    EVSE_ALIAS = "evse_alias"
    """Matched under an EVSE id that has since been replaced."""
    EVSE_ALIAS_EXPIRED = "evse_alias_expired"
    CREDIT_AMOUNT = "credit_amount"
    MUTATED = "mutated"
    """The same id came with another content; OCPI forbids it."""
    INSIGNIFICANT = "insignificant"
    """A sender says that its amount means nothing, or the protocol has none: amounts are not judged."""
    INTERMEDIATE = "intermediate"
    REFUSED = "refused"
    SUBSIDY = "subsidy"
    UNREADABLE = "unreadable"
    """A record came, and no parser could read it."""
    STRADDLES_CUTOVER = "straddles_cutover"
    """The station was moved while the session ran: each back-office may have seen one end of it."""
    TWO_ROUTES = "two_routes"
    """Both back-offices have recorded the same charge, so that it would be billed on the old and on the new route."""
    SUSPECT = "suspect"
    TIE = "tie"
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 - a driver's token, no secret
    """The partner bills us for somebody who is none of our drivers."""
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    """It bills us for a driver whose token or contract was not valid then."""
    TOKEN_BLOCKED = "token_blocked"  # noqa: S105
    """The driver's token or contract is blocked now; since when, nobody says."""
    SESSION_OPEN = "session_open"
    """By the partner's own sessions, what it bills has not ended."""
    SESSION_VOID = "session_void"
    """By the partner's own sessions, what it bills is void."""
    FAILED_START = "failed_start"
    """By the partner's own sessions, nothing was charged."""


SETTLED = frozenset(
    {Verdict.EQUAL, Verdict.WITHIN_TOLERANCE, Verdict.CREDIT_PAIRED, Verdict.SUPERSEDED, Verdict.EXCLUDED}
)
"""Verdicts that nobody needs to look at and that put no money at risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict, with everything that a person needs to act on it."""

    verdict: Verdict
    tier: Tier | None
    """How the pair was found; None where there is no pair."""
    ours_key: str | None
    theirs_key: str | None
    kinds: tuple[Kind, ...]
    difference: Decimal | None
    """Theirs minus ours, without VAT, an absent side counting as nothing; None where it cannot be subtracted."""
    money_at_risk: Decimal
    currency: str
    explanation: str
    next_step: str
    cohort: Cohort | None = None


NEXT_STEP: dict[Verdict, str] = {
    Verdict.EQUAL: "none",
    Verdict.WITHIN_TOLERANCE: "none",
    Verdict.OURS_RIGHT: "dispute their amount; enclose the recomputation",
    Verdict.THEIRS_RIGHT: "correct our amount: credit and replace our CDR",
    Verdict.NEITHER_RIGHT: "agree with the partner on the tariff that was in force, then correct both",
    Verdict.QUANTITY_DIFFERS: "compare the meter values of both sides",
    Verdict.TARIFF_DIFFERS: "agree with the partner on which tariff applied",
    Verdict.NOT_PRICEABLE: "complete the agreed tariff or the measured lines, then run the night again",
    Verdict.MISSING_AT_PARTNER: "propose the CDR for re-sending",
    Verdict.MISSING_AT_US: "look for the session at both back-offices; without one, dispute the CDR",
    Verdict.LATE: "wait: it is not due yet",
    Verdict.DUPLICATE: "see that it is credited, and not billed twice",
    Verdict.CREDIT_PAIRED: "none",
    Verdict.CREDIT_UNPAIRED: "ask which CDR it credits",
    Verdict.SUPERSEDED: "none",
    Verdict.EXCLUDED: "none",
    Verdict.AMBIGUOUS: "let a person decide which belong together",
}
