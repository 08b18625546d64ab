"""Writing what was, or is about to be, done to the target, row by row."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from charging import canonical
from charging.database import tables
from charging.database.operations import rows
from charging.targets.change import Applied, Change
from charging.targets.outcome import Outcome


def store_plan(connection: sa.Connection, changes: Sequence[Change], *, target: str) -> None:
    """Write the intent: every row with what it needs. What an earlier load did to the same rows is replaced.

    A row that is no longer wanted keeps what was last known of it.
    """
    planned = [
        {
            "target": target,
            "entity": change.entity,
            "key": change.key,
            "action": str(change.action),
            "reason": change.reason,
            "before": dict(change.before),
            "after": dict(change.after),
            "kept": dict(change.kept),
            "no_place": list(change.no_place),
            "carrier": "/".join(change.carrier) if change.carrier else None,
            "content_sha256": change.content_sha256,
            "stamped_at": change.stamped_at,
            "http_status": None,
            "error": None,
            "applied_at": None,
            "verdict": None,
            "differences": None,
            "observed_at": None,
        }
        for change in changes
    ]
    rows.upsert(connection, tables.load, planned)


def store_applied(connection: sa.Connection, applied: Sequence[Applied], *, target: str, at: datetime) -> None:
    """Write how each row went, with the target's own error where it said no."""
    load = tables.load.c
    _each(
        connection,
        target,
        {"error": sa.bindparam("said"), "applied_at": sa.bindparam("at"), "http_status": sa.bindparam("status")}
        | {"attempts": load.attempts + sa.bindparam("sent")},
        [_of(one, said=one.error, at=at, status=one.http_status, sent=int(one.action.is_sent)) for one in applied],
    )


def store_outcomes(connection: sa.Connection, outcomes: Sequence[Outcome], *, target: str, at: datetime) -> None:
    """Write what the target was seen to hold of each row."""
    _each(
        connection,
        target,
        {
            "verdict": sa.bindparam("ended"),
            "reason": sa.case(
                (sa.bindparam("why", type_=sa.Text) != "", sa.bindparam("why")), else_=tables.load.c.reason
            ),
            "differences": sa.bindparam("told", type_=tables.load.c.differences.type),
            "observed_at": sa.bindparam("at"),
        },
        [
            _of(one, ended=str(one.verdict), why=one.reason, told=canonical.plain(one.differences), at=at)
            for one in outcomes
        ],
    )


def _of(one: Applied | Outcome, **values: object) -> dict[str, object]:
    return {"of_entity": one.entity, "of_key": one.key, **values}


def _each(
    connection: sa.Connection, target: str, values: Mapping[str, object], of_rows: Sequence[Mapping[str, object]]
) -> None:
    load = tables.load
    if not of_rows:
        return
    here = sa.and_(
        load.c.target == target, load.c.entity == sa.bindparam("of_entity"), load.c.key == sa.bindparam("of_key")
    )
    connection.execute(sa.update(load).where(here).values(**values), [dict(row) for row in of_rows])
