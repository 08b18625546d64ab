"""Writing plans, gates and decisions. What happens to each station is written by the journal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.database.operations import rows
from charging.database.queries import gating
from charging.errors import GateDecided, UnknownThing

_OF_THE_VISIT = frozenset({"instructions", "owner"})
"""What a move says for its work order."""


def store_plan(
    connection: sa.Connection,
    *,
    plan_id: str,
    parameters: Mapping[str, object],
    content_sha256: str,
    moves: Sequence[Mapping[str, object]],
    at: datetime,
) -> bool:
    """Store a plan with every station's move; return False if this very plan is there already, untouched."""
    stored_id = connection.scalar(
        insert(tables.plan)
        .values(plan_id=plan_id, parameters=parameters, content_sha256=content_sha256, planned_at=at)
        .on_conflict_do_nothing()
        .returning(tables.plan.c.plan_id)
    )
    if stored_id is not None:
        stored = [
            {name: value for name, value in move.items() if name not in _OF_THE_VISIT}
            | {"plan_id": plan_id, "version": 1, "changed_at": at}
            for move in moves
        ]
        rows.insert_new(connection, tables.move, stored)
        orders = [_visit(plan_id, move, at) for move in moves if move["wave"] is None]
        rows.insert_new(connection, tables.work_order, orders)
    return stored_id is not None


def hold_back(connection: sa.Connection, *, plan_id: str, wave: int, at: datetime) -> list[str]:
    """Take out of a wave the stations whose type's pilot has failed; return their ids. They stay planned, in no wave.

    No type enters a wave without a passed pilot: that is no question for a committee.
    """
    move, station = tables.move, tables.station
    held: list[str] = []
    for pilot in gating.pilots(connection, plan_id, wave):
        if pilot.has_failed:
            of_kind = sa.select(station.c.station_id).where(gating.kind_of(station) == pilot.kind)
            found = connection.scalars(
                sa.update(move)
                .where(
                    move.c.plan_id == plan_id,
                    move.c.wave == wave,
                    move.c.stage == "planned",
                    move.c.station_id.in_(of_kind),
                )
                .values(
                    wave=None,
                    reason=f"held back from wave {wave}: the pilot of {pilot.kind} failed",
                    version=move.c.version + 1,
                    changed_at=at,
                )
                .returning(move.c.station_id)
            )
            held.extend(found)
    return sorted(held)


def open_gate(connection: sa.Connection, gate: Mapping[str, object]) -> None:
    """Put the question with its evidence; an undecided gate takes the newer evidence, a decided one stays as it is."""
    statement = insert(tables.gate).values(**gate)
    changed = {name: statement.excluded[name] for name in gate if name not in {"plan_id", "wave"}}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["plan_id", "wave"], set_=changed, where=tables.gate.c.decision.is_(None)
        )
    )


def decide_gate(
    connection: sa.Connection, *, plan_id: str, wave: int, evidence_sha256: str, decision: Mapping[str, object]
) -> None:
    """Write the decision into a gate that is still open and whose evidence is the one that was seen.

    Raises:
        UnknownThing: if the gate has not been opened.
        GateDecided: if it was decided before, or its evidence has changed since.
    """
    gate = tables.gate.c
    row = (
        connection.execute(sa.select(tables.gate).where(gate.plan_id == plan_id, gate.wave == wave).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise UnknownThing("gate", f"{plan_id}/{wave}", "it opens when the flow cut_over comes to that wave")
    if row["decision"] is not None:
        raise GateDecided(plan_id, wave, f"it was decided before: {row['decision']} by {row['decided_by']}")
    if row["evidence_sha256"] != evidence_sha256:
        raise GateDecided(plan_id, wave, "its evidence has changed since you saw it: look again")
    connection.execute(sa.update(tables.gate).where(gate.plan_id == plan_id, gate.wave == wave).values(**decision))


def reopen_gate(connection: sa.Connection, *, plan_id: str, wave: int) -> None:
    """Ask again at a gate that was held. A gate that was opened stays open: its wave may have begun."""
    gate = tables.gate.c
    connection.execute(
        sa.update(tables.gate)
        .where(gate.plan_id == plan_id, gate.wave == wave, gate.decision == "hold")
        .values(decision=None, decided_by=None, decided_via=None, decided_at=None, reason=None)
    )


def _visit(plan_id: str, move: Mapping[str, object], at: datetime) -> dict[str, object]:
    return {
        "plan_id": plan_id,
        "station_id": move["station_id"],
        "reason": move["reason"],
        "instructions": move.get("instructions")
        or "Visit the station, set the target's address on site, see it boot at the target.",
        "owner": move.get("owner") or "maintenance",
        "state": "open",
        "opened_at": at,
    }
