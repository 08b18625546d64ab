"""The words of JSON: where a string, a number or a literal ends. Strict: what is accepted is JSON."""

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import inner

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
STRING, NUMBER, TRUE, FALSE, NULL, MARK, ESCAPED, NOT_ASCII = range(8)
"""What a tape's entry is. The last two are strings: with an escape in them, or with bytes above 127."""
QUOTE, _BACKSLASH = ord('"'), ord("\\")

_CLASS = np.zeros(256, np.uint8)  # of a byte within a string: 0 plain, 1 ends it or escapes, 2 not ASCII, 3 forbidden
_CLASS[[QUOTE, _BACKSLASH]] = 1
_CLASS[128:] = 2
_CLASS[:32] = 3


@inner
def blank(buffer: Bytes, at: int, end: int) -> int:
    """Return where the blank from `at` on ends."""
    while at < end and (buffer[at] == 32 or buffer[at] == 10 or buffer[at] == 13 or buffer[at] == 9):
        at += 1
    return at


@inner
def _hex4(buffer: Bytes, at: int, end: int) -> int:
    """Return the value of four hexadecimal digits, or -1."""
    if at + 4 > end:
        return -1
    value = 0
    for place in range(at, at + 4):
        byte = buffer[place]
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 65 <= byte <= 70:
            digit = byte - 55
        elif 97 <= byte <= 102:
            digit = byte - 87
        else:
            return -1
        value = value * 16 + digit
    return value


@inner
def _escape(buffer: Bytes, at: int, end: int) -> int:
    """Return where the text goes on after the escape whose backslash is at `at`, or -1. Lone surrogates are none."""
    if at + 1 >= end:
        return -1
    byte = buffer[at + 1]
    if byte == 117:
        value = _hex4(buffer, at + 2, end)
        if value < 0 or 0xDC00 <= value <= 0xDFFF:
            return -1
        if value < 0xD800 or value > 0xDBFF:
            return at + 6
        if at + 8 > end or buffer[at + 6] != _BACKSLASH or buffer[at + 7] != 117:
            return -1
        low = _hex4(buffer, at + 8, end)
        return at + 12 if 0xDC00 <= low <= 0xDFFF else -1
    is_known = byte in (QUOTE, _BACKSLASH, 47, 98, 102, 110, 114, 116)
    return at + 2 if is_known else -1


@inner
def string(buffer: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return where a string that begins after its quote ends (at the other quote; -1: nowhere), and its kind."""
    kind = STRING
    while at < end:
        kind_of_byte = _CLASS[buffer[at]]
        if kind_of_byte == 0:
            at += 1
        elif kind_of_byte == 1:
            if buffer[at] == QUOTE:
                return at, kind
            kind = ESCAPED
            at = _escape(buffer, at, end)
            if at < 0:
                return -1, kind
        elif kind_of_byte == 2:
            if kind == STRING:
                kind = NOT_ASCII
            at += 1
        else:
            return -1, kind
    return -1, kind


@inner
def _digits(buffer: Bytes, at: int, end: int) -> int:
    while at < end and 48 <= buffer[at] <= 57:
        at += 1
    return at


@inner
def number(buffer: Bytes, at: int, end: int) -> int:
    """Return where a number ends, or -1."""
    if buffer[at] == 45:
        at += 1
    after = _digits(buffer, at, end)
    if after == at or (buffer[at] == 48 and after > at + 1):
        return -1
    at = after
    if at < end and buffer[at] == 46:
        after = _digits(buffer, at + 1, end)
        if after == at + 1:
            return -1
        at = after
    if at < end and (buffer[at] == 101 or buffer[at] == 69):
        at += 1
        if at < end and (buffer[at] == 43 or buffer[at] == 45):
            at += 1
        after = _digits(buffer, at, end)
        if after == at:
            return -1
        at = after
    return at


@inner
def word(buffer: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return where `true`, `false` or `null` ends (-1: it is none of them), and which it is."""
    if (
        at + 4 <= end
        and buffer[at] == 116
        and buffer[at + 1] == 114
        and buffer[at + 2] == 117
        and buffer[at + 3] == 101
    ):
        return at + 4, TRUE
    if (
        at + 4 <= end
        and buffer[at] == 110
        and buffer[at + 1] == 117
        and buffer[at + 2] == 108
        and buffer[at + 3] == 108
    ):
        return at + 4, NULL
    if (
        at + 5 <= end
        and buffer[at] == 102
        and buffer[at + 1] == 97
        and buffer[at + 2] == 108
        and buffer[at + 3] == 115
        and buffer[at + 4] == 101
    ):
        return at + 5, FALSE
    return -1, NULL
