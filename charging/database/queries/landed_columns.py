"""Landed rows with their fields as columns, for what asks about a table as a whole."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from charging.database import tables

ROW_NUMBER, ROW_HASH, ROW_KEY = "row_number", "row_sha256", "row_key"
_UNDECODABLE = r"(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
"""What JSON can say and PostgreSQL cannot hold: a NUL, half a surrogate pair."""


def names(connection: sa.Connection, extract_id: str, *, entity: str) -> tuple[str, ...]:
    """Return the fields that the rows of an entity have; nothing where there are no rows."""
    row = tables.landed_row.c
    first = (
        sa.select(row.fields)
        .where(row.extract_id == extract_id, row.entity == entity)
        .order_by(row.row_number)
        .limit(1)
    )
    found = connection.scalar(first)
    return tuple(found or ())


def landed_columns(extract_id: str, *, entity: str, columns: Sequence[str]) -> sa.Select[Any]:
    """Return the query for rows of one entity: number, hash, key, and these fields; a blank field has no value."""
    row = tables.landed_row.c
    text = sa.cast(row.fields, sa.Text)
    is_odd = sa.or_(text.contains("\\u0000", autoescape=True), text.icontains("\\ud", autoescape=True))
    mended = sa.func.regexp_replace(text, _UNDECODABLE, "\\1\ufffd", "g")
    readable = sa.case((is_odd, sa.cast(mended, sa.JSON)), else_=sa.cast(row.fields, sa.JSON))
    own = (ROW_NUMBER, ROW_HASH, ROW_KEY)
    base = sa.select(
        row.row_number.label(ROW_NUMBER), row.row_sha256.label(ROW_HASH), row.key.label(ROW_KEY), readable.label("said")
    ).where(row.extract_id == extract_id, row.entity == entity)
    landed = base.subquery("landed")
    typed = (sa.column(name, sa.Text) for name in columns)
    said = (
        sa.func.json_to_record(landed.c.said)
        .table_valued(*typed, name="said")
        .render_derived(with_types=True)
        .lateral()
    )
    values = [sa.func.nullif(sa.func.btrim(said.c[name], " \t\r\n"), "").label(name) for name in columns]
    joined = landed.join(said, sa.true())
    return sa.select(*(landed.c[name] for name in own), *values).select_from(joined)
