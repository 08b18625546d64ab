"""Tables of the schema `migration`: firmware campaigns, and where each station of one is."""

import sqlalchemy as sa

from charging.database.columns import Document, Words
from charging.database.tables.schema import Instant, key, metadata, text

firmware_campaign = sa.Table(
    "firmware_campaign",
    metadata,
    key("campaign_id"),
    text("version"),
    text("via"),
    sa.Column("parameters", Document, nullable=False),
    text("by"),
    text("reason"),
    sa.Column("begun_at", Instant, nullable=False),
    schema="migration",
    comment="One image for one maker's models, through the gateway to one back-office. parameters are without secrets.",
)

firmware_update = sa.Table(
    "firmware_update",
    metadata,
    sa.Column("campaign_id", Words, sa.ForeignKey(firmware_campaign.c.campaign_id), primary_key=True),
    key("station_id"),
    sa.Column("rank", sa.Integer, nullable=False),
    text("carrier"),
    text("cell"),
    sa.Column("kbit_per_second", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("asked_at", Instant),
    text("state"),
    text("reason"),
    sa.Column("since", Instant),
    sa.Column("deadline_at", Instant),
    sa.Column("deviations", Document, nullable=False),
    sa.Column("has_before", sa.Boolean, nullable=False),
    text("compared"),
    sa.Column("differences", Document, nullable=False),
    schema="migration",
    comment="How the update of each station stands. asked_at is of the present attempt's order, which was given in the "
    "same transaction. compared: its configuration against the one before (not yet, same, changed, unknown).",
)

firmware_event = sa.Table(
    "firmware_event",
    metadata,
    sa.Column("event_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("campaign_id"),
    text("station_id"),
    sa.Column("attempt", sa.Integer, nullable=False),
    text("state"),
    text("reason"),
    text("compared"),
    sa.Column("differences", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "campaign_id", "station_id"),
    schema="migration",
    comment="The history of each station's update, written in the transaction that changes it. Rows are added and "
    "never changed.",
)
