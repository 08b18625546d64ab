"""Writing the alias ledger: which EVSE id became which, from when, by which rule."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.identifiers.remap import Proposal

PROPOSED, APPROVED, NEEDS_OWNER = "proposed", "approved", "needs_owner"


def store_proposals(
    connection: sa.Connection, proposals: Sequence[Proposal], *, is_approved: bool, at: datetime
) -> None:
    """Enter proposals into the ledger. What has been approved stays approved; an owner's question stays a question."""
    alias = tables.alias
    known = {
        row.evse_uid: row
        for row in connection.execute(sa.select(alias.c.evse_uid, alias.c.after, alias.c.state)).all()
        if row.state == APPROVED
    }
    fresh = [proposal for proposal in proposals if proposal.evse_uid not in known]
    connection.execute(sa.delete(alias).where(alias.c.state != APPROVED))
    entered = [
        {
            "evse_uid": proposal.evse_uid,
            "valid_from": at,
            "before": proposal.before,
            "after": proposal.after,
            "rule": proposal.rule,
            "state": _state(proposal, is_approved=is_approved),
            "reason": proposal.reason,
        }
        for proposal in fresh
    ]
    rows.insert_new(connection, alias, entered)


def _state(proposal: Proposal, *, is_approved: bool) -> str:
    if proposal.needs_owner:
        return NEEDS_OWNER
    return APPROVED if is_approved else PROPOSED
