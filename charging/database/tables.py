"""Every table. Schemas follow the way of a row: landing, clean or quarantine, migration, roaming, evidence.

Persons are in the vault. Identifiers are natural where the world has one. Energy is `numeric` in kWh, money `numeric`
beside its currency, instants are `timestamptz`; sides and stages are text, because their closed sets live in the code
that rules over them.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, ExcludeConstraint

from charging.database.columns import Document, Words

SCHEMAS = ("landing", "clean", "vault", "quarantine", "migration", "roaming", "evidence")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = sa.DateTime(timezone=True)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, primary_key=True)


def _text(name: str, *, is_required: bool = True) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=not is_required)


# --- landing: as extracted, text ---------------------------------------------------------------------------------

extract = sa.Table(
    "extract",
    metadata,
    _key("extract_id"),
    _text("source"),
    _text("kind"),
    _text("schema_generation", is_required=False),
    sa.Column("notes", Document, nullable=False),
    sa.Column("row_counts", Document, nullable=False),
    sa.Column("file_counts", Document, nullable=False, server_default="{}"),
    _text("content_sha256"),
    _text("code_version"),
    sa.Column("extracted_at", Instant, nullable=False),
    sa.Column("window_from", Instant),
    sa.Column("window_until", Instant),
    sa.Column("kwh", sa.Numeric),
    sa.Column("kwh_by_month", Document, nullable=False, server_default="{}"),
    sa.Column("watermarks", Document, nullable=False, server_default="{}"),
    _text("after_extract_id", is_required=False),
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
    _key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    _text("file"),
    sa.Column("line", sa.BigInteger, nullable=False),
    _text("row_sha256"),
    _text("key"),
    sa.Column("part", sa.SmallInteger),
    sa.Column("fields", JSON, nullable=False),
    sa.Column("forgotten_at", Instant),
    sa.Index("ix_landed_row_part", "extract_id", "entity", "part", postgresql_where=sa.text("part IS NOT NULL")),
    schema="landing",
    comment="One row as it came, every value text. json, not jsonb: the order and the bytes are kept. part is the "
    "share of a large table in which the row is judged: all rows of a station, or samples of a session, are in one. "
    "Where forgotten_at is set, somebody was forgotten since; the hash is of what came.",
)

# --- clean: typed, what is right ----------------------------------------------------------------------------------

location = sa.Table(
    "location",
    metadata,
    _key("location_id"),
    *(_text(name) for name in ("name", "street", "city", "postal_code", "country")),
    sa.Column("latitude", sa.Numeric),
    sa.Column("longitude", sa.Numeric),
    _text("time_zone", is_required=False),
    _text("extract_id"),
    schema="clean",
)

station = sa.Table(
    "station",
    metadata,
    _key("station_id"),
    *(
        _text(name, is_required=False)
        for name in (
            "location_id",
            "vendor",
            "model",
            "serial_number",
            "firmware",
            "iccid",
            "imsi",
            "apn",
            "ocpp_protocol",
        )
    ),
    _text("lane"),
    sa.Column("last_seen_at", Instant),
    _text("extract_id"),
    schema="clean",
)

evse = sa.Table(
    "evse",
    metadata,
    _key("evse_uid"),
    sa.Column("station_id", Words, nullable=False, index=True),
    sa.Column("connector_id", sa.Integer, nullable=False),
    _text("evse_id", is_required=False),
    _text("extract_id"),
    sa.UniqueConstraint("station_id", "connector_id"),
    schema="clean",
)

connector = sa.Table(
    "connector",
    metadata,
    _key("evse_uid"),
    sa.Column("connector_number", sa.Integer, primary_key=True),
    *(_text(name, is_required=False) for name in ("standard", "format", "power_type")),
    *(sa.Column(name, sa.Integer) for name in ("max_voltage", "max_amperage", "max_power_w")),
    _text("extract_id"),
    schema="clean",
)

tariff = sa.Table(
    "tariff",
    metadata,
    _key("tariff_id"),
    _text("name", is_required=False),
    _text("currency"),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("document", Document, nullable=False),
    _text("extract_id"),
    schema="clean",
    comment="A price list as an OCPI 2.2.1 Tariff object; its numbers are text, so that they stay exact.",
)

contract = sa.Table(
    "contract",
    metadata,
    _key("contract_id"),
    *(_text(name, is_required=False) for name in ("customer_id", "issuer", "tariff_id")),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    _text("extract_id"),
    schema="clean",
)

customer = sa.Table(
    "customer",
    metadata,
    _key("customer_id"),
    *(_text(name, is_required=False) for name in ("name", "email", "phone")),
    _text("extract_id"),
    schema="vault",
    comment="Personal data, apart from everything else: read for a stated purpose only.",
)

access = sa.Table(
    "access",
    metadata,
    sa.Column("access_id", sa.BigInteger, sa.Identity(), primary_key=True),
    *(_text(name) for name in ("reader", "purpose")),
    sa.Column("customers", sa.BigInteger, nullable=False),
    sa.Column("customer_ids", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    schema="vault",
    comment="Who read personal data, what for, and of whom; written in the transaction that read it.",
)

forgotten = sa.Table(
    "forgotten",
    metadata,
    _key("kind"),
    _key("value_hmac"),
    _text("pseudonym"),
    _text("request"),
    sa.Column("forgotten_at", Instant, nullable=False),
    schema="vault",
    comment="What is to stay forgotten, as keyed hashes: kind is customer, contract, token, name, email or phone.",
)

forget_request = sa.Table(
    "forget_request",
    metadata,
    _key("request"),
    *(_text(name) for name in ("decided_by", "reason")),
    sa.Column("places", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    schema="vault",
    comment="That somebody was forgotten, by whose order, and how many values where; not who.",
)

meter_value = sa.Table(
    "meter_value",
    metadata,
    _key("back_office"),
    _key("session_id"),
    sa.Column("sample_number", sa.Integer, primary_key=True),
    sa.Column("sampled_at", Instant, nullable=False),
    *(_text(name) for name in ("measurand", "unit")),
    *(_text(name, is_required=False) for name in ("phase", "location", "context")),
    sa.Column("value", sa.Numeric),
    _text("signed", is_required=False),
    _text("extract_id"),
    schema="clean",
    comment="The samples of a session; signed is what the meter signed, byte for byte.",
)

reservation = sa.Table(
    "reservation",
    metadata,
    _key("reservation_id"),
    _text("station_id"),
    sa.Column("connector_id", sa.Integer),
    *(_text(name, is_required=False) for name in ("token_uid", "session_id")),
    sa.Column("starts_at", Instant),
    sa.Column("expires_at", Instant),
    _text("status", is_required=False),
    _text("extract_id"),
    schema="clean",
)

charging_profile = sa.Table(
    "charging_profile",
    metadata,
    _key("profile_id"),
    _text("station_id", is_required=False),
    sa.Column("connector_id", sa.Integer),
    sa.Column("stack_level", sa.Integer, nullable=False),
    *(_text(name) for name in ("purpose", "kind")),
    _text("recurrency", is_required=False),
    *(sa.Column(name, Instant) for name in ("valid_from", "valid_until", "starts_at")),
    sa.Column("duration_seconds", sa.Integer),
    _text("rate_unit"),
    sa.Column("periods", Document, nullable=False),
    _text("extract_id"),
    schema="clean",
)

token = sa.Table(
    "token",
    metadata,
    _key("token_uid"),
    *(_text(name, is_required=False) for name in ("parent_uid", "contract_id", "issuer")),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    sa.Column("expires_at", Instant),
    _text("extract_id"),
    schema="clean",
)

session = sa.Table(
    "session",
    metadata,
    _key("back_office"),
    _key("session_id"),
    sa.Column("station_id", Words, nullable=False, index=True),
    sa.Column("connector_id", sa.Integer),
    _text("location_id", is_required=False),
    _text("token_uid", is_required=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("stopped_at", Instant, nullable=False, index=True),
    sa.Column("meter_start_wh", sa.Numeric),
    sa.Column("meter_stop_wh", sa.Numeric),
    sa.Column("energy_kwh", sa.Numeric, nullable=False),
    sa.Column("cost", sa.Numeric),
    _text("currency", is_required=False),
    sa.Column("is_estimated", sa.Boolean, nullable=False),
    sa.Column("is_billable", sa.Boolean, nullable=False),
    _text("extract_id"),
    schema="clean",
    comment="A session as one back-office recorded it; session ids are unique inside a back-office only.",
)

fix = sa.Table(
    "fix",
    metadata,
    _key("extract_id"),
    _key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    sa.Column("fix_number", sa.Integer, primary_key=True),
    *(_text(name) for name in ("key", "field", "rule", "confidence")),
    *(_text(name, is_required=False) for name in ("before", "after", "evidence")),
    schema="clean",
    comment="Every value that cleansing changed, and what it was: the way back.",
)

account = sa.Table(
    "account",
    metadata,
    _key("extract_id"),
    _key("entity"),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows_in", "loaded", "merged", "quarantined")),
    *(sa.Column(name, sa.Numeric) for name in ("kwh_before", "kwh_loaded", "kwh_quarantined", "kwh_adjusted")),
    sa.Column("kwh_adjustments", Document),
    sa.Column("suite", Document),
    sa.Column("told", Document, nullable=False, server_default="{}"),
    schema="clean",
    comment="Per entity: rows in = loaded + merged + quarantined; kWh before = loaded + quarantined + adjusted, "
    "and kwh_adjustments are the adjusted kWh by rule. told is what was said about the source when it was judged.",
)

# --- quarantine: what waits for somebody --------------------------------------------------------------------------

quarantined_row = sa.Table(
    "quarantined_row",
    metadata,
    _key("extract_id"),
    _key("entity"),
    _key("file"),
    sa.Column("line", sa.BigInteger, primary_key=True),
    *(_text(name) for name in ("key", "rule", "reason", "owner")),
    sa.Column("fields", JSON, nullable=False),
    sa.Column("quarantined_at", Instant, nullable=False),
    *(_text(name, is_required=False) for name in ("decision", "decided_by", "decided_because")),
    sa.Column("decided_at", Instant),
    schema="quarantine",
    comment="A row that was not loaded, why, and whose turn it is. Nothing leaves here without a decision: one that "
    "was released or corrected is kept as it stood, and counts no more.",
)

question = sa.Table(
    "question",
    metadata,
    _key("extract_id"),
    _key("entity"),
    sa.Column("row_number", sa.BigInteger, primary_key=True),
    sa.Column("question_number", sa.Integer, primary_key=True),
    *(_text(name) for name in ("key", "rule", "question", "owner")),
    sa.Column("asked_at", Instant, server_default=sa.func.now(), nullable=False),
    *(_text(name, is_required=False) for name in ("decision", "decided_by", "decided_because")),
    sa.Column("decided_at", Instant),
    schema="quarantine",
    comment="A row that was loaded, and what somebody should still answer about it.",
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("decision_id", sa.BigInteger, sa.Identity(), primary_key=True),
    *(_text(name) for name in ("case_key", "source", "entity", "row_sha256", "extract_id", "file")),
    sa.Column("line", sa.BigInteger, nullable=False),
    *(_text(name) for name in ("key", "rule", "reason", "owner", "choice")),
    sa.Column("corrections", Document, nullable=False),
    *(_text(name) for name in ("decided_by", "decided_because", "decided_via")),
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
    _text("step"),
    sa.Column("findings", Document, nullable=False),
    _text("reason"),
    sa.Column("at", Instant, nullable=False),
    schema="quarantine",
    comment="Each time that a step went on although too much stood in quarantine, and why.",
)

# --- migration: identifiers, plan, moves, gates -------------------------------------------------------------------

evse_identity = sa.Table(
    "evse_identity",
    metadata,
    _key("evse_uid"),
    _text("station_id"),
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
    *(_text(name) for name in ("evse_id", "compact", "rule")),
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
    _text("before", is_required=False),
    *(_text(name) for name in ("after", "rule", "state", "reason")),
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
    _text("action"),
    _text("before", is_required=False),
    _text("after", is_required=False),
    *(_text(name) for name in ("rule", "by", "reason")),
    sa.Column("at", Instant, nullable=False),
    schema="migration",
    comment="Who did what to an id, when and why. Rows are added and never changed.",
)

sticker = sa.Table(
    "sticker",
    metadata,
    sa.Column("evse_uid", Words, sa.ForeignKey(evse_identity.c.evse_uid), primary_key=True),
    sa.Column("done_at", Instant, primary_key=True),
    *(_text(name) for name in ("evse_id", "by")),
    schema="migration",
    comment="Stickers that have been put on: the id that an EVSE now shows.",
)

registration = sa.Table(
    "registration",
    metadata,
    _key("recipient"),
    sa.Column("at", Instant, primary_key=True),
    *(_text(name) for name in ("state", "by", "reason")),
    schema="migration",
    comment="Which hub, access point or partner was told of the new ids when. state: told, confirmed.",
)

load = sa.Table(
    "load",
    metadata,
    _key("target"),
    _key("entity"),
    _key("key"),
    _text("action"),
    _text("reason"),
    sa.Column("before", Document),
    sa.Column("after", Document),
    sa.Column("kept", Document),
    sa.Column("no_place", Document),
    _text("carrier", is_required=False),
    _text("content_sha256", is_required=False),
    sa.Column("stamped_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("http_status", sa.Integer),
    _text("error", is_required=False),
    sa.Column("applied_at", Instant),
    _text("verdict", is_required=False),
    sa.Column("differences", Document),
    sa.Column("observed_at", Instant),
    schema="migration",
    comment="What was, or is about to be, done to the target, row by row: the intent first, then the target's own "
    "error, then what it was seen to hold. stamped_at is the last_updated that goes with content_sha256.",
)

plan = sa.Table(
    "plan",
    metadata,
    _key("plan_id"),
    sa.Column("parameters", Document, nullable=False),
    _text("content_sha256"),
    sa.Column("planned_at", Instant, nullable=False),
    schema="migration",
)

move = sa.Table(
    "move",
    metadata,
    sa.Column("plan_id", Words, sa.ForeignKey(plan.c.plan_id), primary_key=True),
    _key("station_id"),
    sa.Column("wave", sa.Integer),
    _text("lane"),
    _text("recipe", is_required=False),
    _text("stage"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("deadline_at", Instant),
    _text("reason"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    schema="migration",
    comment="Where each station is in its move. wave is null for a station that goes to site from the start.",
)

effect = sa.Table(
    "effect",
    metadata,
    _key("plan_id"),
    _key("station_id"),
    sa.Column("attempt", sa.Integer, primary_key=True),
    _key("step"),
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
    _text("plan_id"),
    _text("station_id"),
    sa.Column("attempt", sa.Integer, nullable=False),
    _text("before"),
    _text("after"),
    _text("reason"),
    sa.Column("evidence", Document, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "plan_id", "station_id"),
    schema="migration",
    comment="The audit trail of stages, written in the same transaction as the stage itself.",
)

gate = sa.Table(
    "gate",
    metadata,
    _key("plan_id"),
    sa.Column("wave", sa.Integer, primary_key=True),
    _text("verdict"),
    sa.Column("findings", Document, nullable=False),
    sa.Column("evidence", Document, nullable=False),
    _text("evidence_sha256"),
    sa.Column("context", Document, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    *(_text(name, is_required=False) for name in ("decision", "decided_by", "decided_via", "reason", "minutes_ref")),
    sa.Column("decided_at", Instant),
    _text("requester"),
    _text("flow_run_id", is_required=False),
    schema="migration",
    comment="The question before a wave, its evidence, the decision. decided_via: form, console, automatic. "
    "context is what else was known then: rows that later nights and extracts replace.",
)

work_order = sa.Table(
    "work_order",
    metadata,
    _key("plan_id"),
    _key("station_id"),
    _text("reason"),
    _text("instructions"),
    _text("owner"),
    _text("state"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    schema="migration",
)

# --- roaming: CDRs of both sides and what was found ---------------------------------------------------------------

page = sa.Table(
    "page",
    metadata,
    _key("partner"),
    _key("content_sha256"),
    _text("url"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("fetched_at", Instant, nullable=False),
    schema="roaming",
    comment="Each page as the partner sent it, compressed, by its hash.",
)

cdr = sa.Table(
    "cdr",
    metadata,
    _key("partner"),
    _key("side"),
    _key("cdr_key"),
    _text("owner"),
    _text("cdr_id"),
    *(
        _text(name, is_required=False)
        for name in (
            "session_id",
            "authorization_reference",
            "evse_raw",
            "evse_compact",
            "token_uid",
            "contract_compact",
            "station_id",
            "cohort",
            "tariff_id",
            "currency",
            "credits_cdr_id",
        )
    ),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant, nullable=False, index=True),
    sa.Column("last_updated", Instant),
    sa.Column("energy_kwh", sa.Numeric, nullable=False),
    sa.Column("net", sa.Numeric),
    sa.Column("gross", sa.Numeric),
    sa.Column("is_credit", sa.Boolean, nullable=False),
    sa.Column("quality", Document, nullable=False),
    sa.Column("lines", Document, nullable=False),
    _text("raw_sha256", is_required=False),
    sa.Column("stored_at", Instant, nullable=False),
    schema="roaming",
    comment="The canonical CDR. side is ours or theirs; lines are what was measured, decimals as text.",
)

rejected_cdr = sa.Table(
    "rejected_cdr",
    metadata,
    _key("partner"),
    _key("raw_sha256"),
    _text("cdr_id", is_required=False),
    _text("rule"),
    _text("reason"),
    _text("raw"),
    sa.Column("rejected_at", Instant, nullable=False),
    schema="roaming",
    comment="A record of a partner's page that is no CDR: it costs itself alone, and is kept.",
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    _key("partner"),
    sa.Column("day", sa.Date, primary_key=True),
    _text("time_zone"),
    sa.Column("period_from", Instant, nullable=False),
    sa.Column("period_until", Instant, nullable=False),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    _text("incomplete_because", is_required=False),
    sa.Column("summary", Document, nullable=False),
    _text("inputs_sha256"),
    sa.Column("reconciled_at", Instant, nullable=False),
    schema="roaming",
    comment="One partner's night. Running it again with the same inputs changes nothing.",
)

verdict = sa.Table(
    "verdict",
    metadata,
    _key("partner"),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("verdict_number", sa.Integer, primary_key=True),
    _text("verdict"),
    *(_text(name, is_required=False) for name in ("tier", "ours_key", "theirs_key", "cohort", "currency")),
    sa.Column("kinds", Document, nullable=False),
    sa.Column("difference", sa.Numeric),
    sa.Column("money_at_risk", sa.Numeric, nullable=False),
    _text("explanation"),
    _text("next_step"),
    sa.ForeignKeyConstraint(["partner", "day"], [reconciliation.c.partner, reconciliation.c.day], ondelete="CASCADE"),
    schema="roaming",
)

# --- evidence: what people were shown -----------------------------------------------------------------------------

validation = sa.Table(
    "validation",
    metadata,
    _key("run"),
    _key("suite"),
    *(_text(name) for name in ("stage", "source", "engine")),
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
    _key("name"),
    _text("kind"),
    _text("path"),
    _text("content_sha256"),
    sa.Column("published_at", Instant, nullable=False),
    schema="evidence",
)

step = sa.Table(
    "step",
    metadata,
    _key("run"),
    _key("step"),
    sa.Column("result", Document, nullable=False),
    sa.Column("finished_at", Instant, nullable=False),
    schema="evidence",
    comment="What a run of the main job has finished, so that the next start carries on from there.",
)
