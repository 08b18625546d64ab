"""What is asked of SteVe's database about places and hardware, in words that PostgreSQL, MariaDB and MySQL share."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_reading import Reading, by_update
from charging.legacy.steve_schema import SteveSchema, column_or_null


def locations(schema: SteveSchema) -> Iterator[Reading]:
    """Read addresses: SteVe has no other word for a place."""
    if not schema.has("address"):
        return
    address = schema.table("address")
    street: sa.ColumnElement[Any] = address.c.street
    if schema.has("address", "house_number"):
        number = sa.func.coalesce(address.c.house_number, "")
        street = sa.func.trim(sa.func.concat(sa.func.coalesce(address.c.street, ""), " ", number))
    latitude, longitude = (_coordinate(schema, address, name) for name in ("latitude", "longitude"))
    query = sa.select(
        address.c.address_pk.label("line"),
        address.c.address_pk.label("location_id"),
        sa.null().label("name"),
        street.label("street"),
        column_or_null(address, schema, "city").label("city"),
        column_or_null(address, schema, "zip_code").label("postal_code"),
        column_or_null(address, schema, "country").label("country"),
        latitude.label("latitude"),
        longitude.label("longitude"),
        column_or_null(address, schema, "time_zone").label("time_zone"),
    )
    # Where stations hold the coordinates, a change of theirs is none of the address's.
    told = by_update(schema, address) if schema.has("address", "latitude") else {}
    yield Reading(file="address", query=query.order_by(address.c.address_pk), **told)


def _coordinate(schema: SteveSchema, address: sa.TableClause, name: str) -> sa.ColumnElement[Any]:
    """Return an address's coordinate; before V1_1_0 its stations held it."""
    if schema.has("address", name):
        return address.c[name]
    box = schema.table("charge_box")
    if not schema.has("charge_box", f"location_{name}"):
        return sa.null()
    held = sa.select(sa.func.min(box.c[f"location_{name}"])).where(box.c.address_pk == address.c.address_pk)
    return held.scalar_subquery()


def stations(schema: SteveSchema) -> Iterator[Reading]:
    """Read charge boxes, each with its latest status. SteVe knows no APN."""
    box = schema.table("charge_box")
    optional = {
        "location_id": "address_pk",
        "vendor": "charge_point_vendor",
        "model": "charge_point_model",
        "firmware": "fw_version",
        "iccid": "iccid",
        "imsi": "imsi",
        "ocpp_protocol": "ocpp_protocol",
        "last_seen_at": "last_heartbeat_timestamp",
        "registration_status": "registration_status",
        "description": "description",
    }
    serials = [column_or_null(box, schema, name) for name in ("charge_point_serial_number", "charge_box_serial_number")]
    query = sa.select(
        box.c.charge_box_pk.label("line"),
        box.c.charge_box_id.label("station_id"),
        sa.func.coalesce(*serials).label("serial_number"),
        *(column_or_null(box, schema, column).label(name) for name, column in optional.items()),
        sa.null().label("apn"),
    )
    if not schema.has("connector_status"):
        query = query.add_columns(sa.null().label("status"))
    else:
        status = _latest_status(schema)
        query = query.add_columns(status.c.status).outerjoin_from(
            box, status, status.c.charge_box_id == box.c.charge_box_id
        )
    # A heartbeat updates the row, so a delta holds every station that lives: the others did not change.
    yield Reading(file="charge_box", query=query.order_by(box.c.charge_box_pk), **by_update(schema, box))


def _latest_status(schema: SteveSchema) -> sa.Subquery:
    """Per station: `Faulted` if any of its connectors is, else what connector 0 last said."""
    evse, status = schema.table(schema.generation), schema.table("connector_status")
    reference = status.c[schema.reference("connector_status")]
    rank = sa.func.row_number().over(partition_by=reference, order_by=status.c.status_timestamp.desc())
    latest = sa.select(reference.label("pk"), status.c.status, rank.label("rank_number")).subquery("latest")
    number = evse.c[schema.evse_number]
    is_faulted = sa.func.max(sa.case((latest.c.status == "Faulted", "Faulted")))
    of_station = sa.func.max(sa.case((number == 0, latest.c.status)))
    joined = sa.join(evse, latest, evse.c[schema.evse_pk] == latest.c.pk)
    return (
        sa.select(evse.c.charge_box_id, sa.func.coalesce(is_faulted, of_station).label("status"))
        .select_from(joined)
        .where(latest.c.rank_number == 1)
        .group_by(evse.c.charge_box_id)
        .subquery("status_of_station")
    )


def evses(schema: SteveSchema) -> Iterator[Reading]:
    """Read EVSEs, number 0 (the station itself) included."""
    evse = schema.table(schema.generation)
    query = sa.select(
        evse.c[schema.evse_pk].label("line"),
        evse.c.charge_box_id.label("station_id"),
        evse.c[schema.evse_number].label("connector_id"),
        column_or_null(evse, schema, "evse_id_external").label("evse_id"),
        *([evse.c.topology_source] if schema.has(evse.name, "topology_source") else []),
    )
    yield Reading(file=schema.generation, query=query.order_by(evse.c[schema.evse_pk]), **by_update(schema, evse))


def connectors(schema: SteveSchema) -> Iterator[Reading]:
    """Read the sockets and cables of EVSEs, which SteVe has known since V1_1_4."""
    if not schema.has("evse_connector", "evse_pk"):
        return
    part, evse = schema.table("evse_connector"), schema.table("evse")
    key = next((part.c[name] for name in ("evse_connector_pk", "connector_pk") if name in part.c), part.c.evse_pk)
    counted = sa.func.row_number().over(partition_by=part.c.evse_pk, order_by=key)
    names = {
        "standard": "connector_type",
        "format": "connector_format",
        "power_type": "power_type",
        "max_voltage": "max_voltage",
        "max_amperage": "max_amperage",
        "max_power_w": "max_electric_power",
    }
    query = sa.select(
        key.label("line"),
        evse.c.charge_box_id.label("station_id"),
        evse.c.evse_id.label("connector_id"),
        (part.c.connector_id if "connector_id" in part.c else counted).label("connector_number"),
        *(column_or_null(part, schema, column).label(name) for name, column in names.items()),
    ).outerjoin_from(part, evse, evse.c.evse_pk == part.c.evse_pk)
    yield Reading(file="evse_connector", query=query.order_by(part.c.evse_pk, key))
