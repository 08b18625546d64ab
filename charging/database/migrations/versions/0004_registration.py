"""How partners are registered, and what they push."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "given_token",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_given_token")),
        schema="roaming",
        comment="The tokens by which partners come to us, by hash; the secrets folder holds those that are sent again.",
    )
    op.create_index(op.f("ix_given_token_partner"), "given_token", ["partner"], unique=False, schema="roaming")
    op.create_table(
        "partner_registration",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("their_url", sa.Text(), nullable=True),
        sa.Column("their_roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("their_endpoints", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held_sha256", sa.Text(), nullable=True),
        sa.Column("held_reference", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_partner_registration")),
        schema="roaming",
        comment="How things stand with a partner. held: the token that it gave us, by hash and where it is kept.",
    )
    op.create_table(
        "pushed_body",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", "path", "method", "body_sha256", name=op.f("pk_pushed_body")),
        schema="roaming",
        comment="Each body as a partner pushed it, compressed, kept before it was answered.",
    )
    op.create_table(
        "pushed_record",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("raw_sha256", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", "module", "record_key", "raw_sha256", name=op.f("pk_pushed_record")),
        schema="roaming",
        comment="What was pushed, each version once: current, superseded, refused, unreadable or deleted.",
    )
    op.create_index(
        "ix_pushed_record_received_at",
        "pushed_record",
        ["partner", "module", "received_at"],
        unique=False,
        schema="roaming",
    )
    op.create_index(
        "one_current_pushed_record",
        "pushed_record",
        ["partner", "module", "record_key"],
        unique=True,
        schema="roaming",
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "registration_event",
        sa.Column("event_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("given_sha256", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_number", name=op.f("pk_registration_event")),
        schema="roaming",
        comment="The handshake's journal: what was about to be done, by whom, and what came of it. No token is in it.",
    )
    op.create_index(
        op.f("ix_registration_event_partner"), "registration_event", ["partner"], unique=False, schema="roaming"
    )


def downgrade() -> None:
    for name in ("registration_event", "pushed_record", "pushed_body", "partner_registration", "given_token"):
        op.drop_table(name, schema="roaming")
