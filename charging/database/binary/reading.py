"""Rows of PostgreSQL's binary COPY as columns, some ten thousand at a time, without an object for any value."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import JSON

from charging.database.binary.reading_loops import Bounds, find, numbers, texts, wholes
from charging.database.binary.writing import HEAD
from charging.database.binary.writing_loops import NULL, Bytes
from charging.database.columns import Document
from charging.loops.together import ahead

ROWS_AT_ONCE = 25_000
NUMERIC = pl.Decimal(38, 6)
"""In a schema: a number that is read in millionths."""
MICRO, FITS = "_micro", "_fits"
"""What the names of the two columns of such a number end with: its millionths, and whether these hold it."""
_DAYS = (date(2000, 1, 1) - date(1970, 1, 1)).days
_BEGIN = _DAYS * 86_400 * 1_000_000
"""From where PostgreSQL counts microseconds."""


def frames(connection: sa.Connection, chosen: sa.Select[Any], schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """Yield the rows of a selection, whose columns come in the order of the schema; nothing where there are none.

    The schema has texts, whole numbers, truth and instants as PostgreSQL has them, JSON as text, and `NUMERIC`: the
    frames have two columns for each such number. The connection does nothing else until the last frame was taken.
    """
    selected = list(chosen.selected_columns)
    named = (column.label(name) for name, column in zip(schema, selected, strict=True))
    statement = chosen.with_only_columns(*named).compile(connection, compile_kwargs={"literal_binds": True})
    copying = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(_as_written(str(statement)))
    json = {name for name, column in zip(schema, selected, strict=True) if isinstance(column.type, JSON | Document)}
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - SQLAlchemy's type allows a detached connection; ours is in use
    with raw.cursor() as cursor, cursor.copy(copying) as source:
        messages = iter(source)
        after = len(HEAD)
        for part in ahead(iter(lambda: b"".join(islice(messages, ROWS_AT_ONCE)), b"")):
            frame = read_rows(part, schema, after=after, json=json)
            if frame.height:
                yield frame
            after = 0


def read_rows(part: bytes, schema: pl.Schema, *, after: int = 0, json: Collection[str] = ()) -> pl.DataFrame:
    """Return `ROWS_AT_ONCE` whole rows or fewer, which stand after so many bytes; some of the texts are JSON."""
    buffer = np.frombuffer(part, np.uint8)
    bounds = np.empty((ROWS_AT_ONCE, len(schema), 2), np.int32)
    found = _Part(buffer, bounds[: find(buffer, after, bounds)])
    return pl.DataFrame(
        [
            column
            for place, (name, kind) in enumerate(schema.items())
            for column in found.columns(place, name, kind, skipped=int(name in json))
        ]
    )


def _as_written(statement: str) -> sql.SQL:
    """Return a statement that is complete as it stands: SQLAlchemy has doubled its per cent signs for parameters."""
    return sql.SQL(statement.replace("%%", "%"))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some whole rows, and where their fields are."""

    buffer: Bytes
    bounds: Bounds

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.bounds)

    def columns(self, place: int, name: str, kind: pl.DataType, *, skipped: int) -> Iterator[pl.Series]:
        """Yield what becomes of a column."""
        if kind == pl.String:
            yield self._texts(place, skipped).alias(name)
        elif kind == NUMERIC:
            values, fits = np.empty(self.height, np.int64), np.empty(self.height, np.uint8)
            numbers(self.buffer, self.bounds, place, values, fits)
            held = fits.view(np.bool_)
            yield _where((self.bounds[:, place, 1] != NULL) & held, pl.Series(name + MICRO, values))
            yield pl.Series(name + FITS, held)
        else:
            values = np.empty(self.height, np.int64)
            wholes(self.buffer, self.bounds, place, values)
            stated = pl.Series(name, values + _BEGIN if isinstance(kind, pl.Datetime) else values)
            yield _where(self.bounds[:, place, 1] != NULL, stated.cast(kind))

    def _texts(self, place: int, skipped: int) -> pl.Series:
        if not self.height:
            return pl.Series(dtype=pl.String)
        found, is_same = texts(self.buffer, self.bounds, place, skipped)
        whole = pl.Series([found.tobytes()], dtype=pl.Binary).cast(pl.String)
        is_there = self.bounds[:, place, 1] != NULL
        if is_same:
            return (whole if is_there[0] else whole.clear(1)).new_from_index(0, self.height)
        return _where(is_there, whole.str.split("\0").explode())


def _where(is_there: np.ndarray[Any, np.dtype[np.bool_]], column: pl.Series) -> pl.Series:
    """Return a column without the values that are not there."""
    if is_there.all():
        return column
    return column.to_frame().select(pl.when(pl.Series(is_there)).then(pl.all())).to_series()
