"""Tables of the schema `roaming`: what was pulled, both sides' CDRs, and what was found in each night.

How a finding is followed until it is settled is in `following`.
"""

import sqlalchemy as sa

from charging.database.columns import Document, Words
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

pull = sa.Table(
    "pull",
    metadata,
    key("partner"),
    key("module"),
    sa.Column("pulled_at", Instant, primary_key=True),
    sa.Column("date_from", Instant),
    sa.Column("date_until", Instant),
    sa.Column("watermark", Instant),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("pages", "records", "rejected", "fresh")),
    sa.Column("total_count", sa.BigInteger),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    text("incomplete_because", is_required=False),
    sa.Column("notes", Document, nullable=False),
    schema="roaming",
    comment="One taking-in of a partner's module: cdrs, sessions… records came, of which fresh had never come before. "
    "watermark is the greatest last_updated among what was stored; the next pull begins before it.",
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
            "time_zone",
            "tariff_id",
            "currency",
            "credits_cdr_id",
            "token_hash",
            "evse_uid",
            "connector_id",
            "invoice_id",
        )
    ),
    sa.Column("protocol", Words, nullable=False, server_default="ocpi"),
    sa.Column("state", Words, nullable=False, server_default="final"),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant, nullable=False, index=True),
    sa.Column("last_updated", Instant),
    sa.Column("charging_started_at", Instant),
    sa.Column("charging_ended_at", Instant),
    sa.Column("energy_kwh", sa.Numeric, nullable=False),
    *(
        sa.Column(name, sa.Numeric)
        for name in ("net", "gross", "total_hours", "parking_hours", "meter_start_kwh", "meter_end_kwh")
    ),
    sa.Column("start_offset_minutes", sa.Integer),
    sa.Column("is_credit", sa.Boolean, nullable=False),
    sa.Column("is_cost_significant", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("session_aliases", Document, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("quality", Document, nullable=False),
    sa.Column("lines", Document, nullable=False),
    text("raw_sha256", is_required=False),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Index("ix_cdr_record", sa.text("upper(cdr_id)")),
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
    text("agreed_sha256", is_required=False),
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

night = sa.Table(
    "night",
    metadata,
    key("partner"),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    text("because"),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    sa.Column("judged", sa.BigInteger, nullable=False),
    sa.Column("changes", Document, nullable=False),
    text("inputs_sha256"),
    text("verdicts_sha256"),
    sa.Column("reconciled_at", Instant, nullable=False),
    sa.ForeignKeyConstraint(["partner", "day"], [reconciliation.c.partner, reconciliation.c.day], ondelete="CASCADE"),
    schema="roaming",
    comment="Each version of a partner's night: why it was judged again, and which verdicts changed. "
    "A night that is judged again with the same outcome makes no version.",
)
