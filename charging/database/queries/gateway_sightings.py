"""What gateways know of stations and of one back-office: where each is led, and when it was last heard there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import gateway_books
from charging.migration.ports import Sighting

_STUCK_AFTER = timedelta(hours=72)
"""A transaction that has been open for longer has lost its stop; waiting for its end would be waiting for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a station is."""

    route: str
    """The back-office that it is to be led to."""
    led_to: str | None
    """The one that it is led to now; None where it is not connected, or that one is away."""
    is_connected: bool
    protocol: str | None


def places(connection: sa.Connection, station_ids: Sequence[str]) -> dict[str, Place]:
    """Return where stations are; the unknown are absent."""
    route, link = tables.route.c, tables.link.c
    chosen = (
        sa.select(route.station_id, route.back_office.label("route"), link.back_office.label("led_to"), link.protocol)
        .add_columns(link.closed_at, link.station_id.is_not(None).label("was_there"))
        .select_from(tables.route)
        .outerjoin(tables.link, link.station_id == route.station_id)
        .where(route.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text))))
    )
    return {row.station_id: _place(row) for row in connection.execute(chosen)}


def _place(row: sa.Row[Any]) -> Place:
    is_connected = bool(row.was_there) and row.closed_at is None
    return Place(
        route=row.route,
        led_to=row.led_to if is_connected else None,
        is_connected=is_connected,
        protocol=row.protocol,
    )


def sightings(
    connection: sa.Connection, station_ids: Sequence[str], back_office: str, *, at: datetime
) -> list[Sighting]:
    """Return what is known of stations at a back-office; the unknown are absent."""
    route, link, heard = tables.route.c, tables.link.c, tables.heard.c
    chosen = (
        sa.select(
            route.station_id,
            sa.and_(link.closed_at.is_(None), link.back_office == back_office).label("is_connected"),
            heard.heard_at,
            heard.booted_at,
            heard.firmware,
            heard.serial_number,
        )
        .select_from(tables.route)
        .outerjoin(tables.link, link.station_id == route.station_id)
        .outerjoin(tables.heard, sa.and_(heard.station_id == route.station_id, heard.back_office == back_office))
        .where(route.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text))))
    )
    running = gateway_books.open_transactions(connection, station_ids, back_office, since=at - _STUCK_AFTER)
    return [
        Sighting(
            station_id=row.station_id,
            is_connected=bool(row.is_connected),
            booted_at=row.booted_at,
            heard_at=row.heard_at,
            firmware=row.firmware,
            serial_number=row.serial_number,
            open_transactions=running.get(row.station_id, 0),
        )
        for row in connection.execute(chosen)
    ]


def reported(connection: sa.Connection, station_id: str, *, request: str, since: datetime) -> list[str]:
    """Return the NotifyReport frames of a station that answer a request, in order."""
    row = tables.frame.c
    chosen = (
        sa.select(row.received)
        .where(
            row.station_id == station_id,
            row.at >= since,
            row.action == "NotifyReport",
            row.kind == 2,
            row.received.contains(request),
        )
        .order_by(row.at, row.segment, row.place)
    )
    return [text for text in connection.scalars(chosen) if text is not None]


def calls(
    connection: sa.Connection, station_id: str, actions: Sequence[str], *, since: datetime
) -> list[tuple[datetime, str]]:
    """Return the frames of a station's calls of some kinds since an instant, and when each came, in order."""
    row = tables.frame.c
    chosen = (
        sa.select(row.at, row.received)
        .where(
            row.station_id == station_id,
            row.at >= since,
            row.action.in_(actions),
            row.kind == 2,
            row.direction == "from_station",
            row.received.is_not(None),
        )
        .order_by(row.at, row.segment, row.place)
    )
    return [(at, text) for at, text in connection.execute(chosen)]
