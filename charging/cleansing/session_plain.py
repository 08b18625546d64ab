"""Sessions with which nothing is wrong: nearly all of them. They are read at once, and no rule of a single row asked.

What is asked here is what the rules ask, quickly and never more generously: a row that any rule might mend, ask about
or set aside is not plain, and goes to the rules themselves. Rules that look at neighbours judge plain rows as well.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import starmap

from charging.cleansing.answers import NOTHING
from charging.cleansing.case import Case
from charging.cleansing.references import canonical_uid
from charging.cleansing.session_draft import Draft
from charging.cleansing.values import instants, number, stamp
from charging.cleansing.verdict import Context

_CONNECTORS: Mapping[str | None, int | None] = {None: None} | {str(each): each for each in range(1, 100)}
_NUMBERS = ("meter_start_wh", "meter_stop_wh", "energy_kwh", "cost")
_TIMES = ("started_at", "stopped_at", "server_started_at", "server_stopped_at")
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(hours=24)
_CLOCK_AGREES = timedelta(hours=24)
_FIRST_PUBLIC_YEAR = 2005
_IDLE_KW = 0.03
"""More than what the rule for units doubts: floats are near enough where there is a margin."""

Reader = Callable[[Case], Draft | None]


def reader(context: Context) -> Reader:
    """Return what reads a plain row by all that rules may know beside it; for any other row it returns None."""
    right_units: dict[str, bool] = {}
    known_stations, most_kw = context.station_ids, float(context.max_power_kw)

    def read(case: Case) -> Draft | None:
        values = case.values
        station_id = values.get("station_id")
        if not station_id or station_id.isspace() or (known_stations is not None and station_id not in known_stations):
            return None
        has_right_unit = right_units.get(station_id)
        if has_right_unit is None:
            has_right_unit = right_units[station_id] = context.facts.unit(station_id) is None
        if not has_right_unit or not _is_as_it_came(case) or not _is_canonical(values, context):
            return None
        draft = _draft(case, station_id, context)
        return draft if draft is not None and _is_plausible(draft, context.as_of, most_kw) else None

    return read


def _is_as_it_came(case: Case) -> bool:
    """Whether nobody has said anything about the row, and its source no more than one thing."""
    is_untouched = not (case.fixes or case.questions) and case.answer is NOTHING
    return is_untouched and case.values.get("stop_count") in {None, "1"}


def _is_canonical(values: Mapping[str, str | None], context: Context) -> bool:
    written = values.get("token_uid")
    if written is None or values.get("token_kind") == "pseudonym":
        return True
    canonical = canonical_uid(written, context.known_token_uids).canonical
    return canonical is None or canonical == written


def _draft(case: Case, station_id: str, context: Context) -> Draft | None:
    """Read a row; None where something in it cannot be read, or says two things."""
    value = case.values.get
    numbers, cost, currency = _numbers(case), number(value("cost")), None
    started_at, stopped_at, *server = _times(case.values, context.time_zone)
    connector = value("connector_id")
    if numbers is None or started_at is None or stopped_at is None or connector not in _CONNECTORS:
        return None
    if cost is not None:
        currency = value("currency") or context.currency
        if cost < 0 or currency is None or not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            return None
    return Draft(
        case=case,
        station_id=station_id,
        connector_id=_CONNECTORS[connector],
        location_id=value("location_id"),
        token_uid=value("token_uid"),
        started_at=started_at,
        stopped_at=stopped_at,
        server_started_at=server[0],
        server_stopped_at=server[1],
        meter_start_wh=numbers[0],
        meter_stop_wh=numbers[1],
        energy_kwh=numbers[2],
        cost=cost,
        currency=currency,
        is_estimated=value("is_estimated") == "true",
        is_plain=True,
    )


def _numbers(case: Case) -> tuple[Decimal | None, Decimal | None, Decimal] | None:
    """Return both registers and the energy, as the registers say it if they do; None where they disagree."""
    value = case.values.get
    start, stop, energy = number(value("meter_start_wh")), number(value("meter_stop_wh")), number(value("energy_kwh"))
    if (
        (start is None and value("meter_start_wh") is not None)
        or (stop is None and value("meter_stop_wh") is not None)
        or (energy is None and value("energy_kwh") is not None)
        or (value("cost") is not None and number(value("cost")) is None)
    ):
        return None
    case.claimed_kwh = energy
    if start is not None and stop is not None:
        measured = (stop - start) / 1000
        if energy is None:
            case.claimed_kwh = measured
        elif energy != measured:
            return None
        energy = measured
    return None if energy is None else (start, stop, energy)


def _times(values: Mapping[str, str | None], time_zone: str | None) -> list[datetime | None]:
    """Return the four instants of a row; without those of the session itself where one says two things, or too little.

    A year below 100 may lack its century.
    """
    texts = [values.get(column) for column in _TIMES]
    if any(text is not None and text.startswith("00") for text in texts):
        return [None] * len(_TIMES)
    zone = values.get("time_zone") or time_zone
    return list(starmap(_instant, ((text, zone) for text in texts)))


def _instant(text: str | None, zone: str | None) -> datetime | None:
    written = stamp(text)
    if written is None or written.tzinfo is UTC:
        return written
    meanings = instants(written, zone)
    return meanings[0] if len(meanings) == 1 else None


def _is_plausible(draft: Draft, as_of: datetime, most_kw: float) -> bool:
    """Whether times, energy and power are what no rule doubts, with a margin where floats are compared."""
    started_at, stopped_at, server_start = draft.started_at, draft.stopped_at, draft.server_started_at
    if stopped_at is None or draft.energy_kwh is None or stopped_at > as_of:
        return False
    lasted = stopped_at - started_at
    if not _SHORTEST <= lasted <= _LONGEST:
        return False
    if server_start is None:
        if started_at.year < _FIRST_PUBLIC_YEAR:
            return False
    elif abs(started_at - server_start) > _CLOCK_AGREES:
        return False
    seconds, kw_seconds = lasted.total_seconds(), float(draft.energy_kwh) * 3600
    return _IDLE_KW * seconds < kw_seconds < most_kw * seconds
