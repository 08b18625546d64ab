"""Which box a station says that it is: the serial number of its last boot at each back-office."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("heard", sa.Column("serial_number", sa.Text()), schema="gateway")


def downgrade() -> None:
    op.drop_column("heard", "serial_number", schema="gateway")
