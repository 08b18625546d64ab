"""Every table. Schemas follow the way of a row: landing, clean or quarantine, migration, roaming, evidence.

Persons are in the vault. Identifiers are natural where the world has one. Energy is `numeric` in kWh, money `numeric`
beside its currency, instants are `timestamptz`; sides and stages are text, because their closed sets live in the code
that rules over them.
"""

from charging.database.tables.clean import (
    access,
    account,
    charging_profile,
    connector,
    contract,
    customer,
    evse,
    fix,
    forget_request,
    forgotten,
    location,
    meter_value,
    reservation,
    session,
    station,
    tariff,
    token,
)
from charging.database.tables.evidence import report, step, validation
from charging.database.tables.following import case_event, followed_case, invoice, invoice_line, proposal
from charging.database.tables.landing import extract, landed_row
from charging.database.tables.migration import (
    alias,
    effect,
    evse_identity,
    gate,
    load,
    move,
    plan,
    registration,
    remapping,
    remapping_event,
    sticker,
    transition,
    work_order,
)
from charging.database.tables.quarantine import decision, despite, quarantined_row, question
from charging.database.tables.roaming import cdr, night, page, pull, reconciliation, rejected_cdr, verdict
from charging.database.tables.schema import SCHEMAS, Instant, metadata

__all__ = [
    "SCHEMAS",
    "Instant",
    "access",
    "account",
    "alias",
    "case_event",
    "cdr",
    "charging_profile",
    "connector",
    "contract",
    "customer",
    "decision",
    "despite",
    "effect",
    "evse",
    "evse_identity",
    "extract",
    "fix",
    "followed_case",
    "forget_request",
    "forgotten",
    "gate",
    "invoice",
    "invoice_line",
    "landed_row",
    "load",
    "location",
    "metadata",
    "meter_value",
    "move",
    "night",
    "page",
    "plan",
    "proposal",
    "pull",
    "quarantined_row",
    "question",
    "reconciliation",
    "registration",
    "rejected_cdr",
    "remapping",
    "remapping_event",
    "report",
    "reservation",
    "session",
    "station",
    "step",
    "sticker",
    "tariff",
    "token",
    "transition",
    "validation",
    "verdict",
    "work_order",
]
