"""Loops that read columns out of rows of PostgreSQL's binary form, one column after the other.

`bounds` has where each field of each row begins and how long it is: -1 where it is NULL.
"""

import numpy as np
import numpy.typing as npt

from charging.database.binary.writing_loops import NULL, Bytes, Ints
from charging.loops.compiled import compiled, inner

Bounds = npt.NDArray[np.int32]
_DIGIT = 10_000
_NEGATIVE = 0x4000
_MOST_WEIGHT = 2
"""Of a number below a million times a million: three digits of base 10,000."""


@inner
def _whole(buffer: Bytes, at: int, width: int) -> int:
    """Return a whole number of so many bytes, the greatest first."""
    value = np.int64(buffer[at])
    if value > 127:
        value -= 256
    for place in range(1, width):
        value = (value << 8) | np.int64(buffer[at + place])
    return int(value)


@compiled
def find(buffer: Bytes, at: int, bounds: Bounds) -> int:
    """Find the fields of whole rows from a place on; return how many rows there are. The end of all is none."""
    row = 0
    while at < buffer.size and _whole(buffer, at, 2) != -1:
        at += 2
        for column in range(bounds.shape[1]):
            length = _whole(buffer, at, 4)
            at += 4
            bounds[row, column, 0], bounds[row, column, 1] = at, length
            at += max(length, 0)
        row += 1
    return row


@compiled
def wholes(buffer: Bytes, bounds: Bounds, column: int, values: Ints) -> None:
    """Read a column of whole numbers, of whatever width."""
    for row in range(values.size):
        begin, length = bounds[row, column]
        values[row] = 0 if length == NULL else _whole(buffer, begin, length)


@compiled
def numbers(buffer: Bytes, bounds: Bounds, column: int, values: Ints, fits: Bytes) -> None:
    """Read a column of `numeric` as millionths; say which of them these hold, of those that are there."""
    for row in range(values.size):
        begin, length = bounds[row, column]
        values[row], fits[row] = (0, 1) if length == NULL else _micro(buffer, begin)


@inner
def _micro(buffer: Bytes, at: int) -> tuple[int, int]:
    """Return a number in millionths and 1, or two zeros: no number, with more decimals, or of more than 12 digits."""
    count, weight, sign = _whole(buffer, at, 2), _whole(buffer, at + 2, 2), _whole(buffer, at + 4, 2)
    if sign not in (0, _NEGATIVE) or (count > 0 and weight > _MOST_WEIGHT):
        return 0, 0
    micro = 0
    for place in range(count):
        digit = _whole(buffer, at + 8 + 2 * place, 2)
        power = weight - place
        if power >= -1:
            unit = 100
            for _ in range(power + 1):
                unit *= _DIGIT
            micro += digit * unit
        elif power == -2 and digit % 100 == 0:
            micro += digit // 100
        elif digit != 0:
            return 0, 0
    return (-micro if sign == _NEGATIVE else micro), 1


@compiled
def texts(buffer: Bytes, bounds: Bounds, column: int, skipped: int) -> tuple[Bytes, bool]:
    """Return a column's texts with a NUL between each two, without the first bytes; and whether all are the same.

    No text of PostgreSQL's has a NUL. One that is not there is empty.
    """
    rows = bounds.shape[0]
    size, is_same = rows, True
    for row in range(rows):
        begin, length = bounds[row, column]
        size += max(length - skipped, 0)
        is_same = is_same and _is_same(buffer, bounds[0, column, 0], bounds[0, column, 1], begin, length)
    if is_same:
        rows = min(rows, 1)
    out = np.empty(size, np.uint8)
    at = 0
    for row in range(rows):
        begin, length = bounds[row, column]
        for byte in range(skipped, length):
            out[at] = buffer[begin + byte]
            at += 1
        out[at] = 0
        at += 1
    return out[: max(at - 1, 0)], is_same


@inner
def _is_same(buffer: Bytes, one: int, one_length: int, other: int, other_length: int) -> bool:
    if one_length != other_length:
        return False
    place = 0
    while place < one_length and buffer[one + place] == buffer[other + place]:
        place += 1
    return place >= one_length
