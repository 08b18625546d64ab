"""Sums by a code that no machine word need hold: in two halves of their bits."""

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled
from charging.reconciliation.kernels.evidence import Ints, Rows

_HALF = 32
_LOWER = (1 << _HALF) - 1


@compiled
def halves_by_code(codes: Rows, amounts: Ints, unstated: int, count: int) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Return, for each of `count` codes, the sums of the upper and lower 32 bits, and whether a row bears it.

    Up to 2^31 rows, no sum overflows. Amounts that are `unstated` count as nothing.
    """
    upper, lower, is_there = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.bool_)
    for row in range(codes.size):
        code = codes[row]
        is_there[code] = True
        if amounts[row] != unstated:
            upper[code] += amounts[row] >> _HALF
            lower[code] += amounts[row] & _LOWER
    return upper, lower, is_there


def sums_by_code(codes: Rows, amounts: Ints, *, unstated: int, count: int) -> dict[int, int]:
    """Return the sum of the amounts of each code that a row bears."""
    fixed = codes.view(), amounts.view()
    for column in fixed:
        column.flags.writeable = False  # numba compiles its loops again for columns that can be written to
    upper, lower, is_there = halves_by_code(*fixed, unstated, count)
    return {code: (int(upper[code]) << _HALF) + int(lower[code]) for code in np.flatnonzero(is_there).tolist()}
