"""Writing what was extracted, as it came."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from charging import canonical
from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import rows

_COLUMNS = ("extract_id", "entity", "row_number", "file", "line", "row_sha256", "key", "part", "fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one extraction was: its source, how much came, and the hash of all of it."""

    extract_id: str
    source: str
    kind: str
    schema_generation: str | None
    notes: list[str]
    row_counts: dict[str, int]
    content_sha256: str
    code_version: str
    extracted_at: datetime
    file_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rows by entity and by the file or table that they came from."""
    window_from: datetime | None = None
    """The first instant that a session names, and the last one."""
    window_until: datetime | None = None
    kwh: Decimal | None = None
    """What all sessions claim to have delivered; None where no session came."""
    kwh_by_month: dict[str, Decimal] = field(default_factory=dict)
    watermarks: dict[str, str] = field(default_factory=dict)
    """How far each entity went in its source, as the source said it (`charging.legacy.source.Watermark`)."""
    after_extract_id: str | None = None
    """The extract that this one goes on from, where it is a delta."""


class Landing(NamedTuple):
    """One row on its way into landing."""

    number: int
    file: str
    line: int
    sha256: str
    key: str
    part: int | None
    fields: bytes
    """JSON."""


def store_rows(connection: sa.Connection, *, extract_id: str, entity: str, landing: Iterable[Landing]) -> int:
    """Copy rows of one entity into landing, every value as it came; return how many."""
    id_ = storable(extract_id)
    return rows.copy(
        connection,
        tables.landed_row,
        _COLUMNS,
        (
            (id_, entity, row.number, storable(row.file), row.line, row.sha256, storable(row.key), row.part, row.fields)
            for row in landing
        ),
    )


def store_manifest(connection: sa.Connection, manifest: Manifest) -> None:
    """Store the manifest; its rows become visible with it, when the caller commits."""
    row = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
    rows.insert_new(connection, tables.extract, [row | {"kwh_by_month": canonical.plain(manifest.kwh_by_month)}])
    rows.analyze(connection, tables.landed_row)
