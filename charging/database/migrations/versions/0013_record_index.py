"""The records of partners are found by their id without regard to case, whatever PostgreSQL knows of the table."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cdr_record", "cdr", [sa.text("upper(cdr_id)")], schema="roaming")
    op.drop_index("ix_cdr_partner_cdr_id", table_name="cdr", schema="roaming")


def downgrade() -> None:
    op.create_index("ix_cdr_partner_cdr_id", "cdr", ["partner", "cdr_id"], schema="roaming")
    op.drop_index("ix_cdr_record", table_name="cdr", schema="roaming")
