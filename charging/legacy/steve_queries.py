"""What is asked of SteVe's database: statements that PostgreSQL, MariaDB and MySQL understand alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema, column_or_null

Query = sa.Select[Any]


def _locations(schema: SteveSchema) -> Iterator[tuple[str, Query]]:
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
    yield "address", query.order_by(address.c.address_pk)


def _coordinate(schema: SteveSchema, address: sa.TableClause, name: str) -> sa.ColumnElement[Any]:
    """Return an address's coordinate; before V1_1_0 its stations held it."""
    if schema.has("address", name):
        return address.c[name]
    box = schema.table("charge_box")
    if not schema.has("charge_box", f"location_{name}"):
        return sa.null()
    held = sa.select(sa.func.min(box.c[f"location_{name}"])).where(box.c.address_pk == address.c.address_pk)
    return held.scalar_subquery()


def _stations(schema: SteveSchema) -> Iterator[tuple[str, Query]]:
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
    )
    if not schema.has("connector_status"):
        yield "charge_box", query.add_columns(sa.null().label("status")).order_by(box.c.charge_box_pk)
        return
    status = _latest_status(schema)
    query = query.add_columns(status.c.status).outerjoin_from(
        box, status, status.c.charge_box_id == box.c.charge_box_id
    )
    yield "charge_box", query.order_by(box.c.charge_box_pk)


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


def _evses(schema: SteveSchema) -> Iterator[tuple[str, Query]]:
    evse = schema.table(schema.generation)
    query = sa.select(
        evse.c[schema.evse_pk].label("line"),
        evse.c.charge_box_id.label("station_id"),
        evse.c[schema.evse_number].label("connector_id"),
        column_or_null(evse, schema, "evse_id_external").label("evse_id"),
    )
    yield schema.generation, query.order_by(evse.c[schema.evse_pk])


def _tokens(schema: SteveSchema) -> Iterator[tuple[str, Query]]:
    tag = schema.table("ocpp_tag")
    blocked = sa.case((tag.c.max_active_transaction_count == 0, 1), else_=0)
    query = sa.select(
        tag.c.ocpp_tag_pk.label("line"),
        tag.c.id_tag.label("token_uid"),
        tag.c.parent_id_tag.label("parent_uid"),
        sa.null().label("contract_id"),
        sa.null().label("issuer"),
        blocked.label("is_blocked"),
        tag.c.expiry_date.label("expires_at"),
        column_or_null(tag, schema, "note").label("note"),
        tag.c.max_active_transaction_count,
        _owner_count(schema, tag).label("owner_count"),
    )
    yield "ocpp_tag", query.order_by(tag.c.ocpp_tag_pk)


def _owner_count(schema: SteveSchema, tag: sa.TableClause) -> sa.ColumnElement[Any]:
    """How many users hold the tag; NULL where this back-office links no tag to a user at all: that proves nothing."""
    if not schema.has("user_ocpp_tag"):
        return sa.null()
    link = schema.table("user_ocpp_tag")
    held = sa.select(sa.func.count()).where(link.c.ocpp_tag_pk == tag.c.ocpp_tag_pk).scalar_subquery()
    return sa.case((sa.exists(sa.select(sa.literal(1)).select_from(link)), held))


def _sessions(schema: SteveSchema) -> Iterator[tuple[str, Query]]:
    start, stop = schema.table("transaction_start"), _chosen_stop(schema)
    evse, box = schema.table(schema.generation), schema.table("charge_box")
    transactions = (  # outer joins: after a partial import, sessions outlive their stations
        sa.outerjoin(start, evse, start.c[schema.reference("transaction_start")] == evse.c[schema.evse_pk])
        .outerjoin(box, box.c.charge_box_id == evse.c.charge_box_id)
        .outerjoin(stop, stop.c.transaction_pk == start.c.transaction_pk)
    )
    query = sa.select(
        start.c.transaction_pk.label("line"),
        *_of_start(schema, start, evse, box),
        stop.c.stop_timestamp.label("stopped_at"),
        stop.c.event_timestamp.label("server_stopped_at"),
        stop.c.stop_value.label("meter_stop_wh"),
        stop.c.stop_reason,
        stop.c.event_actor,
        stop.c.stop_count,
    ).select_from(transactions)
    yield "transaction_start", query.order_by(start.c.transaction_pk)
    if schema.has("transaction_stop_failed"):
        yield "transaction_stop_failed", _failed_stops(schema)


def _of_start(
    schema: SteveSchema, start: sa.TableClause, evse: sa.TableClause, box: sa.TableClause
) -> list[sa.ColumnElement[Any]]:
    return [
        start.c.transaction_pk.label("session_id"),
        evse.c[schema.evse_number].label("connector_id"),
        evse.c.charge_box_id.label("station_id"),
        column_or_null(box, schema, "address_pk").label("location_id"),
        start.c.id_tag.label("token_uid"),
        start.c.start_timestamp.label("started_at"),
        start.c.event_timestamp.label("server_started_at"),
        start.c.start_value.label("meter_start_wh"),
    ]


def _chosen_stop(schema: SteveSchema) -> sa.Subquery:
    """Of several stops of one transaction, the station's own comes before a person's, then the first of them."""
    stop = schema.table("transaction_stop")
    by_person = sa.case((sa.cast(stop.c.event_actor, sa.String(20)) == "station", 0), else_=1)
    of_one = stop.c.transaction_pk
    rank = sa.func.row_number().over(partition_by=of_one, order_by=[by_person, stop.c.event_timestamp])
    every = sa.select(
        *(
            stop.c[name]
            for name in ("transaction_pk", "event_timestamp", "stop_timestamp", "stop_value", "stop_reason")
        ),
        sa.cast(stop.c.event_actor, sa.String(20)).label("event_actor"),
        rank.label("rank_number"),
        sa.func.count().over(partition_by=of_one).label("stop_count"),
    ).subquery("every_stop")
    return sa.select(every).where(every.c.rank_number == 1).subquery("chosen_stop")


def _failed_stops(schema: SteveSchema) -> Query:
    """A stop that SteVe could not attach to a transaction: revenue that somebody should look at."""
    failed, start = schema.table("transaction_stop_failed"), schema.table("transaction_start")
    evse, box = schema.table(schema.generation), schema.table("charge_box")
    columns = {
        column.name: column
        for column in _of_start(schema, start, evse, box)
        if column.name not in {"session_id", "station_id"}
    }
    joined = (
        sa.outerjoin(failed, start, start.c.transaction_pk == failed.c.transaction_pk)
        .outerjoin(evse, evse.c[schema.evse_pk] == start.c[schema.reference("transaction_start")])
        .outerjoin(box, box.c.charge_box_id == failed.c.charge_box_id)
    )
    return (
        sa.select(
            # It has no key of its own, and several may name one transaction, or none.
            sa.func.row_number().over(order_by=[failed.c.transaction_pk, failed.c.event_timestamp]).label("line"),
            failed.c.transaction_pk.label("session_id"),
            failed.c.charge_box_id.label("station_id"),
            *columns.values(),
            failed.c.stop_timestamp.label("stopped_at"),
            failed.c.event_timestamp.label("server_stopped_at"),
            failed.c.stop_value.label("meter_stop_wh"),
            failed.c.stop_reason,
            sa.cast(failed.c.event_actor, sa.String(20)).label("event_actor"),
            sa.func.coalesce(column_or_null(failed, schema, "fail_reason"), "unknown").label("failed_stop_reason"),
        )
        .select_from(joined)
        .order_by(failed.c.transaction_pk, failed.c.event_timestamp)
    )


QUERIES: Mapping[str, Callable[[SteveSchema], Iterator[tuple[str, Query]]]] = {
    "location": _locations,
    "station": _stations,
    "evse": _evses,
    "token": _tokens,
    "session": _sessions,
}
"""Per entity: the tables that it is read from, each with its statement."""
