"""Rules for sessions, in their order: what a row says, when it was, what stood beside it, and what it delivered."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.kept_stops import end_by_kept_stops
from charging.cleansing.references import judge_number, judge_station, judge_token
from charging.cleansing.session_draft import Draft, by_connector, by_station, still_open
from charging.cleansing.session_energy import judge_cost, judge_energy, reject_garbage
from charging.cleansing.session_pairs import (
    estimate_missing_stops,
    judge_overlaps,
    judge_retransmitted,
    judge_same_id,
)
from charging.cleansing.session_plain import reader
from charging.cleansing.session_times import judge_clocks, judge_zones, mend_century, read_times
from charging.cleansing.session_units import judge_units, mend_unit
from charging.cleansing.values import instant, number, whole
from charging.cleansing.verdict import Context, Owner
from charging.network import Session


def judge(cases: Sequence[Case], context: Context) -> list[Session]:
    """Mend, merge and set aside the sessions among the cases; return those that are clean."""
    judge_same_id(all_open(cases))
    read_plain = reader(context)
    read = (read_plain(case) or _judged(case, context) for case in all_open(cases))
    drafts = [draft for draft in read if draft is not None]
    judge_clocks(draft for draft in drafts if not draft.is_plain)
    stations = by_station(drafts)
    if judge_zones(stations):
        stations = by_station(drafts)
    judge_retransmitted(stations)
    end_by_kept_stops(drafts, context)
    connectors = by_connector(stations)
    estimate_missing_stops(connectors, context)
    for draft in still_open(drafts):
        if not draft.is_plain:
            judge_energy(draft, context)
    judge_units(connectors)
    judge_overlaps(connectors)
    return [draft.session() for draft in still_open(drafts)]


def _judged(case: Case, context: Context) -> Draft | None:
    """Return what a row says when every rule that looks at it alone has had its say; None where it is set aside."""
    for rule in _RULES:
        if case.is_open:
            rule(case, context)
    return _draft(case, context) if case.is_open else None


def _connector(case: Case, _: Context) -> None:
    """conn.zero, conn.number: a vehicle charges at a connector, and connector 0 is the whole station."""
    judge_number(case, "connector_id")
    if whole(case.values.get("connector_id")) == 0:
        reason = "connector 0 is the whole station: where did it charge?"
        case.reject(Rejection(rule="conn.zero", reason=reason, owner=Owner.STATION_MAKER))


def _multi_stop(case: Case, _: Context) -> None:
    """tx.multi_stop: the source had several stops and chose one; all of them stay in its own table."""
    count = case.values.get("stop_count")
    if count is not None and count.isdecimal() and int(count) > 1:
        case.repair(Repair(field="stop_count", rule="tx.multi_stop", after="1"))


def _draft(case: Case, context: Context) -> Draft | None:
    times = read_times(case, context)
    if times is None:
        return None
    values = case.values
    cost = number(values.get("cost"))
    return Draft(
        case=case,
        station_id=values.get("station_id") or "",
        connector_id=whole(values.get("connector_id")),
        location_id=values.get("location_id"),
        token_uid=values.get("token_uid"),
        started_at=times[0],
        stopped_at=times[1],
        server_started_at=_server_time(case, "server_started_at", context),
        server_stopped_at=_server_time(case, "server_stopped_at", context),
        meter_start_wh=_number(case, "meter_start_wh"),
        meter_stop_wh=_number(case, "meter_stop_wh"),
        energy_kwh=_number(case, "energy_kwh"),
        cost=cost,
        currency=None if cost is None else values.get("currency") or context.currency,
        is_estimated=values.get("is_estimated") == "true",
    )


def _number(case: Case, column: str) -> Decimal | None:
    return number(case.values.get(column))


def _server_time(case: Case, column: str, context: Context) -> datetime | None:
    zone = case.values.get("time_zone") or context.time_zone
    return instant(case.values.get(column), zone)


_RULES = (
    *(_connector, judge_station, reject_garbage, mend_unit, judge_cost),
    *(mend_century, judge_token, _multi_stop),
)
