"""Reading what partners tell beside CDRs: sessions, locations, tariffs; and which nights sessions change."""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries.receiving import CURRENT, DELETED, SUPERSEDED
from charging.roaming.cdr import Side
from charging.roaming.feed import FeedLocation, FeedSession
from charging.roaming.ocpi.parse_feed import parse_locations
from charging.roaming.ocpi.parse_sessions import parse_sessions

SESSIONS, LOCATIONS, TARIFFS = "sessions", "locations", "tariffs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version of a record, as it came."""

    record_key: str
    raw: bytes
    raw_sha256: str
    version: str
    last_updated: datetime | None
    received_at: datetime


def unplaced(connection: sa.Connection, partner: str, *, most: int) -> list[Kept]:
    """Return sessions as they stand now of which it was not noted when they ended, at most so many."""
    row, noted = tables.pushed_record.c, tables.partner_session.c
    is_noted = sa.exists().where(
        noted.partner == row.partner, noted.record_key == row.record_key, noted.raw_sha256 == row.raw_sha256
    )
    return list(_kept(connection, partner, SESSIONS, states=(CURRENT,), where=~is_noted, most=most))


def tariffs(connection: sa.Connection, partner: str) -> list[Kept]:
    """Return every version of every tariff that a partner has published, in the order in which they came."""
    return list(_kept(connection, partner, TARIFFS, states=(CURRENT, SUPERSEDED, DELETED)))


def locations(connection: sa.Connection, partner: str) -> list[FeedLocation]:
    """Return a partner's locations as they stand now; of one that cannot be read the EVSEs are unknown."""
    return [
        location
        for one in _kept(connection, partner, LOCATIONS, states=(CURRENT,))
        for location in parse_locations(b"[" + one.raw + b"]", partner=partner, version=one.version).records
    ]


def sessions(
    connection: sa.Connection, partner: str, period: tuple[datetime, datetime], *, owner: str | None
) -> list[FeedSession]:
    """Return a partner's sessions that ended in a half-open period, or began in it and have not ended.

    `owner` is for 2.1.1, whose sessions name none: see `parse_sessions`.
    """
    row, noted = tables.pushed_record.c, tables.partner_session.c
    chosen = (
        sa.select(row.raw, row.version)
        .join(
            tables.partner_session,
            sa.and_(
                noted.partner == row.partner, noted.record_key == row.record_key, noted.raw_sha256 == row.raw_sha256
            ),
        )
        .where(
            row.partner == partner,
            row.module == SESSIONS,
            noted.placed_at >= period[0],
            noted.placed_at < period[1],
        )
        .order_by(noted.placed_at, noted.record_key)
    )
    return [
        session
        for raw, version in connection.execute(chosen).tuples()
        for session in parse_sessions(
            b"[" + zlib.decompress(raw) + b"]", partner=partner, version=version, owner=owner
        ).records
    ]


def has_sessions(connection: sa.Connection, partner: str) -> bool:
    """Whether any session of a partner's is known."""
    row = tables.partner_session.c
    return bool(connection.scalar(sa.select(sa.exists().where(row.partner == partner))))


def with_other_sessions(connection: sa.Connection, partner: str, *, since: datetime) -> Collection[date]:
    """Return the nights that sessions belong to, or belonged to, which came or changed after they had been judged."""
    noted, head, cdr = tables.partner_session.c, tables.reconciliation.c, tables.cdr.c
    is_here = sa.and_(noted.placed_at >= head.period_from, noted.placed_at < head.period_until)
    was_here = sa.exists().where(
        cdr.partner == head.partner,
        cdr.side == str(Side.OURS),
        cdr.session_id == noted.session_id,
        cdr.ended_at >= head.period_from,
        cdr.ended_at < head.period_until,
    )
    is_later = sa.exists().where(
        noted.partner == head.partner,
        noted.stored_at > head.reconciled_at,
        noted.placed_at >= since,
        sa.or_(is_here, was_here),
    )
    chosen = sa.select(head.day).where(head.partner == partner, head.period_until > since, is_later)
    return list(connection.scalars(chosen.order_by(head.day)))


def _kept(
    connection: sa.Connection,
    partner: str,
    module: str,
    *,
    states: Collection[str],
    where: sa.ColumnElement[bool] | None = None,
    most: int | None = None,
) -> Iterator[Kept]:
    row = tables.pushed_record.c
    chosen = (
        sa.select(row.record_key, row.raw, row.raw_sha256, row.version, row.last_updated, row.received_at)
        .where(row.partner == partner, row.module == module, row.state.in_(states), *([] if where is None else [where]))
        .order_by(row.received_at, row.record_key, row.raw_sha256)
        .limit(most)
    )
    for one in connection.execute(chosen).mappings():
        yield Kept(**{**one, "raw": zlib.decompress(one["raw"])})
