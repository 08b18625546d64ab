"""A night knows by which agreement it was judged. Of those that were judged before, nobody knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reconciliation", sa.Column("agreed_sha256", sa.Text(), nullable=True), schema="roaming")


def downgrade() -> None:
    op.drop_column("reconciliation", "agreed_sha256", schema="roaming")
