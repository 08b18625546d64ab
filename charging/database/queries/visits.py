"""Reading work orders with the site that they are at."""

from typing import Any

import sqlalchemy as sa

from charging.database import tables


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
