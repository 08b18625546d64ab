"""Counting again, from the rows themselves, what a migration says it has done."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import landing, personal

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


def chain(connection: sa.Connection, extract_id: str, entity: str) -> list[str]:
    """Return an extract and those whose rows of an entity it only adds to, the latest first."""
    found = [extract_id]
    while (here := landing.manifest(connection, found[-1])) is not None and here.after_extract_id is not None:
        before = landing.manifest(connection, here.after_extract_id)
        if before is None or entity not in before.watermarks:
            break
        found.append(before.extract_id)
    return found


def landed(connection: sa.Connection, extracts: Sequence[str], entity: str) -> int:
    """Return how many rows of an entity came with these extracts."""
    row = tables.landed_row.c
    return _count(connection, tables.landed_row, row.extract_id.in_(extracts), row.entity == entity)


def current(connection: sa.Connection, extracts: Sequence[str], entity: str) -> int:
    """Return how many of these rows no later one of these extracts has brought anew."""
    return _count(connection, _current(extracts, entity))


def merged(connection: sa.Connection, extracts: Sequence[str], entity: str) -> int:
    """Return how many of the current rows another row stands for."""
    row = _current(extracts, entity)
    return _count(connection, row, _is_merged(row))


def clean(connection: sa.Connection, extracts: Sequence[str], entity: str) -> int:
    """Return how many clean rows of an entity are from these extracts."""
    table = _table(entity)
    return _count(connection, table, table.c.extract_id.in_(extracts))


def active_tokens(connection: sa.Connection, extracts: Sequence[str], *, at: datetime) -> int:
    """Return how many clean tokens of these extracts let somebody charge at an instant."""
    token = tables.token.c
    lives_on = sa.or_(token.expires_at.is_(None), token.expires_at > at)
    return _count(connection, tables.token, token.extract_id.in_(extracts), ~token.is_blocked, lives_on)


def every_clean(connection: sa.Connection, entity: str) -> int:
    """Return how many clean rows of an entity there are."""
    return _count(connection, _table(entity))


def renewed(connection: sa.Connection, extracts: Sequence[str], entity: str) -> int:
    """Return how many rows of these extracts stand in the clean network as another extract has told them since."""
    if entity not in KEYS:
        return 0
    key, row = KEYS[entity], _current(extracts, entity)
    table = key.table
    return _count(connection, table, table.c.extract_id.not_in(extracts), key.in_(sa.select(_spelt(row, key.name))))


def set_aside(connection: sa.Connection, extracts: Sequence[str], entity: str) -> list[sa.RowMapping]:
    """Return rule, key and reason of the rows that are kept out, whether somebody still has to decide or has."""
    row, out = _current(extracts, entity), tables.quarantined_row
    chosen = (
        sa.select(out.c.rule, out.c.key, out.c.reason)
        .select_from(row.join(out, _is_place(row)))
        .order_by(out.c.rule, out.c.file, out.c.line)
    )
    return list(connection.execute(chosen).mappings())


def fates(connection: sa.Connection, extracts: Sequence[str], entity: str, source: str) -> Iterator[sa.RowMapping]:
    """Yield every landed session or token with what became of it: in quarantine, clean, or merged into another."""
    row, out = _current(extracts, entity), tables.quarantined_row
    is_session = entity == "session"
    kept: sa.Table = tables.session if is_session else tables.token
    here = (
        [kept.c.session_id == row.c.key, kept.c.back_office == source]
        if is_session
        else [kept.c.token_uid == _spelt(row, "token_uid")]
    )
    facts = [kept.c.stopped_at, kept.c.energy_kwh] if is_session else [kept.c.is_blocked, kept.c.expires_at]
    is_out = out.c.line.is_not(None)
    again = sa.func.row_number().over(partition_by=[row.c.key, is_out], order_by=row.c.row_number)
    is_merged = again > 1 if is_session else _is_merged(row)
    chosen = (
        sa.select(
            row.c.fields,
            is_out.label("is_out"),
            is_merged.label("is_merged"),
            kept.c.extract_id.label("clean_in"),
            *facts,
        )
        .select_from(row.outerjoin(out, _is_place(row)).outerjoin(kept, sa.and_(*here)))
        .execution_options(yield_per=5_000)
    )
    yield from connection.execute(chosen).mappings()


def clean_months(connection: sa.Connection, extracts: Sequence[str]) -> dict[str, tuple[int, Decimal]]:
    """Return, by month of the stop in UTC, how many clean sessions of these extracts there are, and their energy."""
    session = tables.session.c
    month = sa.func.to_char(sa.func.timezone("UTC", session.stopped_at), "YYYY-MM")
    chosen = (
        sa.select(month, sa.func.count(), sa.func.sum(session.energy_kwh))
        .where(session.extract_id.in_(extracts))
        .group_by(month)
    )
    return {name: (number, energy) for name, number, energy in connection.execute(chosen).tuples()}


def every_kwh(connection: sa.Connection) -> Decimal:
    """Return the energy of all clean sessions."""
    return connection.scalar(sa.select(sa.func.sum(tables.session.c.energy_kwh))) or Decimal(0)


def _current(extracts: Sequence[str], entity: str) -> sa.Subquery:
    """Return the landed rows of a chain, the latest first, in the version of the latest extract that brought them."""
    row = tables.landed_row
    of_entity = sa.select(row).where(row.c.entity == entity, row.c.extract_id.in_(extracts))
    if len(extracts) == 1:
        return of_entity.subquery("current")
    age = sa.case({each: number for number, each in enumerate(extracts)}, value=row.c.extract_id)
    newest = sa.func.min(age).over(partition_by=row.c.key)
    every = of_entity.add_columns(age.label("age"), newest.label("newest")).subquery("every")
    return (
        sa.select(*(every.c[column.name] for column in row.c)).where(every.c.age == every.c.newest).subquery("current")
    )


def _is_place(row: sa.Subquery) -> sa.ColumnElement[bool]:
    out = tables.quarantined_row.c
    same = (out[name] == row.c[name] for name in ("extract_id", "entity", "file", "line"))
    return sa.and_(*same, _is_out())


def _is_merged(row: sa.Subquery) -> sa.ColumnElement[bool]:
    """Whether cleansing has logged that another row stands for this one."""
    return sa.exists(sa.select(sa.literal(1)).where(*_of(row), tables.fix.c.field == "merged_into"))


def _spelt(row: sa.Subquery, field: str) -> sa.ColumnElement[str]:
    """Return a row's key as cleansing has written it: two spellings of one uid are one clean token."""
    fix = tables.fix.c
    last = sa.select(fix.after).where(*_of(row), fix.field == field).order_by(fix.fix_number.desc()).limit(1)
    return sa.func.coalesce(last.correlate(row).scalar_subquery(), row.c.key)


def _of(row: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    return [tables.fix.c[name] == row.c[name] for name in ("extract_id", "entity", "row_number")]


def _is_out() -> sa.ColumnElement[bool]:
    decision = tables.quarantined_row.c.decision
    return sa.or_(decision.is_(None), decision.in_(STAYS_OUT))


def _table(entity: str) -> sa.Table:
    return KEYS[entity].table if entity in KEYS else tables.metadata.tables[f"clean.{entity}"]


def _count(connection: sa.Connection, table: sa.FromClause, *where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0
