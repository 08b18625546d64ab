"""What partners see of sessions: where each is found, and when it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PUSHED = "What was pushed, each version once: current, superseded, refused, unreadable or deleted."
_CAME = (
    "What was pushed, or pulled beside CDRs, each version once: current, superseded, refused, unreadable or deleted."
)


def upgrade() -> None:
    op.create_table(
        "partner_session",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("raw_sha256", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", "record_key", name=op.f("pk_partner_session")),
        schema="roaming",
        comment="A partner's sessions at its stations as they stand: raw_sha256 is of the record among pushed_record. "
        "placed_at is when it ended, and until then when it began.",
    )
    op.create_index(
        op.f("ix_partner_session_partner_placed_at"),
        "partner_session",
        ["partner", "placed_at"],
        unique=False,
        schema="roaming",
    )
    op.create_table_comment("pushed_record", _CAME, existing_comment=_PUSHED, schema="roaming")


def downgrade() -> None:
    op.create_table_comment("pushed_record", _PUSHED, existing_comment=_CAME, schema="roaming")
    op.drop_table("partner_session", schema="roaming")
