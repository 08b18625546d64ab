"""Where a work order leads to: a station that a person moved may be wanted back at the legacy."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BEFORE = (
    "What a person has to do at a station or in a portal. state: open, reported (said to be done; the target has not "
    "heard the station since), done (and the target has)."
)
_COMMENT = (
    "What a person has to do at a station or in a portal. leads_to: target, or legacy for one that is to come back. "
    "state: open, reported (said to be done; not heard there since), done (and heard)."
)


def upgrade() -> None:
    op.add_column(
        "work_order", sa.Column("leads_to", sa.Text(), nullable=False, server_default="target"), schema="migration"
    )
    op.create_table_comment("work_order", _COMMENT, existing_comment=_BEFORE, schema="migration")


def downgrade() -> None:
    op.create_table_comment("work_order", _BEFORE, existing_comment=_COMMENT, schema="migration")
    op.drop_column("work_order", "leads_to", schema="migration")
