"""The two back-offices' databases as a rehearsal finds them: the legacy full and dirty, the target empty.

Each is prepared in one transaction, and the comment on its table `charge_box` says for which network: a kill half-way
leaves nothing, and a second call finds the work done.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import cast

import psycopg
import sqlalchemy as sa

from rehearsal import steve_schema
from rehearsal.dirt import dirty
from rehearsal.dirt_ledger import DirtLedger
from rehearsal.legacy_records import POWER_METER_FAILURE, LegacyRecords, LegacyStop, LegacyTransaction
from rehearsal.steve_schema import Generation, SteveTables
from rehearsal.truth import Network

TARGET_NUMBERS_ABOVE = 1_000_000
"""How far above the legacy's highest transaction id the target begins, so that no id can mean two charges."""

Rows = Iterable[Sequence[object]]


def prepare_legacy(engine: sa.Engine, network: Network) -> DirtLedger:
    """Fill the legacy's database unless that is done; return what is wrong in it."""
    legacy, ledger = dirty(network)
    steve = steve_schema.tables(Generation.CONNECTOR)
    with engine.begin() as connection:
        if not _is_prepared(connection, network):
            _clear(connection, steve)
            _write(connection, steve, legacy)
            _sign(connection, network)
    return ledger


def prepare_target(engine: sa.Engine, network: Network) -> None:
    """Create the target's empty tables unless they are there. Its transaction ids begin far above the legacy's."""
    steve = steve_schema.tables(Generation.EVSE)
    highest = max((int(session.session_id) for session in network.sessions), default=0)
    with engine.begin() as connection:
        if not _is_prepared(connection, network):
            _clear(connection, steve)
            _restart_numbering(connection, highest + TARGET_NUMBERS_ABOVE)
            _sign(connection, network)


def _signature(network: Network) -> str:
    return f"rehearsal: seed {network.seed}, {len(network.stations)} stations, {network.as_of.isoformat()}"


def _is_prepared(connection: sa.Connection, network: Network) -> bool:
    # Two worlds must not prepare one database at once.
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(71059)"))
    found = connection.scalar(sa.text("SELECT obj_description(to_regclass('charge_box'), 'pg_class')"))
    return bool(found == _signature(network))


def _sign(connection: sa.Connection, network: Network) -> None:
    connection.execute(sa.text(f"COMMENT ON TABLE charge_box IS '{_signature(network)}'"))


def _clear(connection: sa.Connection, steve: SteveTables) -> None:
    connection.execute(sa.text("DROP VIEW IF EXISTS transaction"))
    for generation in Generation:
        steve_schema.tables(generation).metadata.drop_all(connection)
    steve_schema.create(connection, steve)


def _write(connection: sa.Connection, steve: SteveTables, legacy: LegacyRecords) -> None:
    sockets = _sockets(legacy)
    _copy(
        connection,
        steve.address,
        "address_pk street house_number zip_code city country latitude longitude",
        _addresses(legacy),
    )
    _copy(
        connection,
        steve.charge_box,
        "charge_box_id endpoint_address ocpp_protocol registration_status charge_point_vendor charge_point_model "
        "charge_point_serial_number fw_version iccid imsi last_heartbeat_timestamp address_pk",
        _boxes(legacy),
    )
    _copy(
        connection,
        steve.socket,
        f"{steve.socket_pk} charge_box_id {steve.socket_id}",
        ((pk, charge_box_id, connector_id) for (charge_box_id, connector_id), pk in sockets.items()),
    )
    _copy(
        connection,
        steve.connector_status,
        f"{steve.socket_pk} status_timestamp status error_code",
        _statuses(legacy, sockets),
    )
    _copy(
        connection,
        steve.start,
        f"transaction_pk event_timestamp {steve.socket_pk} id_tag start_timestamp start_value",
        (
            (pk, _naive(t.event_at), sockets[t.charge_box_id, t.connector_id], t.id_tag, _naive(t.started_at), t.value)
            for t in legacy.transactions
            for pk in [t.transaction_pk]
        ),
    )
    _write_stops(connection, steve, legacy)
    _copy(
        connection,
        steve.meter_value,
        f"{steve.socket_pk} transaction_pk value_timestamp value reading_context measurand unit",
        _meter_values(legacy, sockets),
    )
    _copy(
        connection,
        steve.ocpp_tag,
        "id_tag parent_id_tag expiry_date max_active_transaction_count note",
        ((t.id_tag, t.parent_id_tag, _naive(t.expiry_at), t.max_active, t.note) for t in legacy.tags),
    )
    _restart_numbering(connection, max((t.transaction_pk for t in legacy.transactions), default=0) + 1)


def _addresses(legacy: LegacyRecords) -> Rows:
    for a in legacy.addresses:
        yield (a.address_pk, a.street, a.house_number, a.zip_code, a.city, a.country, a.latitude, a.longitude)


def _boxes(legacy: LegacyRecords) -> Rows:
    for box in legacy.boxes:
        if box.is_listed:
            what = (box.vendor, box.model, box.serial_number, box.firmware, box.iccid, box.imsi)
            seen = "ocpp1.6J" if box.last_heartbeat_at else None
            yield (box.charge_box_id, None, seen, "Accepted", *what, _naive(box.last_heartbeat_at), box.address_pk)


def _sockets(legacy: LegacyRecords) -> dict[tuple[str, int], int]:
    """Number the connectors: 0 is the station as a whole."""
    places = [(box.charge_box_id, n) for box in legacy.boxes if box.connectors for n in range(box.connectors + 1)]
    places += [(t.charge_box_id, t.connector_id) for t in legacy.transactions]
    return {place: pk for pk, place in enumerate(dict.fromkeys(places), start=1)}


def _statuses(legacy: LegacyRecords, sockets: dict[tuple[str, int], int]) -> Rows:
    for box in legacy.boxes:
        for connector_id in range(box.connectors + 1) if box.connectors and box.last_heartbeat_at else ():
            status, error = "Available", "NoError"
            if box.is_faulted:
                status, error = "Faulted", POWER_METER_FAILURE
            elif connector_id and connector_id == box.charging_connector:
                status = "Charging"
            yield (sockets[box.charge_box_id, connector_id], _naive(box.last_heartbeat_at), status, error)


def _write_stops(connection: sa.Connection, steve: SteveTables, legacy: LegacyRecords) -> None:
    stops = [(transaction, stop) for transaction in legacy.transactions for stop in transaction.stops]
    _copy(
        connection,
        steve.stop,
        "transaction_pk event_timestamp event_actor stop_timestamp stop_value stop_reason",
        ((t.transaction_pk, *_stop(stop)) for t, stop in stops if not stop.has_failed),
    )
    _copy(
        connection,
        steve.stop_failed,
        "charge_box_id fail_reason transaction_pk event_timestamp event_actor stop_timestamp stop_value stop_reason",
        (_failed(t, stop) for t, stop in stops if stop.has_failed),
    )


def _stop(stop: LegacyStop) -> tuple[object, ...]:
    return (_naive(stop.event_at), stop.actor, _naive(stop.stopped_at), stop.value, stop.reason)


def _failed(transaction: LegacyTransaction, stop: LegacyStop) -> tuple[object, ...]:
    reason = "The transaction is not found in database"
    return (transaction.charge_box_id, reason, transaction.transaction_pk, *_stop(stop))


def _meter_values(legacy: LegacyRecords, sockets: dict[tuple[str, int], int]) -> Iterator[Sequence[object]]:
    for t in legacy.transactions:
        for at, value in t.meter_values:
            socket = sockets[t.charge_box_id, t.connector_id]
            yield (
                socket,
                t.transaction_pk,
                _naive(at),
                value,
                "Sample.Periodic",
                "Energy.Active.Import.Register",
                "Wh",
            )


def _copy(connection: sa.Connection, table: sa.Table, columns: str, rows: Rows) -> None:
    names = columns.split()
    # The driver's own connection: COPY is twenty times as fast as inserts.
    driver = cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(
        psycopg.sql.Identifier(table.name), psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _restart_numbering(connection: sa.Connection, number: int) -> None:
    connection.execute(sa.text(f"ALTER SEQUENCE transaction_start_transaction_pk_seq RESTART WITH {number:d}"))


def _naive(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)
