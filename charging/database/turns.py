"""Taking turns: what two runs at once would spoil for each other, one does after the other."""

import sqlalchemy as sa

from charging.database.columns import storable


def take_turns(connection: sa.Connection, what: str) -> None:
    """Wait until no other transaction does `what`, and keep others waiting until this one ends, however it ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(storable(what), 0))))
