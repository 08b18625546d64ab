"""Tables of the schema `roaming`: how we and a partner came to know each other, and what it has pushed."""

import sqlalchemy as sa

from charging.database.columns import Document
from charging.database.tables.schema import Instant, key, metadata, text

partner_registration = sa.Table(
    "partner_registration",
    metadata,
    key("partner"),
    text("state"),
    text("version", is_required=False),
    text("their_url", is_required=False),
    sa.Column("their_roles", Document, nullable=False),
    sa.Column("their_endpoints", Document, nullable=False),
    text("held_sha256", is_required=False),
    text("held_reference", is_required=False),
    sa.Column("changed_at", Instant, nullable=False),
    schema="roaming",
    comment="How things stand with a partner. held: the token that it gave us, by hash and where it is kept.",
)

registration_event = sa.Table(
    "registration_event",
    metadata,
    sa.Column("event_number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("partner", sa.Text, nullable=False, index=True),
    text("action"),
    text("phase"),
    text("by"),
    text("detail"),
    text("given_sha256", is_required=False),
    sa.Column("at", Instant, nullable=False),
    schema="roaming",
    comment="The handshake's journal: what was about to be done, by whom, and what came of it. No token is in it.",
)

given_token = sa.Table(
    "given_token",
    metadata,
    key("token_sha256"),
    sa.Column("partner", sa.Text, nullable=False, index=True),
    text("purpose"),
    text("state"),
    text("reference"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("first_used_at", Instant),
    sa.Column("ended_at", Instant),
    schema="roaming",
    comment="The tokens by which partners come to us, by hash; the secrets folder holds those that are sent again.",
)

pushed_body = sa.Table(
    "pushed_body",
    metadata,
    key("partner"),
    key("path"),
    key("method"),
    key("body_sha256"),
    text("request_id", is_required=False),
    text("correlation_id", is_required=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    schema="roaming",
    comment="Each body as a partner pushed it, compressed, kept before it was answered.",
)

pushed_record = sa.Table(
    "pushed_record",
    metadata,
    key("partner"),
    key("module"),
    key("record_key"),
    key("raw_sha256"),
    text("version"),
    text("state"),
    text("reason", is_required=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("last_updated", Instant),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index(
        "one_current_pushed_record",
        "partner",
        "module",
        "record_key",
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    ),
    sa.Index("ix_pushed_record_received_at", "partner", "module", "received_at"),
    schema="roaming",
    comment="What was pushed, or pulled beside CDRs, each version once: "
    "current, superseded, refused, unreadable or deleted.",
)

partner_session = sa.Table(
    "partner_session",
    metadata,
    key("partner"),
    key("record_key"),
    text("raw_sha256"),
    text("session_id"),
    text("status"),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Index(None, "partner", "placed_at"),
    schema="roaming",
    comment="A partner's sessions at its stations as they stand: raw_sha256 is of the record among pushed_record. "
    "placed_at is when it ended, and until then when it began.",
)
