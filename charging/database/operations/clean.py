"""Writing what cleansing found: rows that are right, what was changed, and what waits for somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.errors import CountsDisagree
from charging.network import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)

Entity = (
    Location
    | Station
    | Evse
    | Connector
    | Tariff
    | Customer
    | Contract
    | Token
    | Session
    | MeterValue
    | Reservation
    | ChargingProfile
)

TABLES: Mapping[type[Entity], sa.Table] = {
    Location: tables.location,
    Station: tables.station,
    Evse: tables.evse,
    Connector: tables.connector,
    Tariff: tables.tariff,
    Customer: tables.customer,
    Contract: tables.contract,
    Token: tables.token,
    Session: tables.session,
    MeterValue: tables.meter_value,
    Reservation: tables.reservation,
    ChargingProfile: tables.charging_profile,
}


class Change(Protocol):
    """One value that cleansing changed (see `charging.cleansing`)."""

    @property
    def entity(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def before(self) -> str | None: ...
    @property
    def after(self) -> str | None: ...
    @property
    def confidence(self) -> str: ...


def store_entities(
    connection: sa.Connection, values: Sequence[Entity], *, extract_id: str, back_office: str | None = None
) -> None:
    """Bring the clean rows of one entity to these values. Sessions and their samples also say whose they are."""
    extra = {"extract_id": extract_id} | ({"back_office": back_office} if back_office else {})
    for kind, table in TABLES.items():
        names = [field.name for field in fields(kind)]
        chosen = [{name: getattr(one, name) for name in names} | extra for one in values if isinstance(one, kind)]
        if chosen:
            rows.upsert(connection, table, chosen)
            rows.analyze(connection, table)


def store_fixes(connection: sa.Connection, fixes: Sequence[Change], *, extract_id: str) -> None:
    """Make the log of this extract exactly these changes, in this order."""
    names = ("entity", "key", "field", "rule", "before", "after", "confidence")
    numbered = [
        {"extract_id": extract_id, "fix_number": number} | {name: getattr(fix, name) for name in names}
        for number, fix in enumerate(fixes, start=1)
    ]
    rows.replace(connection, tables.fix, {"extract_id": extract_id}, numbered)


def store_quarantined(
    connection: sa.Connection,
    quarantined: Sequence[Mapping[str, object]],
    *,
    extract_id: str,
    entity: str,
    at: datetime,
) -> None:
    """Make one entity's quarantine of this extract exactly these rows.

    A row that was there before keeps the date it came in, and its decision where somebody has taken one.

    Raises:
        CountsDisagree: if two of them say that they stand in the same place: one would be lost.
    """
    places = {(one["file"], one["line"]) for one in quarantined}
    if len(places) != len(quarantined):
        what = f"quarantined {entity}s of {extract_id}, by file and line"
        raise CountsDisagree(what, rows_in=len(quarantined), loaded=0, quarantined=len(places))
    row = tables.quarantined_row.c
    here = sa.and_(row.extract_id == extract_id, row.entity == entity)
    before = {
        (found.file, found.line): found.quarantined_at
        for found in connection.execute(sa.select(row.file, row.line, row.quarantined_at).where(here))
    }
    connection.execute(sa.delete(tables.quarantined_row).where(here, row.decision.is_(None)))
    rows.insert_new(
        connection,
        tables.quarantined_row,
        [
            dict(one) | {"extract_id": extract_id, "quarantined_at": before.get((str(one["file"]), one["line"]), at)}
            for one in quarantined
        ],
    )


def store_questions(connection: sa.Connection, questions: Sequence[Mapping[str, object]], *, extract_id: str) -> None:
    """Make the questions of this extract exactly these."""
    numbered = [
        dict(question) | {"extract_id": extract_id, "question_number": number}
        for number, question in enumerate(questions, start=1)
    ]
    rows.replace(connection, tables.question, {"extract_id": extract_id}, numbered)


def store_account(connection: sa.Connection, account: Mapping[str, object]) -> None:
    """Store how one entity's rows and energy add up."""
    rows.upsert(connection, tables.account, [account])
