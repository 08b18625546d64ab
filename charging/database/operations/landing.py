"""Writing what was extracted, as it came."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from psycopg.types.json import Json

from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import rows


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


class Row(Protocol):
    """A row as a source yields it (see `charging.legacy.source`)."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def values(self) -> Mapping[str, str | None]: ...
    @property
    def row_hash(self) -> str: ...


def store_rows(connection: sa.Connection, *, extract_id: str, entity: str, numbered: Iterable[tuple[int, Row]]) -> int:
    """Copy rows of one entity into landing, every value as it came; return how many."""
    columns = ("extract_id", "entity", "row_number", "file", "line", "row_sha256", "fields")
    return rows.copy(
        connection,
        tables.landed_row,
        columns,
        (
            (storable(extract_id), entity, number, storable(row.file), row.line, row.row_hash, Json(dict(row.values)))
            for number, row in numbered
        ),
    )


def store_manifest(connection: sa.Connection, manifest: Manifest) -> None:
    """Store the manifest; its rows become visible with it, when the caller commits."""
    rows.insert_new(connection, tables.extract, [asdict(manifest)])
