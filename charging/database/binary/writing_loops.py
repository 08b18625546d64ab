"""Loops that write columns into rows of PostgreSQL's binary form, one column after the other.

`at` is where each row's next field begins, and is moved behind it. A field is its length in four bytes, the greatest
first, and then its bytes; without any it is NULL.
"""

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled, inner

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.int32]
NULL = -1
"""The length of a text that is not there."""
NO_MARK = -1
_MILLION = np.uint64(1_000_000)
_TEN_THOUSAND = np.uint64(10_000)
_HUNDRED = np.uint64(100)
_WHOLE_DIGITS = 4
_DIGITS = _WHOLE_DIGITS + 2
_NEGATIVE = 0x4000


@inner
def _put(out: Bytes, at: int, value: int, width: int) -> int:
    """Write a whole number of so many bytes, and return the place behind it."""
    for place in range(width):
        out[at + place] = np.uint8((value >> (8 * (width - 1 - place))) & 0xFF)
    return at + width


@compiled
def put_texts(out: Bytes, at: Ints, lengths: Lengths, texts: Bytes, mark: int) -> None:
    """Write texts, which lie one after the other; each behind a mark, unless there is `NO_MARK`."""
    extra = 0 if mark == NO_MARK else 1
    first = 0
    for row in range(lengths.size):
        length = lengths[row]
        if length == NULL:
            at[row] = _put(out, at[row], -1, 4)
            continue
        place = _put(out, at[row], length + extra, 4)
        if extra:
            place = _put(out, place, mark, 1)
        for byte in range(length):
            out[place + byte] = texts[first + byte]
        first += length
        at[row] = place + length


@compiled
def put_whole(out: Bytes, at: Ints, values: Ints, is_there: Bytes, width: int) -> None:
    """Write whole numbers of so many bytes each: numbers, truth, days and instants."""
    for row in range(values.size):
        if is_there[row]:
            at[row] = _put(out, _put(out, at[row], width, 4), values[row], width)
        else:
            at[row] = _put(out, at[row], -1, 4)


@inner
def _digits(micro: int, digits: Lengths) -> tuple[int, int]:
    """Take a number of millionths apart to digits of base 10,000; return the first that counts, and the one behind."""
    size = np.uint64(micro) if micro >= 0 else np.uint64(-(micro + 1)) + np.uint64(1)  # the least has no opposite
    whole, rest = size // _MILLION, size % _MILLION
    for place in range(_WHOLE_DIGITS):
        digits[_WHOLE_DIGITS - 1 - place] = np.int32(whole % _TEN_THOUSAND)
        whole //= _TEN_THOUSAND
    digits[_WHOLE_DIGITS] = np.int32(rest // _HUNDRED)
    digits[_WHOLE_DIGITS + 1] = np.int32((rest % _HUNDRED) * _HUNDRED)
    first, behind = 0, _DIGITS
    while behind > 0 and digits[behind - 1] == 0:
        behind -= 1
    while first < behind and digits[first] == 0:
        first += 1
    return first, behind


@inner
def _decimals(micro: int) -> int:
    """Return how many decimals a number is written with: two, or more where they say something."""
    unit, decimals = 10_000, 2
    while micro % unit != 0:
        unit //= 10
        decimals += 1
    return decimals


@compiled
def number_sizes(values: Ints, is_there: Bytes, sizes: Ints) -> None:
    """Add to each row what a number of millionths takes in it."""
    digits = np.empty(_DIGITS, np.int32)
    for row in range(values.size):
        sizes[row] += 4
        if is_there[row]:
            first, behind = _digits(values[row], digits)
            sizes[row] += 8 + 2 * (behind - first)


@compiled
def put_numbers(out: Bytes, at: Ints, values: Ints, is_there: Bytes) -> None:
    """Write numbers of millionths as PostgreSQL's `numeric`."""
    digits = np.empty(_DIGITS, np.int32)
    for row in range(values.size):
        if not is_there[row]:
            at[row] = _put(out, at[row], -1, 4)
            continue
        first, behind = _digits(values[row], digits)
        count = behind - first
        place = _put(out, at[row], 8 + 2 * count, 4)
        place = _put(out, place, count, 2)
        place = _put(out, place, _WHOLE_DIGITS - 1 - first if count else 0, 2)
        place = _put(out, place, _NEGATIVE if values[row] < 0 else 0, 2)
        place = _put(out, place, _decimals(values[row]), 2)
        for digit in range(first, behind):
            place = _put(out, place, digits[digit], 2)
        at[row] = place
