"""Firmware campaigns, and where each station of one is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "firmware_campaign",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_firmware_campaign")),
        schema="migration",
        comment="One image for one maker's models, through the gateway to one back-office. parameters are without secrets.",
    )
    op.create_table(
        "firmware_update",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("kbit_per_second", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("deadline_at", sa.DateTime(timezone=True)),
        sa.Column("deviations", postgresql.JSONB(), nullable=False),
        sa.Column("has_before", sa.Boolean(), nullable=False),
        sa.Column("compared", sa.Text(), nullable=False),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["migration.firmware_campaign.campaign_id"],
            name=op.f("fk_firmware_update_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", "station_id", name=op.f("pk_firmware_update")),
        schema="migration",
        comment="How the update of each station stands. asked_at is of the present attempt's order, which was given in the "
        "same transaction. compared: its configuration against the one before (not yet, same, changed, unknown).",
    )
    op.create_table(
        "firmware_event",
        sa.Column("event_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("compared", sa.Text(), nullable=False),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_number", name=op.f("pk_firmware_event")),
        schema="migration",
        comment="The history of each station's update, written in the transaction that changes it. Rows are added and "
        "never changed.",
    )
    op.create_index(
        op.f("ix_firmware_event_campaign_id_station_id"),
        "firmware_event",
        ["campaign_id", "station_id"],
        unique=False,
        schema="migration",
    )


def downgrade() -> None:
    for name in ("firmware_event", "firmware_update", "firmware_campaign"):
        op.drop_table(name, schema="migration")
