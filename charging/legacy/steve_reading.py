"""What one statement of SteVe's database is read for: which table it stands for, and how a delta of it is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema

Record = Mapping[str, Any]
Since = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A statement whose rows are one table's. `since` narrows it to what is at or after an instant."""

    file: str
    query: sa.Select[Any]
    since: Since | None = None
    marks: tuple[tuple[str, str], ...] = ()
    """The tables and columns whose latest instant is the watermark."""
    fold: Callable[[Iterable[Record]], Iterator[Record]] | None = None
    """Where several records are one row."""


def by_update(schema: SteveSchema, table: sa.TableClause) -> dict[str, Any]:
    """Return how a delta of a table is told: by its `updated_at`, which SteVe has kept since V1_1_2."""
    if not schema.has(table.name, "updated_at"):
        return {}
    return {"since": lambda instant: table.c.updated_at >= instant, "marks": ((table.name, "updated_at"),)}
