"""Writing what became of work orders: the order, and with it the station's stage and the history of that."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.database.queries import visits as read
from charging.migration.lifecycle import Stage
from charging.migration.visits import Report, Return, Ruling, Side, State

_ENDS: Mapping[Side, Stage] = {"target": Stage.VERIFIED, "legacy": Stage.ROLLED_BACK}
"""Where a station is once the order that leads there is done."""


def write(connection: sa.Connection, plan_id: str, ruling: Ruling, *, report: Report, at: datetime) -> None:
    """Write a ruling on a work order that is not done yet; a station that is there has its stage, and its history."""
    order = tables.work_order
    values: dict[str, object] = {
        "state": str(ruling.state),
        "reported_by": report.by,
        "reported_at": at,
        "note": report.note or None,
        "evidence": dict(ruling.evidence),
        "closed_at": at if ruling.state is State.DONE else None,
    }
    if report.contact:
        values["contact"] = report.contact
    changed = connection.execute(
        sa.update(order)
        .where(
            order.c.plan_id == plan_id,
            order.c.station_id == ruling.station_id,
            order.c.leads_to == ruling.leads_to,
            order.c.state != str(State.DONE),
        )
        .values(**values)
    )
    if changed.rowcount != 1 or ruling.state is not State.DONE:
        return
    enters = (Stage.TO_SITE, _ENDS[ruling.leads_to])
    _enter(connection, plan_id, ruling.station_id, enters, reason=ruling.reason, evidence=dict(ruling.evidence), at=at)


def send_back(connection: sa.Connection, plan_id: str, returns: Sequence[Return], *, at: datetime) -> list[str]:
    """Open an order of return for each station that a person moved and that is still there; return whose were opened.

    The station waits for its visit from then on, as one that is to be moved by hand does.
    """
    by_hand = read.moved_by_hand(connection, plan_id)
    opened = []
    for one in returns:
        enters = (Stage.VERIFIED, Stage.TO_SITE)
        if one.station_id in by_hand and _enter(
            connection, plan_id, one.station_id, enters, reason=one.reason, evidence={"leads_to": "legacy"}, at=at
        ):
            connection.execute(_reopened(plan_id, one, at))
            opened.append(one.station_id)
    return opened


def _reopened(plan_id: str, one: Return, at: datetime) -> sa.Executable:
    """Open the station's order anew, towards the legacy: how it was done before is in the station's history."""
    fresh: dict[str, object] = {
        "reason": one.reason,
        "instructions": one.instructions,
        "owner": one.owner,
        "state": str(State.OPEN),
        "opened_at": at,
        "leads_to": "legacy",
    }
    empty = dict.fromkeys(("closed_at", "reported_by", "reported_at", "note", "evidence"), sa.null())
    order = insert(tables.work_order).values(plan_id=plan_id, station_id=one.station_id, **fresh)
    return order.on_conflict_do_update(index_elements=["plan_id", "station_id"], set_=fresh | empty)


def _enter(
    connection: sa.Connection,
    plan_id: str,
    station_id: str,
    enters: tuple[Stage, Stage],
    *,
    reason: str,
    evidence: Mapping[str, object],
    at: datetime,
) -> bool:
    """Have a station enter a stage from another, with its history; return False if it is not in that one any more."""
    move, (before, after) = tables.move, enters
    attempt = connection.execute(
        sa.update(move)
        .where(move.c.plan_id == plan_id, move.c.station_id == station_id, move.c.stage == str(before))
        .values(stage=str(after), reason=reason, deadline_at=None, version=move.c.version + 1, changed_at=at)
        .returning(move.c.attempt)
    ).scalar_one_or_none()
    if attempt is None:
        return False
    connection.execute(
        sa.insert(tables.transition).values(
            plan_id=plan_id,
            station_id=station_id,
            attempt=attempt,
            before=str(before),
            after=str(after),
            reason=reason,
            evidence=dict(evidence),
            at=at,
        )
    )
    return True
