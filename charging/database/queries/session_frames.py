"""Reading clean sessions as columns, for a night of millions."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from charging.database import tables
from charging.database.binary.reading import frames
from charging.roaming.own_sessions import SESSIONS


def session_frames(
    connection: sa.Connection, *, issuer: str, period: tuple[datetime, datetime]
) -> Iterator[pl.DataFrame]:
    """Yield, in no order, the sessions of an issuer's drivers (`SESSIONS`) that stopped in a half-open period."""
    session, token = tables.session.c, tables.token.c
    of_theirs = sa.select(token.token_uid).where(token.issuer == issuer)
    chosen = sa.select(*map(_as_read, SESSIONS)).where(
        session.stopped_at >= period[0], session.stopped_at < period[1], session.token_uid.in_(of_theirs)
    )
    yield from frames(connection, chosen, SESSIONS)


def _as_read(name: str) -> sa.ColumnElement[Any]:
    column = tables.session.c[name]
    return sa.cast(column, sa.Text) if name == "energy_kwh" else column
