"""What the loops that price take and give: tables of tariffs, bills, and the codes in them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charging.tariffs.kernels.periods import Codes, Ints

PRICED, UNUSUAL, CHANGES, AVERAGE_POWER, NO_CURRENT, NONE_AGREED, NOT_KNOWN, NO_PERIODS = range(8)
"""How a row ended; `detail` is the period that tells why, or the line that names a tariff."""
AT_TOTAL, AT_PERIOD, AT_LINE = range(3)
HALF_UP, HALF_EVEN, DOWN = range(3)
LIMIT = 1 << 61
"""No amount on the way may be greater: two of them still make a number of 64 bits."""
WHOLE = 10_000
"""A rate of VAT stands as a factor in ten-thousandths: 21 % is 12,100."""
HOUR = 3_600_000_000
DIMENSIONS = 4
NONE = -1


class Elements(NamedTuple):
    """The elements of all tariffs, one after the other; those for reservations are left out."""

    bounds: Ints
    """From and to: mWh charged, elapsed microseconds, millionths of A and kW, day, microsecond of the day."""
    wraps: npt.NDArray[np.bool_]
    """The times of day go over midnight."""
    days: Ints
    """A bit for each day of the week; Monday is the lowest."""
    is_priced: npt.NDArray[np.bool_]
    """By dimension, as everything below."""
    rate: Ints
    """The price of one mWh, microsecond or session in the tariff's own unit."""
    step: Ints
    """In mWh or microseconds."""
    factor: Ints


class Rules(NamedTuple):
    """The tariffs. Amounts are in their own unit: `minor` of it make a minor unit of the currency."""

    first: Ints
    last: Ints
    is_usual: npt.NDArray[np.bool_]
    minor: Ints
    needs_current: npt.NDArray[np.bool_]
    needs_power: npt.NDArray[np.bool_]
    has_no_gross: npt.NDArray[np.bool_]
    limits: Ints
    """Least and most, net then gross, in the tariff's own unit; -1 for none."""
    limits_rounded: Ints
    """The same in minor units, as agreed."""


class Choice(NamedTuple):
    """Which tariff counts, by segment of time: the default, and by code of the name."""

    default: Codes
    by_name: Codes


class Bills(NamedTuple):
    """What each row costs, in minor units; -1 for an amount that nobody knows."""

    state: npt.NDArray[np.uint8]
    detail: Ints
    tariff: Codes
    net: Ints
    gross: Ints
    line_count: Ints


class Sheet(NamedTuple):
    """The lines of one bill; used again for the next."""

    period: Ints
    dimension: Ints
    element: Ints
    quantity: Ints
