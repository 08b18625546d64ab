"""Loading the target: what would change, doing it, and reading it back."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import loading as write
from charging.database.queries import clean
from charging.database.queries import identifiers as ledger
from charging.database.queries import loading as read
from charging.database.turns import take_turns
from charging.errors import CountsDisagree
from charging.targets.change import Action, Change, Plain
from charging.targets.csv_folder import CsvTarget
from charging.targets.outcome import Outcome, Verdict, outcomes
from charging.targets.target import Target
from charging.targets.wanted import ENTITIES, Wanted
from expectations.findings import Findings
from tasks import line, opening, outgoing
from tasks.validations import store_all

TARGET = "target"
NOTED = 50
"""How many rows are sent before what the target said of them is written down."""


@task
def load(*, dry_run: bool, despite: str = "") -> dict[str, Any]:
    """Bring the target to what is clean: plan, write the plan down, apply it, read everything back.

    Raises:
        CountsDisagree: if a row is not accounted for.
        GateClosed: if too much stands in quarantine, and `despite` does not say why to go on.
    """
    settings = configuration.load()
    with opening.engine(settings) as engine:
        if not dry_run:
            line.require_running(engine, "load_target", despite=despite)
    with opening.engine(settings) as engine, opening.target(settings, stamps=stamps_of(engine)) as target:
        return load_into(engine, target, dry_run=dry_run) | {"found_by": found_by(target)}


def load_into(engine: sa.Engine, target: Target, *, dry_run: bool) -> dict[str, Any]:
    """Load one target from our database. Killed at any instant and started again, it ends in the same place.

    Raises:
        BackOfficeUnavailable: if the target does not answer (any more).
        CountsDisagree: if a row is not accounted for.
    """
    with engine.begin() as turn:
        take_turns(turn, "load")
        wanted = wanted_of(turn)
        found: list[Findings] = []
        changes = target.plan(wanted, check=outgoing.checking(target.kind, found))
        _keep(engine, target, found)
        ended: list[Outcome] = []
        if not dry_run:
            with engine.begin() as noting:
                write.store_plan(noting, changes, target=TARGET)
            _apply(engine, target, changes)
            ended = _observe(engine, target, changes)
    return told(target, wanted, changes, ended, dry_run=dry_run)


def found_by(target: Target) -> dict[str, str]:
    """Return by what the rows of each file are found again, where a target is files."""
    return target.found_by if isinstance(target, CsvTarget) else {}


def wanted_of(connection: sa.Connection) -> Wanted:
    """Return what the target should hold."""
    return Wanted(
        tariffs=clean.tariffs(connection),
        locations=clean.locations(connection),
        stations=clean.stations(connection),
        evses=ledger.remapped(connection, clean.evses(connection)),
        connectors=clean.connectors(connection),
        tokens=clean.tokens(connection),
    )


def stamps_of(engine: sa.Engine) -> read.Stamps:
    """Return which content was last meant for the target, and the instants that went with it."""
    with engine.connect() as connection:
        return read.stamps(connection, TARGET)


def _keep(engine: sa.Engine, target: Target, found: Sequence[Findings]) -> None:
    now = system_clock()
    with engine.begin() as connection:
        run = f"load-{target.kind}-{now:%Y%m%dT%H%M%S}"
        store_all(connection, found, run=run, stage="outgoing", source=TARGET, at=now)


def _apply(engine: sa.Engine, target: Target, changes: Sequence[Change]) -> None:
    said = target.apply(changes)
    while noted := list(islice(said, NOTED)):
        with engine.begin() as connection:
            write.store_applied(connection, noted, target=TARGET, at=system_clock())


def _observe(engine: sa.Engine, target: Target, changes: Sequence[Change]) -> list[Outcome]:
    differences = target.verify(changes)
    with engine.begin() as connection:
        ended = outcomes(changes, read.applied(connection, TARGET, changes), differences)
        write.store_outcomes(connection, ended, target=TARGET, at=system_clock())
    return ended


def told(
    target: Target, wanted: Wanted, changes: Sequence[Change], ended: Sequence[Outcome], *, dry_run: bool
) -> dict[str, Any]:
    """Return what was, or would be, done, as plain values."""
    counts = {
        entity: {str(action): number for action in Action for number in [_count(changes, entity, action)]}
        for entity in dict.fromkeys(change.entity for change in changes)
    }
    verdicts = Counter(str(one.verdict) for one in ended)
    if sum(verdicts.values()) not in {0, len(changes)}:
        raise CountsDisagree("the load", rows_in=len(changes), loaded=sum(verdicts.values()), quarantined=0)
    return {
        "target": target.kind,
        "dry_run": dry_run,
        "rows": len(changes),
        "actions": dict(Counter(str(change.action) for change in changes)),
        "by_entity": counts,
        "not_taken": {
            entity: len(wanted.of(entity)) for entity in ENTITIES if entity not in target.entities and wanted.of(entity)
        },
        "verdicts": dict(verdicts),
        "changes": [_shown(change) for change in changes if change.action.is_sent],
        "kept": [
            {"entity": change.entity, "key": change.key, "field": field, "ours": change.fields[field], "theirs": value}
            for change in changes
            for field, value in change.kept.items()
        ],
        "refused": _refused(changes, ended),
        "is_settled": all(one.verdict.is_settled for one in ended)
        and not any(change.action is Action.UNKNOWN for change in changes),
    }


def _count(changes: Sequence[Change], entity: str, action: Action) -> int:
    return sum(change.entity == entity and change.action is action for change in changes)


def _shown(change: Change) -> dict[str, Any]:
    fields: dict[str, list[Plain]] = {
        name: [change.before.get(name), value]
        for name, value in change.after.items()
        if change.before.get(name) != value
    }
    return {"entity": change.entity, "key": change.key, "action": str(change.action), "fields": fields}


def _refused(changes: Sequence[Change], ended: Sequence[Outcome]) -> list[dict[str, Any]]:
    if ended:
        return [
            {"entity": one.entity, "key": one.key, "verdict": str(one.verdict), "reason": one.reason}
            for one in ended
            if one.verdict is not Verdict.LOADED
        ]
    return [
        {"entity": change.entity, "key": change.key, "verdict": str(change.action), "reason": change.reason}
        for change in changes
        if change.action in {Action.REFUSE, Action.UNKNOWN}
    ]
