"""Ways of writing many rows: COPY for new ones, upsert for ones that may be there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import polars as pl
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import ARRAY, JSON, insert

from charging.database.binary.writing import binary
from charging.database.columns import Document, Words

CHUNK = 2_000
_JSONB_VERSION = b"\x01"
"""What PostgreSQL's binary form of jsonb begins with."""


def copy(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Copy rows into a table inside the caller's transaction, in PostgreSQL's binary form; return how many.

    Values must be of their column's type as PostgreSQL stores it; JSON is handed in as encoded text (`bytes`).
    """
    chosen = [table.c[name] for name in columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - SQLAlchemy's type allows a detached connection; ours is in use
    number = 0
    with raw.cursor() as cursor, cursor.copy(statement) as destination:
        destination.set_types([_binary_type(column) for column in chosen])
        for number, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the count
            destination.write_row(row)
    return number


def copy_frames(connection: sa.Connection, table: sa.Table, frames: Iterable[pl.DataFrame]) -> None:
    """Copy frames into a table inside the caller's transaction; all have the same columns, as `binary` takes them."""
    every = iter(frames)
    first = next(every, None)
    if first is None:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, first.columns)),
    )
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - SQLAlchemy's type allows a detached connection; ours is in use
    with raw.cursor() as cursor, cursor.copy(statement) as destination:
        for part in binary(table, chain((first,), every)):
            destination.write(part)


@contextmanager
def arriving(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> Iterator[tuple[sa.TableClause, int]]:
    """Copy rows into a temporary table of these columns, and yield it with the number of them."""
    with _temporary(connection, table, columns) as held:
        yield held, copy(connection, held, columns, rows)


@contextmanager
def arriving_frame(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> Iterator[sa.TableClause]:
    """Copy rows, as `copy_frames` takes them, into a temporary table of these columns, and yield it."""
    with _temporary(connection, table, frame.columns) as held:
        copy_frames(connection, held, (frame,))
        yield held


@contextmanager
def _temporary(connection: sa.Connection, table: sa.Table, columns: Sequence[str]) -> Iterator[sa.Table]:
    held = sa.Table(f"arriving_{table.name}", sa.MetaData(), *(sa.Column(name, table.c[name].type) for name in columns))
    names = ", ".join(f'"{name}"' for name in columns)
    source = f'"{table.schema}"."{table.name}"'
    made = f'CREATE TEMPORARY TABLE "{held.name}" ON COMMIT DROP AS SELECT {names} FROM {source} WITH NO DATA'
    connection.execute(sa.text(made))
    yield held
    connection.execute(sa.text(f'DROP TABLE "{held.name}"'))


def copy_or_bring(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Insert rows by COPY, or bring those that have the same primary key to these values; return how many."""
    with arriving(connection, table, columns, rows) as (held, number):
        statement = insert(table).from_select(list(columns), sa.select(*(held.c[name] for name in columns)))
        key = [column.name for column in table.primary_key.columns]
        changed = {name: statement.excluded[name] for name in columns if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
    return number


def copy_new(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Insert rows by COPY; those whose primary key is there stay as they are."""
    with arriving(connection, table, columns, rows) as (held, _):
        chosen = sa.select(*(held.c[name] for name in columns))
        connection.execute(insert(table).from_select(list(columns), chosen).on_conflict_do_nothing())


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, or bring those that have the same primary key to these values."""
    key = [column.name for column in table.primary_key.columns]
    for start in range(0, len(rows), CHUNK):
        statement = insert(table)
        changed = {name: statement.excluded[name] for name in rows[start] if name not in key}
        finished = (
            statement.on_conflict_do_update(index_elements=key, set_=changed)
            if changed
            else statement.on_conflict_do_nothing(index_elements=key)
        )
        connection.execute(finished, [dict(row) for row in rows[start : start + CHUNK]])


def insert_new(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Insert rows whose primary key is not there yet; leave the others as they are."""
    every = iter(rows)
    while chunk := list(islice(every, CHUNK)):
        connection.execute(insert(table).on_conflict_do_nothing(), [dict(row) for row in chunk])


def replace(
    connection: sa.Connection, table: sa.Table, scope: Mapping[str, object], rows: Sequence[Mapping[str, object]]
) -> None:
    """Make the rows of a scope (an extract, a partner's night) exactly these."""
    connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in scope.items())))
    for start in range(0, len(rows), CHUNK):
        connection.execute(sa.insert(table), [dict(row) for row in rows[start : start + CHUNK]])


def array(texts: pl.Series, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return many texts without a NUL as an array, written as PostgreSQL reads one: one parameter, however many."""
    escaped = texts.str.replace_many(["\\", '"'], ["\\\\", '\\"'])
    written = ('"' + escaped + '"').str.join(",").item()
    return sa.cast(sa.literal(f"{{{written}}}", sa.Text), ARRAY(kind))


def analyze(connection: sa.Connection, *changed: sa.Table) -> None:
    """Have PostgreSQL look at tables that have just grown: until it has, it plans joins as if they were empty."""
    for table in changed:
        connection.execute(sa.text(f'ANALYZE "{table.schema}"."{table.name}"'))


def as_jsonb(encoded: bytes) -> bytes:
    """Return encoded JSON as PostgreSQL reads it in a binary COPY of a jsonb column."""
    return _JSONB_VERSION + encoded


_BINARY_TYPES: Sequence[tuple[type[Any], str]] = (
    (Words, "text"),
    (Document, "bytea"),  # the bytes go as they are; PostgreSQL reads them by its own column's type
    (JSON, "bytea"),
    (sa.Text, "text"),
    (sa.SmallInteger, "int2"),
    (sa.BigInteger, "int8"),
    (sa.Integer, "int4"),
    (sa.Numeric, "numeric"),
    (sa.Boolean, "bool"),
    (sa.DateTime, "timestamptz"),
    (sa.Date, "date"),
)


def _binary_type(column: sa.Column[Any]) -> str:
    for kind, name in _BINARY_TYPES:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"column {column.name} of {column.table.name} has a type that is not copied yet")
