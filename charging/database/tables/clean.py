"""Tables of the schema `clean`: what is right, typed; customers are in the vault."""

import sqlalchemy as sa

from charging.database.columns import Document, Words
from charging.database.tables.schema import Instant, key, metadata, text

location = sa.Table(
    "location",
    metadata,
    key("location_id"),
    *(text(name) for name in ("name", "street", "city", "postal_code", "country")),
    sa.Column("latitude", sa.Numeric),
    sa.Column("longitude", sa.Numeric),
    text("time_zone", is_required=False),
    text("extract_id"),
    schema="clean",
)

station = sa.Table(
    "station",
    metadata,
    key("station_id"),
    *(
        text(name, is_required=False)
        for name in (
            "location_id",
            "vendor",
            "model",
            "serial_number",
            "firmware",
            "iccid",
            "imsi",
            "apn",
            "ocpp_protocol",
        )
    ),
    text("lane"),
    sa.Column("last_seen_at", Instant),
    text("extract_id"),
    schema="clean",
)

evse = sa.Table(
    "evse",
    metadata,
    key("evse_uid"),
    sa.Column("station_id", Words, nullable=False, index=True),
    sa.Column("connector_id", sa.Integer, nullable=False),
    text("evse_id", is_required=False),
    text("extract_id"),
    sa.UniqueConstraint("station_id", "connector_id"),
    schema="clean",
)

connector = sa.Table(
    "connector",
    metadata,
    key("evse_uid"),
    sa.Column("connector_number", sa.Integer, primary_key=True),
    *(text(name, is_required=False) for name in ("standard", "format", "power_type")),
    *(sa.Column(name, sa.Integer) for name in ("max_voltage", "max_amperage", "max_power_w")),
    text("extract_id"),
    schema="clean",
)

tariff = sa.Table(
    "tariff",
    metadata,
    key("tariff_id"),
    text("name", is_required=False),
    text("currency"),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("document", Document, nullable=False),
    text("extract_id"),
    schema="clean",
    comment="A price list as an OCPI 2.2.1 Tariff object; its numbers are text, so that they stay exact.",
)

contract = sa.Table(
    "contract",
    metadata,
    key("contract_id"),
    *(text(name, is_required=False) for name in ("customer_id", "issuer", "tariff_id")),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    text("extract_id"),
    schema="clean",
)

customer = sa.Table(
    "customer",
    metadata,
    key("customer_id"),
    *(text(name, is_required=False) for name in ("name", "email", "phone")),
    text("extract_id"),
    schema="vault",
    comment="Personal data, apart from everything else: read for a stated purpose only.",
)

access = sa.Table(
    "access",
    metadata,
    sa.Column("access_id", sa.BigInteger, sa.Identity(), primary_key=True),
    *(text(name) for name in ("reader", "purpose")),
    sa.Column("customers", sa.BigInteger, nullable=False),
    sa.Column("customer_ids", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    schema="vault",
    comment="Who read personal data, what for, and of whom; written in the transaction that read it.",
)

forgotten = sa.Table(
    "forgotten",
    metadata,
    key("kind"),
    key("value_hmac"),
    text("pseudonym"),
    text("request"),
    sa.Column("forgotten_at", Instant, nullable=False),
    schema="vault",
    comment="What is to stay forgotten, as keyed hashes: kind is customer, contract, token, name, email or phone.",
)

forget_request = sa.Table(
    "forget_request",
    metadata,
    key("request"),
    *(text(name) for name in ("decided_by", "reason")),
    sa.Column("places", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    schema="vault",
    comment="That somebody was forgotten, by whose order, and how many values where; not who.",
)

meter_value = sa.Table(
    "meter_value",
    metadata,
    key("back_office"),
    key("session_id"),
    sa.Column("sample_number", sa.Integer, primary_key=True),
    sa.Column("sampled_at", Instant, nullable=False),
    *(text(name) for name in ("measurand", "unit")),
    *(text(name, is_required=False) for name in ("phase", "location", "context")),
    sa.Column("value", sa.Numeric),
    text("signed", is_required=False),
    text("extract_id"),
    schema="clean",
    comment="The samples of a session; signed is what the meter signed, byte for byte.",
)

reservation = sa.Table(
    "reservation",
    metadata,
    key("reservation_id"),
    text("station_id"),
    sa.Column("connector_id", sa.Integer),
    *(text(name, is_required=False) for name in ("token_uid", "session_id")),
    sa.Column("starts_at", Instant),
    sa.Column("expires_at", Instant),
    text("status", is_required=False),
    text("extract_id"),
    schema="clean",
)

charging_profile = sa.Table(
    "charging_profile",
    metadata,
    key("profile_id"),
    text("station_id", is_required=False),
    sa.Column("connector_id", sa.Integer),
    sa.Column("stack_level", sa.Integer, nullable=False),
    *(text(name) for name in ("purpose", "kind")),
    text("recurrency", is_required=False),
    *(sa.Column(name, Instant) for name in ("valid_from", "valid_until", "starts_at")),
    sa.Column("duration_seconds", sa.Integer),
    text("rate_unit"),
    sa.Column("periods", Document, nullable=False),
    text("extract_id"),
    schema="clean",
)

token = sa.Table(
    "token",
    metadata,
    key("token_uid"),
    *(text(name, is_required=False) for name in ("parent_uid", "contract_id", "issuer")),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    sa.Column("expires_at", Instant),
    text("extract_id"),
    schema="clean",
)

session = sa.Table(
    "session",
    metadata,
    key("back_office"),
    key("session_id"),
    sa.Column("station_id", Words, nullable=False, index=True),
    sa.Column("connector_id", sa.Integer),
    text("location_id", is_required=False),
    text("token_uid", is_required=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("stopped_at", Instant, nullable=False, index=True),
    sa.Column("meter_start_wh", sa.Numeric),
    sa.Column("meter_stop_wh", sa.Numeric),
    sa.Column("energy_kwh", sa.Numeric, nullable=False),
    sa.Column("cost", sa.Numeric),
    text("currency", is_required=False),
    sa.Column("is_estimated", sa.Boolean, nullable=False),
    sa.Column("is_billable", sa.Boolean, nullable=False),
    text("extract_id"),
    schema="clean",
    comment="A session as one back-office recorded it; session ids are unique inside a back-office only.",
)

fix = sa.Table(
    "fix",
    metadata,
    key("extract_id"),
    key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    sa.Column("fix_number", sa.Integer, primary_key=True),
    *(text(name) for name in ("key", "field", "rule", "confidence")),
    *(text(name, is_required=False) for name in ("before", "after", "evidence")),
    schema="clean",
    comment="Every value that cleansing changed, and what it was: the way back.",
)

account = sa.Table(
    "account",
    metadata,
    key("extract_id"),
    key("entity"),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows_in", "loaded", "merged", "quarantined")),
    *(sa.Column(name, sa.Numeric) for name in ("kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted")),
    sa.Column("kwh_adjustments", Document),
    sa.Column("suite", Document),
    sa.Column("told", Document, nullable=False, server_default="{}"),
    schema="clean",
    comment="Per entity: rows in = loaded + merged + quarantined; kWh before = loaded + quarantined + adjusted, "
    "and kwh_adjustments are the adjusted kWh by rule. told is what was said about the source when it was judged.",
)
