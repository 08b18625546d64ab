"""Reading cases, their histories and what is proposed about them."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.errors import UnknownThing
from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.lifecycle import CLOSED, State
from charging.reconciliation.verdict import Kind, Verdict

_FIELDS = tuple(field.name for field in fields(Case))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are meant; what is None or empty does not narrow."""

    partner: str | None = None
    states: Collection[str] = ()
    verdict: str | None = None
    turn: str | None = None
    wave: int | None = None
    ended_before: datetime | None = None
    is_open: bool | None = None


def cases(connection: sa.Connection, wanted: Wanted, *, limit: int | None = None) -> list[Case]:
    """Return the cases that are meant, the most money first."""
    row = tables.followed_case.c
    chosen = _narrowed(sa.select(*(row[name] for name in _FIELDS)), wanted)
    ordered = chosen.order_by(row.money_at_risk.desc(), row.case_key).limit(limit)
    return [_case(each) for each in connection.execute(ordered).mappings()]


def count(connection: sa.Connection, wanted: Wanted) -> int:
    """Return how many cases are meant."""
    chosen = _narrowed(sa.select(sa.func.count()).select_from(tables.followed_case), wanted)
    return int(connection.scalar(chosen) or 0)


def around(connection: sa.Connection, partner: str, *, period: tuple[datetime, datetime]) -> list[Case]:
    """Return a partner's open cases, and the closed ones of sessions that ended in a half-open period."""
    row = tables.followed_case.c
    is_near = sa.and_(row.ended_at >= period[0], row.ended_at < period[1])
    is_open = row.state.not_in([str(state) for state in CLOSED])
    chosen = sa.select(*(row[name] for name in _FIELDS)).where(row.partner == partner, sa.or_(is_open, is_near))
    return [_case(each) for each in connection.execute(chosen.order_by(row.case_key)).mappings()]


def case(connection: sa.Connection, case_key: str) -> Case:
    """Return one case by its key, or by the beginning of its key.

    Raises:
        UnknownThing: if there is none, or more than one.
    """
    row = tables.followed_case.c
    chosen = sa.select(*(row[name] for name in _FIELDS)).where(row.case_key.startswith(case_key, autoescape=True))
    found = connection.execute(chosen.limit(2)).mappings().all()
    if len(found) != 1:
        mend = "write more of its key" if found else "rehome cdr list shows those that are there"
        raise UnknownThing("case" if not found else "single case", case_key, mend)
    return _case(found[0])


def history(connection: sa.Connection, case_key: str) -> list[dict[str, Any]]:
    """Return everything that happened to a case, in order."""
    event = tables.case_event
    chosen = sa.select(event).where(event.c.case_key == case_key).order_by(event.c.event_number)
    return [dict(row) for row in connection.execute(chosen).mappings()]


def proposals(
    connection: sa.Connection, *, partner: str | None = None, case_keys: Collection[str] = (), state: str | None = None
) -> list[dict[str, Any]]:
    """Return proposals, those with most money first."""
    row = tables.proposal.c
    chosen = sa.select(tables.proposal)
    if partner is not None:
        chosen = chosen.where(row.partner == partner)
    if case_keys:
        chosen = chosen.where(row.case_key == sa.any_(sa.literal(sorted(case_keys), ARRAY(row.case_key.type))))
    if state is not None:
        chosen = chosen.where(row.state == state)
    return [dict(each) for each in connection.execute(chosen.order_by(row.amount.desc(), row.proposal_id)).mappings()]


def waves(connection: sa.Connection) -> dict[str, int]:
    """Return in which wave of the latest plan each station is that is in one."""
    move, plan = tables.move.c, tables.plan.c
    latest = sa.select(plan.plan_id).order_by(plan.planned_at.desc()).limit(1).scalar_subquery()
    found = connection.execute(
        sa.select(move.station_id, move.wave).where(move.plan_id == latest, move.wave.is_not(None))
    )
    return {station_id: int(wave) for station_id, wave in found.tuples() if wave is not None}


def _narrowed(chosen: sa.Select[Any], wanted: Wanted) -> sa.Select[Any]:
    row = tables.followed_case.c
    equal = {"partner": wanted.partner, "verdict": wanted.verdict, "turn": wanted.turn, "wave": wanted.wave}
    for name, value in equal.items():
        if value is not None:
            chosen = chosen.where(row[name] == value)
    if wanted.states:
        chosen = chosen.where(row.state.in_([str(state) for state in wanted.states]))
    if wanted.ended_before is not None:
        chosen = chosen.where(row.ended_at < wanted.ended_before)
    if wanted.is_open is not None:
        is_closed = row.state.in_([str(state) for state in CLOSED])
        chosen = chosen.where(~is_closed if wanted.is_open else is_closed)
    return chosen


def _case(row: sa.RowMapping) -> Case:
    return Case(
        **dict(row)
        | {
            "state": State(row["state"]),
            "verdict": Verdict(row["verdict"]),
            "kinds": tuple(Kind(kind) for kind in row["kinds"]),
        }
    )
