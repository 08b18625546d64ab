"""What gateways remember of stations from one link to the next."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "station_memory",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("memory", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_station_memory")),
        schema="gateway",
        comment="What a gateway remembers of a station from one link to the next: its boot, its statuses, its "
        "back-office, a move that was refused. Without secrets; gateway and at say who wrote it down last, and when.",
    )


def downgrade() -> None:
    op.drop_table("station_memory", schema="gateway")
