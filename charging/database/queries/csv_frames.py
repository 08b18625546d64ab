"""Reading many rows as columns: PostgreSQL writes CSV, polars reads it, some ten thousand rows at a time."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import polars as pl
import sqlalchemy as sa
from psycopg import sql

from charging.loops.together import ahead

ROWS_AT_ONCE = 50_000


def frames(connection: sa.Connection, chosen: sa.Select[Any], schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """Yield the rows of a selection, whose columns come in the order of the schema; nothing where there are none.

    The schema has texts, whole numbers and booleans: whatever else there is comes as the text that PostgreSQL writes.
    The connection does nothing else until the last frame was taken.
    """
    named = (column.label(name) for name, column in zip(schema, chosen.selected_columns, strict=True))
    statement = chosen.with_only_columns(*named).compile(connection, compile_kwargs={"literal_binds": True})
    texts = [sql.Identifier(name) for name, kind in schema.items() if kind == pl.String]
    quoted = sql.SQL(", FORCE_QUOTE ({})").format(sql.SQL(", ").join(texts)) if texts else sql.SQL("")
    copying = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, ENCODING 'UTF8'{})").format(_as_written(str(statement)), quoted)
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - SQLAlchemy's type allows a detached connection; ours is in use
    read_as = pl.Schema({name: pl.String() if kind == pl.Boolean else kind for name, kind in schema.items()})
    flags = [name for name, kind in schema.items() if kind == pl.Boolean]
    with raw.cursor() as cursor, cursor.copy(copying) as source:
        rows = iter(source)
        for part in ahead(iter(lambda: b"".join(islice(rows, ROWS_AT_ONCE)), b"")):
            frame = pl.read_csv(part, has_header=False, schema=read_as)
            yield frame.with_columns(pl.col(name) == "t" for name in flags)


def microseconds(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return an instant as a whole number that a schema holds: microseconds since 1970."""
    return sa.cast(sa.func.extract("epoch", instant) * 1_000_000, sa.BigInteger)


def _as_written(statement: str) -> sql.SQL:
    """Return a statement that is complete as it stands: SQLAlchemy has doubled its per cent signs for parameters."""
    return sql.SQL(statement.replace("%%", "%"))
