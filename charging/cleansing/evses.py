"""Rules for EVSEs: `conn.*`, `cp.ghost` and `evse.*`."""

from collections import defaultdict
from collections.abc import Sequence

from charging.cleansing.case import Case, Rejection, all_open
from charging.cleansing.references import judge_number, judge_station
from charging.cleansing.values import whole
from charging.cleansing.verdict import Confidence, Context, Owner
from charging.identifiers import evse_id
from charging.network import Evse


def judge(cases: Sequence[Case], context: Context) -> list[Evse]:
    """Merge and set aside the EVSEs among the cases; return those that are clean."""
    for case in cases:
        for rule in (_number, judge_station, _zero):
            if case.is_open:
                rule(case, context)
    _same_number(all_open(cases))
    _gap(all_open(cases))
    _same_id(all_open(cases))
    for case in all_open(cases):
        _published(case)
    return [_evse(case) for case in all_open(cases)]


def _number(case: Case, _: Context) -> None:
    judge_number(case, "connector_id")


def _zero(case: Case, _: Context) -> None:
    """conn.zero: connector 0 is the station itself, and no EVSE."""
    if _connector(case) == 0:
        station_id = case.values.get("station_id")
        case.merged_by = "conn.zero"
        case.log("merged_into", "conn.zero", f"{case.row.file}:{case.row.line}", station_id, Confidence.CERTAIN)


def _same_number(cases: Sequence[Case]) -> None:
    """conn.dup: one connector twice; the same words merge, different ones are set aside."""
    by_key: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_key[_uid(case)].append(case)
    for first, *others in by_key.values():
        ids = {case.values.get("evse_id") for case in (first, *others)}
        for case in others if len(ids) == 1 else ():
            case.merge_into(first, "conn.dup")
        for case in (first, *others) if len(ids) > 1 else ():
            case.reject(Rejection(rule="conn.dup", reason="one connector has two EVSE ids", owner=Owner.NETWORK_OWNER))


def _gap(cases: Sequence[Case]) -> None:
    """conn.gap: connectors are numbered 1, 2, 3 without a gap (OCPP 1.6 §2.2); what comes after one is doubtful."""
    by_station: defaultdict[str | None, list[Case]] = defaultdict(list)
    for case in cases:
        by_station[case.values.get("station_id")].append(case)
    for group in by_station.values():
        for expected, case in enumerate(sorted(group, key=_connector), start=1):
            if _connector(case) != expected:
                reason = f"connector {expected} is missing before connector {_connector(case)}"
                case.reject(Rejection(rule="conn.gap", reason=reason, owner=Owner.MAINTENANCE))


def _same_id(cases: Sequence[Case]) -> None:
    """evse.dup_compact: ids that differ by separators only are one identifier, and partners would mix them up."""
    by_compact: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if published := case.values.get("evse_id"):
            by_compact[evse_id.compact(published) or published].append(case)
    for compact, group in by_compact.items():
        for case in group if len(group) > 1 else ():
            others = ", ".join(other.key for other in group if other is not case)
            reason = f"it has the same EVSE id as {others}: {compact}"
            case.reject(Rejection(rule="evse.dup_compact", reason=reason, owner=Owner.NETWORK_OWNER))


def _published(case: Case) -> None:
    """id.din, id.nonconforming: an id that partners refuse stays as it came; what it becomes is for remapping."""
    published = case.values.get("evse_id")
    parsed = evse_id.parse(published) if published else None
    if not published or (parsed and parsed.is_publishable):
        return
    is_din = parsed is not None and parsed.standard is evse_id.Standard.DIN
    what = "follows DIN SPEC 91286" if is_din else "is none that partners take"
    question = f"which id shall it have? {published!r} {what}; see `rehome remap propose`"
    case.ask("id.din" if is_din else "id.nonconforming", question, Owner.NETWORK_OWNER)


def _connector(case: Case) -> int:
    return whole(case.values.get("connector_id")) or 0


def _uid(case: Case) -> str:
    return f"{case.values.get('station_id')}*{_connector(case)}"


def _evse(case: Case) -> Evse:
    return Evse(
        evse_uid=_uid(case),
        station_id=case.values.get("station_id") or "",
        connector_id=_connector(case),
        evse_id=case.values.get("evse_id"),
    )
