"""Tables of the schema `gateway`: where stations' links lead, what they are ordered, and what was said on them."""

import sqlalchemy as sa

from charging.database.columns import Document, Words
from charging.database.tables.schema import Instant, key, metadata, text

back_office = sa.Table(
    "back_office",
    metadata,
    key("name"),
    text("address"),
    sa.Column("headers", Document, nullable=False),
    text("password", is_required=False),
    text("ca", is_required=False),
    sa.Column("hears_alike", sa.Boolean, nullable=False),
    schema="gateway",
    comment="A back-office as the gateway dials it. address holds {identity}; password and values of headers that are "
    "env:NAME or file:PATH are references; ca is a file of certificates that it is known by. "
    "hears_alike: types of stations are evened out for it, by their flavours.",
)

route = sa.Table(
    "route",
    metadata,
    key("station_id"),
    sa.Column("back_office", Words, sa.ForeignKey(back_office.c.name), nullable=False),
    text("origin"),
    sa.Column("changed_at", Instant, nullable=False),
    schema="gateway",
    comment="Which back-office a station's link leads to. A station without a route is unknown: 404. "
    "origin is its first one: what it began before it came here is there.",
)

credential = sa.Table(
    "credential",
    metadata,
    key("station_id"),
    text("secret_hash", is_required=False),
    sa.Column("needs_certificate", sa.Boolean, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.CheckConstraint(
        "(secret_hash IS NOT NULL)::int + needs_certificate::int + is_open::int = 1", name="credential_is_of_one_kind"
    ),
    schema="gateway",
    comment="What a station must show: a secret, kept as a salted hash; a certificate; or, if it is_open, nothing, on "
    "the plain listener of a private APN alone. A station without a row may come with a certificate.",
)

route_event = sa.Table(
    "route_event",
    metadata,
    sa.Column("event_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("subject"),
    text("name"),
    text("before", is_required=False),
    text("after", is_required=False),
    text("by"),
    text("reason"),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "name"),
    schema="gateway",
    comment="Who changed what, when and why; subject is station, back_office or credential, whose secret is not in it. "
    "Rows are added and never changed.",
)

station_order = sa.Table(
    "station_order",
    metadata,
    sa.Column("order_number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("order_key", Words, unique=True),
    text("station_id"),
    text("action"),
    text("payload"),
    text("state"),
    text("by"),
    text("reason"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("deadline_at", Instant, nullable=False),
    text("gateway", is_required=False),
    sa.Column("run", sa.BigInteger),
    sa.Column("taken_at", Instant),
    text("unique_id", is_required=False),
    sa.Column("sent_at", Instant),
    sa.Column("ended_at", Instant),
    text("outcome", is_required=False),
    text("answer", is_required=False),
    sa.Index(
        "ix_station_order_open",
        "station_id",
        postgresql_where=sa.text("state IN ('pending', 'taken', 'sent')"),
    ),
    schema="gateway",
    comment="A call that a station is to get beside those of its back-office, and its answer. state: pending, taken, "
    "sent, then answered, refused, expired (never sent) or unknown (sent, and nobody knows what came of it). Once it "
    "has ended, payload is without secrets. run is of the gateway's that took it.",
)

link = sa.Table(
    "link",
    metadata,
    key("station_id"),
    text("gateway"),
    sa.Column("run", sa.BigInteger, nullable=False),
    text("connection"),
    text("protocol"),
    text("peer"),
    text("back_office", is_required=False),
    sa.Column("connected_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    text("close_reason", is_required=False),
    schema="gateway",
    comment="Each station's latest link: which gateway holds it, unless it has closed. back_office is whom it leads to "
    "while that link is up, too.",
)

heard = sa.Table(
    "heard",
    metadata,
    key("station_id"),
    key("back_office"),
    sa.Column("heard_at", Instant),
    sa.Column("booted_at", Instant),
    text("firmware", is_required=False),
    text("serial_number", is_required=False),
    schema="gateway",
    comment="When a station's frames last reached a back-office, and what its last boot there said. By our clock.",
)

frame = sa.Table(
    "frame",
    metadata,
    sa.Column("at", Instant, primary_key=True),
    sa.Column("gateway", Words, primary_key=True),
    sa.Column("segment", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
    text("station_id"),
    text("back_office", is_required=False),
    text("direction"),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    text("unique_id", is_required=False),
    text("action", is_required=False),
    text("rule", is_required=False),
    text("received", is_required=False),
    text("sent", is_required=False),
    sa.Index("ix_frame_station_id_at", "station_id", "at"),
    schema="gateway",
    postgresql_partition_by="RANGE (at)",
    comment="Every frame, without secrets, by day: a day that is past its retention is dropped as a whole. received is "
    "null where we made the frame; sent is null where it went on as it came, and empty where it did not go on.",
)

journal_position = sa.Table(
    "journal_position",
    metadata,
    key("gateway"),
    sa.Column("segment", sa.BigInteger, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    schema="gateway",
    comment="How far a gateway's journal is in these tables: written in the transaction that brings what is before it.",
)

alarm = sa.Table(
    "alarm",
    metadata,
    sa.Column("alarm_number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, index=True),
    text("gateway"),
    text("station_id", is_required=False),
    text("kind"),
    text("problem"),
    schema="gateway",
    comment="What a gateway wants a person to know. Rows are added and never changed.",
)

transaction_fact = sa.Table(
    "transaction_fact",
    metadata,
    sa.Column("fact_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("station_id"),
    text("back_office", is_required=False),
    text("kind"),
    sa.Column("facts", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "station_id", "fact_number"),
    schema="gateway",
    comment="The book of each station's transactions: which id is whose, and what was acknowledged for a back-office "
    "that does not know it, and kept. Rows are added and never changed; the gateway reads a station's when it comes.",
)

station_memory = sa.Table(
    "station_memory",
    metadata,
    key("station_id"),
    text("gateway"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("memory", Document, nullable=False),
    schema="gateway",
    comment="What a gateway remembers of a station from one link to the next: its boot, its statuses, its "
    "back-office, a move that was refused. Without secrets; gateway and at say who wrote it down last, and when.",
)

process = sa.Table(
    "process",
    metadata,
    key("name"),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("stopped_at", Instant),
    schema="gateway",
    comment="The gateways of the fleet, and when each was last there.",
)
