"""Tables of the schema `roaming` in which a finding is followed until it is settled, and invoices are tied out."""

import sqlalchemy as sa

from charging.database.columns import Document
from charging.database.tables.schema import Instant, key, metadata, text

followed_case = sa.Table(
    "followed_case",
    metadata,
    key("case_key"),
    text("partner"),
    text("subject"),
    text("state"),
    text("verdict"),
    sa.Column("kinds", Document, nullable=False),
    *(text(name, is_required=False) for name in ("ours_key", "theirs_key", "ours_cdr_id", "theirs_cdr_id")),
    *(text(name, is_required=False) for name in ("station_id", "cohort")),
    sa.Column("wave", sa.Integer),
    text("currency"),
    sa.Column("difference", sa.Numeric),
    sa.Column("money_at_risk", sa.Numeric, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    text("turn"),
    sa.Column("reminders", sa.Integer, nullable=False),
    sa.Column("escalation", sa.Integer, nullable=False),
    text("explanation"),
    text("next_step"),
    sa.UniqueConstraint("partner", "subject"),
    sa.Index("ix_followed_case_partner_day", "partner", "day"),
    schema="roaming",
    comment="A verdict that somebody must act on, followed until it is settled. subject is the CDR that it is about, "
    "whichever night judges it; turn is who must act: us, partner, committee or nobody.",
)

case_event = sa.Table(
    "case_event",
    metadata,
    sa.Column("case_key", followed_case.c.case_key.type, primary_key=True),
    sa.Column("event_number", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    text("event"),
    text("before", is_required=False),
    text("after"),
    text("verdict"),
    sa.Column("money_at_risk", sa.Numeric, nullable=False),
    text("by"),
    text("reason"),
    sa.ForeignKeyConstraint(["case_key"], [followed_case.c.case_key], ondelete="CASCADE"),
    schema="roaming",
    comment="Everything that happened to a case, in order; nothing is taken back, only added to.",
)

proposal = sa.Table(
    "proposal",
    metadata,
    key("proposal_id"),
    sa.Column("case_key", followed_case.c.case_key.type, nullable=False, index=True),
    text("partner"),
    text("kind"),
    text("state"),
    text("currency"),
    sa.Column("amount", sa.Numeric, nullable=False),
    text("summary"),
    sa.Column("evidence", Document, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
    *(text(name, is_required=False) for name in ("released_by", "file", "file_sha256")),
    sa.ForeignKeyConstraint(["case_key"], [followed_case.c.case_key], ondelete="CASCADE"),
    schema="roaming",
    comment="What we would send a partner about a case. Nothing leaves before a person has released it.",
)

invoice = sa.Table(
    "invoice",
    metadata,
    key("partner"),
    key("invoice_id"),
    text("issuer"),
    text("currency", is_required=False),
    *(sa.Column(name, sa.Numeric) for name in ("net", "gross")),
    *(sa.Column(name, sa.Date) for name in ("period_from", "period_until", "issued_on")),
    text("source"),
    text("content_sha256"),
    sa.Column("imported_at", Instant, nullable=False),
    schema="roaming",
    comment="An invoice between a partner and us; issuer is ours or theirs. What it bills is listed in invoice_line.",
)

invoice_line = sa.Table(
    "invoice_line",
    metadata,
    key("partner"),
    key("invoice_id"),
    sa.Column("line_number", sa.Integer, primary_key=True),
    text("cdr_id"),
    *(sa.Column(name, sa.Numeric) for name in ("net", "gross")),
    sa.ForeignKeyConstraint(["partner", "invoice_id"], [invoice.c.partner, invoice.c.invoice_id], ondelete="CASCADE"),
    schema="roaming",
    comment="A CDR that an invoice bills, by list, not by date. An amount only where the list states one.",
)
