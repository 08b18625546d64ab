"""Tables of the schema `gateway`: links as they came and went, and what types of stations were learnt to do."""

import sqlalchemy as sa

from charging.database.columns import Document
from charging.database.tables.schema import Instant, metadata, text

link_event = sa.Table(
    "link_event",
    metadata,
    sa.Column("event_number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, index=True),
    text("station_id"),
    text("gateway"),
    text("connection"),
    sa.Column("is_up", sa.Boolean, nullable=False),
    text("reason"),
    sa.Index(None, "station_id", "at"),
    schema="gateway",
    comment="Each link of a station, when it came up and when it went, and why. Rows are added and never changed; they "
    "are kept for as long as frames.",
)

flavour_row = sa.Table(
    "flavour_row",
    metadata,
    sa.Column("row_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("vendor"),
    text("model"),
    text("firmware"),
    sa.Column("cells", Document, nullable=False),
    sa.Column("recorded_from", Instant, nullable=False),
    sa.Column("recorded_until", Instant, nullable=False),
    text("source"),
    text("by"),
    sa.Column("kept_at", Instant, nullable=False),
    sa.Index(None, "vendor", "model"),
    schema="gateway",
    comment="What a type of station does unasked: six cells with their counts, and the numbers of frames that prove "
    "them. firmware is * for a model as a whole; source is learnt or probed. Rows are added and never changed: of "
    "what was learnt the latest holds, what was probed adds up.",
)

flavour_probe = sa.Table(
    "flavour_probe",
    metadata,
    sa.Column("probe_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("station_id"),
    text("kind"),
    text("by"),
    text("reason"),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("order_number", sa.BigInteger),
    sa.Column("ended_at", Instant),
    text("outcome", is_required=False),
    schema="gateway",
    comment="What was done to a station to see what it does: the row is there before it is done. outcome is null until "
    "it is known.",
)
