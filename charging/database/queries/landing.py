"""Reading what was extracted."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations.landing import Manifest
from charging.legacy.written import read


def extract_with(connection: sa.Connection, *, source: str, content_sha256: str) -> str | None:
    """Return the id of the extract of this source with exactly this content, if there is one."""
    extract = tables.extract.c
    return connection.scalar(
        sa.select(extract.extract_id).where(extract.source == source, extract.content_sha256 == content_sha256)
    )


def manifest(connection: sa.Connection, extract_id: str) -> Manifest | None:
    """Return one extract's manifest."""
    row = connection.execute(sa.select(tables.extract).where(tables.extract.c.extract_id == extract_id)).one_or_none()
    if row is None:
        return None
    kwh = {month: Decimal(text) for month, text in row.kwh_by_month.items()}
    return Manifest(**(row._asdict() | {"kwh_by_month": kwh}))


def is_cleansed(connection: sa.Connection, extract_id: str) -> bool:
    """Whether this extract has been cleansed; that is stored for all its entities at once, or not at all."""
    account = tables.account.c
    return bool(connection.scalar(sa.select(sa.exists().where(account.extract_id == extract_id))))


class Landed(NamedTuple):
    """One row as it was landed, and where in landing it stands."""

    number: int
    file: str
    line: int
    values: dict[str, str | None]


def landed(
    connection: sa.Connection, *, extract_id: str, entity: str, parts: tuple[int, int] | None = None
) -> Iterator[Landed]:
    """Yield the rows of one entity, in order, without holding them all; with `parts`, those from one to another."""
    row = tables.landed_row.c
    chosen = (
        sa.select(row.row_number, row.file, row.line, sa.cast(row.fields, sa.Text))
        .where(row.extract_id == extract_id, row.entity == entity)
        .order_by(row.row_number)
        .execution_options(yield_per=5_000)
    )
    if parts is not None:
        chosen = chosen.where(row.part.between(*parts))
    for number, file, line, text in connection.execute(chosen):
        yield Landed(number, file, line, read(text))


def part_sizes(connection: sa.Connection, extract_id: str, *, entity: str) -> list[tuple[int, int]]:
    """Return how many rows of an entity each part has, by part; nothing where an entity has none."""
    row = tables.landed_row.c
    chosen = (
        sa.select(row.part, sa.func.count())
        .where(row.extract_id == extract_id, row.entity == entity, row.part.is_not(None))
        .group_by(row.part)
        .order_by(row.part)
    )
    return [(part, count) for part, count in connection.execute(chosen).tuples()]


def values_of(connection: sa.Connection, extract_id: str, *, entity: str, field: str) -> frozenset[str]:
    """Return the distinct values that one field has in an entity's rows."""
    row = tables.landed_row.c
    here = sa.and_(row.extract_id == extract_id, row.entity == entity)
    # PostgreSQL keeps an escape that it cannot decode, but then opens no field of that row: such rows are read here.
    written = sa.cast(row.fields, sa.Text)
    is_odd = sa.or_(written.contains("\\u0000", autoescape=True), written.contains("\\ud", autoescape=True))
    plain = connection.scalars(sa.select(sa.case((~is_odd, row.fields[field].astext))).where(here).distinct())
    odd = connection.scalars(sa.select(row.fields).where(here, is_odd))
    return frozenset(value for value in (*plain, *(fields.get(field) for fields in odd)) if value is not None)
