"""Texts where they lie in the page: compared, told apart and gathered without an object for each."""

import numpy as np
import polars as pl

from charging.loops.compiled import compiled, inner
from charging.roaming.ocpi.columns_fields import DATA, STATUS_CODE, STATUS_MESSAGE
from charging.roaming.ocpi.columns_lex import NULL, NUMBER, STRING, Bytes, Ints
from charging.roaming.ocpi.columns_values import Longs
from charging.roaming.ocpi.parse_numbers import MEASURES

_NAMES = [name.encode() for name in MEASURES]
_NAME_AT = np.cumsum([0, *map(len, _NAMES)]).astype(np.int32)
_NAME_BYTES = np.frombuffer(b"".join(_NAMES), np.uint8).copy()
_STATUS_DIGITS = 9


def gathered(buffer: Bytes, texts: Ints, rows: Longs) -> list[pl.Series]:
    """Return the texts of some rows by column, None where there is none or an empty one; all are ASCII."""
    if not len(rows):
        return [pl.Series(dtype=pl.String)] * texts.shape[1]
    return [pl.select(pl.when(each != "").then(each)).to_series() for each in map(lines, joined(buffer, texts, rows))]


def lines(text: str) -> pl.Series:
    """Return the lines of a text."""
    return pl.Series([text]).str.split("\n").explode()


def joined(buffer: Bytes, texts: Ints, rows: Longs) -> list[str]:
    """Return the texts of some rows by column, each column's in lines. A text that is not there is empty."""
    sizes = (texts[rows, :, 1] - texts[rows, :, 0]).sum(axis=0, dtype=np.int64) + len(rows)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    out = np.empty(int(first[-1]), np.uint8)
    _gather(buffer, texts, rows, first[:-1].copy(), out)
    ends = zip(first[:-1].tolist(), first[1:].tolist(), strict=True)
    return [out[begin : max(begin, end - 1)].tobytes().decode("ascii") for begin, end in ends]


@compiled
def _gather(buffer: Bytes, texts: Ints, rows: Longs, at: Longs, out: Bytes) -> None:
    """Write each column's texts one after the other, a line's end behind each: no text of JSON has one in it."""
    for row in rows:
        for column in range(texts.shape[1]):
            place = at[column]
            for byte in range(texts[row, column, 0], texts[row, column, 1]):
                out[place] = buffer[byte]
                place += 1
            out[place] = 10
            at[column] = place + 1


@compiled
def is_enveloped(buffer: Bytes, tape: Ints, used: int, after: int) -> bool:
    """Whether a page's envelope is plain: a whole number as status code, data, and text as the message, if any."""
    has_code, has_data = False, False
    for entry in range(used, after):
        field, kind, begin, end = tape[entry]
        if field == STATUS_CODE:
            has_code = kind == NUMBER and end - begin <= _STATUS_DIGITS
            for at in range(begin, end):
                has_code = has_code and 48 <= buffer[at] <= 57
        elif field == DATA:
            has_data = True
        elif field == STATUS_MESSAGE and kind not in (STRING, NULL):
            return False
    return has_code and has_data


@inner
def measure_of(buffer: Bytes, at: int, end: int) -> int:
    """Return which measure a text names, or -1."""
    length = end - at
    for measure in range(len(_NAME_AT) - 1):
        begin = _NAME_AT[measure]
        if _NAME_AT[measure + 1] - begin == length:
            place = 0
            while place < length and _NAME_BYTES[begin + place] == buffer[at + place]:
                place += 1
            if place == length:
                return measure
    return -1


@inner
def is_blank(buffer: Bytes, at: int, end: int) -> bool:
    """Whether a text is nothing but spaces."""
    while at < end and buffer[at] == 32:
        at += 1
    return at >= end


@inner
def is_same(  # noqa: PLR0917 - numba: by position
    buffer: Bytes, one: int, one_end: int, other: int, other_end: int, case: int
) -> bool:
    """Whether two texts are the same; with 32 as the case, in capitals."""
    if one_end - one != other_end - other:
        return False
    for place in range(one_end - one):
        a, b = buffer[one + place], buffer[other + place]
        if 97 <= a <= 122:
            a -= case
        if 97 <= b <= 122:
            b -= case
        if a != b:
            return False
    return True
