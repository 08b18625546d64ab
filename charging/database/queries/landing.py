"""Reading what was extracted."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations.landing import Manifest
from charging.legacy.parts import home_of
from charging.legacy.written import read

_STREAMED = {"yield_per": 5_000}
_STRAY = sa.table("stray", sa.column("row_number", sa.BigInteger), sa.column("part", sa.SmallInteger))


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


def latest(connection: sa.Connection, source: str, *, is_cleansed: bool = False) -> Manifest | None:
    """Return the latest extract of a source, or the latest that has been cleansed."""
    extract, account = tables.extract.c, tables.account.c
    chosen = (
        sa.select(extract.extract_id).where(extract.source == source).order_by(extract.extracted_at.desc()).limit(1)
    )
    if is_cleansed:
        chosen = chosen.where(sa.exists().where(account.extract_id == extract.extract_id))
    found = connection.scalar(chosen)
    return None if found is None else manifest(connection, found)


def sources(connection: sa.Connection) -> list[str]:
    """Return the names of the sources of which there is an extract."""
    source = tables.extract.c.source
    return list(connection.scalars(sa.select(source).distinct().order_by(source)))


def chain(connection: sa.Connection, of: Manifest) -> list[str]:
    """Return an extract and those that it goes on from, the latest first; one alone where it is no delta."""
    found, before = [of.extract_id], of.after_extract_id
    while before is not None:
        found.append(before)
        extract = tables.extract.c
        before = connection.scalar(sa.select(extract.after_extract_id).where(extract.extract_id == before))
    return found


def holding(connection: sa.Connection, of: Manifest, *, entity: str) -> list[str]:
    """Return the extracts that hold an entity as it was at an extract: its own chain, or that of the last one before.

    A night's intake brings sessions alone; what it does not bring has been extracted before.
    """
    if entity in of.row_counts:
        return chain(connection, of)
    extract = tables.extract.c
    before = connection.scalar(
        sa.select(extract.extract_id)
        .where(
            extract.source == of.source,
            extract.extracted_at <= of.extracted_at,
            extract.row_counts[entity].is_not(None),
        )
        .order_by(extract.extracted_at.desc())
        .limit(1)
    )
    earlier = None if before is None else manifest(connection, before)
    return [] if earlier is None else chain(connection, earlier)


def open_sessions(connection: sa.Connection, of: Manifest) -> frozenset[str]:
    """Return the ids of sessions that had no stop when an extract and those that it goes on from were read.

    They may have closed since: they landed without one, it is estimated, or they wait for one.
    """
    extracts = chain(connection, of)
    row, kept, waits = tables.landed_row.c, tables.session.c, tables.quarantined_row.c
    stop = sa.case((~_is_odd(), row.fields["stopped_at"].astext), else_="")
    unstopped = sa.select(row.key).where(
        row.extract_id.in_(extracts), row.entity == "session", sa.func.coalesce(sa.func.trim(stop), "") == ""
    )
    settled = sa.select(kept.session_id).where(kept.back_office == of.source, ~kept.is_estimated)
    estimated = sa.select(kept.session_id).where(kept.extract_id.in_(extracts), kept.is_estimated)
    waiting = sa.select(waits.key).where(
        waits.extract_id.in_(extracts),
        waits.entity == "session",
        waits.decision.is_(None),
        waits.rule == "tx.no_stop",
    )
    return frozenset(connection.scalars(sa.union(sa.except_(unstopped, settled), estimated, waiting)))


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
    """Yield the rows of one entity, in order, without holding them all.

    With `parts`, those of the shares from one to another; `gather_strays` comes first.
    """
    row = tables.landed_row.c
    chosen = sa.select(row.row_number, row.file, row.line, sa.cast(row.fields, sa.Text)).where(
        row.extract_id == extract_id, row.entity == entity
    )
    if parts is not None:
        stray = sa.select(_STRAY.c.row_number).where(_STRAY.c.row_number == row.row_number)
        at_home = chosen.where(row.part.between(*parts), ~stray.exists())
        astray = chosen.join(_STRAY, _STRAY.c.row_number == row.row_number).where(_STRAY.c.part.between(*parts))
        found = connection.execute(sa.union_all(at_home, astray).order_by(sa.text("1")), execution_options=_STREAMED)
    else:
        found = connection.execute(chosen.order_by(row.row_number), execution_options=_STREAMED)
    for number, file, line, text in found:
        yield Landed(number, file, line, read(text))


def gather_strays(connection: sa.Connection, extract_id: str, *, entity: str) -> int:
    """Find the rows that are judged in another share than their own, until the transaction ends; return how many.

    They are those whose session id stands at stations of several shares.
    """
    connection.execute(sa.text("DROP TABLE IF EXISTS stray"))
    connection.execute(
        sa.text("CREATE TEMPORARY TABLE stray (row_number bigint PRIMARY KEY, part smallint) ON COMMIT DROP")
    )
    if entity != "session":
        return 0
    row = tables.landed_row.c
    here = sa.and_(row.extract_id == extract_id, row.entity == entity)
    several = (
        sa.select(row.key)
        .where(here)
        .group_by(row.key)
        .having(sa.func.min(row.part) != sa.func.max(row.part))
        .subquery()
    )
    chosen = (
        sa.select(row.key, row.row_number, row.part, sa.cast(row.fields, sa.Text))
        .join(several, several.c.key == row.key)
        .where(here)
        .order_by(row.key, row.row_number)
        .execution_options(yield_per=5_000)
    )
    strays = 0
    for key, group in groupby(connection.execute(chosen).tuples(), key=itemgetter(0)):
        members = [(number, part, read(text)) for _, number, part, text in group]
        home = home_of(key, [(part, values) for _, part, values in members])
        moved = [{"row_number": number, "part": home} for number, part, _ in members if part != home]
        if moved:
            connection.execute(sa.insert(_STRAY), moved)
        strays += len(moved)
    return strays


def part_of_row(connection: sa.Connection, extract_id: str, *, entity: str, place: tuple[str, int]) -> int | None:
    """Return the share in which a row is judged, after `gather_strays`; None where there is no such row."""
    row = tables.landed_row.c
    found: int | None = connection.scalar(
        sa.select(sa.func.coalesce(_STRAY.c.part, row.part))
        .outerjoin(_STRAY, _STRAY.c.row_number == row.row_number)
        .where(row.extract_id == extract_id, row.entity == entity, row.file == place[0], row.line == place[1])
    )
    return found


def known_keys(connection: sa.Connection, extract_ids: Collection[str], *, entity: str) -> frozenset[str]:
    """Return the keys of all rows of an entity in some extracts."""
    row = tables.landed_row.c
    return frozenset(
        connection.scalars(sa.select(row.key).where(row.extract_id.in_(extract_ids), row.entity == entity).distinct())
    )


def part_sizes(connection: sa.Connection, extract_id: str, *, entity: str) -> list[tuple[int, int]]:
    """Return how many rows are judged in each part, by part, after `gather_strays`; nothing without parts."""
    row = tables.landed_row.c
    part = sa.func.coalesce(_STRAY.c.part, row.part).label("part")
    chosen = (
        sa.select(part, sa.func.count())
        .select_from(sa.outerjoin(tables.landed_row, _STRAY, _STRAY.c.row_number == row.row_number))
        .where(row.extract_id == extract_id, row.entity == entity, row.part.is_not(None))
        .group_by(part)
        .order_by(part)
    )
    return [(share, count) for share, count in connection.execute(chosen).tuples()]


def values_of(connection: sa.Connection, extract_id: str, *, entity: str, field: str) -> frozenset[str]:
    """Return the distinct values that one field has in an entity's rows."""
    row = tables.landed_row.c
    here = sa.and_(row.extract_id == extract_id, row.entity == entity)
    is_odd = _is_odd()
    plain = connection.scalars(sa.select(sa.case((~is_odd, row.fields[field].astext))).where(here).distinct())
    odd = connection.scalars(sa.select(row.fields).where(here, is_odd))
    return frozenset(value for value in (*plain, *(fields.get(field) for fields in odd)) if value is not None)


def _is_odd() -> sa.ColumnElement[bool]:
    """Whether PostgreSQL keeps an escape in a row that it cannot decode: then it opens no field of that row."""
    fields = sa.cast(tables.landed_row.c.fields, sa.Text)
    return sa.or_(fields.contains("\\u0000", autoescape=True), fields.contains("\\ud", autoescape=True))
