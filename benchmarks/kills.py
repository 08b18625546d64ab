"""Goal R1: SIGKILL in the middle of every kind of step, a thousand times; each migration ends as a calm one does.

    make bench-kills                 or  python benchmarks/kills.py [--kills 1000] [--stations 24]

One migration after the other runs on a simulated network with real databases: extract, cleanse, remap, load, plan,
gate, cut over, reconcile, roll back. Each step is a process of its own that is killed again and again at random
instants, and then left to end. Exits with 1 if a migration ends otherwise than a calm one, if a station obeyed a reset
too many, is in no named stage or in a final one without its row in the history, if a kind of step was never struck
while it ran, if a killed step took longer than ten seconds to begin again, or if an engine with a mistake is not
caught. It wants a machine for itself.
"""

import argparse
import json
import os
import platform
import random
import select
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import great_expectations  # noqa: F401 - what every step needs is imported once, before they are forked
import msgspec
import sqlalchemy as sa

from charging import settings as configuration
from charging.database import connection as database
from charging.database import tables
from charging.database.queries import moves as read
from charging.migration.lifecycle import FINAL, Stage
from console import stack, starting, workplace
from console.workplace import Rehearsal
from rehearsal.flash import Memory
from rehearsal.simulation.wrong_engines import wrong
from tasks import cleansing, cutover, extraction, gates, identifiers, loading, night, planning, proving

SEED = 7
DESPITE = "the kills are what is measured"
MOST_SECONDS_TO_BEGIN = 10.0
MORE_TRIES = 6
"""A short step may be over before it is killed; then it is tried again."""
MOST_MIGRATIONS = 5
"""In so many a mistake must show: whether a kill strikes where it does is chance."""
MISTAKES = ("intents are not stored", "forgets what was done before a kill", "retries a lost order blindly")


@dataclass(slots=True)
class Tally:
    """What the kills came to."""

    kills: Counter = field(default_factory=Counter)
    late: Counter = field(default_factory=Counter)
    spans: dict = field(default_factory=dict)
    slowest_begin: float = 0.0
    wrong: list = field(default_factory=list)


def main() -> int:
    """Kill as often as asked for and print what came of it, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--stations", type=int, default=24)
    parser.add_argument("--mistakes", type=int, default=len(MISTAKES), help="how many wrong engines are tried")
    parser.add_argument("--each", type=int, default=12, help="kills of one step before it is left to end")
    chosen = parser.parse_args()
    os.environ |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "GX_ANALYTICS_ENABLED": "false"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then, too
    began, chance, tally = time.perf_counter(), random.Random(SEED), Tally()
    with network(chosen.stations):
        expected = migrate(Tally(), kills=0, chance=chance)
    rounds = 0
    while tally.kills.total() < chosen.kills:
        rounds += 1
        with network(chosen.stations):
            found = migrate(tally, kills=chosen.each, chance=chance)
            tally.wrong += [f"round {rounds}: {said}" for said in differences(expected, found)]
    seconds = time.perf_counter() - began
    caught = {
        mistake: len(caught_by(mistake, chosen.stations, expected, chance)) for mistake in MISTAKES[: chosen.mistakes]
    }
    kinds = sorted({kind for kind, _ in steps("")})
    tally.wrong += [f"never killed while it ran: {kind}" for kind in kinds if not tally.kills[kind]]
    tally.wrong += [f"not caught: {mistake}" for mistake, found in caught.items() if not found]
    if tally.slowest_begin > MOST_SECONDS_TO_BEGIN:
        tally.wrong.append(f"{tally.slowest_begin:.1f} s to begin again")
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "kills": tally.kills.total(),
                "by_step": dict(tally.kills),
                "came_too_late": tally.late.total(),
                "migrations": rounds,
                "slowest_begin_seconds": round(tally.slowest_begin, 2),
                "wrongs_of_engines_with_a_mistake": caught,
                "seconds": round(seconds, 1),
                "wrong": tally.wrong,
            },
            indent=2,
        )
    )
    print("failed" if tally.wrong else "every migration ended as a calm one does", file=sys.stderr)
    return 1 if tally.wrong else 0


def steps(plan_id: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each kind of step and what it does; those after the plan ask for its id when they are called."""
    yield "extract", lambda: extraction.extract_back_office.fn("legacy")
    yield "cleanse", lambda: cleansing.cleanse_latest.fn("legacy")
    yield "remap", lambda: identifiers.remap.fn(approve=True)
    yield "load", _load
    yield "plan", lambda: planning.plan.fn(pilot=1, cap=48, despite=DESPITE)
    yield "gate", lambda: _gate(plan_id or latest_plan(), wave=0)
    yield "cutover", lambda: cutover.cut_over.fn(plan_id or latest_plan(), 0)
    yield "reconcile", _reconcile
    yield "rollback", lambda: cutover.roll_back.fn(plan_id or latest_plan(), wave=0, stations=[], reason="a drill")


def migrate(tally: Tally, *, kills: int, chance: random.Random, mistake: str | None = None) -> dict:
    """Run one migration, each step killed so often before it is left to end; return what it came to."""
    after = {}
    for kind, act in steps(""):
        for number in range(kills + MORE_TRIES * bool(kills)):
            if number < kills or not tally.kills[kind]:
                strike(kind, act, tally, chance=chance, mistake=mistake)
        began = time.perf_counter()
        if (status := run(act, tally, mistake=mistake)) != 0:
            tally.wrong.append(f"{kind} ended with {status}")
        told = f"{kind}: {tally.kills[kind]} kills, {tally.late[kind]} too late, ended in"
        print(f"{told} {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
        if kind in {"cutover", "rollback"}:
            after[kind] = state()
    return after


def strike(kind: str, act: Callable[[], object], tally: Tally, *, chance: random.Random, mistake: str | None) -> None:
    """Start a step and kill it; learn from a kill that came too late."""
    span = tally.spans.setdefault(kind, 1.0)
    child = start(act, tally, mistake=mistake)
    time.sleep(chance.uniform(0, span))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        tally.kills[kind] += 1
        tally.spans[kind] = min(span * 1.05, 6.0)
    else:
        tally.late[kind] += 1
        tally.spans[kind] = max(span * 0.7, 0.02)


def run(act: Callable[[], object], tally: Tally, *, mistake: str | None = None) -> int:
    """Start a step and let it end; return its exit status."""
    child = start(act, tally, mistake=mistake)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def start(act: Callable[[], object], tally: Tally, *, mistake: str | None) -> int:
    """Start a process that does a step, and return once it has begun."""
    began = time.perf_counter()
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(ready)
            configuration.load()
            os.write(tell, b"!")
            with wrong(mistake) if mistake else nullcontext():
                act()
            status = 0
        except BaseException as error:  # noqa: BLE001 - the child must not go on as its parent
            print(f"{type(error).__name__}: {error}"[:500], file=sys.stderr)
        finally:
            os._exit(status)
    os.close(tell)
    select.select([ready], [], [], 60)
    os.close(ready)
    tally.slowest_begin = max(tally.slowest_begin, time.perf_counter() - began)
    return child


def state() -> dict:
    """Return everything that a migration comes to, without the instants at which it did."""
    settings = configuration.load()
    engine = database.connect(database.address(settings), is_pooled=False)
    with engine.connect() as connection:

        def rows(*columns: sa.Column) -> list[tuple]:
            return sorted(tuple(row) for row in connection.execute(sa.select(*columns)))

        move, transition, effect = tables.move.c, tables.transition.c, tables.effect.c
        last = sa.select(transition.after).where(
            transition.plan_id == move.plan_id, transition.station_id == move.station_id
        )
        last = last.order_by(transition.transition_id.desc()).limit(1).scalar_subquery()
        final = [str(stage) for stage in FINAL]
        is_audited = sa.select(move.station_id).where(move.wave.is_not(None), move.stage.in_(final), last != move.stage)
        found = {
            "moves": rows(move.station_id, move.stage, move.attempt),
            "unnamed": [stage for (stage,) in rows(move.stage) if stage not in set(map(str, Stage))],
            "without audit": list(connection.scalars(is_audited)),
            "never concluded": sorted(
                connection.scalars(
                    sa.select(effect.step).where(effect.response.is_(None), ~effect.step.contains("trigger"))
                )
            ),
            "visits": rows(tables.work_order.c.station_id),
            "gates": rows(tables.gate.c.wave, tables.gate.c.verdict, tables.gate.c.decision),
            "accounts": rows(tables.account.c.entity, tables.account.c.rows_in, tables.account.c.loaded),
            "aliases": rows(tables.alias.c.evse_uid, tables.alias.c.evse_id, tables.alias.c.rule),
            "loaded": rows(tables.load.c.entity, tables.load.c.key),
        }
    engine.dispose()
    return found | {"resets": resets(settings.home)}


def resets(home: Path) -> dict[str, int]:
    """Return how many orders to restart each station has obeyed: what is in its own flash."""
    with sqlite3.connect(
        home / "world" / "flash.sqlite" if (home / "world").exists() else home / "flash.sqlite"
    ) as flash:
        rows = flash.execute("SELECT station_id, content FROM memory").fetchall()
    return {station_id: msgspec.json.decode(content, type=Memory).resets for station_id, content in rows}


def differences(expected: dict, found: dict) -> list[str]:
    """Say what is otherwise than in a calm migration."""
    return [
        f"after the {kind}, {name}: {str(found[kind][name])[:300]} instead of {str(expected[kind][name])[:300]}"
        for kind in expected
        for name in expected[kind]
        if found[kind][name] != expected[kind][name]
    ]


def caught_by(mistake: str, stations: int, expected: dict, chance: random.Random) -> list[str]:
    """Let an engine with a mistake be killed, and return what is seen of it."""
    for _ in range(MOST_MIGRATIONS):
        tally = Tally()
        with network(stations):
            found = migrate(tally, kills=8, chance=chance, mistake=mistake)
        if seen := tally.wrong + differences(expected, found):
            return seen
    return []


@contextmanager
def network(stations: int) -> Iterator[None]:
    """Let a simulated network live in a folder of its own while the block runs."""
    home = Path(tempfile.mkdtemp(prefix="rehome-"))
    home.chmod(0o711)
    rehearsal = Rehearsal(
        run="kills", stations=stations, seed=SEED, as_of=datetime.now(UTC).isoformat(), server=workplace.server_name()
    )
    before = os.environ.get("REHOME_HOME")
    try:
        stack.start_database(home).dispose()
        databases = workplace.create_rehearsal_databases(home)
        workplace.begin(home, rehearsal)
        starting.start_rehearsal(home, rehearsal, databases).dispose()
        os.environ["REHOME_HOME"] = str(workplace.rehearsal_folder(home))
        yield
    finally:
        os.environ.pop("REHOME_HOME", None) if before is None else os.environ.update(REHOME_HOME=before)
        stack.down(home)
        shutil.rmtree(home, ignore_errors=True)


def latest_plan() -> str:
    """Return the id of the plan."""
    engine = database.connect(database.address(configuration.load()), is_pooled=False)
    with engine.connect() as connection:
        return read.latest_plan(connection)


def _load() -> None:
    loading.load.fn(dry_run=False, despite=DESPITE)
    proving.require(proving.prove.fn())


def _gate(plan_id: str, *, wave: int) -> None:
    gate = gates.judge.fn(plan_id, wave, requester="the kills")
    if not gate["decision"]:
        gates.decide_automatically.fn(plan_id, wave, evidence_sha256=gate["evidence_sha256"])


def _reconcile() -> None:
    day = datetime.now(UTC).date()
    for back_office in ("legacy", "target"):
        if not extraction.extract_back_office.fn(back_office, entities=("session",))["is_cleansed"]:
            cleansing.cleanse_latest.fn(back_office)
    for name in night.partners.fn([]):
        night.reconcile_partner.fn(name, day=day, days=28)


if __name__ == "__main__":
    sys.exit(main())
