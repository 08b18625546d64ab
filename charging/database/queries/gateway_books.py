"""Reading the books of stations' transactions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.relay.facts import BOOK_KINDS, Fact, FactKind
from charging.ocpp.relay.joining import Joining
from charging.ocpp.relay.straddling import KEPT_STOPS, READ, straddling

_BEGINS = (FactKind.STARTED, FactKind.SEEN)
_ENDS = (
    *(FactKind.STOPPED, FactKind.RELAYED_STOP, FactKind.KEPT_STOP, FactKind.REFUSED_STOP),
    *(FactKind.SUPERSEDED, FactKind.REFUSED_START),
)
AROUND = timedelta(days=92)
"""Longer than any charge lasts, and than any station keeps a stop to itself: what is further off is another charge."""
LATEST = 200
"""Facts of a station that its book is made of: many times those that a book remembers. Others do not count."""


def facts(connection: sa.Connection, station_ids: Sequence[str]) -> dict[str, list[Fact]]:
    """Return the latest facts of each station that change its book, its oldest first."""
    wanted = (
        sa.func.unnest(sa.literal(list(station_ids), sa.ARRAY(sa.Text)))
        .table_valued("station_id")
        .render_derived(name="wanted")
    )
    fact = tables.transaction_fact.c
    latest = (
        sa.select(fact.station_id, fact.fact_number, fact.facts)
        .where(fact.station_id == wanted.c.station_id, fact.kind.in_(sorted(BOOK_KINDS)))
        .order_by(fact.fact_number.desc())
        .limit(LATEST)
        .lateral("latest")
    )
    chosen = sa.select(latest).select_from(wanted.join(latest, sa.true())).order_by(latest.c.fact_number)
    found: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.station_id].append(msgspec.convert(row.facts, Fact))
    return found


def kept(
    connection: sa.Connection, station_id: str | None = None, *, kinds: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return facts as they were stored, of a station or of all, of these kinds or of all; the oldest first."""
    table = tables.transaction_fact
    chosen = sa.select(table).order_by(table.c.fact_number)
    if station_id is not None:
        chosen = chosen.where(table.c.station_id == station_id)
    if kinds:
        chosen = chosen.where(table.c.kind.in_(kinds))
    return [dict(row) for row in connection.execute(chosen).mappings()]


def straddled(connection: sa.Connection, back_office: str) -> Joining:
    """Return the charges of one back-office whose stops were kept, and what is left over of their stations.

    Read is what happened at a station within `AROUND` of a stop that was kept there.
    """
    fact, stop = tables.transaction_fact.c, tables.transaction_fact.alias("stop").c
    is_kept = stop.kind.in_(sorted({*KEPT_STOPS, FactKind.RELAYED_STOP}))
    is_near = stop.at.between(fact.at - AROUND, fact.at + AROUND)
    near = sa.exists().where(stop.station_id == fact.station_id, is_kept, is_near)
    chosen = sa.select(fact.facts).where(fact.kind.in_(sorted(READ)), near).order_by(fact.fact_number)
    found = straddling(msgspec.convert(facts, Fact) for facts in connection.scalars(chosen))
    return replace(found, joined=tuple(one for one in found.joined if one.start.back_office == back_office))


def open_transactions(
    connection: sa.Connection, station_ids: Sequence[str], back_office: str, *, since: datetime
) -> dict[str, int]:
    """Return how many transactions of each station run at a back-office, of those of which anything came since."""
    fact = tables.transaction_fact.c
    transaction = fact.facts["transaction"].astext
    latest = (
        sa.select(fact.station_id, fact.kind)
        .distinct(fact.station_id, transaction)
        .where(
            fact.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text))),
            fact.back_office == back_office,
            fact.at > since,
            fact.kind.in_([*_BEGINS, *_ENDS]),
        )
        .order_by(fact.station_id, transaction, fact.fact_number.desc())
        .subquery()
    )
    counted = (
        sa.select(latest.c.station_id, sa.func.count()).where(latest.c.kind.in_(_BEGINS)).group_by(latest.c.station_id)
    )
    return dict(connection.execute(counted).tuples().all())
