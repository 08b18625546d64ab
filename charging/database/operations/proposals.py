"""Proposals that are made again."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.reconciliation.follow_up.propose import Proposal


def propose_again(connection: sa.Connection, proposals: Iterable[Proposal], *, at: datetime) -> None:
    """Let proposals wait for release that were taken back, or released, before their case was found once more.

    Who had released them, and in which file, stays in the case's history.
    """
    row = tables.proposal.c
    connection.execute(
        sa.update(tables.proposal)
        .where(row.proposal_id.in_([one.proposal_id for one in proposals]), row.state != "proposed")
        .values(state="proposed", made_at=at, released_at=None, released_by=None, file=None, file_sha256=None)
    )
