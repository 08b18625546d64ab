"""Reading plans, moves, gates and work orders."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.errors import UnknownThing
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Move


def latest_plan(connection: sa.Connection) -> str:
    """Return the id of the plan made last.

    Raises:
        UnknownThing: if there is none.
    """
    plan = tables.plan.c
    found = connection.scalar(sa.select(plan.plan_id).order_by(plan.planned_at.desc()).limit(1))
    if found is None:
        raise UnknownThing("plan", "(latest)", "make one first: run the flow plan_waves")
    return str(found)


def require_plan(connection: sa.Connection, plan_id: str) -> sa.RowMapping:
    """Return a plan's row.

    Raises:
        UnknownThing: if there is none of that id.
    """
    row = connection.execute(sa.select(tables.plan).where(tables.plan.c.plan_id == plan_id)).mappings().one_or_none()
    if row is None:
        raise UnknownThing("plan", plan_id, "leave --plan out for the latest one")
    return row


def moves(connection: sa.Connection, plan_id: str, *, wave: int | None = None) -> list[Move]:
    """Return the moves of a plan (of one wave) that are in a wave, with the effects of their present attempt."""
    move, effect = tables.move.c, tables.effect.c
    chosen = sa.select(tables.move).where(move.plan_id == plan_id, move.wave.is_not(None)).order_by(move.station_id)
    if wave is not None:
        chosen = chosen.where(move.wave == wave)
    effects: dict[tuple[str, int], dict[str, Effect]] = defaultdict(dict)
    of_these = sa.select(tables.effect).join(
        tables.move, sa.and_(move.plan_id == effect.plan_id, move.station_id == effect.station_id)
    )
    of_these = of_these.where(effect.plan_id == plan_id, effect.attempt == move.attempt)
    if wave is not None:
        of_these = of_these.where(move.wave == wave)
    for row in connection.execute(of_these.order_by(effect.intended_at)).mappings():
        effects[row["station_id"], row["attempt"]][row["step"]] = Effect(
            request=row["request"], response=row["response"], intended_at=row["intended_at"]
        )
    return [
        Move(
            station_id=row["station_id"],
            stage=Stage(row["stage"]),
            attempt=row["attempt"],
            wave=row["wave"],
            recipe=row["recipe"],
            deadline_at=row["deadline_at"],
            effects=effects[row["station_id"], row["attempt"]],
            reason=row["reason"],
        )
        for row in connection.execute(chosen).mappings()
    ]


def moved_at(connection: sa.Connection) -> dict[str, datetime]:
    """Return when each station that is verified, in whichever plan, was told to leave the legacy."""
    move, transition = tables.move.c, tables.transition.c
    found = connection.execute(
        sa.select(move.station_id, sa.func.max(transition.at))
        .join(
            tables.transition,
            sa.and_(
                transition.plan_id == move.plan_id,
                transition.station_id == move.station_id,
                transition.attempt == move.attempt,
                transition.after == str(Stage.CUT_OVER),
            ),
        )
        .where(move.stage == str(Stage.VERIFIED))
        .group_by(move.station_id)
    )
    return dict(found.tuples().all())


def move_rows(connection: sa.Connection, plan_id: str) -> list[sa.RowMapping]:
    """Return every move of a plan with its station's maker, model, location and lane, by station."""
    move, station = tables.move, tables.station
    chosen = (
        sa.select(move, station.c.vendor, station.c.model, station.c.firmware, station.c.location_id)
        .join(station, station.c.station_id == move.c.station_id)
        .where(move.c.plan_id == plan_id)
        .order_by(move.c.station_id)
    )
    return list(connection.execute(chosen).mappings())


def waves(connection: sa.Connection, plan_id: str) -> list[int]:
    """Return the numbers of a plan's waves, in order; also of one whose stations were all held back at its gate."""
    move, gate = tables.move.c, tables.gate.c
    planned = sa.select(move.wave).where(move.plan_id == plan_id, move.wave.is_not(None))
    asked = sa.select(gate.wave).where(gate.plan_id == plan_id)
    return sorted(int(number) for number in connection.scalars(sa.union(planned, asked)))


def gates(connection: sa.Connection, plan_id: str) -> list[sa.RowMapping]:
    """Return every gate of a plan, by wave, without the context that was kept with it."""
    gate = tables.gate.c
    chosen = sa.select(*(column for column in gate if column.name != "context"))
    return list(connection.execute(chosen.where(gate.plan_id == plan_id).order_by(gate.wave)).mappings())


def gate(connection: sa.Connection, plan_id: str, wave: int) -> sa.RowMapping | None:
    """Return one gate, if it has been opened."""
    row = tables.gate
    found = connection.execute(sa.select(row).where(row.c.plan_id == plan_id, row.c.wave == wave))
    return found.mappings().one_or_none()


def work_orders(connection: sa.Connection, plan_id: str, *, states: Sequence[str] = ("open",)) -> list[sa.RowMapping]:
    """Return a plan's work orders in the given states, by station."""
    order = tables.work_order
    chosen = sa.select(order).where(order.c.plan_id == plan_id, order.c.state.in_(states)).order_by(order.c.station_id)
    return list(connection.execute(chosen).mappings())


def wave_times(connection: sa.Connection, plan_id: str) -> list[sa.RowMapping]:
    """Return, per wave, when its first station left "planned" and when its last one came to rest."""
    move, transition = tables.move.c, tables.transition.c
    chosen = (
        sa.select(
            move.wave, sa.func.min(transition.at).label("started_at"), sa.func.max(transition.at).label("ended_at")
        )
        .join(
            tables.transition,
            sa.and_(transition.plan_id == move.plan_id, transition.station_id == move.station_id),
        )
        .where(move.plan_id == plan_id, move.wave.is_not(None))
        .group_by(move.wave)
        .order_by(move.wave)
    )
    return list(connection.execute(chosen).mappings())
