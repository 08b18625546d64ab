"""Tables of the schema `landing`: what was extracted, as it came: text."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from charging.database.columns import Document, Words
from charging.database.tables.schema import Instant, key, metadata, text

extract = sa.Table(
    "extract",
    metadata,
    key("extract_id"),
    text("source"),
    text("kind"),
    text("schema_generation", is_required=False),
    sa.Column("notes", Document, nullable=False),
    sa.Column("row_counts", Document, nullable=False),
    sa.Column("file_counts", Document, nullable=False, server_default="{}"),
    text("content_sha256"),
    text("code_version"),
    sa.Column("extracted_at", Instant, nullable=False),
    sa.Column("window_from", Instant),
    sa.Column("window_until", Instant),
    sa.Column("kwh", sa.Numeric),
    sa.Column("kwh_by_month", Document, nullable=False, server_default="{}"),
    sa.Column("watermarks", Document, nullable=False, server_default="{}"),
    text("after_extract_id", is_required=False),
    sa.UniqueConstraint("source", "content_sha256"),
    schema="landing",
    comment="The manifest of one extraction. The same content from the same source is the same extract. "
    "after_extract_id is set where it holds only what came after an earlier one.",
)

landed_row = sa.Table(
    "landed_row",
    metadata,
    sa.Column(
        "extract_id",
        Words,
        sa.ForeignKey(extract.c.extract_id, deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    text("file"),
    sa.Column("line", sa.BigInteger, nullable=False),
    text("row_sha256"),
    text("key"),
    sa.Column("part", sa.SmallInteger),
    sa.Column("fields", JSON, nullable=False),
    sa.Column("forgotten_at", Instant),
    sa.Index("ix_landed_row_part", "extract_id", "entity", "part", postgresql_where=sa.text("part IS NOT NULL")),
    schema="landing",
    comment="One row as it came, every value text. json, not jsonb: the order and the bytes are kept. part is the "
    "share of a large table in which the row is judged: all rows of a station, or samples of a session, are in one. "
    "Where forgotten_at is set, somebody was forgotten since; the hash is of what came.",
)
