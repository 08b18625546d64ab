"""Reading what gateways have written down of stations."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.relay.remembered import Remembered


def memories(connection: sa.Connection, station_ids: Sequence[str]) -> dict[str, tuple[str, Remembered]]:
    """Return, by station, which gateway wrote something down last, and what."""
    if not station_ids:
        return {}
    memory = tables.station_memory.c
    chosen = sa.select(memory.station_id, memory.gateway, memory.memory).where(
        memory.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text)))
    )
    return {
        station_id: (gateway, msgspec.convert(said, Remembered))
        for station_id, gateway, said in connection.execute(chosen)
    }
