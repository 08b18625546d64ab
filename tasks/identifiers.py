"""EVSE ids: proposing changes and keeping the ledger of them."""

from typing import Any

from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import identifiers as write
from charging.database.queries import clean
from charging.database.queries import identifiers as read
from charging.identifiers.remap import propose
from tasks import opening


@task
def remap(*, approve: bool) -> dict[str, Any]:
    """Propose an id for every EVSE that needs one; return the counts, the collisions and the owner's questions."""
    settings = configuration.load()
    country, _, operator = settings.operator.partition("*")
    with opening.engine(settings) as engine, engine.begin() as connection:
        evses = clean.evses(connection)
        proposed = propose(evses, country=country, operator=operator)
        write.store_proposals(connection, proposed.proposals, is_approved=approve, at=system_clock())
        states = read.states(connection)
        questions = [dict(row) for row in read.entries(connection, state=write.NEEDS_OWNER)]
    return {
        "evses": len(evses),
        "kept": len(proposed.kept),
        "approved": states[write.APPROVED],
        "proposed": states[write.PROPOSED],
        "needs_owner": states[write.NEEDS_OWNER],
        "questions": [
            {name: row[name] for name in ("evse_uid", "before", "after", "rule", "reason")} for row in questions
        ],
        "collisions": [
            {"compact": collision.compact, "evse_uids": list(collision.evse_uids)} for collision in proposed.collisions
        ],
    }
