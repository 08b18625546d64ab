"""Logs that stations were asked for, and how far each is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "station_log",
        sa.Column("request_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("news_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_number", name=op.f("pk_station_log")),
        schema="migration",
        comment="Each log that a station was asked for, written before it is asked. location is without its password. "
        "news_after: when an earlier upload was last spoken of there, by that back-office's clock. "
        "state: asked, uploading, uploaded, refused, failed, overdue, or unknown: whether it was asked nobody knows.",
    )
    op.create_index(
        op.f("ix_station_log_station_id_asked_at"),
        "station_log",
        ["station_id", "asked_at"],
        unique=False,
        schema="migration",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_station_log_station_id_asked_at"), table_name="station_log", schema="migration")
    op.drop_table("station_log", schema="migration")
