"""Reading the alias ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from charging.database import tables
from charging.network import Evse


def states(connection: sa.Connection) -> Counter[str]:
    """Return how many entries of the ledger are proposed, approved, or wait for an owner."""
    alias = tables.alias.c
    return Counter(
        dict(connection.execute(sa.select(alias.state, sa.func.count()).group_by(alias.state)).tuples().all())
    )


def entries(connection: sa.Connection, *, state: str | None = None) -> list[sa.RowMapping]:
    """Return the ledger's entries, by EVSE."""
    alias = tables.alias
    chosen = sa.select(alias).order_by(alias.c.evse_uid, alias.c.valid_from)
    return list(connection.execute(chosen.where(alias.c.state == state) if state else chosen).mappings())


def remapped(connection: sa.Connection, evses: Sequence[Evse]) -> list[Evse]:
    """Return EVSEs under the ids that they carry from now on: the approved ones, else their own."""
    after = {row["evse_uid"]: row["after"] for row in entries(connection, state="approved")}
    return [replace(evse, evse_id=after.get(evse.evse_uid, evse.evse_id)) for evse in evses]
