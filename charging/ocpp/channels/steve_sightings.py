"""What SteVe's database knows of stations: when each was heard, and how many charges really run there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema
from charging.migration.ports import Sighting

_STUCK_AFTER = timedelta(hours=72)
"""A transaction that has been open for longer has lost its stop; waiting for its end would be waiting for ever."""
_FREE = ("Available", "Unavailable")
"""What a connector does not say of itself while it charges (OCPP 1.6 §4.9)."""

Query = sa.Select[tuple[object, ...]]


def sightings(schema: SteveSchema, station_ids: Sequence[str], *, now: datetime) -> Query:
    """Return the statement that asks for stations, in one go."""
    box, evse = schema.table("charge_box"), schema.table(schema.generation)
    start, stop = schema.table("transaction_start"), schema.table("transaction_stop")
    reference = start.c[schema.reference("transaction_start")]
    since = (now - _STUCK_AFTER).replace(tzinfo=None)
    is_open = sa.and_(
        start.c.transaction_pk.is_not(None),
        stop.c.transaction_pk.is_(None),
        ~_has_charged_again(start, reference),
        *([~_has_been_freed(schema, start, reference, now=now)] if schema.has("connector_status") else []),
    )
    return (
        sa.select(
            box.c.charge_box_id,
            box.c.last_heartbeat_timestamp,
            box.c.fw_version,
            _column(box, "charge_point_serial_number").label("serial_number"),
            _status_at(schema, box, evse).label("status_at"),
            _unknown_stops(schema, box).label("unknown_stops"),
            sa.func.max(start.c.event_timestamp).label("started_at"),
            sa.func.max(stop.c.event_timestamp).label("stopped_at"),
            sa.func.count(sa.distinct(sa.case((is_open, start.c.transaction_pk)))).label("open_transactions"),
        )
        .select_from(box)
        .outerjoin(evse, evse.c.charge_box_id == box.c.charge_box_id)
        .outerjoin(start, sa.and_(reference == evse.c[schema.evse_pk], start.c.event_timestamp > since))
        .outerjoin(stop, stop.c.transaction_pk == start.c.transaction_pk)
        .where(box.c.charge_box_id.in_(station_ids))
        .group_by(
            box.c.charge_box_id,
            box.c.last_heartbeat_timestamp,
            box.c.fw_version,
            *(column for column in box.c if column.name == "charge_point_serial_number"),
        )
    )


def sighting(row: sa.Row[tuple[object, ...]]) -> Sighting:
    """Return one answer as what it says. SteVe keeps no boots and no connections."""
    instants = [_utc(each) for each in (row.last_heartbeat_timestamp, row.started_at, row.stopped_at) if each]
    return Sighting(
        station_id=row.charge_box_id,
        is_connected=None,
        booted_at=None,
        heard_at=max(instants, default=None),
        firmware=row.fw_version,
        open_transactions=row.open_transactions,
        serial_number=row.serial_number,
        status_at=_utc(row.status_at) if row.status_at else None,
        unknown_stops=row.unknown_stops,
    )


def _has_charged_again(start: sa.TableClause, reference: sa.ColumnElement[object]) -> sa.Exists:
    """Whether a later transaction has begun on the connector: the earlier one has lost its stop."""
    later = start.alias("later")
    return sa.exists().where(later.c[str(reference.key)] == reference, later.c.transaction_pk > start.c.transaction_pk)


def _has_been_freed(
    schema: SteveSchema, start: sa.TableClause, reference: sa.ColumnElement[object], *, now: datetime
) -> sa.Exists:
    """Whether the connector has said since that it is free: the transaction has lost its stop.

    A status carries the station's clock alone. So it must be later than the start by the station's clock and by SteVe's
    own, and not lie in the future: a clock that runs ahead proves nothing. Nor does a status that a meter value of the
    transaction follows: the station says that it is free, and goes on charging.
    """
    status = schema.table("connector_status")
    said_at = status.c.status_timestamp
    return sa.exists().where(
        status.c[schema.reference("connector_status")] == reference,
        status.c.status.in_(_FREE),
        said_at > start.c.start_timestamp,
        said_at > start.c.event_timestamp,
        said_at <= now.replace(tzinfo=None),
        *(
            [~_has_metered_since(schema, start, said_at)]
            if schema.has("connector_meter_value", "transaction_pk")
            else []
        ),
    )


def _has_metered_since(
    schema: SteveSchema, start: sa.TableClause, said_at: sa.ColumnElement[object]
) -> sa.ColumnElement[bool]:
    meter = schema.table("connector_meter_value")
    later = sa.exists().where(meter.c.transaction_pk == start.c.transaction_pk, meter.c.value_timestamp > said_at)
    return later.correlate_except(meter)


def _column(table: sa.TableClause, name: str) -> sa.ColumnElement[Any]:
    return table.c[name] if name in table.c else sa.null()


def _status_at(schema: SteveSchema, box: sa.TableClause, evse: sa.TableClause) -> sa.ColumnElement[Any]:
    """Return the latest status of any connector, by the station's clock: good to see that another has come."""
    if not schema.has("connector_status"):
        return sa.null()
    status, each = schema.table("connector_status"), evse.alias("each")
    return (
        sa.select(sa.func.max(status.c.status_timestamp))
        .select_from(status.join(each, each.c[schema.evse_pk] == status.c[schema.reference("connector_status")]))
        .where(each.c.charge_box_id == box.c.charge_box_id)
        .correlate(box)
        .scalar_subquery()
    )


def _unknown_stops(schema: SteveSchema, box: sa.TableClause) -> sa.ColumnElement[Any]:
    """Return how many charges were ended that SteVe never saw begin."""
    if not schema.has("transaction_stop_failed", "charge_box_id"):
        return sa.null()
    failed = schema.table("transaction_stop_failed")
    counted = sa.select(sa.func.count()).select_from(failed).where(failed.c.charge_box_id == box.c.charge_box_id)
    return counted.correlate(box).scalar_subquery()


def _utc(instant: datetime) -> datetime:
    """Take an instant without a zone for UTC, as SteVe's server does."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
