"""Columns as rows of PostgreSQL's binary COPY, without an object for any value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from charging.database.binary.writing_loops import (
    NO_MARK,
    NULL,
    Bytes,
    Ints,
    Lengths,
    number_sizes,
    put_numbers,
    put_texts,
    put_whole,
)
from charging.database.columns import Document, Words
from charging.loops.together import ahead

Number = TypeVar("Number", bound=np.generic)
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What comes before the first row: the signature, no flags, no extension."""
END = b"\xff\xff"
AT_ONCE = 5_000
"""Rows that are made at once: few enough that they are still in the processor's cache for the next column."""
_TEXT, _JSON, _NUMBER = "text", "json", "number"
_MARKS: dict[str | int, int] = {_TEXT: NO_MARK, _JSON: 1}
"""What a text begins with: jsonb with the version of its form."""
_INSTANT = pl.Datetime("us", "UTC")
_FIRST_DAY = (date(2000, 1, 1) - date(1970, 1, 1)).days
_BEGIN: dict[pl.DataType, int] = {pl.Date(): _FIRST_DAY, _INSTANT: _FIRST_DAY * 86_400 * 1_000_000}
"""From where PostgreSQL counts days and microseconds, as we count them."""
_FORMS: tuple[tuple[type[Any], tuple[Any, ...], str | int], ...] = (
    (Words, (pl.String,), _TEXT),
    (Document, (pl.String,), _JSON),
    (JSON, (pl.String,), _JSON),
    (sa.Text, (pl.String,), _TEXT),
    (sa.SmallInteger, (pl.Int8, pl.Int16), 2),
    (sa.BigInteger, (pl.Int8, pl.Int16, pl.Int32, pl.Int64), 8),
    (sa.Integer, (pl.Int8, pl.Int16, pl.Int32), 4),
    (sa.Numeric, (pl.Int64,), _NUMBER),
    (sa.Boolean, (pl.Boolean,), 1),
    (sa.DateTime, (_INSTANT,), 8),
    (sa.Date, (pl.Date,), 4),
)
"""Which columns of ours may go into which of PostgreSQL's, and how: a width is that of whole numbers."""


def binary(table: sa.Table, frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """Yield frames, each with the columns that are copied, in PostgreSQL's binary form, from its head to its end.

    Texts, JSON as texts, whole numbers, truth, days and instants; a numeric is given as millionths. A part is made
    while the one before it is in use.

    Raises:
        TypeError: if a column is of another type than its values; a float goes nowhere.
    """
    yield HEAD
    yield from ahead(_rows(table, part) for frame in frames for part in frame.iter_slices(AT_ONCE))
    yield END


@dataclass(frozen=True, slots=True)
class _Texts:
    """A column of texts, which lie one after the other."""

    lengths: Lengths
    texts: Bytes
    mark: int

    def measure(self, sizes: Ints) -> None:
        """Add to each row what its field takes."""
        sizes += 4 + np.where(self.lengths == NULL, 0, self.lengths + (self.mark != NO_MARK))

    def put(self, out: Bytes, at: Ints) -> None:
        """Write the field of each row."""
        put_texts(out, at, self.lengths, self.texts, self.mark)


@dataclass(frozen=True, slots=True)
class _Wholes:
    """A column of whole numbers, or of what is written as such: of so many bytes each."""

    values: Ints
    is_there: Bytes
    width: int

    def measure(self, sizes: Ints) -> None:
        """Add to each row what its field takes."""
        sizes += 4 + self.width * self.is_there.astype(np.int64)

    def put(self, out: Bytes, at: Ints) -> None:
        """Write the field of each row."""
        put_whole(out, at, self.values, self.is_there, self.width)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A column of exact numbers, in millionths."""

    values: Ints
    is_there: Bytes

    def measure(self, sizes: Ints) -> None:
        """Add to each row what its field takes."""
        number_sizes(self.values, self.is_there, sizes)

    def put(self, out: Bytes, at: Ints) -> None:
        """Write the field of each row."""
        put_numbers(out, at, self.values, self.is_there)


def _rows(table: sa.Table, frame: pl.DataFrame) -> bytes:
    """Return the rows of a frame."""
    fields = _fields({name: _form(table.c[name], kind) for name, kind in frame.schema.items()}, frame)
    sizes = np.full(frame.height, 2, np.int64)
    for field in fields:
        field.measure(sizes)
    ends = np.cumsum(sizes)
    at = ends - sizes
    out = np.empty(int(ends[-1]), np.uint8)
    out[at], out[at + 1] = len(fields) >> 8, len(fields) & 0xFF
    at += 2
    for field in fields:
        field.put(out, at)
    return out.tobytes()


def _form(column: sa.Column[Any], kind: pl.DataType) -> str | int:
    for stored, given, form in _FORMS:
        if isinstance(column.type, stored):
            if kind in given:
                return form
            break
    raise TypeError(f"column {column.name} of {column.table.name} is {column.type!r}: it takes no {kind}")


def _fields(forms: Mapping[str, str | int], frame: pl.DataFrame) -> list[_Texts | _Wholes | _Numbers]:
    texts = _texts(frame.select(name for name, form in forms.items() if form in _MARKS))
    return [
        _Texts(*texts[name], _MARKS[form])
        if form in _MARKS
        else _Numbers(*_whole(frame[name]))
        if form == _NUMBER
        else _Wholes(*_whole(frame[name]), int(form))
        for name, form in forms.items()
    ]


def _texts(frame: pl.DataFrame) -> dict[str, tuple[Lengths, Bytes]]:
    """Return of columns of texts how long each is, and all of them; what PostgreSQL cannot hold becomes U+FFFD."""
    every = pl.all()
    joined = frame.select(every.str.join("").cast(pl.Binary)).row(0) if frame.width else ()
    if any(b"\0" in texts for texts in joined):
        return _texts(frame.with_columns(every.str.replace_all("\0", "\ufffd", literal=True)))
    lengths = frame.select(every.str.len_bytes().cast(pl.Int32).fill_null(NULL))
    return {
        column.name: (_fixed(column.to_numpy()), np.frombuffer(texts, np.uint8))
        for column, texts in zip(lengths, joined, strict=True)
    }


def _whole(column: pl.Series) -> tuple[Ints, Bytes]:
    """Return a column as whole numbers, and which of them are there."""
    begin = _BEGIN.get(column.dtype, 0)
    values = column.to_physical().cast(pl.Int64) - begin
    return _fixed(values.fill_null(0).to_numpy()), _fixed(column.is_not_null().cast(pl.UInt8).to_numpy())


def _fixed(column: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return a column that cannot be written to: numba compiles its loops again for those that can."""
    view = column.view()
    view.flags.writeable = False
    return view
