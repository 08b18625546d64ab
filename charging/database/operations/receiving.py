"""Keeping what partners push: every body, and every version of every record."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.database.queries.receiving import CURRENT, DELETED, SUPERSEDED, Current, currents
from charging.database.turns import take_turns
from charging.roaming.ocpi.receiver_answer import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A record as a partner pushed it, or as its PATCH made it."""

    partner: str
    module: str
    record_key: str
    version: str
    raw: bytes
    received_at: datetime
    last_updated: datetime | None = None

    @property
    def raw_sha256(self) -> str:
        """The hash of the raw bytes."""
        return sha256(self.raw).hexdigest()


def keep_body(
    connection: sa.Connection,
    partner: str,
    *,
    method: str,
    path: str,
    body: bytes,
    at: datetime,
    request_id: str | None = None,
    correlation_id: str | None = None,
) -> None:
    """Keep a body as it came, compressed, once for each content and place."""
    row = {
        "partner": partner,
        "path": path,
        "method": method,
        "body_sha256": sha256(body).hexdigest(),
        "request_id": request_id,
        "correlation_id": correlation_id,
        "body": zlib.compress(body),
        "received_at": at,
    }
    rows.insert_new(connection, tables.pushed_body, [row])


def alone(connection: sa.Connection, partner: str, record_key: str) -> None:
    """Let nobody else change a record until the transaction ends."""
    take_turns(connection, f"pushed {partner} {record_key}")


def keep_current(connection: sa.Connection, record: Pushed) -> None:
    """Make a record the current one; the one that was is superseded."""
    _end_current(connection, record.partner, record.module, record.record_key, state=SUPERSEDED)
    rows.upsert(connection, tables.pushed_record, [_row(record, CURRENT, None)])


def keep_all(connection: sa.Connection, records: Sequence[Pushed]) -> int:
    """Make records of one partner and module the current ones, and return how many brought something new.

    What is here in another writing, or as it is, stays; what is older than what is here is kept aside.
    """
    if not records:
        return 0
    partner, module = records[0].partner, records[0].module
    for name in sorted({record.record_key for record in records}):
        alone(connection, partner, f"{module} {name}")
    there = currents(connection, partner, module, {record.record_key for record in records})
    fresh = 0
    for record in records:
        before = there.get(record.record_key)
        if before and (before.raw_sha256 == record.raw_sha256 or decode(before.raw) == decode(record.raw)):
            continue
        if before and before.last_updated and record.last_updated and record.last_updated < before.last_updated:
            keep_aside(connection, record, state=SUPERSEDED, reason="it is older than what was here when it came")
            continue
        keep_current(connection, record)
        there[record.record_key] = Current(
            raw=record.raw, raw_sha256=record.raw_sha256, version=record.version, last_updated=record.last_updated
        )
        fresh += 1
    return fresh


def keep_aside(connection: sa.Connection, record: Pushed, *, state: str, reason: str) -> None:
    """Keep a record that does not become the current one, with the reason; one that is there stays what it is."""
    rows.insert_new(connection, tables.pushed_record, [_row(record, state, reason)])


def delete(connection: sa.Connection, partner: str, module: str, record_key: str) -> None:
    """Let a record be current no more. It stays."""
    _end_current(connection, partner, module, record_key, state=DELETED)


def _end_current(connection: sa.Connection, partner: str, module: str, record_key: str, *, state: str) -> None:
    row = tables.pushed_record.c
    connection.execute(
        sa.update(tables.pushed_record)
        .where(row.partner == partner, row.module == module, row.record_key == record_key, row.state == CURRENT)
        .values(state=state)
    )


def _row(record: Pushed, state: str, reason: str | None) -> dict[str, object]:
    return {
        "partner": record.partner,
        "module": record.module,
        "record_key": record.record_key,
        "raw_sha256": record.raw_sha256,
        "version": record.version,
        "state": state,
        "reason": reason,
        "raw": zlib.compress(record.raw),
        "last_updated": record.last_updated,
        "received_at": record.received_at,
    }
