"""Whether an element of a tariff is active at a moment of a session."""

from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction

from charging.tariffs.tariff import ALWAYS, Restrictions

MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a session stands when a period begins."""

    local: datetime
    elapsed_seconds: Fraction
    """Since charging became possible: a reservation before it does not count."""
    charged_kwh: Fraction
    min_current: Fraction | None = None
    max_current: Fraction | None = None
    min_power: Fraction | None = None
    max_power: Fraction | None = None


def is_active(restrictions: Restrictions, moment: Moment) -> bool:
    """Whether every restriction holds, the one on reservations excepted."""
    return restrictions is ALWAYS or (
        _is_within(restrictions.min_kwh, moment.charged_kwh, restrictions.max_kwh)
        and _is_within(restrictions.min_duration, moment.elapsed_seconds, restrictions.max_duration)
        and _is_at_least(restrictions.min_current, moment.min_current)
        and _is_below(restrictions.max_current, moment.max_current)
        and _is_at_least(restrictions.min_power, moment.min_power)
        and _is_below(restrictions.max_power, moment.max_power)
        and _holds_today(restrictions, moment.local)
        and _holds_at_this_time(restrictions, moment.local.time())
    )


def _is_within(lower: Fraction | int | None, value: Fraction, upper: Fraction | int | None) -> bool:
    return (lower is None or lower <= value) and (upper is None or value < upper)


def _is_at_least(bound: Fraction | None, value: Fraction | None) -> bool:
    return bound is None or (value is not None and value >= bound)


def _is_below(bound: Fraction | None, value: Fraction | None) -> bool:
    return bound is None or (value is not None and value < bound)


def _holds_today(restrictions: Restrictions, local: datetime) -> bool:
    today = local.date()
    return (
        (restrictions.start_date is None or restrictions.start_date <= today)
        and (restrictions.end_date is None or today < restrictions.end_date)
        and (not restrictions.days_of_week or today.weekday() in restrictions.days_of_week)
    )


def _holds_at_this_time(restrictions: Restrictions, now: time) -> bool:
    start, end = restrictions.start_time, restrictions.end_time
    if start is None and end is None:
        return True
    start = start or MIDNIGHT
    if end is None or end == MIDNIGHT:
        return start <= now
    if start < end:
        return start <= now < end
    return now >= start or now < end  # over midnight
