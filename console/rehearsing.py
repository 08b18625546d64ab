"""The main job: a whole migration and a whole night, rehearsed from an empty folder to the last report.

It may be killed at any instant and started again: what a run has finished is in the database, and every flow looks at
where things stand before it does the next thing.
"""

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database.operations import evidence as write
from charging.database.queries import evidence as read
from charging.database.queries import overview
from charging.errors import AnotherRehearsal, DiskFull
from console import parts, prefect_home, stack, starting, workplace
from console.progress import Telling
from console.warming import warming
from console.workplace import Rehearsal

if TYPE_CHECKING:
    from console.scenario import Step

NEEDED_MB = 500
Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    stations: int
    seed: int
    is_asking: bool


def rehearse(home: Path, wanted: Wanted, *, is_fresh: bool, telling: Telling) -> Result:
    """Run the main job to its end, or carry on where the last start of the same rehearsal stopped.

    Raises:
        AnotherRehearsal: if one runs now, or another one was begun here and `is_fresh` was not asked for.
        DiskFull: if there is not enough room.
    """
    home.mkdir(parents=True, exist_ok=True)
    _require_room(home)
    with _alone(home):
        if is_fresh:
            put_away(home)
        rehearsal = _chosen(home, wanted)
        with warming() as warm_up:
            engine = _start(home, rehearsal, telling, warm_up=warm_up)
            try:
                _run(home, rehearsal, engine, is_asking=wanted.is_asking, telling=telling)
                with engine.connect() as connection:
                    result = overview.of(connection)
            finally:
                engine.dispose()
    return result | {
        "run": rehearsal.run,
        "ui": prefect_home.ui_address(home),
        "is_complete": True,
    }


def end(home: Path) -> bool:
    """Put the last rehearsal away; return whether there was one. What is done here from then on is real work.

    Raises:
        AnotherRehearsal: if it runs now, or keeps its data on another server than the one that is named now.
    """
    if not workplace.rehearsal_folder(home).exists():
        return False
    with _alone(home):
        put_away(home)
    return True


def put_away(home: Path) -> None:
    """Remove the last rehearsal: its world, its databases, its folder. Real work in this home is not touched."""
    for part in ("runner", "world"):
        parts.stop(part, home=home, seconds=6.0)
    if workplace.rehearsal_folder(home).exists():
        workplace.drop_rehearsal_databases(home)
        shutil.rmtree(workplace.rehearsal_folder(home))


def _chosen(home: Path, wanted: Wanted) -> Rehearsal:
    """Return the rehearsal that was begun here, or the one that is to begin."""
    present = workplace.present(home)
    if present is None:
        now = system_clock().replace(microsecond=0)
        return Rehearsal(
            run=f"rehearsal-{now:%Y%m%d-%H%M%S}",
            stations=wanted.stations,
            seed=wanted.seed,
            as_of=now.isoformat(),
            server=workplace.server_name(),
        )
    if (present.stations, present.seed) != (wanted.stations, wanted.seed):
        raise AnotherRehearsal(
            f"one of {present.stations} stations with seed {present.seed} was begun on {present.as_of[:16]}",
            f"carry it on with --stations {present.stations} --seed {present.seed}, or begin anew with --fresh",
        )
    return present


def _start(home: Path, rehearsal: Rehearsal, telling: Telling, *, warm_up: Callable[[Path], None]) -> sa.Engine:
    """Start every part, the slow ones at the same time, and return a way into the rehearsal's database."""
    telling.begin("stack", "PostgreSQL, Prefect, and a simulated network")
    with stack.starting_prefect(home) as prefect:
        databases = workplace.create_rehearsal_databases(home)
    workplace.begin(home, rehearsal)  # not earlier: what could not be started has not begun
    warm_up(home)
    engine = starting.start_rehearsal(home, rehearsal, databases)
    parts.wait(prefect, home=home)
    telling.end("stack", f"up; Prefect UI at {prefect_home.ui_address(home)}")
    return engine


def _run(home: Path, rehearsal: Rehearsal, engine: sa.Engine, *, is_asking: bool, telling: Telling) -> None:
    os.environ["REHOME_HOME"] = str(workplace.rehearsal_folder(home))
    if is_asking:
        parts.wait(stack.start_runner(home), home=home)
    # Prefect reads its environment when it is first imported, and finds it since `warm_up`.
    from console import scenario  # noqa: PLC0415

    script = scenario.steps(rehearsal, is_asking=is_asking, ui=prefect_home.ui_address(home))
    with contextlib.suppress(StopIteration):
        step = next(script)
        while True:
            step = script.send(_do(step, rehearsal, engine, telling))
    if not is_asking:
        stack.start_runner(home)


def _do(step: "Step", rehearsal: Rehearsal, engine: sa.Engine, telling: Telling) -> Result:
    """Do a step unless this rehearsal has finished it before; either way return what it came to."""
    with engine.connect() as connection:
        finished = read.step(connection, run=rehearsal.run, step=step.name)
    telling.begin(step.name, step.title)
    if finished is None:
        with _watching(engine, step.name, step.watch, telling):
            finished = step.do()
        with engine.begin() as connection:
            write.store_step(connection, run=rehearsal.run, step=step.name, result=finished, at=system_clock())
    telling.end(step.name, step.say(finished))
    return finished


@contextmanager
def _watching(
    engine: sa.Engine, phase: str, watch: Callable[[sa.Connection], tuple[int, int, str]] | None, telling: Telling
) -> Iterator[None]:
    """Tell, twice a second, how far a long step is; what is told comes from our tables."""
    if watch is None:
        yield
        return
    is_over = threading.Event()

    def tell() -> None:
        while not is_over.wait(0.5):
            with engine.connect() as connection:
                telling.advance(phase, *watch(connection))

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "rehearse.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRehearsal("one is running in this folder now", "wait for it, or stop it first") from None
        yield


def _require_room(home: Path) -> None:
    free_mb = shutil.disk_usage(home).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise DiskFull(str(home), free_mb, NEEDED_MB)
