"""Rules for when a session was: `tx.century`, `tx.clock`, `tx.tz` and `tx.dst`."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.order import in_order
from charging.cleansing.session_draft import Draft
from charging.cleansing.values import hours, instants, iso, number, stamp
from charging.cleansing.verdict import Confidence, Context, Owner

_YEAR = re.compile(r"([0-9]{4})(?=-)")
_FIRST_PUBLIC_YEAR = 2005
"""A session that says it is older comes from a station whose clock was never set."""
_CLOCK_AGREES = timedelta(hours=24)
_MESSAGE_TAKES = timedelta(seconds=120)
_SAME_DURATION = timedelta(seconds=60)
_QUARTER = timedelta(minutes=15)
_WIDEST_OFFSET = timedelta(hours=14)
_VOTERS, _MAJORITY = 3, Decimal("0.9")
_TIMES = ("started_at", "stopped_at", "server_started_at", "server_stopped_at")

Times = tuple[datetime, datetime | None]


def mend_century(case: Case, context: Context) -> None:
    """tx.century: a year below 100 was written without its century; the source says which, or nobody knows."""
    told = case.values.get("century")
    century = int(told) if told and told.isdecimal() else context.century
    for column in _TIMES:
        text = case.values.get(column) or ""
        match = _YEAR.match(text)
        if match is None or int(match[1]) >= 100:
            continue
        if century is None:
            case.reject(Rejection(rule="tx.century", reason=f"{column} is in the year {int(match[1])}: which century?"))
            return
        case.repair(Repair(field=column, rule="tx.century", after=f"{int(match[1]) + century}{text[4:]}"))


def read_times(case: Case, context: Context) -> Times | None:
    """Return start and stop in UTC, or None after setting the row aside.

    tx.dst: in the hour that clocks repeat a time means two instants. The duration, the server's own clock, the order
    of start and stop and the power that the energy would need may leave one of them; otherwise nobody can say.
    """
    zone = case.values.get("time_zone") or context.time_zone
    starts = _meanings(case, "started_at", zone)
    has_stop = case.values.get("stopped_at") is not None
    stops: Sequence[datetime | None] | None = _meanings(case, "stopped_at", zone) if has_stop else [None]
    if starts is None or stops is None:
        return None
    readings = [(start, stop) for start, stop in product(starts, stops)]
    if len(readings) == 1:
        return readings[0]
    possible = [reading for reading in readings if _is_possible(reading, case, context)]
    if len(possible) > 1:
        possible = _in_order_with_samples(starts, stops, case, context)
    if len(possible) != 1:
        reason = "its local time falls into the hour that clocks repeat, and nothing says which of the two it is"
        case.reject(Rejection(rule="tx.dst", reason=reason))
        return None
    for column, moment in zip(_TIMES, possible[0], strict=False):
        if moment is not None:
            case.repair(Repair(field=column, rule="tx.dst", after=iso(moment)))
    return possible[0]


def _in_order_with_samples(
    starts: Sequence[datetime], stops: Sequence[datetime | None], case: Case, context: Context
) -> list[Times]:
    """Return the one reading that leaves the register rising from start to stop, where what the meter said tells."""
    zone = case.values.get("time_zone") or context.time_zone
    samples = sorted(context.facts.registers_of.get(case.key, ()), key=lambda sample: sample.register_wh)
    between = [instants(sample.at, zone) for sample in samples if sample.at is not None]
    ends = [tuple(stop for stop in stops if stop is not None)] if stops != [None] else []
    told = in_order([starts, *between, *ends])
    start, stop = told[0], told[-1] if ends else None
    return [] if start is None or (ends and stop is None) else [(start, stop)]


def _meanings(case: Case, column: str, zone: str | None) -> tuple[datetime, ...] | None:
    text = case.values.get(column)
    written = stamp(text)
    if written is None:
        case.reject(Rejection(rule="tx.time", reason=f"{column} is {text!r}, which is no date and time"))
        return None
    if written.tzinfo is None and zone is None:
        case.reject(Rejection(rule="tx.zone", reason=f"{column} is {text!r} and says no zone; name the source's zone"))
        return None
    if found := instants(written, zone):
        return found
    case.reject(Rejection(rule="tx.dst", reason=f"{column} is {text!r}, in an hour that the clocks of {zone} skip"))
    return None


def _is_possible(reading: Times, case: Case, context: Context) -> bool:
    start, stop = reading
    server = stamp(case.values.get("server_started_at"))
    if server is not None and server.tzinfo is not None and abs(start - server) > _QUARTER:
        return False
    if stop is None:
        return True
    duration, energy = (number(case.values.get(column)) for column in ("duration_hours", "energy_kwh"))
    if stop < start or (duration is not None and abs(hours(stop - start) - duration) > hours(_SAME_DURATION)):
        return False
    return energy is None or energy <= context.max_power_kw * hours(stop - start)


def judge_clocks(drafts: Iterable[Draft]) -> None:
    """tx.clock: the station's clock was never set. Its server's times serve if the station was online throughout."""
    for draft in drafts:
        server_start, server_stop = draft.server_started_at, draft.server_stopped_at
        if server_start is None:
            is_wrong = draft.started_at.year < _FIRST_PUBLIC_YEAR
        else:
            is_wrong = abs(draft.started_at - server_start) > _CLOCK_AGREES
        if not is_wrong or not draft.case.is_open:
            continue
        if server_start is None or server_stop is None or draft.stopped_at is None:
            reason = f"the station's clock said {iso(draft.started_at)}, and nothing says what time it was"
        elif abs((server_stop - server_start) - draft.lasted) > _SAME_DURATION:
            reason = "the station's clock was wrong, and it was offline: the server heard of the session later"
        else:
            draft.retime(server_start, server_stop, rule="tx.clock", confidence=Confidence.CERTAIN)
            continue
        draft.case.reject(Rejection(rule="tx.clock", reason=reason, owner=Owner.MAINTENANCE))


def judge_zones(stations: Iterable[Sequence[Draft]]) -> bool:
    """tx.tz: a station whose clock differs from its server's by the same whole quarters of an hour, session by session,
    keeps local time. Return whether any session has another time now.
    """
    has_retimed = False
    for group in stations:
        if may_keep_another_time(group):
            has_retimed = _judge_zone(group) or has_retimed
    return has_retimed


def may_keep_another_time(station: Iterable[Draft]) -> bool:
    """Whether a majority of a station's sessions is possible that are off by the same quarters: a quick look."""
    off = [
        abs(draft.started_at - draft.server_started_at) > _MESSAGE_TAKES
        for draft in station
        if draft.server_started_at is not None
    ]
    return sum(off) >= len(off) * _MAJORITY


def _judge_zone(group: Sequence[Draft]) -> bool:
    offsets = [(draft, _offset(draft)) for draft in group if draft.server_started_at is not None]
    if len(offsets) < _VOTERS:
        return False
    (winner, votes), *_ = Counter(offset for _, offset in offsets).most_common(1)
    if not winner or votes < len(offsets) * _MAJORITY:
        return False
    evidence = f"{votes} of {len(offsets)} sessions of {group[0].station_id} are {_told(winner)} off"
    for draft in (draft for draft, offset in offsets if offset == winner):
        stopped_at = None if draft.stopped_at is None else draft.stopped_at - winner
        draft.retime(draft.started_at - winner, stopped_at, rule="tx.tz", confidence=Confidence.VOTE, evidence=evidence)
    return True


def _told(offset: timedelta) -> str:
    sign = "-" if offset < timedelta(0) else "+"
    return f"{sign}{abs(offset) // timedelta(hours=1):02d}:{abs(offset) // timedelta(minutes=1) % 60:02d}"


def _offset(draft: Draft) -> timedelta | None:
    """Return by how many whole quarters of an hour station and server differ; None if by something else."""
    if draft.server_started_at is None:
        return None
    difference = draft.started_at - draft.server_started_at
    nearest = round(difference / _QUARTER) * _QUARTER
    is_close = abs(difference - nearest) <= _MESSAGE_TAKES and abs(nearest) <= _WIDEST_OFFSET
    return nearest if is_close else None
