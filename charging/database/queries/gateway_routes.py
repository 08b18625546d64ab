"""Reading what gateways go by: back-offices, routes and credentials, and who changed them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice, Known


def known(connection: sa.Connection, station_ids: Sequence[str] | None = None) -> Known:
    """Return every back-office, and the routes and credentials of these stations, or of all."""
    route, credential = tables.route.c, tables.credential.c
    routes = sa.select(route.station_id, route.back_office, route.origin, route.changed_at)
    credentials = sa.select(tables.credential)
    if station_ids is not None:
        routes = routes.where(route.station_id == sa.any_(_array(station_ids)))
        credentials = credentials.where(credential.station_id == sa.any_(_array(station_ids)))
    found = connection.execute(routes).all()
    return Known(
        back_offices={office.name: office for office in back_offices(connection)},
        routes={row.station_id: row.back_office for row in found},
        changed={row.station_id: row.changed_at for row in found},
        origins={row.station_id: row.origin for row in found},
        credentials={
            row["station_id"]: Credential(
                secret_hash=row["secret_hash"], needs_certificate=row["needs_certificate"], is_open=row["is_open"]
            )
            for row in connection.execute(credentials).mappings()
        },
    )


def back_offices(connection: sa.Connection) -> list[BackOffice]:
    """Return every back-office, by name."""
    chosen = sa.select(tables.back_office).order_by(tables.back_office.c.name)
    return [BackOffice(**row) for row in connection.execute(chosen).mappings()]


def shown(connection: sa.Connection, station_ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return routes with what each station must show and where it is, by station; of these stations, or of all."""
    route, credential, link = tables.route.c, tables.credential.c, tables.link.c
    must_show = sa.case(
        (credential.secret_hash.is_not(None), "secret"),
        (credential.needs_certificate, "certificate"),
        (credential.is_open, "nothing"),
        else_="certificate",
    )
    is_linked = sa.and_(link.station_id.is_not(None), link.closed_at.is_(None))
    chosen = (
        sa.select(
            route.station_id,
            route.back_office,
            must_show.label("must_show"),
            sa.case((is_linked, link.gateway)).label("gateway"),
            sa.case((is_linked, link.back_office)).label("linked_to"),
            route.changed_at,
        )
        .select_from(tables.route)
        .outerjoin(tables.credential, credential.station_id == route.station_id)
        .outerjoin(tables.link, link.station_id == route.station_id)
        .order_by(route.station_id)
    )
    if station_ids is not None:
        chosen = chosen.where(route.station_id == sa.any_(_array(station_ids)))
    return [dict(row) for row in connection.execute(chosen).mappings()]


def history(connection: sa.Connection, name: str | None = None, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the latest changes, of a station or back-office or of all, the newest first."""
    event = tables.route_event
    chosen = sa.select(event).order_by(event.c.event_number.desc()).limit(limit)
    if name is not None:
        chosen = chosen.where(event.c.name == name)
    return [dict(row) for row in connection.execute(chosen).mappings()]


def _array(values: Sequence[str]) -> sa.ColumnElement[Sequence[str]]:
    return sa.literal(list(values), sa.ARRAY(sa.Text))
