"""Rules for reservations: `res.*`, `cp.ghost`, `conn.number` and `tok.*`."""

from collections.abc import Sequence

from charging.cleansing.case import Case, Rejection, all_open
from charging.cleansing.references import judge_duplicates, judge_number, judge_station, judge_token
from charging.cleansing.values import instant, whole
from charging.cleansing.verdict import Context
from charging.network import Reservation

_TIMES = ("starts_at", "expires_at")


def judge(cases: Sequence[Case], context: Context) -> list[Reservation]:
    """Mend, merge and set aside the reservations among the cases; return those that are clean."""
    for case in cases:
        for rule in (judge_station, _connector, judge_token, _times):
            if case.is_open:
                rule(case, context)
    judge_duplicates(all_open(cases), "res.dup")
    return [_reservation(case, context) for case in all_open(cases)]


def _connector(case: Case, _: Context) -> None:
    judge_number(case, "connector_id")


def _times(case: Case, context: Context) -> None:
    """res.times: it begins and ends, in this order."""
    moments = {column: instant(case.values.get(column), context.time_zone) for column in _TIMES}
    for column, moment in moments.items():
        written = case.values.get(column)
        if written is not None and moment is None:
            case.reject(Rejection(rule="res.times", reason=f"{column} is {written!r}, which is no one instant"))
    starts_at, expires_at = moments.values()
    if starts_at is not None and expires_at is not None and expires_at < starts_at:
        case.reject(Rejection(rule="res.times", reason="it ends before it begins"))


def _reservation(case: Case, context: Context) -> Reservation:
    values = case.values
    return Reservation(
        reservation_id=case.key,
        station_id=values.get("station_id") or "",
        connector_id=whole(values.get("connector_id")),
        token_uid=values.get("token_uid"),
        session_id=values.get("session_id"),
        starts_at=instant(values.get("starts_at"), context.time_zone),
        expires_at=instant(values.get("expires_at"), context.time_zone),
        status=values.get("status"),
    )
