"""Reading what partners have pushed."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import Parsed, Rejected, parse_cdrs
from charging.roaming.ocpi.quality import Evidence

CURRENT, SUPERSEDED, REFUSED, UNREADABLE, DELETED = "current", "superseded", "refused", "unreadable", "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A record as it stands now."""

    raw: bytes
    raw_sha256: str
    version: str
    last_updated: datetime | None


def current(connection: sa.Connection, partner: str, module: str, record_key: str) -> Current | None:
    """Return a record as it stands now; None if there is none."""
    return currents(connection, partner, module, [record_key]).get(record_key)


def currents(connection: sa.Connection, partner: str, module: str, record_keys: Collection[str]) -> dict[str, Current]:
    """Return records as they stand now, by their keys; those that are not there are left out."""
    row = tables.pushed_record.c
    chosen = sa.select(row.record_key, row.raw, row.raw_sha256, row.version, row.last_updated).where(
        row.partner == partner,
        row.module == module,
        row.record_key == sa.any_(sa.literal(sorted(record_keys), ARRAY(row.record_key.type))),
        row.state == CURRENT,
    )
    return {
        found.record_key: Current(
            raw=zlib.decompress(found.raw),
            raw_sha256=found.raw_sha256,
            version=found.version,
            last_updated=found.last_updated,
        )
        for found in connection.execute(chosen)
    }


def pushed_cdrs(
    connection: sa.Connection, partner: str, period: tuple[datetime, datetime], *, owner: str | None = None
) -> Parsed:
    """Return the CDRs that a partner pushed within a half-open period, as a pull would give them.

    Among the rejected are those that nobody can read, and those that were posted again with other content. `owner` is
    for 2.1.1, whose CDRs name none: see `parse_cdrs`.
    """
    row = tables.pushed_record.c
    chosen = sa.select(row.record_key, row.state, row.reason, row.raw, row.raw_sha256, row.version).where(
        row.partner == partner,
        row.module == "cdrs",
        row.state.in_((CURRENT, REFUSED, UNREADABLE)),
        row.received_at >= period[0],
        row.received_at < period[1],
    )
    cdrs: list[Cdr] = []
    rejected: list[Rejected] = []
    evidence: dict[str, tuple[Evidence, ...]] = {}
    for one in connection.execute(chosen.order_by(row.received_at, row.raw_sha256)):
        raw = zlib.decompress(one.raw)
        if one.state != CURRENT:
            cdr_id = one.record_key.partition("|")[2] or None
            reason = one.reason or one.state
            rejected.append(Rejected(cdr_id=cdr_id, reason=reason, raw=raw, raw_sha256=one.raw_sha256))
            continue
        parsed = parse_cdrs(b"[" + raw + b"]", partner=partner, version=one.version, owner=owner)
        cdrs += parsed.cdrs
        rejected += parsed.rejected
        evidence |= parsed.evidence
    return Parsed(cdrs=tuple(cdrs), rejected=tuple(rejected), evidence=evidence)
