"""Tables of the schema `quarantine`: what waits for somebody, and what was decided."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from charging.database.columns import Document
from charging.database.tables.schema import Instant, key, metadata, text

quarantined_row = sa.Table(
    "quarantined_row",
    metadata,
    key("extract_id"),
    key("entity"),
    key("file"),
    sa.Column("line", sa.BigInteger, primary_key=True),
    *(text(name) for name in ("key", "rule", "reason", "owner")),
    sa.Column("fields", JSON, nullable=False),
    sa.Column("quarantined_at", Instant, nullable=False),
    *(text(name, is_required=False) for name in ("decision", "decided_by", "decided_because")),
    sa.Column("decided_at", Instant),
    schema="quarantine",
    comment="A row that was not loaded, why, and whose turn it is. Nothing leaves here without a decision: one that "
    "was released or corrected is kept as it stood, and counts no more.",
)

question = sa.Table(
    "question",
    metadata,
    key("extract_id"),
    key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    sa.Column("question_number", sa.Integer, primary_key=True),
    *(text(name) for name in ("key", "rule", "question", "owner")),
    sa.Column("asked_at", Instant, server_default=sa.func.now(), nullable=False),
    *(text(name, is_required=False) for name in ("decision", "decided_by", "decided_because")),
    sa.Column("decided_at", Instant),
    schema="quarantine",
    comment="A row that was loaded, and what somebody should still answer about it.",
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("decision_id", sa.BigInteger, sa.Identity(), primary_key=True),
    *(text(name) for name in ("case_key", "source", "entity", "row_sha256", "extract_id", "file")),
    sa.Column("line", sa.BigInteger, nullable=False),
    *(text(name) for name in ("key", "rule", "reason", "owner", "choice")),
    sa.Column("corrections", Document, nullable=False),
    *(text(name) for name in ("decided_by", "decided_because", "decided_via")),
    sa.Column("decided_at", Instant, nullable=False),
    sa.Index(None, "source", "entity", "row_sha256"),
    schema="quarantine",
    comment="Every decision on a row that was set aside or asked about, never changed afterwards. It holds for "
    "whatever row of the source says exactly the same, in this extract and in later ones.",
)

despite = sa.Table(
    "despite",
    metadata,
    sa.Column("despite_id", sa.BigInteger, sa.Identity(), primary_key=True),
    text("step"),
    sa.Column("findings", Document, nullable=False),
    text("reason"),
    sa.Column("at", Instant, nullable=False),
    schema="quarantine",
    comment="Each time that a step went on although too much stood in quarantine, and why.",
)
