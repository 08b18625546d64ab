"""Tables of the schema `migration`: identifiers, loads, plan, moves and gates."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from charging.database.columns import Document, Words
from charging.database.tables.schema import Instant, key, metadata, text

evse_identity = sa.Table(
    "evse_identity",
    metadata,
    key("evse_uid"),
    text("station_id"),
    sa.Column("connector_id", sa.Integer, nullable=False),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.UniqueConstraint("station_id", "connector_id"),
    schema="migration",
    comment="OCPI: an EVSE's uid never changes. What has a name in the ledger keeps its uid, and gets no second one.",
)

_NAMED = "int8range(hashtextextended({0}, 0), hashtextextended({0}, 0), '[]')"
"""A text as a range, which GiST compares by itself; the extension that would compare texts is not everywhere."""

alias = sa.Table(
    "alias",
    metadata,
    sa.Column("evse_uid", Words, sa.ForeignKey(evse_identity.c.evse_uid), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    *(text(name) for name in ("evse_id", "compact", "rule")),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("answers_until", Instant),
    sa.CheckConstraint("valid_from < valid_until", name="alias_has_a_period"),
    sa.CheckConstraint("(valid_until IS NULL) = (answers_until IS NULL)", name="alias_answers_once_it_is_given_up"),
    sa.CheckConstraint("valid_until <= answers_until", name="alias_answers_as_long_as_it_is_valid"),
    ExcludeConstraint(
        (sa.text(_NAMED.format("evse_uid")), "&&"),
        (sa.text("tstzrange(valid_from, valid_until)"), "&&"),
        name="one_id_of_an_evse_at_an_instant",
    ),
    ExcludeConstraint(
        (sa.text(_NAMED.format("compact")), "&&"),
        (sa.text("tstzrange(valid_from, answers_until)"), "&&"),
        name="one_evse_of_an_id_at_an_instant",
    ),
    schema="migration",
    comment="Every id that an EVSE bore or bears; no valid_from: since before we looked. Until answers_until partners "
    "may still use it.",
)

remapping = sa.Table(
    "remapping",
    metadata,
    sa.Column("evse_uid", Words, sa.ForeignKey(evse_identity.c.evse_uid), primary_key=True),
    text("before", is_required=False),
    *(text(name) for name in ("after", "rule", "state", "reason")),
    sa.Column("needs_owner", sa.Boolean, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    schema="migration",
    comment="The change of id that an EVSE stands before or has behind it. state: proposed, needs_owner, collides, "
    "approved, rejected, reverted, retired.",
)

remapping_event = sa.Table(
    "remapping_event",
    metadata,
    sa.Column("event_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("evse_uid", Words, sa.ForeignKey(evse_identity.c.evse_uid), nullable=False, index=True),
    text("action"),
    text("before", is_required=False),
    text("after", is_required=False),
    *(text(name) for name in ("rule", "by", "reason")),
    sa.Column("at", Instant, nullable=False),
    schema="migration",
    comment="Who did what to an id, when and why. Rows are added and never changed.",
)

sticker = sa.Table(
    "sticker",
    metadata,
    sa.Column("evse_uid", Words, sa.ForeignKey(evse_identity.c.evse_uid), primary_key=True),
    sa.Column("done_at", Instant, primary_key=True),
    *(text(name) for name in ("evse_id", "by")),
    schema="migration",
    comment="Stickers that have been put on: the id that an EVSE now shows.",
)

registration = sa.Table(
    "registration",
    metadata,
    key("recipient"),
    sa.Column("at", Instant, primary_key=True),
    *(text(name) for name in ("state", "by", "reason")),
    schema="migration",
    comment="Which hub, access point or partner was told of the new ids when. state: told, confirmed.",
)

load = sa.Table(
    "load",
    metadata,
    key("target"),
    key("entity"),
    key("key"),
    text("action"),
    text("reason"),
    sa.Column("before", Document),
    sa.Column("after", Document),
    sa.Column("kept", Document),
    sa.Column("no_place", Document),
    text("carrier", is_required=False),
    text("content_sha256", is_required=False),
    sa.Column("stamped_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("http_status", sa.Integer),
    text("error", is_required=False),
    sa.Column("applied_at", Instant),
    text("verdict", is_required=False),
    sa.Column("differences", Document),
    sa.Column("observed_at", Instant),
    schema="migration",
    comment="What was, or is about to be, done to the target, row by row: the intent first, then the target's own "
    "error, then what it was seen to hold. stamped_at is the last_updated that goes with content_sha256.",
)

plan = sa.Table(
    "plan",
    metadata,
    key("plan_id"),
    sa.Column("parameters", Document, nullable=False),
    text("content_sha256"),
    sa.Column("planned_at", Instant, nullable=False),
    schema="migration",
)

move = sa.Table(
    "move",
    metadata,
    sa.Column("plan_id", Words, sa.ForeignKey(plan.c.plan_id), primary_key=True),
    key("station_id"),
    sa.Column("wave", sa.Integer),
    text("lane"),
    text("recipe", is_required=False),
    text("stage"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("deadline_at", Instant),
    text("reason"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    schema="migration",
    comment="Where each station is in its move. wave is null for a station that goes to site from the start.",
)

effect = sa.Table(
    "effect",
    metadata,
    key("plan_id"),
    key("station_id"),
    sa.Column("attempt", sa.Integer, primary_key=True),
    key("step"),
    sa.Column("request", Document, nullable=False),
    sa.Column("intended_at", Instant, nullable=False),
    sa.Column("response", Document),
    sa.Column("concluded_at", Instant),
    schema="migration",
    comment="Intent before effect: committed before anything is sent; no response: outcome unknown.",
)

transition = sa.Table(
    "transition",
    metadata,
    sa.Column("transition_id", sa.BigInteger, sa.Identity(), primary_key=True),
    text("plan_id"),
    text("station_id"),
    sa.Column("attempt", sa.Integer, nullable=False),
    text("before"),
    text("after"),
    text("reason"),
    sa.Column("evidence", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "plan_id", "station_id"),
    schema="migration",
    comment="The audit trail of stages, written in the same transaction as the stage itself.",
)

gate = sa.Table(
    "gate",
    metadata,
    key("plan_id"),
    sa.Column("wave", sa.Integer, primary_key=True),
    text("verdict"),
    sa.Column("findings", Document, nullable=False),
    sa.Column("evidence", Document, nullable=False),
    text("evidence_sha256"),
    sa.Column("context", Document, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    *(text(name, is_required=False) for name in ("decision", "decided_by", "decided_via", "reason", "minutes_ref")),
    sa.Column("decided_at", Instant),
    text("requester"),
    text("flow_run_id", is_required=False),
    schema="migration",
    comment="The question before a wave, its evidence, the decision. decided_via: form, console, automatic. "
    "context is what else was known then: rows that later nights and extracts replace.",
)

work_order = sa.Table(
    "work_order",
    metadata,
    key("plan_id"),
    key("station_id"),
    text("reason"),
    text("instructions"),
    text("owner"),
    text("state"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    *(text(name, is_required=False) for name in ("contact", "reported_by", "note")),
    sa.Column("reported_at", Instant),
    sa.Column("evidence", Document),
    sa.Column("leads_to", sa.Text, nullable=False, server_default="target"),
    schema="migration",
    comment="What a person has to do at a station or in a portal. leads_to: target, or legacy for one that is to come "
    "back. state: open, reported (said to be done; not heard there since), done (and heard).",
)

station_snapshot = sa.Table(
    "station_snapshot",
    metadata,
    key("station_id"),
    sa.Column("taken_at", Instant, primary_key=True),
    text("label"),
    text("via"),
    sa.Column("settings", Document, nullable=False),
    sa.Column("unanswered", Document, nullable=False),
    schema="migration",
    comment="What a station told of its configuration, without secrets. unanswered: keys at which it fell silent. "
    "via: the back-office that asked.",
)

station_log = sa.Table(
    "station_log",
    metadata,
    sa.Column("request_number", sa.BigInteger, sa.Identity(), primary_key=True),
    text("station_id"),
    text("via"),
    text("location"),
    text("by"),
    text("reason"),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("news_after", Instant, nullable=False),
    text("file_name", is_required=False),
    text("state"),
    text("state_reason"),
    sa.Column("state_since", Instant, nullable=False),
    sa.Index(None, "station_id", "asked_at"),
    schema="migration",
    comment="Each log that a station was asked for, written before it is asked. location is without its password. "
    "news_after: when an earlier upload was last spoken of there, by that back-office's clock. "
    "state: asked, uploading, uploaded, refused, failed, overdue, or unknown: whether it was asked nobody knows.",
)
