"""Loading the target: what would change, doing it, and reading it back."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import loading as write
from charging.database.queries import clean
from charging.database.queries import identifiers as ledger
from charging.errors import CountsDisagree
from charging.targets.change import Action, Applied, Change
from charging.targets.steve import SteveTarget
from tasks import opening


@task
def load(*, dry_run: bool) -> dict[str, Any]:
    """Bring the target to what is clean: plan, write the plan down, apply it, read everything back.

    Raises:
        CountsDisagree: if what was applied and what was refused are not everything, or the target holds something else.
    """
    settings = configuration.load()
    with opening.engine(settings) as engine, opening.back_office_engine(settings, "target") as theirs:
        target = SteveTarget(theirs, "target")
        with engine.connect() as connection:
            stations, tokens = clean.stations(connection), clean.tokens(connection)
            evses = ledger.remapped(connection, clean.evses(connection))
        changes = target.plan(stations, evses, tokens)
        applied: list[Applied] = []
        if not dry_run:
            _note(engine, changes)
            applied = target.apply(changes)
            _conclude(engine, applied)
            refused = {(change.entity, change.key) for change in changes if change.action is Action.REFUSE}
            differences = [
                found for found in target.verify(stations, evses, tokens) if (found.entity, found.key) not in refused
            ]
            if differences:
                wrong = len({(found.entity, found.key) for found in differences})
                first = differences[0]
                raise CountsDisagree(
                    f"the target, where {first.field} of {first.entity} {first.key} reads {first.found!r} "
                    f"and should read {first.expected!r}",
                    rows_in=len(changes),
                    loaded=len(changes) - wrong - len(refused),
                    quarantined=len(refused),
                )
    return _told(changes, applied, dry_run=dry_run)


def _note(engine: sa.Engine, changes: list[Change]) -> None:
    with engine.begin() as connection:
        write.store_plan(connection, changes, target="target")


def _conclude(engine: sa.Engine, applied: list[Applied]) -> None:
    with engine.begin() as connection:
        write.store_applied(connection, applied, target="target", at=system_clock())


def _told(changes: list[Change], applied: list[Applied], *, dry_run: bool) -> dict[str, Any]:
    by_entity: dict[str, dict[str, int]] = {}
    for change in changes:
        counts = by_entity.setdefault(change.entity, {str(action): 0 for action in Action})
        counts[str(change.action)] += 1
    failed = [{"entity": one.entity, "key": one.key, "reason": one.error} for one in applied if one.error is not None]
    refused = [
        {"entity": change.entity, "key": change.key, "reason": change.reason}
        for change in changes
        if change.action is Action.REFUSE
    ]
    return {
        "dry_run": dry_run,
        "rows": len(changes),
        "actions": dict(Counter(str(change.action) for change in changes)),
        "by_entity": by_entity,
        "refused": refused + failed,
    }
