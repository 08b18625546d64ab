"""Rules for sessions beside each other: `tx.dup`, `tx.stop_failed`, `tx.no_stop` and `tx.overlap`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.session_draft import Draft, still_open
from charging.cleansing.session_energy import STUCK_AFTER
from charging.cleansing.values import instant
from charging.cleansing.verdict import Confidence, Context, Owner

_RETRANSMITTED_WITHIN = timedelta(seconds=2)
_SAID = ("stopped_at", "meter_stop_wh", "energy_kwh", "cost")


def judge_same_id(cases: Sequence[Case]) -> None:
    """tx.dup, tx.stop_failed: one id, several rows. The same words merge; only a failed stop can complete a row."""
    by_id: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_id[case.key].append(case)
    for group in by_id.values():
        if len(group) == 1 and group[0].values.get("failed_stop_reason") is None:
            continue
        failed = [case for case in group if case.values.get("failed_stop_reason") is not None]
        sessions = [case for case in group if case not in failed]
        for first, *others in [sessions] if sessions else []:
            _merge_or_reject(first, others)
        _judge_failed(failed, sessions[0] if len(sessions) == 1 else None)


def _merge_or_reject(first: Case, others: Sequence[Case]) -> None:
    if all(case.values == first.values for case in others):
        for case in others:
            case.merge_into(first, "tx.dup")
    else:
        for case in (first, *others):
            case.reject(Rejection(rule="tx.dup", reason="several sessions have this id, and they differ"))


def _judge_failed(failed: Sequence[Case], session: Case | None) -> None:
    """Let the failed stop of a session that has none say how it ended: revenue, and yet an estimate.

    A station that is not answered sends its stop again, so there may be several of the same words.
    """
    said = {_stop(case) for case in failed}
    if session is not None and said == {_stop(session)}:  # it was booked after all
        for case in failed:
            case.merge_into(session, "tx.stop_failed")
        return
    if len(said) == 1 and session is not None and session.values.get("stopped_at") is None:
        for column in ("stopped_at", "server_stopped_at", "meter_stop_wh"):
            after = failed[0].values.get(column)
            session.repair(Repair(field=column, rule="tx.no_stop", after=after, confidence=Confidence.ESTIMATED))
        session.values["is_estimated"] = "true"
        question = "its stop came, and its back-office could not book it. May it be billed by that stop?"
        session.ask("tx.stop_failed", question, Owner.NETWORK_OWNER)
        for case in failed:
            case.merge_into(session, "tx.stop_failed")
        return
    for case in failed:
        reason = f"its back-office could not book this stop ({case.values.get('failed_stop_reason')})"
        case.reject(Rejection(rule="tx.stop_failed", reason=reason))


def _stop(case: Case) -> tuple[str | None, ...]:
    return tuple(case.values.get(column) for column in ("stopped_at", "meter_stop_wh"))


def judge_retransmitted(stations: Iterable[Sequence[Draft]]) -> None:
    """tx.dup: a StartTransaction that was sent again got a second id. It merges if it says nothing else."""
    for group in filter(may_be_retransmitted, stations):
        kept: dict[tuple[object, ...], Draft] = {}
        for draft in group:
            what = (draft.connector_id, draft.token_uid, draft.meter_start_wh)
            first = kept.get(what)
            if first is None or draft.started_at - first.started_at > _RETRANSMITTED_WITHIN:
                kept[what] = draft
            elif not _says_more(draft, first):
                draft.case.merge_into(first.case, "tx.dup")
            elif not _says_more(first, draft):
                first.case.merge_into(draft.case, "tx.dup")
                kept[what] = draft
            else:
                rejection = Rejection(
                    rule="tx.dup", reason=f"{first.case.key} and {draft.case.key} began as one session"
                )
                first.case.reject(rejection)
                draft.case.reject(rejection)


def may_be_retransmitted(station: Sequence[Draft]) -> bool:
    """Whether any two of a station's sessions, in their order, began nearly together."""
    return any(other.started_at - one.started_at <= _RETRANSMITTED_WITHIN for one, other in pairwise(station))


def _says_more(one: Draft, other: Draft) -> bool:
    """Whether a session says anything about its end that the other does not say just so."""
    said = [(one.case.values.get(column), other.case.values.get(column)) for column in _SAID]
    return any(mine is not None and mine != theirs for mine, theirs in said)


def estimate_missing_stops(connectors: Iterable[Sequence[Draft]], context: Context) -> None:
    """tx.no_stop: the next session on its connector proves that it ended; the meter says when, and at what.

    What the meter said last in between counts; else the register of the next one, which stood where this one left it.
    A session that nothing follows may still be going on.
    """
    for group in connectors:
        for draft, following in pairwise(group):
            if draft.stopped_at is not None or following.started_at - draft.started_at > STUCK_AFTER:
                continue
            found = _last_sample(draft, following, context) or _next_start(draft, following, context)
            if found is not None:
                stopped_at, register = found
                question = "it has no stop: its end is estimated from what came after. May it be billed?"
                draft.estimate("tx.no_stop", owner_asked=question, stopped_at=stopped_at, meter_stop_wh=register)


def _last_sample(draft: Draft, following: Draft, context: Context) -> tuple[datetime, Decimal] | None:
    """Return when the meter last said what it stood at during a session, and that, if it makes sense."""
    zone = draft.case.values.get("time_zone") or context.time_zone
    for sample in reversed(context.facts.registers_of.get(draft.case.key, ())):
        at = instant(sample.written_at, zone)
        if at is None or draft.meter_start_wh is None or sample.register_wh < draft.meter_start_wh:
            return None
        return (at, sample.register_wh) if draft.started_at <= at <= following.started_at else None
    return None


def _next_start(draft: Draft, following: Draft, context: Context) -> tuple[datetime, Decimal] | None:
    start, stop = draft.meter_start_wh, following.meter_start_wh
    if start is None or stop is None or stop < start or context.facts.is_session_relative(draft.station_id):
        return None
    return following.started_at, stop


def judge_overlaps(connectors: Iterable[Sequence[Draft]]) -> None:
    """tx.overlap: a connector serves one vehicle. Where two sessions overlap, nothing says which of them is right."""
    for group in map(still_open, connectors):
        if not group:
            continue
        longest = group[0]
        for draft in group[1:]:
            if draft.started_at < (longest.stopped_at or longest.started_at):
                for one, other in ((longest, draft), (draft, longest)):
                    reason = f"it overlaps session {other.case.key} on its connector"
                    one.case.reject(Rejection(rule="tx.overlap", reason=reason, owner=Owner.DATA_TEAM))
            if (draft.stopped_at or draft.started_at) > (longest.stopped_at or longest.started_at):
                longest = draft
