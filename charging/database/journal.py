"""The cutover engine's journal, kept in PostgreSQL.

Thousands of stations write at once, so records that arrive together are committed together: each caller waits until the
transaction that holds its record is committed, and one transaction serves all who wait.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningUpdate

from charging.database import tables
from charging.database.hold import Hold
from charging.errors import CountsDisagree, DatabaseUnavailable, IllegalTransition
from charging.migration.lifecycle import Stage
from charging.migration.ports import Transition
from charging.migration.visits import State

log = logging.getLogger(__name__)

BATCH = 500
_ENTERED = ("station_id", "before", "after", "attempt", "deadline_at", "reason", "at")
_COLUMNS = {"before": "stage", "after": "stage", "at": "changed_at"}
"""What those of a transition are called in the table of moves."""
HISTORY = ("station_id", "attempt", "before", "after", "reason", "evidence", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Intent:
    station_id: str
    attempt: int
    step: str
    request: Mapping[str, object]
    intended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conclusion:
    station_id: str
    attempt: int
    step: str
    response: Mapping[str, object]
    concluded_at: datetime


_Record = _Intent | _Conclusion | Transition


class PostgresJournal:
    """A `charging.migration.ports.Journal` for one plan. Use `opened`."""

    def __init__(self, engine: sa.Engine, plan_id: str, *, hold: Hold | None = None) -> None:
        self._engine = engine
        self._plan_id = plan_id
        self._hold = hold
        self._waiting: asyncio.Queue[tuple[_Record, asyncio.Future[None]]] = asyncio.Queue()

    async def intend(
        self, station_id: str, *, attempt: int, step: str, request: Mapping[str, object], at: datetime
    ) -> None:
        """Commit what is about to be done."""
        await self._record(_Intent(station_id=station_id, attempt=attempt, step=step, request=request, intended_at=at))

    async def conclude(
        self, station_id: str, *, attempt: int, step: str, response: Mapping[str, object], at: datetime
    ) -> None:
        """Commit how it went."""
        await self._record(
            _Conclusion(station_id=station_id, attempt=attempt, step=step, response=response, concluded_at=at)
        )

    async def enter(self, transition: Transition) -> None:
        """Commit a station's next stage, its history and, where a person must go, the work order: all or none."""
        await self._record(transition)

    async def _record(self, record: _Record) -> None:
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put((record, committed))
        await committed

    async def _commit_for_ever(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            committing = asyncio.to_thread(self._commit, [record for record, _ in batch])
            # Whatever goes wrong goes to those who wait: none of them may wait for ever.
            (failed,) = await asyncio.gather(committing, return_exceptions=True)
            for _, committed in batch:
                if not committed.done():
                    _answer(committed, failed)

    def _commit(self, records: Sequence[_Record]) -> None:
        try:
            if self._hold is not None:
                self._hold.require()
            _commit(self._engine, self._plan_id, records)
        except DatabaseUnavailable as error:
            log.warning("%d records of plan %s are not stored yet: %s", len(records), self._plan_id, error)
            raise


@contextlib.asynccontextmanager
async def opened(engine: sa.Engine, plan_id: str, *, hold: Hold | None = None) -> AsyncIterator[PostgresJournal]:
    """Yield a journal whose records are being committed while the block runs, as long as the hold lasts."""
    journal = PostgresJournal(engine, plan_id, hold=hold)
    committing = asyncio.create_task(journal._commit_for_ever())  # noqa: SLF001 - the two are one
    try:
        yield journal
    finally:
        committing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await committing


def _answer(committed: asyncio.Future[None], failed: BaseException | None) -> None:
    if failed is None:
        committed.set_result(None)
    else:
        committed.set_exception(failed)


def _commit(engine: sa.Engine, plan_id: str, records: Sequence[_Record]) -> None:
    intents = [record for record in records if isinstance(record, _Intent)]
    conclusions = [record for record in records if isinstance(record, _Conclusion)]
    transitions = [record for record in records if isinstance(record, Transition)]
    with engine.begin() as connection:
        if intents:
            rows = [asdict(intent) | {"plan_id": plan_id} for intent in intents]
            connection.execute(insert(tables.effect).on_conflict_do_nothing(), rows)
        if conclusions:
            rows = [{f"of_{name}": value for name, value in asdict(one).items()} for one in conclusions]
            concluded = connection.execute(_conclusion(plan_id), rows).rowcount
            if concluded != len(rows):
                raise CountsDisagree(
                    "conclusions of what was never begun", rows_in=len(rows), loaded=concluded, quarantined=0
                )
        if transitions:
            _enter(connection, plan_id, transitions)


def _conclusion(plan_id: str) -> sa.Update:
    effect = tables.effect
    return (
        sa.update(effect)
        .where(
            effect.c.plan_id == plan_id,
            effect.c.station_id == sa.bindparam("of_station_id"),
            effect.c.attempt == sa.bindparam("of_attempt"),
            effect.c.step == sa.bindparam("of_step"),
        )
        .values(response=sa.bindparam("of_response"), concluded_at=sa.bindparam("of_concluded_at"))
    )


def _enter(connection: sa.Connection, plan_id: str, transitions: Sequence[Transition]) -> None:
    """Enter stages, one of each station at a time: one that was sent again may be here twice."""
    first: dict[str, Transition] = {}
    others = [one for one in transitions if first.setdefault(one.station_id, one) is not one]
    changed = set(connection.scalars(_stages(plan_id, list(first.values()))))
    fresh = [one for one in first.values() if one.station_id in changed]
    for one in first.values():
        if one.station_id not in changed and not _is_stored(connection, plan_id, one):
            raise IllegalTransition(one.station_id, one.before, one.after)
    if fresh:
        connection.execute(
            sa.insert(tables.transition),
            [{name: getattr(one, name) for name in HISTORY} | {"plan_id": plan_id} for one in fresh],
        )
    lost = [transition for transition in fresh if transition.after is Stage.TO_SITE]
    if lost:
        connection.execute(_opened(), [_order(plan_id, one) for one in lost])
    if others:
        _enter(connection, plan_id, others)


def _stages(plan_id: str, transitions: Sequence[Transition]) -> ReturningUpdate[str]:
    """Return the one statement that enters them all, where they follow; its answer is whose did."""
    move = tables.move
    stated = [
        sa.literal([getattr(one, name) for one in transitions], sa.ARRAY(move.c[_COLUMNS.get(name, name)].type))
        for name in _ENTERED
    ]
    entered = sa.func.unnest(*stated).table_valued(*_ENTERED, name="entered").render_derived()
    return (
        sa.update(move)
        .where(
            move.c.plan_id == plan_id,
            move.c.station_id == entered.c.station_id,
            move.c.stage == entered.c.before,
        )
        .values(
            stage=entered.c.after,
            attempt=entered.c.attempt,
            deadline_at=entered.c.deadline_at,
            reason=entered.c.reason,
            version=move.c.version + 1,
            changed_at=entered.c.at,
        )
        .returning(move.c.station_id)
    )


def _is_stored(connection: sa.Connection, plan_id: str, transition: Transition) -> bool:
    """Whether the very same transition is the station's last: it was committed, and the answer to that was lost."""
    row = tables.transition.c
    last = (
        sa.select(tables.transition)
        .where(row.plan_id == plan_id, row.station_id == transition.station_id)
        .order_by(row.transition_id.desc())
        .limit(1)
    )
    found = connection.execute(last).mappings().one_or_none()
    return found is not None and all(found[name] == getattr(transition, name) for name in HISTORY)


def _opened() -> Insert:
    """Open an order, or one that is done anew: how it was done then is in the station's history."""
    order = insert(tables.work_order)
    told = ("reason", "instructions", "owner", "state", "opened_at", "leads_to")
    again = {name: order.excluded[name] for name in told}
    empty = dict.fromkeys(("closed_at", "reported_by", "reported_at", "note", "evidence"), sa.null())
    return order.on_conflict_do_update(
        index_elements=[tables.work_order.c.plan_id, tables.work_order.c.station_id],
        set_=again | empty,
        where=tables.work_order.c.state == str(State.DONE),
    )


def _order(plan_id: str, transition: Transition) -> dict[str, object]:
    return {
        "plan_id": plan_id,
        "station_id": transition.station_id,
        "reason": transition.reason,
        "instructions": "Bring the station back into service at the target, then close this order.",
        "owner": "maintenance",
        "state": "open",
        "opened_at": transition.at,
        "leads_to": "target",
    }
