"""The detectors of `quality` over columns of integers: the same codes, exactly, for records without anything special.

What a detector cannot decide in 64 bits, or what its conversion cannot express in millionths, is left to the parser of
objects: its row is marked as odd.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from charging.roaming.ocpi.columns_fields import ENERGY, GROSS, HOURS, NET
from charging.roaming.ocpi.columns_read import (
    BY_HUB,
    BY_REMARK,
    HAS_OTHER_CURRENCY,
    IS_CREDIT,
    IS_ODD,
    IS_TEXT,
    NOT_SIGNIFICANT,
    PART_COUNT,
    PARTS,
    POWER,
    SUM_ENERGY,
    SUM_PLUGGED,
    TAX_COUNT,
    TAXES,
    Read,
)
from charging.roaming.ocpi.columns_values import NO_OFFSET, NONE, Longs
from charging.roaming.ocpi.parse_numbers import MEASURES
from charging.roaming.ocpi.quality import MOST_KWH
from charging.roaming.ocpi.wire_values import AS_TEXT

Flags = npt.NDArray[np.bool_]
_MILLION = 1_000_000
_MINUTE, _HOUR = 60 * _MILLION, 3600 * _MILLION
_CENT = _MILLION // 100
_A_CENTURY_HOURS = 876_600 * _MILLION
_MOST_HOURS = 800 * _MILLION
_ENERGY_LINE = list(MEASURES).index("ENERGY")


class Codes:
    """Sets of codes as integers: each code has a bit, given to it when it is first met."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}

    def of(self, codes: tuple[str, ...]) -> int:
        """Return the integer of some codes."""
        found = 0
        for code in codes:
            found |= 1 << self._bits.setdefault(code, len(self._bits))
        return found

    def names(self, mask: int) -> list[str]:
        """Return the codes of an integer, in alphabetical order."""
        return sorted(code for code, bit in self._bits.items() if mask >> bit & 1)


def settle(read: Read) -> Flags:
    """Convert lines in Wh, complete what follows from the numbers, and mark what is for the parser of objects.

    Returns which records' energies were in Wh.
    """
    numbers, added, marked = read.numbers, read.added, read.marked
    energy, hours = numbers[:, ENERGY - ENERGY], numbers[:, HOURS - ENERGY]
    has_taxes = added[:, TAX_COUNT] > 0
    numbers[has_taxes, GROSS - ENERGY] = numbers[has_taxes, NET - ENERGY] + added[has_taxes, TAXES]
    is_odd = (
        (numbers[:, [ENERGY - ENERGY, HOURS - ENERGY, NET - ENERGY]] == NONE).any(axis=1)
        | (read.instants == NONE).any(axis=1)
        | (read.instants[:, 1] < read.instants[:, 0])
        | (hours >= _A_CENTURY_HOURS)
        | ((added[:, POWER] > 0) & (hours > _MOST_HOURS))
        | _is_about(added[:, SUM_PLUGGED], 60 * hours)
        | _is_about(added[:, SUM_PLUGGED], 3600 * hours)
    )
    is_in_wh: Flags = _is_about(added[:, SUM_ENERGY], 1000 * energy) & ~is_odd
    is_wh_line = np.repeat(is_in_wh, np.diff(read.line_first)) & (read.lines[:, 0] == _ENERGY_LINE)
    is_whole = read.lines[:, 2] % 1000 == 0
    row_of_line = np.repeat(np.arange(len(numbers)), np.diff(read.line_first))
    is_odd[row_of_line[is_wh_line & ~is_whole]] = True
    read.lines[is_wh_line & is_whole, 2] //= 1000
    added[is_in_wh, SUM_ENERGY] //= 1000
    marked[is_odd, IS_ODD] = 1
    return is_in_wh


def found(read: Read, is_in_wh: Flags) -> Iterator[tuple[str, Flags]]:
    """Yield each detector's code with the records for which it fires. Those that are odd may be wrong."""
    numbers, added, marked = read.numbers, read.added, read.marked
    energy, hours, net, gross = (numbers[:, field - ENERGY] for field in (ENERGY, HOURS, NET, GROSS))
    measured, plugged = added[:, SUM_ENERGY], added[:, SUM_PLUGGED]
    is_credit = marked[:, IS_CREDIT] == 1
    yield "unit.energy_wh", is_in_wh
    yield AS_TEXT, marked[:, IS_TEXT] == 1
    stated = read.offsets
    yield "time.offset_stated", ((stated != 0) & (stated != NO_OFFSET)).any(axis=1)
    yield "time.sum", (plugged != 0) & (np.abs(plugged - hours) * 60 > _MILLION)
    seconds = hours * 3600 // _MILLION
    difference = np.abs(read.instants[:, 1] - read.instants[:, 0] - seconds * _MILLION)
    is_an_hour = np.abs(difference - _HOUR) <= _MINUTE
    yield "tz.local_as_utc", is_an_hour
    yield "time.duration", (difference > _MINUTE) & ~is_an_hour
    is_for_nothing = (energy == 0) & (hours == 0) & (net > 0)
    is_too_much = (added[:, POWER] > 0) & _is_beyond(energy, added[:, POWER] - 1, hours)
    yield "energy.impossible", (energy > MOST_KWH * _MILLION) | is_too_much | is_for_nothing
    yield "energy.sum", (measured != 0) & (np.abs(measured - energy) > _CENT)
    yield "cost.sign", ((net < 0) & ~is_credit) | ((net > 0) & is_credit)
    yield "cost.vat_confusion", (gross != NONE) & (np.abs(gross) < np.abs(net))
    yield "cost.currency_mismatch", marked[:, HAS_OTHER_CURRENCY] == 1
    parts, count = added[:, PARTS], added[:, PART_COUNT]
    yield "cost.subtotal_sum", (count > 0) & (np.abs(parts - np.abs(net)) > _CENT * count)
    yield "cost.not_significant", marked[:, BY_REMARK] == NOT_SIGNIFICANT
    yield "cost.computed_by_hub", marked[:, BY_REMARK] == BY_HUB


def _is_about(value: Longs, expected: Longs) -> Flags:
    is_about: Flags = (expected > 0) & (np.abs(value - expected) * 50 <= expected)
    return is_about


def _is_beyond(energy: Longs, power: Longs, hours: Longs) -> Flags:
    """Whether energy x 10 > power x hours x 11, in millionths and 64 bits: the product is taken in two halves."""
    high, low = np.divmod(power, _MILLION)
    excess = energy * 10 - 11 * high * hours
    rest = 11 * low * hours  # less than 10^16: an excess of 10^10 is beyond it in any case
    is_beyond: Flags = (excess > 10**10) | ((excess > 0) & (np.minimum(excess, 10**10) * _MILLION > rest))
    return is_beyond
