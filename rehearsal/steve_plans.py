"""SteVe's tables beside stations and transactions: users, reservations, charging profiles, and in the newer sockets."""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

INSTANT = sa.TIMESTAMP().with_variant(mysql.TIMESTAMP(fsp=6), "mysql", "mariadb")
"""Without a zone in PostgreSQL, where it means UTC; MariaDB keeps UTC and shows the session's zone."""

_REFERENCES = (
    *(("charge_box", "address_pk", "address"), ("user", "address_pk", "address")),
    *(("user", "ocpp_tag_pk", "ocpp_tag"), ("user_ocpp_tag", "ocpp_tag_pk", "ocpp_tag")),
    ("user_ocpp_tag", "user_pk", "user"),
    ("transaction_stop", "transaction_pk", "transaction_start"),
    ("connector_meter_value", "transaction_pk", "transaction_start"),
    *(("reservation", "transaction_pk", "transaction_start"), ("reservation", "id_tag", "ocpp_tag")),
    *(("transaction_start", "id_tag", "ocpp_tag"), ("ocpp_tag", "parent_id_tag", "ocpp_tag")),
    ("charging_schedule_period", "charging_profile_pk", "charging_profile"),
    ("connector_charging_profile", "charging_profile_pk", "charging_profile"),
)
_OF_SOCKETS = (
    *("transaction_start", "connector_status", "connector_meter_value"),
    *("reservation", "connector_charging_profile", "evse_connector"),
)


def add(metadata: sa.MetaData, socket: str) -> None:
    """Add the tables of one generation; `socket` is `connector` or `evse`. Before V1_0_8, users named their one tag."""
    is_newer = socket == "evse"
    _users(metadata, is_newer=is_newer)
    _profiles(metadata, socket)
    sa.Table(
        "reservation",
        metadata,
        sa.Column("reservation_pk", sa.Integer, primary_key=True),
        sa.Column(f"{socket}_pk", sa.Integer, nullable=False),
        sa.Column("transaction_pk", sa.Integer, unique=True),
        sa.Column("id_tag", sa.String(255), nullable=False),
        sa.Column("start_datetime", sa.DateTime),
        sa.Column("expiry_datetime", sa.DateTime),
        sa.Column("status", sa.String(255), nullable=False),
    )
    if is_newer:
        sa.Table(
            "evse_connector",
            metadata,
            sa.Column("evse_connector_pk", sa.Integer, primary_key=True),
            sa.Column("evse_pk", sa.Integer, nullable=False),
            *(sa.Column(name, sa.String(255)) for name in ("connector_type", "connector_format", "power_type")),
            *(sa.Column(name, sa.Integer) for name in ("max_voltage", "max_amperage", "max_electric_power")),
        )


def refer(metadata: sa.MetaData, socket: str) -> None:
    """Have the tables refer to one another by foreign keys, as a SteVe that was never imported into does."""
    for child, column, parent in _REFERENCES:
        if child in metadata.tables and column in metadata.tables[child].c:
            of = "id_tag" if column in {"id_tag", "parent_id_tag"} else column
            _refer(metadata, child, column, f"{parent}.{of}")
    _refer(metadata, socket, "charge_box_id", "charge_box.charge_box_id")
    for child in _OF_SOCKETS:
        if child in metadata.tables:
            _refer(metadata, child, f"{socket}_pk", f"{socket}.{socket}_pk")


def _refer(metadata: sa.MetaData, child: str, column: str, target: str) -> None:
    metadata.tables[child].append_constraint(sa.ForeignKeyConstraint([column], [target]))


def _users(metadata: sa.MetaData, *, is_newer: bool) -> None:
    sa.Table(
        "user",
        metadata,
        sa.Column("user_pk", sa.Integer, primary_key=True),
        *([] if is_newer else [sa.Column("ocpp_tag_pk", sa.Integer)]),
        sa.Column("address_pk", sa.Integer),
        *(sa.Column(name, sa.String(255)) for name in ("first_name", "last_name")),
        sa.Column("birth_day", sa.Date),
        sa.Column("sex", sa.String(1)),
        *(sa.Column(name, sa.String(255)) for name in ("phone", "e_mail")),
        sa.Column("note", sa.Text),
    )
    if is_newer:
        sa.Table(
            "user_ocpp_tag",
            metadata,
            sa.Column("user_pk", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("ocpp_tag_pk", sa.Integer, primary_key=True, autoincrement=False),
        )


def _profiles(metadata: sa.MetaData, socket: str) -> None:
    sa.Table(
        "charging_profile",
        metadata,
        sa.Column("charging_profile_pk", sa.Integer, primary_key=True),
        sa.Column("stack_level", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.String(255), nullable=False)
            for name in ("charging_profile_purpose", "charging_profile_kind", "charging_rate_unit")
        ),
        sa.Column("recurrency_kind", sa.String(255)),
        *(sa.Column(name, INSTANT) for name in ("valid_from", "valid_to", "start_schedule")),
        sa.Column("duration_in_seconds", sa.Integer),
        sa.Column("min_charging_rate", sa.Numeric(15, 1)),
        sa.Column("description", sa.String(255)),
        sa.Column("note", sa.Text),
    )
    sa.Table(
        "charging_schedule_period",
        metadata,
        sa.Column("charging_profile_pk", sa.Integer, nullable=False),
        sa.Column("start_period_in_seconds", sa.Integer, nullable=False),
        sa.Column("power_limit", sa.Numeric(15, 1), nullable=False),
        sa.Column("number_phases", sa.Integer),
        sa.UniqueConstraint("charging_profile_pk", "start_period_in_seconds"),
    )
    sa.Table(
        "connector_charging_profile",
        metadata,
        sa.Column(f"{socket}_pk", sa.Integer, nullable=False),
        sa.Column("charging_profile_pk", sa.Integer, nullable=False),
        sa.UniqueConstraint(f"{socket}_pk", "charging_profile_pk"),
    )
