"""Reading the books of stations' transactions."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.relay.facts import Fact

LATEST = 200
"""Facts of a station that its book is made of: many times those that a book remembers."""


def facts(connection: sa.Connection, station_ids: Sequence[str]) -> dict[str, list[Fact]]:
    """Return the latest facts of each station, its oldest first."""
    wanted = (
        sa.func.unnest(sa.literal(list(station_ids), sa.ARRAY(sa.Text)))
        .table_valued("station_id")
        .render_derived(name="wanted")
    )
    fact = tables.transaction_fact.c
    latest = (
        sa.select(fact.station_id, fact.fact_number, fact.facts)
        .where(fact.station_id == wanted.c.station_id)
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
