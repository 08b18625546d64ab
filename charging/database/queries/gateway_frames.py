"""Reading what was said on stations' links, and what the gateways noted about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database import tables

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which frames: what is not said does not matter."""

    station_id: str | None = None
    back_office: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    only_ruled: bool = False
    """Only those that a rule made, rewrote or held back."""


def frames(connection: sa.Connection, wanted: Wanted, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield frames in the order in which they came; with a limit, the latest so many."""
    row = tables.frame.c
    conditions = [
        row.station_id == wanted.station_id if wanted.station_id is not None else None,
        row.back_office == wanted.back_office if wanted.back_office is not None else None,
        row.action == wanted.action if wanted.action is not None else None,
        row.at >= wanted.since if wanted.since is not None else None,
        row.at < wanted.until if wanted.until is not None else None,
        row.rule.is_not(None) if wanted.only_ruled else None,
    ]
    chosen = sa.select(tables.frame).where(*(each for each in conditions if each is not None))
    order = (row.at, row.gateway, row.segment, row.place)
    if limit is not None:
        latest = chosen.order_by(*(each.desc() for each in order)).limit(limit).subquery()
        chosen = sa.select(latest).order_by(latest.c.at, latest.c.gateway, latest.c.segment, latest.c.place)
    else:
        chosen = chosen.order_by(*order)
    found = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(chosen)
    for each in found.mappings():
        yield dict(each)


def alarms(
    connection: sa.Connection,
    station_id: str | None = None,
    *,
    kind: str | None = None,
    since: datetime | None = None,
    limit: int = 1_000,
) -> list[dict[str, Any]]:
    """Return the latest alarms, of a station or of all, and of one kind or of all, the oldest of them first."""
    table = tables.alarm
    chosen = sa.select(table).order_by(table.c.alarm_number.desc()).limit(limit)
    chosen = chosen.where(*_meant(table, station_id=station_id, kind=kind, since=since))
    return [dict(row) for row in reversed(connection.execute(chosen).mappings().all())]


def alarms_by_kind(
    connection: sa.Connection, station_id: str | None = None, *, kind: str | None = None, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Return of each kind how many alarms there were, of how many stations, and the first and the last instant."""
    row = tables.alarm.c
    counts = (
        row.kind,
        sa.func.count().label("alarms"),
        sa.func.count(sa.func.nullif(row.station_id, "").distinct()).label("stations"),
        sa.func.min(row.at).label("first_at"),
        sa.func.max(row.at).label("last_at"),
    )
    chosen = sa.select(*counts).where(*_meant(tables.alarm, station_id=station_id, kind=kind, since=since))
    return [dict(found) for found in connection.execute(chosen.group_by(row.kind).order_by(row.kind)).mappings()]


def orders(
    connection: sa.Connection, station_id: str | None = None, *, since: datetime | None = None, limit: int = 1_000
) -> list[dict[str, Any]]:
    """Return the latest orders, of a station or of all, the oldest of them first."""
    table = tables.station_order
    chosen = sa.select(table).order_by(table.c.order_number.desc()).limit(limit)
    if station_id is not None:
        chosen = chosen.where(table.c.station_id == station_id)
    if since is not None:
        chosen = chosen.where(table.c.made_at >= since)
    return [dict(row) for row in reversed(connection.execute(chosen).mappings().all())]


def links(
    connection: sa.Connection, station_id: str, *, since: datetime | None = None, limit: int = 1_000
) -> list[dict[str, Any]]:
    """Return the latest links of a station that came and went, the oldest of them first."""
    table = tables.link_event
    chosen = sa.select(table).where(table.c.station_id == station_id).order_by(table.c.at.desc()).limit(limit)
    if since is not None:
        chosen = chosen.where(table.c.at >= since)
    return [dict(row) for row in reversed(connection.execute(chosen).mappings().all())]


def order(connection: sa.Connection, order_number: int) -> dict[str, Any]:
    """Return an order as it stands."""
    table = tables.station_order
    return dict(connection.execute(sa.select(table).where(table.c.order_number == order_number)).mappings().one())


def outcomes(connection: sa.Connection, order_numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return of each order how it stands: `state`, `answer` and `deadline_at`."""
    row = tables.station_order.c
    chosen = sa.select(row.order_number, row.state, row.answer, row.deadline_at).where(
        row.order_number == sa.any_(sa.literal(list(order_numbers), sa.ARRAY(sa.BigInteger)))
    )
    return {found["order_number"]: dict(found) for found in connection.execute(chosen).mappings()}


def _meant(
    table: sa.Table, *, station_id: str | None, kind: str | None, since: datetime | None
) -> Iterator[sa.ColumnElement[bool]]:
    if station_id is not None:
        yield table.c.station_id == station_id
    if kind is not None:
        yield table.c.kind == kind
    if since is not None:
        yield table.c.at >= since
