"""Cases as a partner reads them: what is still open, how old it is, whose turn it is, and what is asked."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedCase:
    """A CDR, or a pair, that some night could not settle. Tokens and contracts are pseudonyms made for this partner."""

    case_key: str
    state: str
    verdict: str
    turn: str
    """`ours` or `yours`."""
    night: date
    ended_at: datetime
    """When the session ended; the case is as old as that."""
    days_open: int
    days_in_state: int
    ours_cdr_id: str | None
    theirs_cdr_id: str | None
    evse_id: str
    token: str | None
    contract: str | None
    money_at_risk: Decimal
    currency: str
    ask: str | None
    """What would be sent, or was: dispute, credit, resend, question."""
    asked: str
    """In words; the explanation where nothing is asked."""
    recomputed: str | None
    """What the agreed tariff makes of each side's quantities, line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAge:
    """All open cases of one age whose turn is the same."""

    age: str
    turn: str
    cases: int
    money_at_risk: Decimal
    currency: str
