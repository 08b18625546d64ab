"""A case: one CDR or pair that a night could not settle, with who must act, and everything that happened to it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from charging import canonical
from charging.reconciliation.follow_up.lifecycle import CLOSED, Event, State, Turn, after, turn
from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Cohort

BESIDES: frozenset[Verdict] = frozenset(
    {Verdict.DUPLICATE, Verdict.SUPERSEDED, Verdict.EXCLUDED, Verdict.CREDIT_UNPAIRED}
)
"""Verdicts on records that may stand beside another one of the same id, which is judged for itself."""
TARGETS = "TARGET|"
"""Before the name of a record of ours that the target has numbered; no other name begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is followed. It is about one CDR, its subject, whichever night judges it and with what counterpart."""

    case_key: str
    partner: str
    subject: str
    state: State
    verdict: Verdict
    kinds: tuple[Kind, ...]
    ours_key: str | None
    theirs_key: str | None
    currency: str
    difference: Decimal | None
    money_at_risk: Decimal
    day: date
    """The night that found it."""
    ended_at: datetime
    """When the session ended: the case is as old as that."""
    opened_at: datetime
    changed_at: datetime
    """When it came into its present state."""
    due_at: datetime | None
    """Until when nobody need act; None where somebody must."""
    explanation: str
    next_step: str
    station_id: str | None = None
    cohort: str | None = None
    wave: int | None = None
    reminders: int = 0
    escalation: int = 0

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act, or something is still awaited."""
        return self.state not in CLOSED

    @property
    def is_between_us(self) -> bool:
        """Whether it is a matter of our two back-offices alone: the partner has been billed once, or not yet."""
        return Kind.TWO_ROUTES in self.kinds and self.theirs_key is None

    @property
    def turn(self) -> Turn:
        """Who must act."""
        return turn(self.state, verdict=self.verdict, is_ours=self.ours_key is not None, escalation=self.escalation)

    @property
    def finding(self) -> tuple[object, ...]:
        """What a later night must say again for the case to stay as it is."""
        return (self.verdict, self.kinds, self.ours_key, self.theirs_key, self.difference, self.money_at_risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry of a case's history."""

    case_key: str
    at: datetime
    event: str
    """An `Event`, or `opened`, `reminded`, `escalated`."""
    before: State | None
    after: State
    verdict: Verdict
    money_at_risk: Decimal
    by: str
    reason: str


def case_key(partner: str, subject: str) -> str:
    """Return the short name by which people call a case."""
    return f"R-{canonical.digest([partner, subject])[:12]}"


def record(cdr_key: str, cohort: str | None = None) -> str:
    """Return which record a CDR's key is a version of: side, partner, owner and id, in capitals.

    `cohort` is that of a CDR of ours: two back-offices may number unlike sessions alike, and the target's are marked.
    """
    name = cdr_key.rpartition("|")[0].upper()
    return f"{TARGETS}{name}" if cohort == Cohort.MOVED else name


def subject(judged: Judged) -> str:
    """Return which CDR a verdict is about: ours where there is one.

    What shares its id with the record that counts is named by its own version.
    """
    key = judged.ours_key or judged.theirs_key or ""
    return key if judged.verdict in BESIDES else record(key, judged.cohort if judged.ours_key else None)


def moved(
    case: Case, event: Event, *, at: datetime, by: str, reason: str, due_at: datetime | None = None
) -> tuple[Case, Happened]:
    """Return a case after something happened to it, and the entry of its history.

    Raises:
        IllegalStep: if that cannot happen to a case in this state.
    """
    state = after(case.case_key, case.state, event)
    is_new = state is not case.state
    later = replace(
        case,
        state=state,
        changed_at=at if is_new else case.changed_at,
        due_at=due_at,
        reminders=0 if is_new else case.reminders,
        escalation=0 if state in CLOSED else case.escalation,
    )
    return later, happened(later, str(event), before=case.state, at=at, by=by, reason=reason)


def happened(case: Case, event: str, *, before: State | None, at: datetime, by: str, reason: str) -> Happened:
    """Return an entry of a case's history, as the case is after it."""
    return Happened(
        case_key=case.case_key,
        at=at,
        event=event,
        before=before,
        after=case.state,
        verdict=case.verdict,
        money_at_risk=case.money_at_risk,
        by=by,
        reason=reason,
    )
