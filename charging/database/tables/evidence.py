"""Tables of the schema `evidence`: what people were shown."""

import sqlalchemy as sa

from charging.database.columns import Document
from charging.database.tables.schema import Instant, key, metadata, text

validation = sa.Table(
    "validation",
    metadata,
    key("run"),
    key("suite"),
    *(text(name) for name in ("stage", "source", "engine")),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows", "set_aside")),
    sa.Column("results", Document, nullable=False),
    sa.Column("unasked", Document, nullable=False),
    sa.Column("score", Document),
    sa.Column("asked_at", Instant, nullable=False),
    schema="evidence",
    comment="What a suite said of a table: landed, published or about to be sent. stage: landing, published, outgoing.",
)

report = sa.Table(
    "report",
    metadata,
    key("name"),
    text("kind"),
    text("path"),
    text("content_sha256"),
    sa.Column("published_at", Instant, nullable=False),
    schema="evidence",
)

step = sa.Table(
    "step",
    metadata,
    key("run"),
    key("step"),
    sa.Column("result", Document, nullable=False),
    sa.Column("finished_at", Instant, nullable=False),
    schema="evidence",
    comment="What a run of the main job has finished, so that the next start carries on from there.",
)
