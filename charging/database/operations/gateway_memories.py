"""Writing down what gateways remember of stations: one row each, and the latest one holds."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.database.queries import gateway_memories
from charging.ocpp.relay.remembered import Remembered, merged


def keep(connection: sa.Connection, said: Mapping[str, tuple[datetime, Remembered]], *, gateway: str) -> None:
    """Keep a gateway's memories of stations, unless another gateway's is later: this one may be told late."""
    if not said:
        return
    table = tables.station_memory
    parts = [station_id for station_id, (_, one) in said.items() if not one.is_whole]
    earlier = {each: one for each, (_, one) in gateway_memories.memories(connection, parts).items()}
    values = [
        {
            "station_id": station_id,
            "gateway": gateway,
            "at": at,
            "memory": msgspec.to_builtins(merged(earlier.get(station_id), one)),
        }
        for station_id, (at, one) in sorted(said.items())  # two gateways must not wait for each other
    ]
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in values[0] if name != "station_id"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["station_id"],
            set_=changed,
            where=sa.or_(table.c.gateway == gateway, table.c.at <= statement.excluded.at),
        ),
        values,
    )
