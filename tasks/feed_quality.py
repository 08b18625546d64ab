"""Asking of what a partner sent for a night what every good feed has, before it is judged."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from charging.database.queries import cdr_frames
from charging.database.queries import partner_feed as read
from charging.errors import QualityBlocked
from charging.roaming.cdr import Side
from charging.roaming.frame import SCHEMA
from charging.roaming.partner import Partner
from expectations.expectation import Given
from expectations.roaming import SUITE, check_feed
from tasks import intake_feed, places, validations
from tasks.intake import Period

MOST = 100_000
"""Of a greater night so many CDRs are asked about: some ten seconds' work, however great it is."""
STAGE = "feed"
NOT_ASKED: Mapping[str, Any] = {"cdrs": 0, "asked": 0, "warnings": [], "blocks": []}


def ask(connection: sa.Connection, partner: Partner, *, day: date, period: Period, now: datetime) -> dict[str, Any]:
    """Ask the suite of the CDRs of a partner's whose sessions ended in a half-open period, and write down the answer.

    Return how many there are, of how many it was asked, and what it warns of. Beyond `MOST` every n-th is asked
    about, by the hash of its key, so that asking again asks the same. A row that the suite would set aside is said,
    and judged all the same: every CDR of a partner's is in a verdict. What blocks is for the caller to stop at.
    """
    count = cdr_frames.count(connection, partner.name, Side.THEIRS, period=period)
    every = max(1, -(-count // MOST))
    stored = cdr_frames.cdr_frames(connection, partner.name, Side.THEIRS, period=period, every=every)
    frame = pl.concat([SCHEMA.to_frame(), *(part.frame for part in stored)])
    if frame.is_empty():
        return dict(NOT_ASKED)
    given = Given(as_of=now, currencies={partner.terms.currency}, evse_ids=_known_evses(connection, partner))
    findings = check_feed(frame, given=given)
    validations.store(connection, findings, run=f"night-{partner.name}-{day}", stage=STAGE, source=partner.name, at=now)
    return {
        "cdrs": count,
        "asked": frame.height,
        "warnings": [*findings.warnings, *findings.asides],
        "blocks": list(findings.blocks),
    }


def require_good(feed: Mapping[str, Any]) -> None:
    """Refuse to judge a night of a feed that an expectation blocks.

    Raises:
        QualityBlocked: if one does.
    """
    if feed["blocks"]:
        raise QualityBlocked(SUITE, feed["blocks"])


def _known_evses(connection: sa.Connection, partner: Partner) -> set[str] | None:
    """Return the ids, of now and of before, of the network whose stations they are; None where it is not known."""
    if intake_feed.is_needed(partner):
        theirs = {evse.evse_compact for place in read.locations(connection, partner.name) for evse in place.evses}
        return {compact for compact in theirs if compact} or None
    ours = places.our_stations(connection)
    return {*ours.by_id, *ours.ledger.compacts()} or None
