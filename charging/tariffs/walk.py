"""The walk through a session's periods: what each of them is charged for, before step sizes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from charging.tariffs.restrictions import Moment, is_active
from charging.tariffs.tariff import Dimension, PriceComponent, Reservation, Tariff
from charging.tariffs.usage import Extreme, Period, Usage

CLOCKED = (Dimension.TIME, Dimension.PARKING_TIME, Dimension.RESERVATION_TIME)
_HOUR = 3600
_HALF_A_DIGIT_SECONDS = Fraction(18, 100)  # half of 0.0001 h, the precision in which OCPI publishes times
_HALF_A_DIGIT_WH = Fraction(5, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A period on the walk, with its measured quantities in whole units where the wire had rounded them."""

    index: int
    period: Period
    moment: Moment
    ending: Moment
    """Just before the period's end, to see whether the tariff changed on the way."""
    quantities: Mapping[Dimension, Fraction]
    """Wh and seconds."""

    @property
    def is_reservation(self) -> bool:
        """Whether the vehicle was not there yet."""
        return Dimension.RESERVATION_TIME in self.quantities and len(self.quantities) == 1


def walk(usage: Usage) -> Iterator[Step]:
    """Yield the periods in order, each with where the session stood when it began."""
    zone = ZoneInfo(usage.time_zone)
    charging_from: datetime | None = None
    charged_wh = Fraction(0)
    ends = [*(period.started_at for period in usage.periods[1:]), usage.ended_at]
    for index, (period, ended_at) in enumerate(zip(usage.periods, ends, strict=True)):
        quantities = _quantities(period, ended_at - period.started_at)
        energy_wh = quantities.get(Dimension.ENERGY, Fraction(0))
        is_reservation = len(quantities) == 1 and Dimension.RESERVATION_TIME in quantities
        if charging_from is None and not is_reservation:
            charging_from = period.started_at
        since = charging_from or period.started_at
        bounds = _bounds(period, energy_wh, ended_at - period.started_at)
        last_second = max(period.started_at, ended_at - timedelta(seconds=1))
        yield Step(
            index=index,
            period=period,
            moment=_moment(period.started_at, since, charged_wh, zone, bounds),
            ending=_moment(last_second, since, charged_wh + max(Fraction(0), energy_wh - 1), zone, bounds),
            quantities=quantities,
        )
        charged_wh += energy_wh


def active_component(
    tariff: Tariff, dimension: Dimension, moment: Moment, *, reservation: Reservation | None = None
) -> tuple[int, PriceComponent] | None:
    """Return the component that prices a dimension, with its element's place in the list, or None if nothing does.

    The first element counts that names the dimension and is active; other dimensions may come from other elements.
    """
    for place, element in enumerate(tariff.elements):
        if element.restrictions.reservation is not reservation:
            continue
        for component in element.components:
            if component.dimension is dimension and is_active(element.restrictions, moment):
                return place, component
    return None


def _moment(
    at: datetime, since: datetime, charged_wh: Fraction, zone: ZoneInfo, bounds: Mapping[Extreme, Fraction]
) -> Moment:
    return Moment(
        local=at.astimezone(zone),
        elapsed_seconds=seconds(at - since),
        charged_kwh=charged_wh / 1000,
        min_current=bounds.get(Extreme.MIN_CURRENT),
        max_current=bounds.get(Extreme.MAX_CURRENT),
        min_power=bounds.get(Extreme.MIN_POWER),
        max_power=bounds.get(Extreme.MAX_POWER),
    )


def _bounds(period: Period, energy_wh: Fraction, duration: timedelta) -> Mapping[Extreme, Fraction]:
    """Return the period's extremes; power that was not published is the period's average."""
    bounds = {extreme: Fraction(value) for extreme, value in period.extremes.items()}
    if duration > timedelta(0):
        average_kw = energy_wh / 1000 * _HOUR / seconds(duration)
        bounds.setdefault(Extreme.MIN_POWER, average_kw)
        bounds.setdefault(Extreme.MAX_POWER, average_kw)
    return bounds


def seconds(duration: timedelta) -> Fraction:
    """Return a duration in seconds, exactly."""
    return Fraction(duration // timedelta(microseconds=1), 1_000_000)


def _quantities(period: Period, duration: timedelta) -> dict[Dimension, Fraction]:
    times = [dimension for dimension in CLOCKED if period.volumes.get(dimension)]
    clock = seconds(duration) if len(times) == 1 else None
    quantities = {dimension: _seconds(period.volumes[dimension], clock) for dimension in times}
    if energy := period.volumes.get(Dimension.ENERGY):
        quantities[Dimension.ENERGY] = _snap(Fraction(energy) * 1000, within=_HALF_A_DIGIT_WH)
    return quantities


def _seconds(hours: Decimal, clock: Fraction | None) -> Fraction:
    """Return the seconds that published hours stand for, so that no rounded digit fills another step.

    Twenty minutes published as 0.3334 h would be 1200.24 s and cost one more block. The timestamps are believed where
    they agree with the hours in all of the digits published; without them, the whole second that is near enough.
    """
    stated = Fraction(hours) * _HOUR
    # By the number's value: a zero at the end is lost in most feeds, and says nothing in the others.
    digits = next((digits for digits in (2, 3) if (Fraction(hours) * 10**digits).denominator == 1), 4)
    if clock is not None and abs(stated - clock) <= Fraction(_HOUR, 10**digits):
        return clock
    return _snap(stated, within=_HALF_A_DIGIT_SECONDS)


def _snap(value: Fraction, *, within: Fraction) -> Fraction:
    whole = round(value)
    return Fraction(whole) if abs(value - whole) <= within else value
