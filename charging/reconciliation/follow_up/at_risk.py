"""Money at risk: per partner, wave and age."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from charging.reconciliation.follow_up.case import Case

BANDS = ((7, "up to 7 days"), (30, "8 to 30 days"), (90, "31 to 90 days"))
"""Ages in whole days since the session ended, each up to and with its number."""
OLDER = "more than 90 days"
NO_WAVE = "not in a wave"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """Open cases of one kind together."""

    partner: str
    wave: str
    """Of the plan in which the station moves or moved; `not in a wave` for others, also for unknown stations."""
    age: str
    turn: str
    currency: str
    cases: int
    amount: Decimal
    """Without VAT."""


def at_risk(cases: Iterable[Case], *, as_of: datetime) -> list[AtRisk]:
    """Return what the open cases put at risk, the greatest amounts first; every open case is in exactly one."""
    amounts: defaultdict[tuple[str, str, str, str, str], list[Decimal]] = defaultdict(list)
    for case in cases:
        if case.is_open:
            wave = NO_WAVE if case.wave is None else str(case.wave)
            key = (case.partner, wave, band((as_of - case.ended_at).days), str(case.turn), case.currency)
            amounts[key].append(case.money_at_risk)
    found = [
        AtRisk(
            partner=partner, wave=wave, age=age, turn=turn, currency=currency, cases=len(each), amount=sum(each, _ZERO)
        )
        for (partner, wave, age, turn, currency), each in amounts.items()
    ]
    return sorted(found, key=lambda one: (-one.amount, one.partner, one.wave, one.age, one.turn, one.currency))


def band(days: int) -> str:
    """Return in which band an age lies."""
    return next((name for most, name in BANDS if days <= most), OLDER)


_ZERO = Decimal(0)
