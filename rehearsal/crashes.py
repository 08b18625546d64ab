"""PostgreSQL crashed, paused and robbed of its connections while a wave runs: what was acknowledged must be stored."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from unittest.mock import patch

import psutil
import sqlalchemy as sa

from charging.clock import Clock
from charging.database import connection as database
from charging.database import embedded, hold, journal, tables
from charging.database.embedded import Cluster
from charging.database.journal import PostgresJournal
from charging.database.operations import moves as write
from charging.migration.journey import Journey
from charging.migration.ports import Journal, Move, Transition
from charging.secret import Secret

PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class Acknowledged:
    """A journal that remembers what it was told is stored, and how long it was before it was told so again."""

    kept: Journal
    steps: list[tuple[str, str, bool]] = field(default_factory=list)
    """Station, step, and whether it was concluded."""
    transitions: list[Transition] = field(default_factory=list)
    struck_at: float | None = None
    """When the database came back from the last strike, until something is stored again."""
    waits: list[float] = field(default_factory=list)

    async def intend(
        self, station_id: str, *, attempt: int, step: str, request: Mapping[str, object], at: datetime
    ) -> None:
        """Store an intent."""
        await self.kept.intend(station_id, attempt=attempt, step=step, request=request, at=at)
        self._heard()
        self.steps.append((station_id, step, False))

    async def conclude(
        self, station_id: str, *, attempt: int, step: str, response: Mapping[str, object], at: datetime
    ) -> None:
        """Store how it went."""
        await self.kept.conclude(station_id, attempt=attempt, step=step, response=response, at=at)
        self._heard()
        self.steps.append((station_id, step, True))

    async def enter(self, transition: Transition) -> None:
        """Store a transition."""
        await self.kept.enter(transition)
        self._heard()
        self.transitions.append(transition)

    def _heard(self) -> None:
        if self.struck_at is not None:
            self.waits.append(time.monotonic() - self.struck_at)
            self.struck_at = None


@dataclass(slots=True)
class Strikes:
    """What is done to the database, and how often it was."""

    cluster: Cluster
    chance: Random
    restarts: int = 0
    pauses: int = 0
    robberies: int = 0

    async def strike(self, told: Acknowledged) -> None:
        """Do something to the database, let it come back, and go on with that until cancelled."""
        kinds = [self._restart, self._restart, self._restart, self._pause, self._rob]
        while True:
            await asyncio.sleep(self.chance.uniform(0.1, 0.8))
            await asyncio.to_thread(self.chance.choice(kinds))
            told.struck_at = time.monotonic()

    def _restart(self) -> None:
        """Crash it, as a power cut would end its processes, and start it again."""
        self.restarts += 1
        postmaster = self._postmaster()
        postmaster.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown: recovery at the next start
        with contextlib.suppress(psutil.TimeoutExpired):
            postmaster.wait(30)
        embedded.start(self.cluster)

    def _pause(self) -> None:
        self.pauses += 1
        family = [self._postmaster()]
        family += family[0].children(recursive=True)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(PAUSE_SECONDS)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _rob(self) -> None:
        """End every connection that anybody has."""
        self.robberies += 1
        postmaster = self._postmaster()
        for child in postmaster.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if " [local]" in " ".join(child.cmdline()) or "127.0.0.1" in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGTERM)

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.cluster.data / "postmaster.pid").read_text().split()[0]))


@contextlib.asynccontextmanager
async def struck(
    moves: Sequence[Move], *, engine: sa.Engine, plan_id: str, strikes: Strikes, clock: Clock, told: list[Acknowledged]
) -> AsyncIterator[Journal]:
    """Yield the real journal of a plan of these moves, on a database that is struck as long as the block runs."""
    with engine.begin() as connection:
        rows = [
            {
                "station_id": move.station_id,
                "wave": move.wave,
                "lane": "live",
                "recipe": move.recipe,
                "stage": move.stage,
                "attempt": move.attempt,
                "deadline_at": None,
                "reason": "",
            }
            for move in moves
        ]
        write.store_plan(connection, plan_id=plan_id, parameters={}, content_sha256="0", moves=rows, at=clock())
    with hold.alone(engine, plan_id) as held:
        async with journal.opened(engine, plan_id, hold=held) as kept:
            acknowledged = Acknowledged(kept)
            told.append(acknowledged)
            striking = asyncio.create_task(strikes.strike(acknowledged))
            try:
                yield acknowledged
            finally:
                striking.cancel()
                await asyncio.gather(striking, return_exceptions=True)
                await asyncio.to_thread(embedded.start, strikes.cluster)


def missing(engine: sa.Engine, plan_id: str, told: Acknowledged) -> list[str]:
    """Return what was acknowledged and is not stored, or is stored twice."""
    engine.dispose()
    effect, transition = tables.effect.c, tables.transition.c
    with engine.connect() as connection:
        of_effects = sa.select(effect.station_id, effect.step, effect.response).where(effect.plan_id == plan_id)
        stored = {(row.station_id, row.step): row.response for row in connection.execute(of_effects)}
        of_transitions = sa.select(transition.station_id, transition.before, transition.after, transition.at)
        found = connection.execute(of_transitions.where(transition.plan_id == plan_id)).all()
    entered = {tuple(row) for row in found}
    return [
        *(f"{name} {step}" for name, step, _ in told.steps if (name, step) not in stored),
        *(f"{name} {step} concluded" for name, step, is_end in told.steps if is_end and not stored.get((name, step))),
        *(
            f"{one.station_id} {one.after}"
            for one in told.transitions
            if (one.station_id, str(one.before), str(one.after), one.at) not in entered
        ),
        *(
            [f"{len(found) - len(told.transitions)} transitions too many"]
            if len(found) != len(told.transitions)
            else []
        ),
    ]


def prepared(home: Path) -> tuple[Cluster, sa.Engine]:
    """Return a durable cluster of its own with our tables, and a way in."""
    cluster = embedded.locate(home)
    url = embedded.create_database(embedded.start(cluster), "own")
    engine = database.connect(Secret(url))
    database.migrate(engine)
    return cluster, engine


async def _acknowledge_at_once(kept: PostgresJournal, record: object) -> None:
    unheard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    unheard.add_done_callback(lambda done: done.exception())
    await kept._waiting.put((record, unheard))  # type: ignore[arg-type]  # noqa: SLF001 - the mistake is made inside


async def _store_once(_: Journey, store: Callable[[], Awaitable[None]]) -> None:
    await store()


MISTAKES: Mapping[str, tuple[object, str, object]] = {
    "acknowledges before it has committed": (PostgresJournal, "_record", _acknowledge_at_once),
    "is given up at its first failure": (Journey, "_recorded", _store_once),
}


@contextlib.contextmanager
def wrong(name: str) -> Iterator[None]:
    """Let the journal, or its use, be wrong while the block runs."""
    with patch.object(*MISTAKES[name]):
        yield
