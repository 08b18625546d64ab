"""Reading what rows are judged beside: ids that they may name, and what is clean already."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from charging.cleansing.values import iso
from charging.database import tables

_CHUNK = 10_000
_TEXTS = sa.ARRAY(sa.Text)
_SESSION = (
    *("session_id", "station_id", "connector_id", "location_id", "token_uid", "started_at", "stopped_at"),
    *("meter_start_wh", "meter_stop_wh", "energy_kwh", "cost", "currency", "is_estimated"),
)


def ids(connection: sa.Connection, column: sa.Column[str]) -> frozenset[str]:
    """Return every id that a column of the clean network has."""
    return frozenset(connection.scalars(sa.select(column)))


def tariffs_valid_until(connection: sa.Connection) -> dict[str, datetime]:
    """Return when tariffs end, of those that do."""
    tariff = tables.tariff.c
    chosen = sa.select(tariff.tariff_id, tariff.valid_until).where(tariff.valid_until.is_not(None))
    return dict(connection.execute(chosen).tuples().all())


def sessions_named(connection: sa.Connection, extract_ids: Sequence[str], named: Collection[str]) -> frozenset[str]:
    """Return which of these session ids the extracts have, loaded or not."""
    connection.execute(sa.text("CREATE TEMPORARY TABLE IF NOT EXISTS session_key (key text) ON COMMIT DROP"))
    key = sa.table("session_key", sa.column("key", sa.Text))
    if not connection.scalar(sa.select(sa.exists(sa.select(key.c.key)))):
        row = tables.landed_row.c
        found = sa.select(row.key).where(row.extract_id.in_(extract_ids), row.entity == "session").distinct()
        connection.execute(sa.insert(key).from_select(["key"], found))
        connection.execute(sa.text("CREATE INDEX ON session_key (key)"))
        connection.execute(sa.text("ANALYZE session_key"))
    wanted, known = sorted(named), set[str]()
    for start in range(0, len(wanted), _CHUNK):
        here = wanted[start : start + _CHUNK]
        known.update(connection.scalars(sa.select(key.c.key).where(key.c.key == sa.any_(sa.literal(here, _TEXTS)))))
    return frozenset(known)


def clean_sessions(
    connection: sa.Connection,
    *,
    back_office: str,
    station_ids: Collection[str],
    but_not: Collection[str],
    since: datetime | None,
) -> list[dict[str, str | None]]:
    """Return a back-office's clean sessions at these stations, as rows of text, but for those of these ids."""
    session = tables.session.c
    chosen = sa.select(*(session[name] for name in _SESSION)).where(
        session.back_office == back_office,
        session.station_id == sa.any_(sa.literal(sorted(station_ids), _TEXTS)),
    )
    if since is not None:
        chosen = chosen.where(session.stopped_at >= since)
    found = connection.execute(chosen.order_by(session.started_at, session.session_id)).mappings()
    return [{name: _written(row[name]) for name in _SESSION} for row in found if row["session_id"] not in but_not]


def _written(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return iso(value)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
