"""Writing and reading what stations told of their configuration."""

from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.migration.snapshots import Snapshot


def store(connection: sa.Connection, station_id: str, taken: Snapshot, *, label: str, via: str, at: datetime) -> None:
    """Store one snapshot; each is kept, none is overwritten."""
    connection.execute(
        sa.insert(tables.station_snapshot).values(
            station_id=station_id,
            taken_at=at,
            label=label,
            via=via,
            settings=dict(taken.values),
            unanswered=list(taken.unanswered),
        )
    )


def of_station(connection: sa.Connection, station_id: str) -> list[sa.RowMapping]:
    """Return a station's snapshots, the oldest first."""
    row = tables.station_snapshot
    chosen = sa.select(row).where(row.c.station_id == station_id).order_by(row.c.taken_at)
    return list(connection.execute(chosen).mappings())


def snapshot_of(row: sa.RowMapping) -> Snapshot:
    """Return a stored snapshot."""
    return Snapshot(values=row["settings"], unanswered=tuple(row["unanswered"]))


def latest(connection: sa.Connection) -> dict[str, Snapshot]:
    """Return the last snapshot of each station that has one."""
    row = tables.station_snapshot
    chosen = sa.select(row).distinct(row.c.station_id).order_by(row.c.station_id, row.c.taken_at.desc())
    return {each["station_id"]: snapshot_of(each) for each in connection.execute(chosen).mappings()}
