"""Tariffs as tables of integers, for the loops that price columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil

import numpy as np

from charging.tariffs import whole_units as units
from charging.tariffs.agreed import agreed
from charging.tariffs.kernels.forms import HOUR, WHOLE, Choice, Elements, Rules
from charging.tariffs.kernels.periods import Ints
from charging.tariffs.restrictions import MIDNIGHT
from charging.tariffs.rounding import Rounding, half_minor_unit, minor_units
from charging.tariffs.tariff import Dimension, Element, Restrictions, Tariff, Taxes

DIMENSIONS = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
_OPEN = 1 << 62
_DAY = 86_400_000_000
_FIRST_DAY = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All that the loops need to know of the tariffs."""

    names: tuple[str, ...]
    breaks: Ints
    """The instants (microseconds since 1970) at which tariffs begin or end; between them lie the segments."""
    choice: Choice
    rules: Rules
    elements: Elements
    is_local: bool
    """Whether any of them depends on the wall clock."""
    decimals: Ints
    """Of each tariff's currency."""
    half_units: Ints
    """Half a minor unit, in millionths."""


def compile_tables(tariffs: Sequence[Tariff], rounding: Rounding) -> Tables:
    """Return the tables of tariffs whose VAT is as agreed."""
    bounds = {bound for tariff in tariffs for bound in (tariff.valid_from, tariff.valid_to) if bound is not None}
    breaks = sorted(bounds)
    before = breaks[:1] or [_EPOCH]
    instants = [before[0] - timedelta(microseconds=1) if before[0] > _BEGINNING else _BEGINNING, *breaks]
    names = tuple(dict.fromkeys(tariff.tariff_id for tariff in tariffs))
    return Tables(
        names=names,
        breaks=np.array([(bound - _EPOCH) // timedelta(microseconds=1) for bound in breaks], np.int64),
        choice=_choice(tariffs, names, instants),
        rules=_rules(tariffs, rounding),
        elements=_elements(tariffs),
        is_local=any(tariff.is_local for tariff in tariffs),
        decimals=np.array([minor_units(tariff.currency) for tariff in tariffs], np.int64),
        half_units=np.array([int(half_minor_unit(tariff.currency).scaleb(6)) for tariff in tariffs], np.int64),
    )


def _elements(tariffs: Sequence[Tariff]) -> Elements:
    """Return the elements of all tariffs in their order, without those for reservations."""
    elements = [(tariff, element) for tariff in tariffs for element in _charging(tariff)]
    shape = (len(elements), len(DIMENSIONS))
    table = Elements(
        bounds=np.array([_bounds(element.restrictions) for _, element in elements], np.int64).reshape(-1, 12),
        wraps=np.array([_wraps(element.restrictions) for _, element in elements], np.bool_),
        days=np.array([_days(element.restrictions) for _, element in elements], np.int64),
        is_priced=np.zeros(shape, np.bool_),
        rate=np.zeros(shape, np.int64),
        step=np.ones(shape, np.int64),
        factor=np.full(shape, WHOLE, np.int64),
    )
    for place, (tariff, element) in enumerate(elements):
        for component in reversed(element.components):  # of two for one dimension the first counts
            dimension = DIMENSIONS.index(component.dimension)
            if units.is_usual(tariff):
                table.is_priced[place, dimension] = True
                table.rate[place, dimension] = units.rate(tariff, component)
                table.step[place, dimension] = units.step(component)
                table.factor[place, dimension] = units.factor(tariff, component)
    return table


def _rules(tariffs: Sequence[Tariff], rounding: Rounding) -> Rules:
    """Return the tariffs themselves, limits rounded as agreed."""
    sizes = [len(_charging(tariff)) for tariff in tariffs]
    ends = np.cumsum(sizes, dtype=np.int64) if sizes else np.zeros(0, np.int64)
    usual = [units.is_usual(tariff) for tariff in tariffs]
    limits = [units.limits(tariff) if is_it else [None] * 4 for tariff, is_it in zip(tariffs, usual, strict=True)]
    return Rules(
        first=ends - np.array(sizes, np.int64),
        last=ends,
        is_usual=np.array(usual, np.bool_),
        minor=np.array(
            [units.minor(tariff) if is_it else 1 for tariff, is_it in zip(tariffs, usual, strict=True)], np.int64
        ),
        needs_current=np.array([_needs(tariff, "min_current", "max_current") for tariff in tariffs], np.bool_),
        needs_power=np.array([_needs(tariff, "min_power", "max_power") for tariff in tariffs], np.bool_),
        has_no_gross=np.array([tariff.taxes is Taxes.UNSTATED for tariff in tariffs], np.bool_),
        limits=np.array(
            [
                [-1 if bound is None else int(bound * units.scale(tariff) * HOUR) for bound in each]
                for tariff, each in zip(tariffs, limits, strict=True)
            ],
            np.int64,
        ).reshape(-1, 4),
        limits_rounded=np.array(
            [
                [-1 if bound is None else units.rounded(bound, tariff, rounding) for bound in each]
                for tariff, each in zip(tariffs, limits, strict=True)
            ],
            np.int64,
        ).reshape(-1, 4),
    )


def _choice(tariffs: Sequence[Tariff], names: Sequence[str], instants: Sequence[datetime]) -> Choice:
    """Return which tariff counts at each of some instants, by default and by name."""
    chosen = [agreed(tariffs, at=instant) for instant in instants]
    place = {id(tariff): number for number, tariff in enumerate(tariffs)}
    return Choice(
        default=np.array([-1 if each.default is None else place[id(each.default)] for each in chosen], np.int32),
        by_name=np.array(
            [[place[id(each.by_id[name])] if name in each.by_id else -1 for name in names] for each in chosen], np.int32
        ).reshape(len(instants), -1),
    )


def _charging(tariff: Tariff) -> list[Element]:
    return [element for element in tariff.elements if element.restrictions.reservation is None]


def _needs(tariff: Tariff, *restrictions: str) -> bool:
    return any(getattr(element.restrictions, name) is not None for element in tariff.elements for name in restrictions)


def _bounds(restrictions: Restrictions) -> list[int]:
    start, end = restrictions.start_time or MIDNIGHT, restrictions.end_time or MIDNIGHT
    return [
        *_between(restrictions.min_kwh, restrictions.max_kwh),
        *_between(restrictions.min_duration, restrictions.max_duration),
        *_between(restrictions.min_current, restrictions.max_current),
        *_between(restrictions.min_power, restrictions.max_power),
        -_OPEN if restrictions.start_date is None else (restrictions.start_date - _FIRST_DAY).days,
        _OPEN if restrictions.end_date is None else (restrictions.end_date - _FIRST_DAY).days,
        _microsecond(start),
        _microsecond(end) or _DAY,
    ]


def _between(least: Fraction | int | None, most: Fraction | int | None) -> tuple[int, int]:
    """Return the bounds in millionths: a whole number is below a fraction if it is below the next whole one."""
    return (
        -_OPEN if least is None else max(-_OPEN, min(_OPEN, ceil(least * 1_000_000))),
        _OPEN if most is None else max(-_OPEN, min(_OPEN, ceil(most * 1_000_000))),
    )


def _microsecond(clock: time) -> int:
    return timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    ) // timedelta(microseconds=1)


def _wraps(restrictions: Restrictions) -> bool:
    *_, start, end = _bounds(restrictions)
    return start >= end


def _days(restrictions: Restrictions) -> int:
    return sum(1 << day for day in restrictions.days_of_week) or 127
