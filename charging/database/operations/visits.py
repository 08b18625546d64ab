"""Writing what became of work orders: the order, and with it the station's stage and the history of that."""

from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.migration.lifecycle import Stage
from charging.migration.visits import Report, Ruling, State


def write(connection: sa.Connection, plan_id: str, ruling: Ruling, *, report: Report, at: datetime) -> None:
    """Write a ruling on a work order that is not done yet; a station that is there is verified, by its own history."""
    order, move = tables.work_order, tables.move
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
            order.c.state != str(State.DONE),
        )
        .values(**values)
    )
    if changed.rowcount != 1 or ruling.state is not State.DONE:
        return
    moved = connection.execute(
        sa.update(move)
        .where(
            move.c.plan_id == plan_id,
            move.c.station_id == ruling.station_id,
            move.c.stage == str(Stage.TO_SITE),
        )
        .values(stage=str(Stage.VERIFIED), reason=ruling.reason, version=move.c.version + 1, changed_at=at)
        .returning(move.c.attempt)
    ).scalar_one_or_none()
    if moved is not None:
        connection.execute(
            sa.insert(tables.transition).values(
                plan_id=plan_id,
                station_id=ruling.station_id,
                attempt=moved,
                before=str(Stage.TO_SITE),
                after=str(Stage.VERIFIED),
                reason=ruling.reason,
                evidence=dict(ruling.evidence),
                at=at,
            )
        )
