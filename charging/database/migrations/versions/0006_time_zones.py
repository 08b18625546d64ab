"""The time zone of the location where a CDR's session was, where it is known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cdr", sa.Column("time_zone", sa.Text(), nullable=True), schema="roaming")


def downgrade() -> None:
    op.drop_column("cdr", "time_zone", schema="roaming")
