"""From the lines of many CDRs to their charging periods, measured as `walk` measures them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled, inner
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
MEASURES = (
    *(Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.RESERVATION_TIME),
    *(Extreme.MIN_CURRENT, Extreme.MAX_CURRENT, Extreme.MIN_POWER, Extreme.MAX_POWER),
)
"""A measure's place here is its code."""
FLAT, ENERGY, TIME, PARKING, RESERVATION, MIN_CURRENT, MAX_CURRENT, MIN_POWER, MAX_POWER = range(9)
NOT_NAMED, NOT_AGREED = -1, -2
"""Instead of a tariff's code: the line names none, or one that was never agreed."""
_GREATEST = 1 << 50
"""Of a volume in millionths: a thousand million kWh or hours. Times 3600 it is still far from 64 bits."""
_SECOND = 1_000_000


class Lines(NamedTuple):
    """Measured quantities, in order of row and time."""

    offsets: Ints
    """Where each row's lines begin, and where the last one's end."""
    measure: npt.NDArray[np.uint8]
    started_at: Ints
    volume: Ints
    """Millionths of a kWh, hour, A or kW."""
    named: Codes


class Periods(NamedTuple):
    """The periods of each row."""

    offsets: Ints
    started_at: Ints
    last_at: Ints
    """A second before the end."""
    volumes: Ints
    """By code of measure: mWh, microseconds, and millionths for the extremes."""
    stated: Ints
    """A bit for each measure that is stated; of energy and times, that is not zero."""
    named: Codes
    named_at: Ints
    """The line that names the tariff."""
    charged: Ints
    """mWh before the period."""
    is_usual: npt.NDArray[np.bool_]
    """By row: whether loops over integers can price it."""


@compiled
def to_periods(lines: Lines, ended_at: Ints) -> Periods:
    """Return the periods of rows that end at `ended_at` (microseconds since 1970)."""
    rows, most = ended_at.size, lines.measure.size
    periods = Periods(
        np.zeros(rows + 1, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.zeros((most, 9), np.int64),
        np.zeros(most, np.int64),
        np.full(most, NOT_NAMED, np.int32),
        np.zeros(most, np.int64),
        np.zeros(most, np.int64),
        np.ones(rows, np.bool_),
    )
    at = -1
    for row in range(rows):
        first = at + 1
        for line in range(lines.offsets[row], lines.offsets[row + 1]):
            if line == lines.offsets[row] or lines.started_at[line] != lines.started_at[line - 1]:
                at += 1
                periods.started_at[at] = lines.started_at[line]
            _take(periods, at, lines, line)
        periods.offsets[row + 1] = at + 1
        periods.is_usual[row] = _measure(periods, first, at + 1, ended_at[row])
    return periods


@inner
def _take(periods: Periods, at: int, lines: Lines, line: int) -> None:
    """Note a line; of two of one measure in one period the later counts."""
    measure = lines.measure[line]
    periods.volumes[at, measure] = lines.volume[line]
    periods.stated[at] |= 1 << measure
    if periods.named[at] == NOT_NAMED and lines.named[line] != NOT_NAMED:
        periods.named[at] = lines.named[line]
        periods.named_at[at] = line


@inner
def _measure(periods: Periods, first: int, last: int, ended_at: int) -> bool:
    """Turn published volumes into whole units; return whether everything is as it usually is."""
    charged = 0
    for at in range(first, last):
        volumes, started_at = periods.volumes[at], periods.started_at[at]
        ends_at = periods.started_at[at + 1] if at + 1 < last else ended_at
        periods.last_at[at] = max(started_at, ends_at - _SECOND)
        periods.charged[at] = charged
        for measure in range(9):
            if not -_GREATEST < volumes[measure] < _GREATEST:
                return False
        if volumes[RESERVATION] != 0 or volumes[ENERGY] < 0 or volumes[TIME] < 0 or volumes[PARKING] < 0:
            return False
        is_clocked = volumes[TIME] == 0 or volumes[PARKING] == 0
        for measure in (ENERGY, TIME, PARKING):
            if volumes[measure] == 0:
                periods.stated[at] &= ~(1 << measure)
            elif measure == ENERGY:
                volumes[ENERGY] = _snapped(volumes[ENERGY], 1_000, 50)
            else:
                volumes[measure] = _microseconds(volumes[measure], ends_at - started_at, is_clocked)
        charged += volumes[ENERGY]
        if charged > _GREATEST or not 0 <= ends_at - started_at < _GREATEST:
            return False
    return True


@inner
def _microseconds(volume: int, clock: int, is_clocked: bool) -> int:  # noqa: FBT001 - numba: by position
    """Return what millionths of an hour stand for, by the timestamps where these agree in every published digit."""
    stated = volume * 3600
    within = 36_000_000 if volume % 10_000 == 0 else 3_600_000 if volume % 1_000 == 0 else 360_000
    return clock if is_clocked and abs(stated - clock) <= within else _snapped(stated, _SECOND, 180_000)


@inner
def _snapped(value: int, unit: int, within: int) -> int:
    whole = (value + unit // 2) // unit * unit
    return whole if abs(value - whole) <= within else value
