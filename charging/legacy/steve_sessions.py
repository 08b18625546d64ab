"""What is asked of SteVe's database about sessions: their starts, their stops, the stops that it could not book."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from charging.legacy.snapshot import text
from charging.legacy.steve_reading import Reading, Record, Since
from charging.legacy.steve_schema import SteveSchema, column_or_null

_BEGUN_OR_ENDED = (("transaction_start", "event_timestamp"), ("transaction_stop", "event_timestamp"))


def sessions(schema: SteveSchema) -> Iterator[Reading]:
    """Read transactions, each with the stop that counts, and then the stops that could not be booked."""
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
    yield Reading(
        file="transaction_start",
        query=query.order_by(start.c.transaction_pk),
        since=_changed(schema, start.c.transaction_pk),
        marks=_BEGUN_OR_ENDED,
    )
    if schema.has("transaction_stop_failed"):
        yield _failed_stops(schema)


def _changed(schema: SteveSchema, of: sa.ColumnElement[Any]) -> Since:
    """Begun or ended at or after an instant, by the server's clock: a station's may be years off."""

    def since(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        tables = (schema.table(name).alias(f"changed_{name}") for name, _ in _BEGUN_OR_ENDED)
        return sa.or_(
            *(of.in_(sa.select(each.c.transaction_pk).where(each.c.event_timestamp >= instant)) for each in tables)
        )

    return since


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


def _failed_stops(schema: SteveSchema) -> Reading:
    """A stop that SteVe could not attach to a transaction: revenue that somebody should look at."""
    failed, start = _numbered(schema.table("transaction_stop_failed")), schema.table("transaction_start")
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
    query = sa.select(
        failed.c.line,
        failed.c.transaction_pk.label("session_id"),
        failed.c.charge_box_id.label("station_id"),
        *columns.values(),
        failed.c.stop_timestamp.label("stopped_at"),
        failed.c.event_timestamp.label("server_stopped_at"),
        failed.c.stop_value.label("meter_stop_wh"),
        failed.c.stop_reason,
        sa.cast(failed.c.event_actor, sa.String(20)).label("event_actor"),
        sa.func.coalesce(failed.c.fail_reason, "unknown").label("failed_stop_reason"),
    ).select_from(joined)
    return Reading(
        file="transaction_stop_failed",
        query=query.order_by(failed.c.line),
        since=lambda instant: failed.c.event_timestamp >= instant,
        marks=(("transaction_stop_failed", "event_timestamp"),),
        fold=_named,
    )


def _named(records: Iterable[Record]) -> Iterator[Record]:
    """Give a stop that names no transaction an id by station and instant: without one, nobody could decide on it."""
    for record in records:
        if record["session_id"] is not None:
            yield record
        else:
            at = (text(record["server_stopped_at"]) or "").removesuffix("Z").removesuffix(".000000")
            yield {**record, "session_id": f"{record['station_id']}@{at}"}


def _numbered(failed: sa.TableClause) -> sa.Subquery:
    """Return the table with numbers: it has no key of its own, and several rows may name one transaction, or none."""
    number = sa.func.row_number().over(order_by=[failed.c.event_timestamp, failed.c.transaction_pk])
    return sa.select(failed, number.label("line")).subquery("failed")


def meter_values(schema: SteveSchema) -> Iterator[Reading]:
    """Read the samples of transactions, byte for byte. Those outside of any bill nobody: they are counted only."""
    if not schema.has("connector_meter_value"):
        return
    sample, evse = schema.table("connector_meter_value"), schema.table(schema.generation)
    names = {"context": "reading_context"} | {
        name: name for name in ("value", "unit", "measurand", "format", "phase", "location")
    }
    columns = {name: column_or_null(sample, schema, column) for name, column in names.items()}
    # The table has no key: what makes two samples of one instant distinct orders them.
    order = [sample.c.transaction_pk, sample.c.value_timestamp, *(columns[name] for name in sorted(columns))]
    query = (
        sa.select(
            sample.c.transaction_pk.label("session_id"),
            evse.c.charge_box_id.label("station_id"),
            evse.c[schema.evse_number].label("connector_id"),
            sample.c.value_timestamp.label("sampled_at"),
            *(column.label(name) for name, column in columns.items()),
        )
        .outerjoin_from(sample, evse, evse.c[schema.evse_pk] == sample.c[schema.reference(sample.name)])
        .where(sample.c.transaction_pk.is_not(None))
        .order_by(*(each for each in order if not isinstance(each, sa.Null)))
    )
    changed, stop = _changed(schema, sample.c.transaction_pk), schema.table("transaction_stop")
    has_ended = sa.exists(sa.select(sa.literal(1)).where(stop.c.transaction_pk == sample.c.transaction_pk))
    yield Reading(
        file="connector_meter_value",
        query=query,
        since=lambda instant: sa.or_(changed(instant), ~has_ended),
        marks=_BEGUN_OR_ENDED,
    )
