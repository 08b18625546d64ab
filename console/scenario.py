"""The rehearsal's script: which flows run, in which order, how each is told. Imports Prefect, so is imported late."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import sqlalchemy as sa
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from charging.database.queries import progress
from console import waiting
from console.workplace import Rehearsal
from flows.cleanse import cleanse
from flows.cut_over import cut_over
from flows.extract_legacy import extract_legacy
from flows.load_target import load_target
from flows.parameters import Asking, CutOver, Loading, Night, Planning, Publishing, Remapping, RollBack
from flows.plan_waves import plan_waves
from flows.publish_reports import publish_reports
from flows.reconcile_cdrs import reconcile_cdrs
from flows.remap_ids import remap_ids
from flows.roll_back import roll_back

Result = dict[str, Any]
HISTORY_DAYS = 28
SMALL = 600
TO_THE_GATE = "a rehearsal goes on to its gates, which judge by the same limits"
"""Why a rehearsal goes on where too much of a small network stands in quarantine: what it shows there is the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the script: what it does, how it is told, and how its progress is read from our tables."""

    name: str
    title: str
    do: Callable[[], Result]
    say: Callable[[Mapping[str, Any]], str]
    watch: Callable[[sa.Connection], tuple[int, int, str]] | None = None


def steps(rehearsal: Rehearsal, *, is_asking: bool, ui: str) -> Generator[Step, Result, None]:
    """Yield the steps in order; each yield gives back what the step before came to.

    Between waves a night is reconciled, because the next gate reads it.
    """
    asking = Asking.COMMITTEE if is_asking else Asking.REHEARSAL
    today = rehearsal.began_at.date()

    yield _step("extract_legacy", "extract the legacy", extract_legacy, _say_extracted)
    yield _step("cleanse", "cleanse", cleanse, _say_cleansed)
    yield _step("remap_ids", "remap EVSE ids", lambda: remap_ids(Remapping(approve=True)), _say_remapped)
    loading = Loading(dry_run=False, despite=TO_THE_GATE)
    yield _step("load_target", "load the target", lambda: load_target(loading), _say_loaded)
    # A type of a small network has but few stations: one of each goes first then, three of each otherwise.
    planning = Planning(pilot=1 if rehearsal.stations < SMALL else 3, despite=TO_THE_GATE)
    plan = yield _step("plan_waves", "plan the waves", lambda: plan_waves(planning), _say_planned)
    yield _night("night before", today)

    waves = [wave["wave"] for wave in plan["waves"]]
    for wave in waves:
        ordered = CutOver(
            plan_id=plan["plan_id"], waves=[wave], asking=asking, requester="the rehearsal", dry_run=False
        )
        outcome = yield Step(
            name=f"cut_over wave {wave}",
            title=f"cut over wave {wave}",
            do=partial(_cut_over, ordered, is_asking=is_asking, ui=ui),
            say=_say_moved,
            watch=progress.of_wave(plan["plan_id"], wave),
        )
        if outcome["held"]:
            break
        if wave == waves[0]:
            yield _drill(plan["plan_id"], outcome)
        yield _night(f"night after wave {wave}", today)
    yield _step(
        "publish_reports",
        "publish the reports",
        lambda: publish_reports(Publishing(plan_id=plan["plan_id"])),
        _say_published,
    )


def _step(name: str, title: str, do: Callable[[], Result], say: Callable[[Mapping[str, Any]], str]) -> Step:
    def run() -> Result:
        # Prefect's heartbeat joins a thread that sleeps a second at the end of each flow; nobody watches for ours.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            return do()

    return Step(name=name, title=title, do=run, say=say)


def _night(name: str, day: date) -> Step:
    # The live sessions of stations that have moved end after the rehearsal began, perhaps after midnight.
    asked = Night(day=day, days=HISTORY_DAYS)
    return _step(name, f"reconcile CDRs, {name}", lambda: reconcile_cdrs(asked), _say_reconciled)


def _drill(plan_id: str, outcome: Mapping[str, Any]) -> Step:
    """Prove the way back on one station of the pilot before many depend on it."""
    station = min(outcome["verified"])
    asked = RollBack(
        plan_id=plan_id, stations=[station], reason="drill: the way back, proven on one station", dry_run=False
    )
    return _step("roll_back drill", f"prove the way back on {station}", lambda: roll_back(asked), _say_returned)


def _cut_over(ordered: CutOver, *, is_asking: bool, ui: str) -> Result:
    if is_asking:
        return waiting.run_and_wait(ordered, ui=ui)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return cut_over(ordered)


def _say_extracted(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{number} {entity}s" for entity, number in result["row_counts"].items())


def _say_cleansed(result: Mapping[str, Any]) -> str:
    total = {
        name: sum(account[name] for account in result["accounts"])
        for name in ("rows_in", "loaded", "merged", "quarantined")
    }
    return "{rows_in} rows in = {loaded} loaded + {merged} merged + {quarantined} quarantined".format_map(total)


def _say_remapped(result: Mapping[str, Any]) -> str:
    return f"{result['approved']} new ids, {result['kept']} kept, {result['needs_owner']} need an owner's decision"


def _say_loaded(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{number} {action}" for action, number in sorted(result["actions"].items()))


def _say_planned(result: Mapping[str, Any]) -> str:
    sizes = "+".join(str(wave["stations"]) for wave in result["waves"])
    return f"waves of {sizes} stations, {len(result['held'])} held"


def _say_moved(result: Mapping[str, Any]) -> str:
    if result["held"]:
        return f"held at the gate: {result['held']}"
    return ", ".join(f"{number} {stage}" for stage, number in sorted(result["stages"].items()))


def _say_returned(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{number} {stage}" for stage, number in result["ended"].items())


def _say_reconciled(result: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{night['partner']}: {night['judged']} CDRs judged, at risk {night['money_at_risk'] or 'nothing'}"
        for night in result["nights"]
    )


def _say_published(result: Mapping[str, Any]) -> str:
    return f"{len(result['reports'])} reports"
