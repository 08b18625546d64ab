"""SteVe's tables in two generations: with `connector` (the older, our legacy) and with `evse` (the newer, our target).

Written from the published facts about its columns. Instants are without a zone and mean UTC, as in its MariaDB; rows
may refer to stations that are gone, as after a partial import.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from rehearsal import steve_plans
from rehearsal.steve_plans import INSTANT

ACTOR = sa.String(7).with_variant(mysql.ENUM("station", "manual"), "mysql", "mariadb")


class Generation(StrEnum):
    CONNECTOR = "connector"
    EVSE = "evse"


@dataclass(frozen=True, slots=True, kw_only=True)
class SteveTables:
    """One generation's tables. `socket` is `connector` or `evse`, with the columns named by the generation."""

    generation: Generation
    metadata: sa.MetaData
    address: sa.Table
    charge_box: sa.Table
    socket: sa.Table
    connector_status: sa.Table
    meter_value: sa.Table
    start: sa.Table
    stop: sa.Table
    stop_failed: sa.Table
    ocpp_tag: sa.Table

    @property
    def socket_pk(self) -> str:
        return f"{self.generation}_pk"

    @property
    def socket_id(self) -> str:
        return f"{self.generation}_id"


def tables(generation: Generation, *, has_references: bool = False) -> SteveTables:
    """Return the tables of one generation on a fresh `MetaData`, with foreign keys where they are wanted."""
    metadata = sa.MetaData()
    is_newer = generation is Generation.EVSE
    socket_pk = f"{generation}_pk"
    _settings(metadata)
    steve_plans.add(metadata, generation.value)
    steve = SteveTables(
        generation=generation,
        metadata=metadata,
        address=_address(metadata, is_newer=is_newer),
        charge_box=_charge_box(metadata, is_newer=is_newer),
        socket=_socket(metadata, generation),
        connector_status=sa.Table(
            "connector_status",
            metadata,
            sa.Column(socket_pk, sa.Integer, nullable=False, index=True),
            sa.Column("status_timestamp", INSTANT),
            sa.Column("status", sa.String(255)),
            sa.Column("error_code", sa.String(255)),
            sa.Column("error_info", sa.String(255)),
            sa.Column("vendor_id", sa.String(255)),
            sa.Column("vendor_error_code", sa.String(255)),
        ),
        meter_value=sa.Table(
            "connector_meter_value",
            metadata,
            sa.Column(socket_pk, sa.Integer, nullable=False),
            sa.Column("transaction_pk", sa.Integer),
            sa.Column("value_timestamp", INSTANT),
            sa.Column("value", sa.Text),
            *(
                sa.Column(name, sa.String(255))
                for name in ("reading_context", "format", "measurand", "location", "unit", "phase")
            ),
        ),
        start=sa.Table(
            "transaction_start",
            metadata,
            sa.Column("transaction_pk", sa.Integer, primary_key=True),
            sa.Column("event_timestamp", INSTANT, nullable=False),
            sa.Column(socket_pk, sa.Integer, nullable=False, index=True),
            sa.Column("id_tag", sa.String(255), nullable=False),
            sa.Column("start_timestamp", INSTANT),
            sa.Column("start_value", sa.String(255)),
        ),
        stop=sa.Table(
            "transaction_stop",
            metadata,
            sa.Column("transaction_pk", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("event_timestamp", INSTANT, primary_key=True),
            sa.Column("event_actor", ACTOR),
            sa.Column("stop_timestamp", INSTANT, nullable=False),
            sa.Column("stop_value", sa.String(255), nullable=False),
            sa.Column("stop_reason", sa.String(255)),
        ),
        stop_failed=sa.Table(
            "transaction_stop_failed",
            metadata,
            sa.Column("transaction_pk", sa.Integer),
            sa.Column("charge_box_id", sa.String(255)),
            sa.Column("event_timestamp", INSTANT, nullable=False),
            sa.Column("event_actor", ACTOR),
            sa.Column("stop_timestamp", INSTANT, nullable=False),
            sa.Column("stop_value", sa.String(255), nullable=False),
            sa.Column("stop_reason", sa.String(255)),
            sa.Column("fail_reason", sa.Text),
        ),
        ocpp_tag=sa.Table(
            "ocpp_tag",
            metadata,
            sa.Column("ocpp_tag_pk", sa.Integer, primary_key=True),
            sa.Column("id_tag", sa.String(255), nullable=False, unique=True),
            sa.Column("parent_id_tag", sa.String(255)),
            sa.Column("expiry_date", INSTANT),
            sa.Column("max_active_transaction_count", sa.Integer, nullable=False, server_default="1"),
            sa.Column("note", sa.Text),
        ),
    )
    if has_references:
        steve_plans.refer(metadata, generation.value)
    return steve


def create(connection: sa.Connection, steve: SteveTables) -> None:
    """Create the tables and the view `transaction`, which shows each start with its latest stop."""
    steve.metadata.create_all(connection)
    connection.execute(
        sa.text(
            f"""
            CREATE OR REPLACE VIEW transaction AS
            SELECT started.transaction_pk, started.{steve.socket_pk}, started.id_tag,
                   started.event_timestamp AS start_event_timestamp, started.start_timestamp, started.start_value,
                   ended.event_actor AS stop_event_actor, ended.event_timestamp AS stop_event_timestamp,
                   ended.stop_timestamp, ended.stop_value, ended.stop_reason
            FROM transaction_start started
            LEFT JOIN transaction_stop ended ON ended.transaction_pk = started.transaction_pk
             AND ended.event_timestamp = (SELECT max(latest.event_timestamp) FROM transaction_stop latest
                                          WHERE latest.transaction_pk = started.transaction_pk)
            """
        )
    )


def _address(metadata: sa.MetaData, *, is_newer: bool) -> sa.Table:
    return sa.Table(
        "address",
        metadata,
        sa.Column("address_pk", sa.Integer, primary_key=True),
        sa.Column("street", sa.String(1000)),
        sa.Column("house_number", sa.String(255)),
        sa.Column("zip_code", sa.String(255)),
        sa.Column("city", sa.String(255)),
        sa.Column("country", sa.String(255)),
        sa.Column("latitude", sa.Numeric(11, 8)),
        sa.Column("longitude", sa.Numeric(11, 8)),
        *([sa.Column("time_zone", sa.String(255))] if is_newer else []),
    )


def _charge_box(metadata: sa.MetaData, *, is_newer: bool) -> sa.Table:
    newer: list[sa.Column[Any]] = [
        sa.Column("security_profile", sa.Integer, server_default="0"),
        sa.Column("auth_password", sa.String(500)),
        sa.Column("ocpp_configuration", sa.JSON),
    ]
    texts = (
        "charge_point_vendor charge_point_model charge_point_serial_number charge_box_serial_number fw_version "
        "fw_update_status iccid imsi meter_type meter_serial_number diagnostics_status admin_address"
    )
    return sa.Table(
        "charge_box",
        metadata,
        sa.Column("charge_box_pk", sa.Integer, primary_key=True),
        sa.Column("charge_box_id", sa.String(255), nullable=False, unique=True),
        sa.Column("endpoint_address", sa.String(255)),
        sa.Column("ocpp_protocol", sa.String(255)),
        sa.Column("registration_status", sa.String(255), nullable=False, server_default="Accepted"),
        *(sa.Column(name, sa.String(255)) for name in texts.split()),
        sa.Column("fw_update_timestamp", INSTANT),
        sa.Column("diagnostics_timestamp", INSTANT),
        sa.Column("last_heartbeat_timestamp", INSTANT),
        sa.Column("description", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("address_pk", sa.Integer),
        sa.Column("insert_connector_status_after_transaction_msg", sa.Boolean, server_default=sa.true()),
        *(newer if is_newer else []),
    )


def _socket(metadata: sa.MetaData, generation: Generation) -> sa.Table:
    newer: list[sa.Column[Any]] = [
        sa.Column("evse_id_external", sa.String(255)),
        sa.Column("topology_source", sa.String(255), server_default="ocpp1"),
    ]
    return sa.Table(
        generation.value,
        metadata,
        sa.Column(f"{generation}_pk", sa.Integer, primary_key=True),
        sa.Column("charge_box_id", sa.String(255), nullable=False),
        sa.Column(f"{generation}_id", sa.Integer, nullable=False),
        *(newer if generation is Generation.EVSE else []),
        sa.UniqueConstraint("charge_box_id", f"{generation}_id"),
    )


def _settings(metadata: sa.MetaData) -> None:
    """Add the two tables that nobody may export: they hold a mail password and the hashes of the users' passwords."""
    sa.Table(
        "settings",
        metadata,
        sa.Column("app_id", sa.String(40), primary_key=True),
        sa.Column("mail_host", sa.String(255)),
        sa.Column("mail_password", sa.String(255)),
    )
    sa.Table(
        "web_user",
        metadata,
        sa.Column("web_user_pk", sa.Integer, primary_key=True),
        sa.Column("username", sa.String(500)),
        sa.Column("password", sa.String(500)),
    )
