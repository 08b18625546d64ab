"""Reading what was finished and what was published."""

from typing import Any

import sqlalchemy as sa

from charging.database import tables


def step(connection: sa.Connection, *, run: str, step: str) -> dict[str, Any] | None:
    """Return the result of a step that this run has finished, or None."""
    row = tables.step.c
    found: dict[str, Any] | None = connection.scalar(sa.select(row.result).where(row.run == run, row.step == step))
    return found


def reports(connection: sa.Connection) -> list[sa.RowMapping]:
    """Return every report that was published, by name."""
    return list(connection.execute(sa.select(tables.report).order_by(tables.report.c.name)).mappings())
