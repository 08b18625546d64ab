"""Flavours: links as they came and went, what types of stations were learnt to do, and what was done to find out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_event",
        sa.Column("event_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("is_up", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_number", name=op.f("pk_link_event")),
        schema="gateway",
        comment="Each link of a station, when it came up and when it went, and why. Rows are added and never changed; "
        "they are kept for as long as frames.",
    )
    op.create_index(op.f("ix_link_event_at"), "link_event", ["at"], unique=False, schema="gateway")
    op.create_index(
        op.f("ix_link_event_station_id_at"), "link_event", ["station_id", "at"], unique=False, schema="gateway"
    )
    op.create_table(
        "flavour_row",
        sa.Column("row_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("row_number", name=op.f("pk_flavour_row")),
        schema="gateway",
        comment="What a type of station does unasked: six cells with their counts, and the numbers of frames that "
        "prove them. firmware is * for a model as a whole; source is learnt or probed. Rows are added and never "
        "changed: of what was learnt the latest holds, what was probed adds up.",
    )
    op.create_index(
        op.f("ix_flavour_row_vendor_model"), "flavour_row", ["vendor", "model"], unique=False, schema="gateway"
    )
    op.create_table(
        "flavour_probe",
        sa.Column("probe_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_number", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("probe_number", name=op.f("pk_flavour_probe")),
        schema="gateway",
        comment="What was done to a station to see what it does: the row is there before it is done. outcome is null "
        "until it is known.",
    )


def downgrade() -> None:
    op.drop_table("flavour_probe", schema="gateway")
    op.drop_index(op.f("ix_flavour_row_vendor_model"), table_name="flavour_row", schema="gateway")
    op.drop_table("flavour_row", schema="gateway")
    op.drop_index(op.f("ix_link_event_station_id_at"), table_name="link_event", schema="gateway")
    op.drop_index(op.f("ix_link_event_at"), table_name="link_event", schema="gateway")
    op.drop_table("link_event", schema="gateway")
