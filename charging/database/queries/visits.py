"""Reading work orders with the site that they are at, and who was moved by hand."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.migration.lifecycle import Stage


def orders(connection: sa.Connection, plan_id: str) -> list[dict[str, Any]]:
    """Return every work order of a plan, by location and station, with where it is and what stands there."""
    order, station, location = tables.work_order, tables.station, tables.location
    address = sa.func.concat_ws(", ", location.c.street, location.c.postal_code, location.c.city, location.c.country)
    chosen = (
        sa.select(
            order,
            station.c.vendor,
            station.c.model,
            station.c.firmware,
            location.c.name.label("location"),
            address.label("address"),
        )
        .select_from(order)
        .outerjoin(station, station.c.station_id == order.c.station_id)
        .outerjoin(location, location.c.location_id == station.c.location_id)
        .where(order.c.plan_id == plan_id)
        .order_by(location.c.name.nulls_last(), order.c.station_id)
    )
    return [dict(row) for row in connection.execute(chosen).mappings()]


def moved_by_hand(connection: sa.Connection, plan_id: str) -> dict[str, datetime]:
    """Return the stations that are verified because a person brought them to the target, and since when they are."""
    move, transition = tables.move.c, tables.transition.c
    last = (
        sa.select(transition.station_id, transition.before, transition.at)
        .join(tables.move, sa.and_(move.plan_id == transition.plan_id, move.station_id == transition.station_id))
        .where(transition.plan_id == plan_id, move.stage == str(Stage.VERIFIED))
        .distinct(transition.station_id)
        .order_by(transition.station_id, transition.transition_id.desc())
        .subquery()
    )
    chosen = sa.select(last.c.station_id, last.c.at).where(last.c.before == str(Stage.TO_SITE))
    return dict(connection.execute(chosen).tuples().all())
