"""How long a case may lie: reminders, then the committee. Data; a partner's file may have its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from charging.reconciliation.follow_up.case import Case, Happened, happened
from charging.reconciliation.follow_up.lifecycle import State
from charging.roaming.partner import Partner

AGEING = "the calendar"
"""Who did it, in a case's history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """When somebody is reminded of a case, and when others are told.

    Reminders count from when a case came into its state, escalations from when its session ended.
    """

    reminders: tuple[timedelta, ...] = (timedelta(days=7), timedelta(days=14), timedelta(days=21))
    escalations: tuple[timedelta, ...] = (timedelta(days=30), timedelta(days=90))
    """The first asks the committee to press the partner, the second to write the amount off."""


ESCALATIONS = ("press the partner: nothing has come of it", "decide whether to write it off")
"""What is asked of the committee, by level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old a case is, and when the next thing is due."""

    days_open: int
    """Since the session ended."""
    days_in_state: int
    reminders: int
    """How many should have been sent in this state."""
    escalation: int
    next_at: datetime | None
    """When a reminder or an escalation is due next; None where none is left."""


def agreed(partner: Partner) -> Ageing:
    """Return how long the cases of a partner may lie, as its file says."""
    return Ageing(
        reminders=tuple(timedelta(days=days) for days in partner.reminder_days),
        escalations=tuple(timedelta(days=days) for days in partner.escalation_days),
    )


def age(case: Case, *, as_of: datetime, ageing: Ageing) -> Age:
    """Return how old a case is."""
    lying, open_for = as_of - case.changed_at, as_of - case.ended_at
    is_awaited = case.state is State.WAITING or not case.is_open  # what is not due yet, nobody is reminded of
    reminders = 0 if is_awaited else sum(after <= lying for after in ageing.reminders)
    escalation = 0 if is_awaited else sum(after <= open_for for after in ageing.escalations)
    ahead = [] if is_awaited else _ahead(case, ageing, reminders=reminders, escalation=escalation)
    return Age(
        days_open=open_for.days,
        days_in_state=lying.days,
        reminders=reminders,
        escalation=escalation,
        next_at=case.due_at if case.state is State.WAITING else min(ahead, default=None),
    )


def grown_old(cases: Sequence[Case], *, as_of: datetime, ageing: Ageing) -> list[tuple[Case, Happened]]:
    """Return the cases that somebody must be reminded of, or that go up, as they are then; asking again is harmless."""
    found: list[tuple[Case, Happened]] = []
    for case in cases:
        now = age(case, as_of=as_of, ageing=ageing)
        if now.escalation > case.escalation:
            later = replace(case, escalation=now.escalation, reminders=max(now.reminders, case.reminders))
            said = ESCALATIONS[min(now.escalation, len(ESCALATIONS)) - 1]
            said = f"open for {now.days_open} days: {said}"
            entry = happened(later, "escalated", before=case.state, at=as_of, by=AGEING, reason=said)
            found.append((later, entry))
        elif now.reminders > case.reminders:
            later = replace(case, reminders=now.reminders)
            said = f"{case.state} for {now.days_in_state} days: it waits for {later.turn}"
            entry = happened(later, "reminded", before=case.state, at=as_of, by=AGEING, reason=said)
            found.append((later, entry))
    return found


def _ahead(case: Case, ageing: Ageing, *, reminders: int, escalation: int) -> list[datetime]:
    return [
        *(case.changed_at + after for after in ageing.reminders[reminders:][:1]),
        *(case.ended_at + after for after in ageing.escalations[escalation:][:1]),
    ]
