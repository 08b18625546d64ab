"""The money at risk of all partners, read from the cases."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database.queries import cases as read
from charging.database.queries import roaming
from charging.reconciliation.follow_up.at_risk import BANDS, NO_WAVE, OLDER, AtRisk, at_risk
from charging.reconciliation.follow_up.case import Case
from charging.settings import Settings
from reports.collected.shared import wave_name
from reports.formats import counted, money
from reports.money_at_risk import ClosedCases, Cut, LastNight, MoneyAtRisk, OpenCase, Part, RiskRow
from reports.status import WORDS
from reports.values import Figure

ZERO = Decimal(0)
AGES = (*(name for _, name in BANDS), OLDER)
MOST_CASES = 1_000
"""More would make the page too heavy to mail; `rehome cdr list` has all."""


def money_at_risk(connection: sa.Connection, settings: Settings) -> MoneyAtRisk | None:
    """Return the report, or None where no partner has been reconciled yet.

    It is as of the last night or decision, not of now: the same rows give the same page.
    """
    nights = roaming.last_nights(connection)
    if not nights:
        return None
    cases = read.cases(connection, read.Wanted())
    open_ = [case for case in cases if case.is_open]
    as_of = max([*(night["reconciled_at"] for night in nights), *(case.changed_at for case in cases)])
    found = at_risk(open_, as_of=as_of)
    totals = tuple(_parts((case.currency, "", case.money_at_risk, 1) for case in open_))
    return MoneyAtRisk(
        network=settings.operator,
        as_of=as_of,
        time_zone=settings.time_zone,
        headline=_headline(totals),
        figures=tuple(_figures(totals, open_, as_of)),
        totals=totals,
        cuts=tuple(_cuts(found)),
        rows=tuple(
            RiskRow(
                partner=one.partner,
                wave=_wave(one.wave),
                age=one.age,
                turn=one.turn,
                cases=one.cases,
                amount=one.amount,
                currency=one.currency,
            )
            for one in found
        ),
        cases=tuple(_open_case(case, as_of) for case in open_[:MOST_CASES]),
        nights=tuple(
            LastNight(
                partner=night["partner"],
                day=night["day"],
                reconciled_at=night["reconciled_at"],
                coverage="complete" if night["is_complete"] else "incomplete",
                because=night["incomplete_because"],
            )
            for night in nights
        ),
        closed=tuple(_closed(case for case in cases if not case.is_open)),
    )


def _headline(totals: Sequence[Part]) -> str:
    if not totals:
        return "No case is open."
    said = " and ".join(money(part.amount, part.currency) for part in totals)
    return f"{said} at risk in {counted(sum(part.cases for part in totals), 'open case')}."


def _figures(totals: Sequence[Part], cases: Sequence[Case], as_of: datetime) -> Iterable[Figure]:
    for part in totals:
        meaning = f"Without VAT, in {counted(part.cases, 'open case')}."
        yield Figure(label="At risk", value=part.amount, unit=part.currency, meaning=meaning)
    ours = [case for case in cases if case.turn in {"us", "committee"}]
    yield Figure(label="For us to act on", value=len(ours), unit="", meaning=f"Of {counted(len(cases), 'open case')}.")
    oldest = max(((as_of - case.ended_at).days for case in cases), default=None)
    yield Figure(label="Oldest open case", value=oldest, unit="days", meaning="Since its session ended.")


def _cuts(found: Sequence[AtRisk]) -> Iterable[Cut]:
    for by, order in _ORDERS.items():
        parts = _parts((one.currency, getattr(one, by), one.amount, one.cases) for one in found)
        ordered = sorted(parts, key=lambda part: part.currency)
        ordered.sort(key=order)
        yield Cut(by=by, parts=tuple(_named(by, part) for part in ordered))


def _by_name(part: Part) -> tuple[object, ...]:
    return (part.name,)


def _by_wave(part: Part) -> tuple[object, ...]:
    return (part.name == NO_WAVE, len(part.name), part.name)


def _by_age(part: Part) -> tuple[object, ...]:
    return (AGES.index(part.name),)


_ORDERS: Mapping[str, Callable[[Part], Any]] = {
    "partner": _by_name,
    "wave": _by_wave,
    "age": _by_age,
    "turn": _by_name,
}


def _parts(found: Iterable[tuple[str, str, Decimal, int]]) -> list[Part]:
    """Return the sums by currency and name, of (currency, name, amount, cases)."""
    sums: defaultdict[tuple[str, str], list[tuple[Decimal, int]]] = defaultdict(list)
    for currency, name, amount, cases in found:
        sums[currency, name].append((amount, cases))
    return [
        Part(
            name=name,
            currency=currency,
            cases=sum(cases for _, cases in each),
            amount=sum((amount for amount, _ in each), ZERO),
        )
        for (currency, name), each in sorted(sums.items())
    ]


def _named(by: str, part: Part) -> Part:
    match by:
        case "wave":
            return replace(part, name=_wave(part.name))
        case "turn":
            return replace(part, name=WORDS["turn"][part.name].word)
    return part


def _wave(wave: str) -> str:
    """Return a wave as committees call it."""
    name = "" if wave == NO_WAVE else wave_name(int(wave))
    return f"{wave} · {name}" if name else wave


def _open_case(case: Case, as_of: datetime) -> OpenCase:
    return OpenCase(
        case_key=case.case_key,
        partner=case.partner,
        verdict=str(case.verdict),
        state=str(case.state),
        turn=str(case.turn),
        wave=_wave(NO_WAVE if case.wave is None else str(case.wave)),
        days_open=(as_of - case.ended_at).days,
        amount=case.money_at_risk,
        currency=case.currency,
        explanation=case.explanation,
        next_step=case.next_step,
    )


def _closed(cases: Iterable[Case]) -> Iterable[ClosedCases]:
    sums: defaultdict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for case in cases:
        sums[case.partner, str(case.state), case.currency].append(case.money_at_risk)
    for (partner, state, currency), amounts in sorted(sums.items()):
        yield ClosedCases(
            partner=partner, state=state, cases=len(amounts), amount=sum(amounts, ZERO), currency=currency
        )
