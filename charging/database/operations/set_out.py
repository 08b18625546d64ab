"""Setting rows out in a temporary table, so that they can be asked about without leaving the database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

NAME = "rehome_set_out"
_KNOWN = "rehome_known"
_BETWEEN = "\x1f"
_FLOATS = frozenset({700, 701})
"""Numbers of PostgreSQL's types of four and eight bytes."""

_known = sa.Table(_KNOWN, sa.MetaData(), sa.Column("label", sa.Text), sa.Column("value", sa.Text))


@contextmanager
def set_out(
    connection: sa.Connection,
    rows: sa.Select[Any],
    *,
    known: Mapping[str, tuple[str, Collection[str]]],
    together: Mapping[str, Sequence[str]],
) -> Iterator[None]:
    """Set out what a query returns, uncommitted rows of this transaction included, for as long as the block lasts.

    `known` adds a column per label that says whether another column's value is among these (`true`, `false`, or
    nothing where there is no value); it is found by a join, since a network's sessions are no list for a statement.
    `together` adds a column per label that holds several others as one; it has nothing where one of them has nothing.
    """
    connection.execute(sa.text(f"CREATE TEMPORARY TABLE {_KNOWN} (label text, value text) ON COMMIT DROP"))
    listed = [{"label": label, "value": value} for label, (_, values) in known.items() for value in set(values)]
    if listed:
        connection.execute(sa.insert(_known), listed)
    made = _with_columns(rows, known, together).compile(connection.engine)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {NAME} ON COMMIT DROP AS {made}", made.params)
    try:
        yield
    finally:
        _put_away(connection)


def count(connection: sa.Connection) -> int:
    """Return how many rows are set out."""
    return connection.scalar(sa.text(f"SELECT count(*) FROM {NAME}")) or 0


def floats(connection: sa.Connection) -> frozenset[str]:
    """Return the columns set out that hold floats."""
    held = connection.execute(sa.text(f"SELECT * FROM {NAME} LIMIT 0")).cursor
    described = (held.description if held is not None else None) or ()
    return frozenset(str(column[0]) for column in described if column[1] in _FLOATS)


def _with_columns(
    rows: sa.Select[Any], known: Mapping[str, tuple[str, Collection[str]]], together: Mapping[str, Sequence[str]]
) -> sa.Select[Any]:
    base = rows.subquery("asked")
    columns: list[sa.ColumnElement[Any]] = [
        *base.c,
        *(_joined(base, of).label(label) for label, of in together.items()),
    ]
    every: sa.FromClause = base
    for label, (column, _) in known.items():
        listed = _known.alias()
        every = every.outerjoin(listed, sa.and_(listed.c.label == label, listed.c.value == base.c[column]))
        is_known = sa.case((base.c[column].is_(None), None), else_=listed.c.value.is_not(None))
        columns.append(sa.cast(is_known, sa.Text).label(label))
    return sa.select(*columns).select_from(every)


def _joined(base: sa.Subquery, columns: Sequence[str]) -> sa.ColumnElement[str]:
    first, *others = columns
    joined: sa.ColumnElement[str] = sa.cast(base.c[first], sa.Text)
    for other in others:
        joined = joined + _BETWEEN + sa.cast(base.c[other], sa.Text)
    return joined


def _put_away(connection: sa.Connection) -> None:
    raw = connection.connection.dbapi_connection
    is_broken = raw is None or raw.info.transaction_status.name == "INERROR"
    if not is_broken:  # else the rollback that must follow takes them away
        connection.execute(sa.text(f"DROP TABLE {NAME}, {_KNOWN}"))
