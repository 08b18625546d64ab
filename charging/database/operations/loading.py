"""Writing what was, or is about to be, done to the target, row by row."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.targets.change import Applied, Change


def store_plan(connection: sa.Connection, changes: Sequence[Change], *, target: str) -> None:
    """Write the intent: every row with what it needs. What an earlier load did to the same rows is replaced."""
    planned = [
        {
            "target": target,
            "entity": change.entity,
            "key": change.key,
            "action": str(change.action),
            "reason": change.reason,
            "error": None,
            "applied_at": None,
        }
        for change in changes
    ]
    rows.upsert(connection, tables.load, planned)


def store_applied(connection: sa.Connection, applied: Sequence[Applied], *, target: str, at: datetime) -> None:
    """Write how each row went, with the target's own error where it said no."""
    load = tables.load
    if not applied:
        return
    statement = (
        sa.update(load)
        .where(
            load.c.target == sa.bindparam("of_target"),
            load.c.entity == sa.bindparam("of_entity"),
            load.c.key == sa.bindparam("of_key"),
        )
        .values(error=sa.bindparam("said"), applied_at=sa.bindparam("at"))
    )
    connection.execute(
        statement,
        [
            {"of_target": target, "of_entity": one.entity, "of_key": one.key, "said": one.error, "at": at}
            for one in applied
        ],
    )
