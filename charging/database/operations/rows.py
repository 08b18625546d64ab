"""Two ways of writing many rows: COPY for new ones, upsert for ones that may be there."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert

CHUNK = 2_000


def copy(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Copy rows into a table inside the caller's transaction; return how many.

    Values must be what psycopg adapts by itself (wrap JSON in `Json`).
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.schema or "public", table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - SQLAlchemy's type allows a detached connection; ours is in use
    number = 0
    with raw.cursor() as cursor, cursor.copy(statement) as destination:
        for number, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the count
            destination.write_row(row)
    return number


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


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows whose primary key is not there yet; leave the others as they are."""
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(table).on_conflict_do_nothing(), [dict(row) for row in rows[start : start + CHUNK]])


def replace(
    connection: sa.Connection, table: sa.Table, scope: Mapping[str, object], rows: Sequence[Mapping[str, object]]
) -> None:
    """Make the rows of a scope (an extract, a partner's night) exactly these."""
    connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in scope.items())))
    for start in range(0, len(rows), CHUNK):
        connection.execute(sa.insert(table), [dict(row) for row in rows[start : start + CHUNK]])


def analyze(connection: sa.Connection, *changed: sa.Table) -> None:
    """Have PostgreSQL look at tables that have just grown: until it has, it plans joins as if they were empty."""
    for table in changed:
        connection.execute(sa.text(f'ANALYZE "{table.schema}"."{table.name}"'))
