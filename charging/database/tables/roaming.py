"""Tables of the schema `roaming`: both sides' CDRs and what was found."""

import sqlalchemy as sa

from charging.database.columns import Document
from charging.database.tables.schema import Instant, key, metadata, text

page = sa.Table(
    "page",
    metadata,
    key("partner"),
    key("content_sha256"),
    text("url"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("fetched_at", Instant, nullable=False),
    schema="roaming",
    comment="Each page as the partner sent it, compressed, by its hash.",
)

cdr = sa.Table(
    "cdr",
    metadata,
    key("partner"),
    key("side"),
    key("cdr_key"),
    text("owner"),
    text("cdr_id"),
    *(
        text(name, is_required=False)
        for name in (
            "session_id",
            "authorization_reference",
            "evse_raw",
            "evse_compact",
            "token_uid",
            "contract_compact",
            "station_id",
            "cohort",
            "tariff_id",
            "currency",
            "credits_cdr_id",
        )
    ),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant, nullable=False, index=True),
    sa.Column("last_updated", Instant),
    sa.Column("energy_kwh", sa.Numeric, nullable=False),
    sa.Column("net", sa.Numeric),
    sa.Column("gross", sa.Numeric),
    sa.Column("is_credit", sa.Boolean, nullable=False),
    sa.Column("quality", Document, nullable=False),
    sa.Column("lines", Document, nullable=False),
    text("raw_sha256", is_required=False),
    sa.Column("stored_at", Instant, nullable=False),
    schema="roaming",
    comment="The canonical CDR. side is ours or theirs; lines are what was measured, decimals as text.",
)

rejected_cdr = sa.Table(
    "rejected_cdr",
    metadata,
    key("partner"),
    key("raw_sha256"),
    text("cdr_id", is_required=False),
    text("rule"),
    text("reason"),
    text("raw"),
    sa.Column("rejected_at", Instant, nullable=False),
    schema="roaming",
    comment="A record of a partner's page that is no CDR: it costs itself alone, and is kept.",
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    key("partner"),
    sa.Column("day", sa.Date, primary_key=True),
    text("time_zone"),
    sa.Column("period_from", Instant, nullable=False),
    sa.Column("period_until", Instant, nullable=False),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    text("incomplete_because", is_required=False),
    sa.Column("summary", Document, nullable=False),
    text("inputs_sha256"),
    sa.Column("reconciled_at", Instant, nullable=False),
    schema="roaming",
    comment="One partner's night. Running it again with the same inputs changes nothing.",
)

verdict = sa.Table(
    "verdict",
    metadata,
    key("partner"),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("verdict_number", sa.Integer, primary_key=True),
    text("verdict"),
    *(text(name, is_required=False) for name in ("tier", "ours_key", "theirs_key", "cohort", "currency")),
    sa.Column("kinds", Document, nullable=False),
    sa.Column("difference", sa.Numeric),
    sa.Column("money_at_risk", sa.Numeric, nullable=False),
    text("explanation"),
    text("next_step"),
    sa.ForeignKeyConstraint(["partner", "day"], [reconciliation.c.partner, reconciliation.c.day], ondelete="CASCADE"),
    schema="roaming",
)
