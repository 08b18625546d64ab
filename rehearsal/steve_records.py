"""What a SteVe-like back-office writes when its stations speak, and what it reads to answer them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.frames import Payload
from rehearsal.steve_schema import Generation
from rehearsal.steve_store import Cursor, SteveStore

NOT_FOUND = "The transaction is not found in database"


class SteveRecords:
    """One back-office's books. `now` arguments are aware; the database keeps UTC without a zone."""

    def __init__(self, store: SteveStore, generation: Generation) -> None:
        self._store = store
        self._socket, self._pk, self._id = generation.value, f"{generation}_pk", f"{generation}_id"

    async def registration(self, identity: str) -> str | None:
        """Return the registration status of a station; None if it is unknown."""

        def find(cursor: Cursor) -> str | None:
            found = cursor.execute(
                "SELECT registration_status FROM charge_box WHERE charge_box_id = %s", [identity]
            ).fetchone()
            return str(found[0]) if found else None

        return await self._store.ask(find)

    def boot(self, identity: str, payload: Payload, *, now: datetime) -> None:
        """Take in a BootNotification's data; a boot counts as a heartbeat."""
        fields = (
            "chargePointVendor",
            "chargePointModel",
            "chargePointSerialNumber",
            "firmwareVersion",
            "iccid",
            "imsi",
        )
        self._store.write(
            """
            UPDATE charge_box SET ocpp_protocol = 'ocpp1.6J', charge_point_vendor = %(chargePointVendor)s,
                charge_point_model = %(chargePointModel)s, charge_point_serial_number = %(chargePointSerialNumber)s,
                fw_version = %(firmwareVersion)s, iccid = %(iccid)s, imsi = %(imsi)s, last_heartbeat_timestamp = %(now)s
            WHERE charge_box_id = %(identity)s
            """,
            {name: payload.get(name) for name in fields} | {"identity": identity, "now": _naive(now)},
        )

    def heartbeat(self, identity: str, *, now: datetime) -> None:
        """Note that a station lives."""
        self._store.write(
            "UPDATE charge_box SET last_heartbeat_timestamp = %(now)s WHERE charge_box_id = %(identity)s",
            {"identity": identity, "now": _naive(now)},
        )

    def firmware_status(self, identity: str, status: str, *, now: datetime) -> None:
        """Note how a firmware update goes."""
        self._store.write(
            "UPDATE charge_box SET fw_update_status = %(status)s, fw_update_timestamp = %(now)s "
            "WHERE charge_box_id = %(identity)s",
            {"identity": identity, "status": status, "now": _naive(now)},
        )

    def diagnostics_status(self, identity: str, status: str, *, now: datetime) -> None:
        """Note how the upload of a station's log goes."""
        self._store.write(
            "UPDATE charge_box SET diagnostics_status = %(status)s, diagnostics_timestamp = %(now)s "
            "WHERE charge_box_id = %(identity)s",
            {"identity": identity, "status": status, "now": _naive(now)},
        )

    def status(self, identity: str, payload: Payload, *, now: datetime) -> None:
        """Add a row of a connector's status history."""
        connector_id = int(payload["connectorId"])
        row = {
            "identity": identity,
            "connector_id": connector_id,
            "at": _parsed(payload.get("timestamp"), now),
            "status": payload["status"],
            "error": payload["errorCode"],
        }
        self._add_socket(identity, connector_id)
        self._store.write(
            f"INSERT INTO connector_status ({self._pk}, status_timestamp, status, error_code) "
            f"SELECT {self._pk}, %(at)s, %(status)s, %(error)s FROM {self._socket} "
            f"WHERE charge_box_id = %(identity)s AND {self._id} = %(connector_id)s",
            row,
        )

    def meter_values(self, identity: str, payload: Payload, *, now: datetime) -> None:
        """Add a row for every sampled value."""
        connector_id = int(payload["connectorId"])
        self._add_socket(identity, connector_id)
        for group in payload["meterValue"]:
            for sample in group["sampledValue"]:
                self._store.write(
                    f"INSERT INTO connector_meter_value ({self._pk}, transaction_pk, value_timestamp, value, "
                    f"reading_context, measurand, unit) SELECT {self._pk}, %(transaction)s, %(at)s, %(value)s, "
                    f"%(context)s, %(measurand)s, %(unit)s FROM {self._socket} "
                    f"WHERE charge_box_id = %(identity)s AND {self._id} = %(connector_id)s",
                    {
                        "identity": identity,
                        "connector_id": connector_id,
                        "transaction": payload.get("transactionId"),
                        "at": _parsed(group.get("timestamp"), now),
                        "value": sample["value"],
                        "context": sample.get("context"),
                        "measurand": sample.get("measurand"),
                        "unit": sample.get("unit"),
                    },
                )

    async def tag(self, id_tag: str, *, now: datetime) -> Payload:
        """Return the idTagInfo of a tag."""

        def find(cursor: Cursor) -> Payload:
            found = cursor.execute(
                "SELECT parent_id_tag, expiry_date, max_active_transaction_count FROM ocpp_tag WHERE id_tag = %s",
                [id_tag],
            ).fetchone()
            return _tag_info(found, now)

        return await self._store.ask(find)

    async def start(self, identity: str, payload: Payload, *, now: datetime) -> int:
        """Book a StartTransaction and return its number; a repeated one gets the number that it had."""
        facts = {
            "event": _naive(now),
            "id_tag": payload["idTag"],
            "at": _parsed(payload["timestamp"], now),
            "value": str(payload["meterStart"]),
        }
        connector_id = int(payload["connectorId"])

        def book(cursor: Cursor) -> int:
            row = facts | {"socket": self._socket_pk(cursor, identity, connector_id)}
            same = f"{self._pk} = %(socket)s AND id_tag = %(id_tag)s AND start_timestamp = %(at)s"
            found = cursor.execute(
                f"SELECT transaction_pk FROM transaction_start WHERE {same} AND start_value = %(value)s", row
            ).fetchone()
            found = found or _one(
                cursor,
                f"INSERT INTO transaction_start (event_timestamp, {self._pk}, id_tag, start_timestamp, start_value) "
                "VALUES (%(event)s, %(socket)s, %(id_tag)s, %(at)s, %(value)s) RETURNING transaction_pk",
                row,
            )
            return int(found[0])

        return await self._store.ask(book)

    async def stop(self, identity: str, payload: Payload, *, now: datetime) -> None:
        """Book a StopTransaction: with its start, or among the failed if no start has its number."""
        row = {
            "identity": identity,
            "pk": int(payload["transactionId"]),
            "event": _naive(now),
            "at": _parsed(payload["timestamp"], now),
            "value": str(payload["meterStop"]),
            "reason": payload.get("reason"),
            "why": NOT_FOUND,
        }

        def book(cursor: Cursor) -> None:
            is_known = cursor.execute("SELECT 1 FROM transaction_start WHERE transaction_pk = %(pk)s", row).fetchone()
            table = "transaction_stop" if is_known else "transaction_stop_failed"
            more, values = ("", "") if is_known else (", charge_box_id, fail_reason", ", %(identity)s, %(why)s")
            cursor.execute(
                f"INSERT INTO {table} (transaction_pk, event_timestamp, event_actor, stop_timestamp, "
                f"stop_value, stop_reason{more}) "
                f"SELECT %(pk)s, %(event)s, 'station', %(at)s, %(value)s::varchar, %(reason)s{values} "
                f"WHERE NOT EXISTS (SELECT FROM {table} WHERE transaction_pk = %(pk)s AND stop_timestamp = %(at)s "
                "AND stop_value = %(value)s::varchar)",
                row,
            )
            if is_known and cursor.rowcount:
                # Not every station says that its connector is free again: SteVe assumes it.
                cursor.execute(
                    f"INSERT INTO connector_status ({self._pk}, status_timestamp, status, error_code) "
                    f"SELECT {self._pk}, %(at)s, 'Available', 'NoError' FROM transaction_start "
                    "WHERE transaction_pk = %(pk)s",
                    row,
                )

        await self._store.ask(book)

    def _add_socket(self, identity: str, connector_id: int) -> None:
        self._store.write(
            f"INSERT INTO {self._socket} (charge_box_id, {self._id}) VALUES (%(identity)s, %(connector_id)s) "
            "ON CONFLICT DO NOTHING",
            {"identity": identity, "connector_id": connector_id},
        )

    def _socket_pk(self, cursor: Cursor, identity: str, connector_id: int) -> int:
        row = {"identity": identity, "connector_id": connector_id}
        cursor.execute(
            f"INSERT INTO {self._socket} (charge_box_id, {self._id}) VALUES (%(identity)s, %(connector_id)s) "
            "ON CONFLICT DO NOTHING",
            row,
        )
        where = f"charge_box_id = %(identity)s AND {self._id} = %(connector_id)s"
        return int(_one(cursor, f"SELECT {self._pk} FROM {self._socket} WHERE {where}", row)[0])


def _one(cursor: Cursor, statement: str, row: Mapping[str, object]) -> tuple[Any, ...]:
    found = cursor.execute(statement, row).fetchone()
    assert found is not None, statement  # noqa: S101 - both callers' statements always return a row
    return found


def _tag_info(found: tuple[Any, ...] | None, now: datetime) -> Payload:
    if found is None:
        return {"status": "Invalid"}
    parent, expires_at, max_active = found
    status = "Accepted"
    if max_active == 0:
        status = "Blocked"
    elif expires_at is not None and expires_at < _naive(now):
        status = "Expired"
    return {"status": status} | ({"parentIdTag": parent} if parent else {})


def _parsed(text: str | None, now: datetime) -> datetime:
    return _naive(datetime.fromisoformat(text) if text else now)


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
