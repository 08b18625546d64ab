"""Reading what was done to a target."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.targets.change import Applied, Change

Stamps = Mapping[tuple[str, str], tuple[str, datetime]]
"""By entity and key: a content's hash, and the instant that goes with it."""


def stamps(connection: sa.Connection, target: str) -> Stamps:
    """Return, by entity and key, the content that was last meant for the target and the instant that goes with it."""
    load = tables.load.c
    chosen = sa.select(load.entity, load.key, load.content_sha256, load.stamped_at).where(
        load.target == target, load.stamped_at.is_not(None)
    )
    return {(entity, key): (content, at) for entity, key, content, at in connection.execute(chosen).tuples()}


def applied(connection: sa.Connection, target: str, changes: Sequence[Change]) -> list[Applied]:
    """Return what was noted of planned changes when they were made; those of which nothing was are left out."""
    found = {(row["entity"], row["key"]): row for row in rows(connection, target)}
    return [
        Applied(
            entity=change.entity,
            key=change.key,
            action=change.action,
            error=row["error"],
            http_status=row["http_status"],
        )
        for change in changes
        for row in [found.get((change.entity, change.key))]
        if row is not None and row["applied_at"] is not None
    ]


def rows(connection: sa.Connection, target: str, *, entity: str | None = None) -> list[sa.RowMapping]:
    """Return what is known of every row that was meant for a target."""
    load = tables.load
    chosen = sa.select(load).where(load.c.target == target).order_by(load.c.entity, load.c.key)
    return list(connection.execute(chosen.where(load.c.entity == entity) if entity else chosen).mappings())
