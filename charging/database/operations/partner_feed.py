"""Noting where a partner's sessions belong, so that a night finds its own without reading all of them."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import rows
from charging.database.queries.partner_feed import SESSIONS, Kept
from charging.database.queries.receiving import CURRENT, UNREADABLE
from charging.roaming.feed import FeedSession


def place(
    connection: sa.Connection, partner: str, sessions: Iterable[tuple[Kept, FeedSession]], *, at: datetime
) -> None:
    """Note of sessions which version counts and when it ended, or began; the later note stands."""
    placed = [
        {
            "partner": partner,
            "record_key": kept.record_key,
            "raw_sha256": kept.raw_sha256,
            "session_id": storable(session.session_id),
            "status": storable(session.status),
            "placed_at": session.ended_at or session.started_at,
            "stored_at": at,
        }
        for kept, session in sessions
    ]
    rows.upsert(connection, tables.partner_session, placed)


def set_unreadable(connection: sa.Connection, partner: str, one: Kept, *, reason: str) -> None:
    """Set a pushed session aside that nobody can read; what was read of it before still counts."""
    row = tables.pushed_record.c
    connection.execute(
        sa.update(tables.pushed_record)
        .where(
            row.partner == partner,
            row.module == SESSIONS,
            row.record_key == one.record_key,
            row.raw_sha256 == one.raw_sha256,
            row.state == CURRENT,
        )
        .values(state=UNREADABLE, reason=storable(reason))
    )
