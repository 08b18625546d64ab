"""The rehearsal, killed with SIGKILL at several points of each flow and started again, ends where a calm one ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from charging import settings as configuration
from charging.database import connection as database
from charging.database import embedded, tables
from console import parts, workplace

pytestmark = pytest.mark.stack

REHOME = Path(sys.executable).parent / "rehome"
STATIONS, SEED = 24, 7
FLOWS = {
    "extract_legacy": "extract_legacy",
    "cleanse": "cleanse",
    "remap_ids": "remap_ids",
    "load_target": "load_target",
    "plan_waves": "plan_waves",
    "reconcile_cdrs": "night before",
    "cut_over": "cut_over wave 0",
    "roll_back": "roll_back drill",
    "publish_reports": "publish_reports",
}
"""Each flow, and the rehearsal's step in which it is killed."""
AFTER_SECONDS = (0.02, 0.3)
MORE_TRIES = 5
"""On a busy machine a kill may come late every time; then it is tried again."""
LATER_IN_THE_WAVE = (1.0, 2.0, 3.5)
"""The wave takes seconds: it is killed while stations drain, are written to, and are awaited."""


def test_ends_in_the_same_place_however_often_it_is_killed(open_folder):
    calm, killed = open_folder(), open_folder()
    try:
        assert _start(calm).wait(timeout=480) == 0
        expected = _final_state(calm)
    finally:
        _stop(calm)

    struck = Counter()
    try:
        for flow, step in FLOWS.items():
            for after in AFTER_SECONDS + (LATER_IN_THE_WAVE if flow == "cut_over" else ()):
                struck[flow] += _kill_in(killed, step, after=after)
            for _ in range(MORE_TRIES):
                struck[flow] = struck[flow] or _kill_in(killed, step, after=0)
            if flow == "load_target":
                _cut_the_power(killed)
        assert _start(killed).wait(timeout=480) == 0
        found = _final_state(killed)
    finally:
        _stop(killed)

    assert found == expected
    # A kill that came after the flow had ended proves nothing of it: each must have been struck while it ran.
    assert {flow for flow in FLOWS if not struck[flow]} == set()


def _start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [REHOME, "rehearse", "--stations", str(STATIONS), "--seed", str(SEED), "--json"],
        env={name: value for name, value in os.environ.items() if name != "REHOME_PREFECT_PORT"}
        | {"REHOME_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=(home / "told.jsonl").open("a+"),
        text=True,
        start_new_session=True,
    )


def _kill_in(home: Path, step: str, *, after: float) -> int:
    """Kill the rehearsal some time after a step has begun; return 1 if the step had not ended by then."""
    told = home / "told.jsonl"
    told.write_text("")
    running = _start(home)
    while {"event": "begin", "phase": step} not in _events(told):
        assert running.poll() is None, f"it ended by itself: {told.read_text()[-2000:]}"
        time.sleep(0.01)
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return int({"event": "end", "phase": step} not in _events(told))


def _events(told: Path) -> list[dict[str, str]]:
    found = []
    for line in told.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            event = json.loads(line)
            found.append({"event": event["event"], "phase": event["phase"]})
    return found


def _cut_the_power(home: Path) -> None:
    """Kill every program of the stack at once, the database too."""
    numbers = [parts.process(name, home=home) for name in ("runner", "world", "prefect")]
    family = [one for found in numbers if found for one in (found, *found.children(recursive=True))]
    cluster = embedded.locate(home)
    if "DATABASE_URL" not in os.environ:
        postmaster = psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))
        family += [postmaster, *postmaster.children(recursive=True)]
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(family, timeout=60)


def _stop(home: Path) -> None:
    subprocess.run([REHOME, "down"], env=os.environ | {"REHOME_HOME": str(home)}, check=True, capture_output=True)


def _final_state(home: Path) -> dict[str, object]:
    """Everything that a run comes to, without the instants at which it did."""
    engine = database.connect(database.address(configuration.load(workplace.of(home))))
    with engine.connect() as connection:

        def rows(*columns: sa.Column[object]) -> list[tuple[object, ...]]:
            return sorted(tuple(row) for row in connection.execute(sa.select(*columns)))

        def count(table: sa.Table) -> int:
            return connection.scalar(sa.select(sa.func.count()).select_from(table))

        state = {
            "moves": rows(tables.move.c.station_id, tables.move.c.stage, tables.move.c.attempt),
            "visits": rows(tables.work_order.c.station_id),
            "gates": rows(tables.gate.c.wave, tables.gate.c.verdict, tables.gate.c.decision),
            "accounts": rows(tables.account.c.entity, tables.account.c.rows_in, tables.account.c.loaded),
            "aliases": rows(tables.alias.c.evse_uid, tables.alias.c.evse_id, tables.alias.c.rule),
            "loaded": rows(tables.load.c.entity, tables.load.c.key),
            "sessions": sorted(Counter(connection.scalars(sa.select(tables.session.c.back_office))).items()),
            "verdicts": sorted(
                Counter(
                    tuple(row)
                    for row in connection.execute(
                        sa.select(
                            tables.verdict.c.partner,
                            tables.verdict.c.verdict,
                            tables.verdict.c.cohort,
                            tables.verdict.c.money_at_risk,
                        )
                    )
                ).items(),
                key=repr,
            ),
            "quarantined": count(tables.quarantined_row),
            "open effects": connection.scalar(
                sa.select(sa.func.count()).select_from(tables.effect).where(tables.effect.c.response.is_(None))
            ),
        }
    engine.dispose()
    return state
