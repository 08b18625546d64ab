"""Rules for sessions beside each other: `tx.dup`, `tx.stop_failed`, `tx.no_stop` and `tx.overlap`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from charging.cleansing.case import Case, Rejection
from charging.cleansing.session_draft import Draft, by_connector, by_station
from charging.cleansing.session_energy import STUCK_AFTER
from charging.cleansing.values import iso
from charging.cleansing.verdict import Confidence, Owner

_RETRANSMITTED_WITHIN = timedelta(seconds=2)
_SAID = ("stopped_at", "meter_stop_wh", "energy_kwh", "cost")


def judge_same_id(cases: Sequence[Case]) -> None:
    """tx.dup, tx.stop_failed: one id, several rows. The same words merge; only a failed stop can complete a row."""
    by_id: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_id[case.key].append(case)
    for group in by_id.values():
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
    """Let the only failed stop of a session that has none say how it ended; it stays an estimate."""
    if len(failed) == 1 and session is not None and session.values.get("stopped_at") is None:
        (case,) = failed
        for column in ("stopped_at", "server_stopped_at", "meter_stop_wh"):
            before, after = session.values.get(column), case.values.get(column)
            session.log(column, "tx.no_stop", before, after, Confidence.ESTIMATED)
            session.values[column] = after
        session.values["is_estimated"] = "true"
        case.merge_into(session, "tx.stop_failed")
        return
    for case in failed:
        reason = f"its back-office could not book this stop ({case.values.get('failed_stop_reason')})"
        case.reject(Rejection(rule="tx.stop_failed", reason=reason))


def judge_retransmitted(drafts: Iterable[Draft]) -> None:
    """tx.dup: a StartTransaction that was sent again got a second id. It merges if it says nothing else."""
    for group in by_station(drafts):
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


def _says_more(one: Draft, other: Draft) -> bool:
    """Whether a session says anything about its end that the other does not say just so."""
    said = [(one.case.values.get(column), other.case.values.get(column)) for column in _SAID]
    return any(mine is not None and mine != theirs for mine, theirs in said)


def estimate_missing_stops(drafts: Sequence[Draft]) -> None:
    """tx.no_stop: where the next session on the connector began, the register stood where this one left it."""
    for group in by_connector(drafts):
        for draft, following in pairwise(group):
            start, stop = draft.meter_start_wh, following.meter_start_wh
            is_soon = following.started_at - draft.started_at <= STUCK_AFTER
            if draft.stopped_at is None and start is not None and stop is not None and stop >= start and is_soon:
                _estimate(draft, following.started_at)
                draft.case.log("meter_stop_wh", "tx.no_stop", None, str(stop), Confidence.ESTIMATED)
                draft.meter_stop_wh = stop


def _estimate(draft: Draft, stopped_at: datetime) -> None:
    draft.case.log("stopped_at", "tx.no_stop", None, iso(stopped_at), Confidence.ESTIMATED)
    draft.stopped_at, draft.is_estimated = stopped_at, True


def judge_overlaps(drafts: Iterable[Draft]) -> None:
    """tx.overlap: a connector serves one vehicle. Where two sessions overlap, nothing says which of them is right."""
    for group in by_connector(drafts):
        longest = group[0]
        for draft in group[1:]:
            if draft.started_at < (longest.stopped_at or longest.started_at):
                for one, other in ((longest, draft), (draft, longest)):
                    reason = f"it overlaps session {other.case.key} on its connector"
                    one.case.reject(Rejection(rule="tx.overlap", reason=reason, owner=Owner.DATA_TEAM))
            if (draft.stopped_at or draft.started_at) > (longest.stopped_at or longest.started_at):
                longest = draft
