"""Numbers and instants read from their text to integers, for the columns: exactly, or not at all."""

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import inner
from charging.roaming.ocpi.columns_lex import Bytes

NONE = -(2**63)
"""Not read: out of the ordinary, or too long for the columns' arithmetic."""
NO_OFFSET = -(2**31)
_MILLION = 1_000_000
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], np.int64)
_MOST_FRACTION = 12


@inner
def micro(buffer: Bytes, at: int, end: int) -> int:
    """Return a number below a million times a million, or NONE: with an exponent, or too many digits."""
    is_negative = at < end and buffer[at] == 45
    if is_negative:
        at += 1
    whole, digits = 0, 0
    while at < end and 48 <= buffer[at] <= 57:
        whole = whole * 10 + (buffer[at] - 48)
        at += 1
        digits += 1
        if digits > 6:
            return NONE
    if digits == 0:
        return NONE
    scaled, unit = whole * _MILLION, _MILLION
    if at < end:
        if buffer[at] != 46 or at + 1 == end or end - at - 1 > _MOST_FRACTION:
            return NONE
        at += 1
        while at < end:
            digit = buffer[at] - 48
            if digit < 0 or digit > 9:
                return NONE
            unit //= 10
            if unit == 0 and digit != 0:
                return NONE
            scaled += digit * unit
            at += 1
    return -scaled if is_negative else scaled


@inner
def _two(buffer: Bytes, at: int) -> int:
    """Return the number that two digits stand for, or some number above 200."""
    tens, ones = int(np.int64(buffer[at])) - 48, int(np.int64(buffer[at + 1])) - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return 1000
    return tens * 10 + ones


@inner
def instant(buffer: Bytes, at: int, end: int) -> tuple[int, int]:  # noqa: PLR0911 - each way out is one reason
    """Return the microseconds since 1970 and the stated offset in minutes; NONE unless it is plain RFC 3339."""
    if end - at < 19 or buffer[at + 4] != 45 or buffer[at + 7] != 45 or buffer[at + 13] != 58 or buffer[at + 16] != 58:
        return NONE, NO_OFFSET
    if buffer[at + 10] not in (84, 116):
        return NONE, NO_OFFSET
    year = _two(buffer, at) * 100 + _two(buffer, at + 2)
    month, day = _two(buffer, at + 5), _two(buffer, at + 8)
    hour, minute, second = _two(buffer, at + 11), _two(buffer, at + 14), _two(buffer, at + 17)
    # The years at both ends, where an instant may stand for an unknown one, are for the parser of objects.
    if year < 1971 or year > 9000 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59 or day < 1:
        return NONE, NO_OFFSET
    is_leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    length = _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (1 if is_leap and month == 2 else 0)
    if day > length:
        return NONE, NO_OFFSET
    at += 19
    fraction, unit = 0, _MILLION
    if at < end and buffer[at] == 46:
        at += 1
        begin = at
        while at < end and 48 <= buffer[at] <= 57:
            unit //= 10
            fraction += (int(np.int64(buffer[at])) - 48) * unit
            at += 1
        if at == begin:
            return NONE, NO_OFFSET
    offset, is_read = _offset(buffer, at, end)
    if not is_read:
        return NONE, NO_OFFSET
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719162
    days += _DAYS_BEFORE[month - 1] + day - 1 + (1 if is_leap and month > 2 else 0)
    minutes = (days * 24 + hour) * 60 + minute - (0 if offset == NO_OFFSET else offset)
    return (minutes * 60 + second) * _MILLION + fraction, offset


@inner
def _offset(buffer: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Return the offset that ends an instant, and whether it is one."""
    if at == end:
        return NO_OFFSET, True
    if end - at == 1 and buffer[at] in (90, 122):
        return 0, True
    if end - at != 6 or buffer[at] not in (43, 45) or buffer[at + 3] != 58:
        return NO_OFFSET, False
    hours, minutes = _two(buffer, at + 1), _two(buffer, at + 4)
    if hours > 23 or minutes > 59:
        return NO_OFFSET, False
    offset = hours * 60 + minutes
    return (-offset if buffer[at] == 45 else offset), True


Longs = npt.NDArray[np.int64]
