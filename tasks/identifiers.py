"""EVSE ids: proposing changes and keeping the ledger of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import identifiers as write
from charging.database.operations import remapping
from charging.database.operations.remapping import Word
from charging.database.queries import clean
from charging.database.queries import identifiers as read
from charging.identifiers.remap import Remap
from charging.identifiers.remapping import Outcome, Result, State
from charging.settings import Settings
from tasks import opening


@task
def remap(*, approve: bool, rules: Sequence[str] = (), by: str = "", reason: str = "") -> dict[str, Any]:
    """Propose an id for every EVSE that needs one; return the counts, the collisions and the owner's questions.

    With `approve`, what needs no owner is approved; and what the named rules propose, in the name of `by`.
    """
    settings = configuration.load()
    country, _, operator = settings.operator.partition("*")
    now = system_clock()
    with opening.engine(settings) as engine, engine.begin() as connection:
        evses = clean.evses(connection)
        proposed = write.propose(
            connection,
            evses,
            country=country,
            operator=operator,
            din_operators=settings.remap.din_operators,
            at=now,
        )
        outcomes: list[Outcome] = []
        if approve:
            word = Word(
                by=by or write.RULES, reason=reason or "approved by rule", at=now, alias_for=alias_for(settings)
            )
            uids = [uid for rule in rules or (None,) for uid in remapping.by_rule(connection, rule)]
            outcomes = remapping.approve(connection, uids, word=word)
        return _told(connection, proposed, evses=len(evses), outcomes=outcomes)


def alias_for(settings: Settings) -> timedelta:
    """Return for how long an id that was given up still answers for its EVSE."""
    return timedelta(days=settings.remap.alias_days)


def _told(connection: sa.Connection, proposed: Remap, *, evses: int, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    states = read.states(connection)
    approved = {each.evse_uid for each in read.remappings(connection, state=State.APPROVED)}
    questions = read.remappings(connection, state=State.NEEDS_OWNER)
    collided = read.remappings(connection, state=State.COLLIDES)
    return {
        "evses": evses,
        "kept": len(set(proposed.kept) - approved),
        **{str(state): states[state] for state in State},
        "questions": [
            {name: getattr(row, name) for name in ("evse_uid", "before", "after", "rule", "reason")}
            for row in questions
        ],
        "collisions": [
            {"compact": collision.compact, "evse_uids": list(collision.evse_uids)} for collision in proposed.collisions
        ],
        "collided": [{name: getattr(row, name) for name in ("evse_uid", "after", "reason")} for row in collided],
        "refused": [
            {"evse_uid": each.evse_uid, "reason": each.reason} for each in outcomes if each.result is Result.REFUSED
        ],
    }
