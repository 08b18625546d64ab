"""What a night does to the cases: it opens, changes, joins and settles them. None of them is ever dropped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from charging.reconciliation.follow_up.case import BESIDES, Case, Happened, case_key, happened, moved, record, subject
from charging.reconciliation.follow_up.lifecycle import Event, State
from charging.reconciliation.verdict import SETTLED, Judged, Verdict

NIGHT = "the night"
"""Who did it, in a case's history."""
GONE = "the night has no such CDR any more: find out where it went"
_Moved = tuple[Case, tuple[Happened, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of the CDR that a verdict is about, beside the verdict."""

    ended_at: datetime
    station_id: str | None
    wave: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Every case that a night opened or touched, as it is now, and what happened, in order."""

    cases: tuple[Case, ...]
    history: tuple[Happened, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One partner's night: its day, when it was judged, and until when a CDR without a counterpart is awaited."""

    partner: str
    day: date
    at: datetime
    about: Callable[[str], About]
    """By a CDR's key."""
    due: Callable[[datetime], datetime]
    """By when a session ended."""


def follow(judged: Sequence[Judged], cases: Sequence[Case], *, night: Round, around: Sequence[Judged] = ()) -> Followed:
    """Move the cases by what a night found.

    `cases` may be all of the partner's; those of other nights about other CDRs are left alone. `around` are the
    verdicts on what the neighbouring nights have: a CDR may have gone there. The same night again moves nothing.
    """
    by_subject = {case.subject: case for case in cases}
    touched: dict[str, Case] = {}
    history: list[Happened] = []
    answered: set[str] = set()
    for one in judged:
        name = subject(one)
        answered.add(name)
        for case, entries in _one(one, by_subject.get(name), name=name, night=night):
            touched[name] = case
            history.extend(entries)
    where = _where([*judged, *around])
    for case in cases:
        if case.subject not in answered and case.is_open:
            for now, entries in _elsewhere(case, where, night=night):
                touched[case.subject] = now
                history.extend(entries)
    ordered = sorted(touched.values(), key=lambda case: case.case_key)
    return Followed(cases=tuple(ordered), history=tuple(history))


def _one(one: Judged, before: Case | None, *, name: str, night: Round) -> list[_Moved]:
    if before is None:
        return [] if one.verdict in SETTLED else [_opened(one, name=name, night=night)]
    if one.verdict in SETTLED:
        if not before.is_open and before.state is not State.WRITTEN_OFF:
            return []
        settled, entry = moved(
            _brought(before, one, night), Event.AGREED, at=night.at, by=NIGHT, reason=one.explanation
        )
        return [(settled, (entry,))]
    now = _brought(before, one, night)
    if now.finding == before.finding:
        return [(now, ())] if now != before else []
    return [_changed(now, one, night)]


def _opened(one: Judged, *, name: str, night: Round) -> _Moved:
    is_late = one.verdict is Verdict.LATE
    about = night.about(str(one.ours_key or one.theirs_key))
    case = Case(
        case_key=case_key(night.partner, name),
        partner=night.partner,
        subject=name,
        state=State.WAITING if is_late else State.FOUND,
        verdict=one.verdict,
        kinds=one.kinds,
        ours_key=one.ours_key,
        theirs_key=one.theirs_key,
        currency=one.currency,
        difference=one.difference,
        money_at_risk=one.money_at_risk,
        day=night.day,
        ended_at=about.ended_at,
        opened_at=night.at,
        changed_at=night.at,
        due_at=night.due(about.ended_at) if is_late else None,
        explanation=one.explanation,
        next_step=one.next_step,
        station_id=about.station_id,
        cohort=None if one.cohort is None else str(one.cohort),
        wave=about.wave,
    )
    return case, (happened(case, "opened", before=None, at=night.at, by=NIGHT, reason=one.explanation),)


def _brought(case: Case, one: Judged, night: Round) -> Case:
    """Return the case with what the verdict says now, in the state in which it was."""
    about = night.about(str(one.ours_key or one.theirs_key))
    return replace(
        _restated(case, one),
        day=night.day,
        ended_at=about.ended_at,
        station_id=about.station_id,
        cohort=None if one.cohort is None else str(one.cohort),
        wave=about.wave,
        due_at=night.due(about.ended_at) if case.state is State.WAITING else None,
    )


def _restated(case: Case, one: Judged) -> Case:
    return replace(
        case,
        verdict=one.verdict,
        kinds=one.kinds,
        ours_key=one.ours_key,
        theirs_key=one.theirs_key,
        currency=one.currency,
        difference=one.difference,
        money_at_risk=one.money_at_risk,
        explanation=one.explanation,
        next_step=one.next_step,
    )


def _changed(now: Case, one: Judged, night: Round) -> _Moved:
    is_late = one.verdict is Verdict.LATE and now.state in {State.WAITING, State.FOUND, State.PROPOSED}
    case, entry = moved(
        now,
        Event.WAITED_FOR if is_late else Event.CHANGED,
        at=night.at,
        by=NIGHT,
        reason=one.explanation,
        due_at=night.due(now.ended_at) if is_late else None,
    )
    return case, (entry,)


def _where(judged: Sequence[Judged]) -> Mapping[str, Judged]:
    """Return in which verdict each record is; a pair before what repeats one of its records."""
    found: dict[str, Judged] = {}
    for one in sorted(judged, key=lambda each: each.verdict in BESIDES):
        for key, cohort in ((one.ours_key, one.cohort), (one.theirs_key, None)):
            if key is not None:
                found.setdefault(record(key, cohort), one)
                found.setdefault(key, one)
    return found


def _elsewhere(case: Case, where: Mapping[str, Judged], *, night: Round) -> list[_Moved]:
    """Return what becomes of an open case that no verdict of the night is about."""
    key = str(case.ours_key or case.theirs_key)
    one = where.get(key) or where.get(record(key, case.cohort if case.ours_key else None))
    if one is None:
        if case.day != night.day or case.explanation == GONE:  # another night's, or it has been said
            return []
        now, entry = moved(replace(case, explanation=GONE), Event.GONE, at=night.at, by=NIGHT, reason=GONE)
    elif one.verdict in SETTLED:
        now, entry = moved(_restated(case, one), Event.AGREED, at=night.at, by=NIGHT, reason=one.explanation)
    elif subject(one) == case.subject:  # the neighbouring night judges it, and moves the case
        return []
    else:
        said = f"{case_key(night.partner, subject(one))} has taken it up"
        now, entry = moved(case, Event.JOINED, at=night.at, by=NIGHT, reason=said)
    return [(now, (entry,))]
