"""Counting again, from the rows themselves, what a migration says it has done."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import personal

KEYS: Mapping[str, sa.Column[Any]] = {
    "location": tables.location.c.location_id,
    "station": tables.station.c.station_id,
    "evse": tables.evse.c.evse_uid,
    "tariff": tables.tariff.c.tariff_id,
    "customer": personal.COUNTED,
    "contract": tables.contract.c.contract_id,
    "token": tables.token.c.token_uid,
    "reservation": tables.reservation.c.reservation_id,
    "charging_profile": tables.charging_profile.c.profile_id,
}
"""Entities whose rows have one key, whichever extract they came with."""
STAYS_OUT = ("discarded",)


def landed(connection: sa.Connection, extract_id: str, entity: str) -> int:
    """Return how many rows of an entity came with an extract."""
    row = tables.landed_row.c
    return _count(connection, tables.landed_row, row.extract_id == extract_id, row.entity == entity)


def clean(connection: sa.Connection, extract_id: str, entity: str) -> int:
    """Return how many clean rows of an entity are from an extract."""
    table = _table(entity)
    return _count(connection, table, table.c.extract_id == extract_id)


def every_clean(connection: sa.Connection, entity: str) -> int:
    """Return how many clean rows of an entity there are."""
    return _count(connection, _table(entity))


def renewed(connection: sa.Connection, extract_id: str, entity: str) -> int:
    """Return how many rows of an extract stand in the clean network as another extract has told them since."""
    if entity not in KEYS:
        return 0
    row, key = tables.landed_row.c, KEYS[entity]
    told = sa.select(row.key).where(row.extract_id == extract_id, row.entity == entity)
    table = key.table
    return _count(connection, table, table.c.extract_id != extract_id, key.in_(told))


def set_aside(connection: sa.Connection, extract_id: str, entity: str) -> Mapping[str, int]:
    """Return how many rows of an entity each rule keeps out, whether somebody still has to decide or has."""
    row = tables.quarantined_row.c
    chosen = (
        sa.select(row.rule, sa.func.count())
        .where(row.extract_id == extract_id, row.entity == entity, _is_out())
        .group_by(row.rule)
        .order_by(row.rule)
    )
    return dict(connection.execute(chosen).tuples().all())


def fates(connection: sa.Connection, extract_id: str, entity: str, source: str) -> Iterator[sa.RowMapping]:
    """Yield every landed session or token with what became of it: in quarantine, clean, or merged into another."""
    row, out = tables.landed_row, tables.quarantined_row
    is_session = entity == "session"
    kept: sa.Table = tables.session if is_session else tables.token
    here = (
        [kept.c.session_id == row.c.key, kept.c.back_office == source]
        if is_session
        else [kept.c.token_uid == row.c.key]
    )
    facts = [kept.c.stopped_at, kept.c.energy_kwh] if is_session else [kept.c.is_blocked, kept.c.expires_at]
    is_out = out.c.line.is_not(None)
    again = sa.func.row_number().over(partition_by=[row.c.key, is_out], order_by=row.c.row_number)
    joined = row.outerjoin(
        out,
        sa.and_(
            out.c.extract_id == row.c.extract_id,
            out.c.entity == row.c.entity,
            out.c.file == row.c.file,
            out.c.line == row.c.line,
            _is_out(),
        ),
    ).outerjoin(kept, sa.and_(*here))
    chosen = (
        sa.select(
            row.c.fields, is_out.label("is_out"), again.label("again"), kept.c.extract_id.label("clean_in"), *facts
        )
        .select_from(joined)
        .where(row.c.extract_id == extract_id, row.c.entity == entity)
        .execution_options(yield_per=5_000)
    )
    yield from connection.execute(chosen).mappings()


def clean_months(connection: sa.Connection, extract_id: str) -> dict[str, tuple[int, Decimal]]:
    """Return, by month of the stop in UTC, how many clean sessions of an extract there are, and their energy."""
    session = tables.session.c
    month = sa.func.to_char(sa.func.timezone("UTC", session.stopped_at), "YYYY-MM")
    chosen = (
        sa.select(month, sa.func.count(), sa.func.sum(session.energy_kwh))
        .where(session.extract_id == extract_id)
        .group_by(month)
    )
    return {name: (number, energy) for name, number, energy in connection.execute(chosen).tuples()}


def every_kwh(connection: sa.Connection) -> Decimal:
    """Return the energy of all clean sessions."""
    return connection.scalar(sa.select(sa.func.sum(tables.session.c.energy_kwh))) or Decimal(0)


def _is_out() -> sa.ColumnElement[bool]:
    decision = tables.quarantined_row.c.decision
    return sa.or_(decision.is_(None), decision.in_(STAYS_OUT))


def _table(entity: str) -> sa.Table:
    return KEYS[entity].table if entity in KEYS else tables.metadata.tables[f"clean.{entity}"]


def _count(connection: sa.Connection, table: sa.FromClause, *where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0
