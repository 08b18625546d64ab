"""What a person reports of a work order and what was seen of it; what stations told of their configuration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COMMENT = (
    "What a person has to do at a station or in a portal. state: open, reported (said to be done; the target has not "
    "heard the station since), done (and the target has)."
)

_SNAPSHOT = (
    "What a station told of its configuration, without secrets. unanswered: keys at which it fell silent. via: the "
    "back-office that asked."
)


def upgrade() -> None:
    for name in ("contact", "reported_by", "note"):
        op.add_column("work_order", sa.Column(name, sa.Text(), nullable=True), schema="migration")
    op.add_column("work_order", sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True), schema="migration")
    op.add_column(
        "work_order", sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="migration"
    )
    op.create_table_comment("work_order", _COMMENT, schema="migration")
    op.create_table(
        "station_snapshot",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unanswered", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("station_id", "taken_at", name=op.f("pk_station_snapshot")),
        schema="migration",
        comment=_SNAPSHOT,
    )


def downgrade() -> None:
    op.drop_table("station_snapshot", schema="migration")
    op.drop_table_comment("work_order", existing_comment=_COMMENT, schema="migration")
    for name in ("evidence", "reported_at", "note", "reported_by", "contact"):
        op.drop_column("work_order", name, schema="migration")
