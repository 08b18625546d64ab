"""The gateway: routes and what stations must show, orders and their answers, links, frames by day, and its alarms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("alarm_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_number", name=op.f("pk_alarm")),
        schema="gateway",
        comment="What a gateway wants a person to know. Rows are added and never changed.",
    )
    op.create_index(op.f("ix_alarm_at"), "alarm", ["at"], unique=False, schema="gateway")
    op.create_table(
        "back_office",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("ca", sa.Text(), nullable=True),
        sa.Column("hears_alike", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_back_office")),
        schema="gateway",
        comment="A back-office as the gateway dials it. address holds {identity}; password and values of headers that are env:NAME or file:PATH are references; ca is a file of certificates that it is known by. hears_alike: types of stations are evened out for it, by their flavours.",
    )
    op.create_table(
        "credential",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("needs_certificate", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(secret_hash IS NOT NULL)::int + needs_certificate::int + is_open::int = 1",
            name="credential_is_of_one_kind",
        ),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_credential")),
        schema="gateway",
        comment="What a station must show: a secret, kept as a salted hash; a certificate; or, if it is_open, nothing, on the plain listener of a private APN alone. A station without a row may come with a certificate.",
    )
    op.create_table(
        "frame",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("segment", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("back_office", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("received", sa.Text(), nullable=True),
        sa.Column("sent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("at", "gateway", "segment", "place", name=op.f("pk_frame")),
        schema="gateway",
        comment="Every frame, without secrets, by day: a day that is past its retention is dropped as a whole. received is null where we made the frame; sent is null where it went on as it came, and empty where it did not go on.",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_frame_station_id_at", "frame", ["station_id", "at"], unique=False, schema="gateway")
    op.create_table(
        "heard",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("back_office", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", "back_office", name=op.f("pk_heard")),
        schema="gateway",
        comment="When a station's frames last reached a back-office, and what its last boot there said. By our clock.",
    )
    op.create_table(
        "journal_position",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_journal_position")),
        schema="gateway",
        comment="How far a gateway's journal is in these tables: written in the transaction that brings what is before it.",
    )
    op.create_table(
        "link",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("back_office", sa.Text(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_link")),
        schema="gateway",
        comment="Each station's latest link: which gateway holds it, unless it has closed. back_office is whom it leads to while that link is up, too.",
    )
    op.create_table(
        "process",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_process")),
        schema="gateway",
        comment="The gateways of the fleet, and when each was last there.",
    )
    op.create_table(
        "route_event",
        sa.Column("event_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_number", name=op.f("pk_route_event")),
        schema="gateway",
        comment="Who changed what, when and why; subject is station, back_office or credential, whose secret is not in it. Rows are added and never changed.",
    )
    op.create_index(op.f("ix_route_event_name"), "route_event", ["name"], unique=False, schema="gateway")
    op.create_table(
        "station_order",
        sa.Column("order_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=True),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unique_id", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_number", name=op.f("pk_station_order")),
        sa.UniqueConstraint("order_key", name=op.f("uq_station_order_order_key")),
        schema="gateway",
        comment="A call that a station is to get beside those of its back-office, and its answer. state: pending, taken, sent, then answered, refused, expired (never sent) or unknown (sent, and nobody knows what came of it). Once it has ended, payload is without secrets. run is of the gateway's that took it.",
    )
    op.create_index(
        "ix_station_order_open",
        "station_order",
        ["station_id"],
        unique=False,
        schema="gateway",
        postgresql_where=sa.text("state IN ('pending', 'taken', 'sent')"),
    )
    op.create_table(
        "transaction_fact",
        sa.Column("fact_number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("back_office", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fact_number", name=op.f("pk_transaction_fact")),
        schema="gateway",
        comment="The book of each station's transactions: which id is whose, and what was acknowledged for a back-office that does not know it, and kept. Rows are added and never changed; the gateway reads a station's when it comes.",
    )
    op.create_index(
        op.f("ix_transaction_fact_station_id_fact_number"),
        "transaction_fact",
        ["station_id", "fact_number"],
        unique=False,
        schema="gateway",
    )
    op.create_table(
        "route",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("back_office", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["back_office"], ["gateway.back_office.name"], name=op.f("fk_route_back_office")),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_route")),
        schema="gateway",
        comment="Which back-office a station's link leads to. A station without a route is unknown: 404. origin is its first one: what it began before it came here is there.",
    )


def downgrade() -> None:
    op.drop_table("route", schema="gateway")
    op.drop_index(op.f("ix_transaction_fact_station_id_fact_number"), table_name="transaction_fact", schema="gateway")
    op.drop_table("transaction_fact", schema="gateway")
    op.drop_index(
        "ix_station_order_open",
        table_name="station_order",
        schema="gateway",
        postgresql_where=sa.text("state IN ('pending', 'taken', 'sent')"),
    )
    op.drop_table("station_order", schema="gateway")
    op.drop_index(op.f("ix_route_event_name"), table_name="route_event", schema="gateway")
    op.drop_table("route_event", schema="gateway")
    op.drop_table("process", schema="gateway")
    op.drop_table("link", schema="gateway")
    op.drop_table("journal_position", schema="gateway")
    op.drop_table("heard", schema="gateway")
    op.drop_index("ix_frame_station_id_at", table_name="frame", schema="gateway")
    op.drop_table("frame", schema="gateway")
    op.drop_table("credential", schema="gateway")
    op.drop_table("back_office", schema="gateway")
    op.drop_index(op.f("ix_alarm_at"), table_name="alarm", schema="gateway")
    op.drop_table("alarm", schema="gateway")
