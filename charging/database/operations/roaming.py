"""Writing pages, CDRs and verdicts. A night that is run again ends in the same rows."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from isal import isal_zlib
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.database.columns import storable, storable_document
from charging.database.operations import rows
from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.file_reading import FileRead
from charging.roaming.ocpi.client import Page
from charging.roaming.ocpi.parse import Rejected

_QUICK = 1
"""Some more bytes than at zlib's usual level, in a tenth of its time."""


def store_pages(connection: sa.Connection, partner: str, pages: Sequence[Page]) -> None:
    """Keep each page as it came, compressed, once for each content."""
    kept = {
        page.answer.sha256: {
            "partner": partner,
            "content_sha256": page.answer.sha256,
            "url": page.answer.url,
            "body": isal_zlib.compress(page.answer.body, _QUICK),
            "fetched_at": page.answer.fetched_at,
        }
        for page in pages
    }
    rows.insert_new(connection, tables.page, list(kept.values()))


def store_files(connection: sa.Connection, partner: str, files: Sequence[FileRead]) -> None:
    """Keep each file as it came, compressed, once for each content."""
    kept = [
        {
            "partner": partner,
            "content_sha256": file.sha256,
            "url": f"file:{file.path.name}",
            "body": zlib.compress(file.body),
            "fetched_at": file.received_at,
        }
        for file in files
    ]
    rows.insert_new(connection, tables.page, kept)


def store_cdrs(connection: sa.Connection, cdrs: Iterable[Cdr], *, at: datetime) -> int:
    """Store versions of CDRs, and return how many are new; a version that is there keeps the day on which it came.

    A record of theirs that says the same as one that is there, in other bytes, is no version: its page is kept anyway.
    """
    with rows.arriving(connection, tables.cdr, CDR_COLUMNS, (_row(cdr, at) for cdr in cdrs)) as (held, _):
        stored = insert_versions(connection, held)
    rows.analyze(connection, tables.cdr)
    return stored


def insert_versions(connection: sa.Connection, held: sa.TableClause) -> int:
    """Insert the versions of CDRs of a table with `CDR_COLUMNS` that are new, and return how many those are."""
    chosen = sa.select(*(held.c[name] for name in CDR_COLUMNS)).distinct(held.c.partner, held.c.side, held.c.cdr_key)
    stored = connection.execute(
        insert(tables.cdr).from_select(CDR_COLUMNS, chosen.where(~_says_nothing_new(held))).on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},  # otherwise SQLAlchemy says -1 of an INSERT
    )
    return stored.rowcount


CDR_COLUMNS = [column.name for column in tables.cdr.columns]
_PLACE = {"station_id", "cohort", "time_zone"}
_WRITING = {"cdr_key", "cdr_id", "evse_raw", "raw_sha256", "quality", "start_offset_minutes", *_PLACE}
"""Columns that may differ between two writings of one record, with the day on which it came."""


def _says_nothing_new(held: sa.TableClause) -> sa.ColumnElement[bool]:
    there = tables.cdr.alias("there")
    facts = [column.name for column in tables.cdr.columns if column.name not in _WRITING | {"stored_at"}]
    return sa.exists().where(
        there.c.partner == held.c.partner,
        there.c.side == held.c.side,
        there.c.ended_at == held.c.ended_at,
        held.c.side == str(Side.THEIRS),
        sa.func.upper(there.c.cdr_id) == sa.func.upper(held.c.cdr_id),
        *(there.c[name].is_not_distinct_from(held.c[name]) for name in facts),
    )


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


def store_version(connection: sa.Connection, version: Mapping[str, object], *, partner: str, day: date) -> None:
    """Add a version to a night, after those that it has."""
    night = tables.night.c
    of_it = sa.and_(night.partner == partner, night.day == day)
    last = connection.scalar(sa.select(sa.func.max(night.version)).where(of_it)) or 0
    connection.execute(sa.insert(tables.night).values({**version, "partner": partner, "day": day, "version": last + 1}))


def store_pull(connection: sa.Connection, pull: Mapping[str, object]) -> None:
    """Note that a partner's module was taken in, and whether that was all."""
    rows.upsert(connection, tables.pull, [dict(pull)])


_DOCUMENT = msgspec.json.Encoder()


def _row(cdr: Cdr, at: datetime) -> tuple[object, ...]:
    apart = {
        "stored_at": at,
        "lines": rows.as_jsonb(_DOCUMENT.encode([_line(line) for line in cdr.lines])),
        "quality": rows.as_jsonb(_DOCUMENT.encode(storable_document(cdr.quality))),
        "session_aliases": rows.as_jsonb(_DOCUMENT.encode(storable_document(cdr.session_aliases))),
    }
    return tuple(
        apart[column.name] if column.name in apart else _plain(getattr(cdr, column.name))
        for column in tables.cdr.columns
    )


def _line(line: CdrLine) -> dict[str, str | None]:
    return {
        "measure": str(line.measure),
        "started_at": line.started_at.isoformat(),
        "volume": str(line.volume),
        "tariff_id": None if line.tariff_id is None else storable(line.tariff_id),
    }


def _plain(value: object) -> object:
    return storable(str(value)) if isinstance(value, str) else value
