"""Writing pages, CDRs and verdicts. A night that is run again ends in the same rows."""

import zlib
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging import canonical
from charging.database import tables
from charging.database.operations import rows
from charging.reconciliation.verdict import Judged
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.client import Page
from charging.roaming.ocpi.parse import Rejected

APART = frozenset({"side", "cohort", "protocol", "state", "quality", "session_aliases", "lines", "stored_at"})
"""Columns of a CDR that are not its fields as they are."""
COLUMNS = tuple(column.name for column in tables.cdr.columns if column.name not in APART)


def store_pages(connection: sa.Connection, partner: str, pages: Sequence[Page]) -> None:
    """Keep each page as it came, compressed, once for each content."""
    kept = {
        page.answer.sha256: {
            "partner": partner,
            "content_sha256": page.answer.sha256,
            "url": page.answer.url,
            "body": zlib.compress(page.answer.body),
            "fetched_at": page.answer.fetched_at,
        }
        for page in pages
    }
    rows.insert_new(connection, tables.page, list(kept.values()))


def store_cdrs(connection: sa.Connection, cdrs: Sequence[Cdr], *, at: datetime) -> None:
    """Store versions of CDRs; a version that is there keeps the day on which it came."""
    there = _there(connection, cdrs)
    # Most of them came in earlier nights: writing them again only to be refused would be most of a night's work.
    fresh = [cdr for cdr in cdrs if (cdr.partner, str(cdr.side), cdr.cdr_key) not in there]
    rows.insert_new(connection, tables.cdr, [_row(cdr, at) for cdr in fresh])
    rows.analyze(connection, tables.cdr)


def store_rejected(connection: sa.Connection, partner: str, rejected: Sequence[Rejected], *, at: datetime) -> None:
    """Keep records that are no CDRs, with the reason."""
    kept = [
        {
            "partner": partner,
            "raw_sha256": record.raw_sha256,
            "cdr_id": record.cdr_id,
            "rule": "cdr.unreadable",
            "reason": record.reason,
            "raw": record.raw.decode("utf-8", errors="replace").replace("\x00", "�"),
            "rejected_at": at,
        }
        for record in rejected
    ]
    rows.insert_new(connection, tables.rejected_cdr, kept)


def store_night(
    connection: sa.Connection, night: dict[str, object], judged: Sequence[Judged], *, partner: str, day: date
) -> None:
    """Make a partner's night exactly this: its head, and a row for each verdict."""
    rows.upsert(connection, tables.reconciliation, [night | {"partner": partner, "day": day}])
    rows.replace(
        connection,
        tables.verdict,
        {"partner": partner, "day": day},
        [
            {
                "partner": partner,
                "day": day,
                "verdict_number": number,
                "verdict": str(one.verdict),
                "tier": one.tier.name.lower() if one.tier else None,
                "ours_key": one.ours_key,
                "theirs_key": one.theirs_key,
                "cohort": str(one.cohort) if one.cohort else None,
                "currency": one.currency,
                "kinds": [str(kind) for kind in one.kinds],
                "difference": one.difference,
                "money_at_risk": one.money_at_risk,
                "explanation": one.explanation,
                "next_step": one.next_step,
            }
            for number, one in enumerate(judged, start=1)
        ],
    )
    rows.analyze(connection, tables.verdict)


def _there(connection: sa.Connection, cdrs: Sequence[Cdr]) -> set[tuple[str, str, str]]:
    row = tables.cdr.c
    keys = sa.literal([cdr.cdr_key for cdr in cdrs], ARRAY(row.cdr_key.type))
    found = connection.execute(
        sa.select(row.partner, row.side, row.cdr_key).where(
            row.partner.in_({cdr.partner for cdr in cdrs}), row.cdr_key == sa.any_(keys)
        )
    )
    return set(found.tuples())


def _row(cdr: Cdr, at: datetime) -> dict[str, object]:
    return {name: getattr(cdr, name) for name in COLUMNS} | {
        "side": str(cdr.side),
        "cohort": str(cdr.cohort) if cdr.cohort else None,
        "protocol": str(cdr.protocol),
        "state": str(cdr.state),
        "session_aliases": list(cdr.session_aliases),
        "quality": list(cdr.quality),
        "lines": canonical.plain(cdr.lines),
        "stored_at": at,
    }
