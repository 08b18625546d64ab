"""What gateways want a person to know, and for how long it is kept."""

from datetime import datetime

import sqlalchemy as sa

from charging.database import tables


def forget(connection: sa.Connection, *, before: datetime) -> int:
    """Forget the alarms from before an instant; return how many those were."""
    gone = connection.execute(
        sa.delete(tables.alarm).where(tables.alarm.c.at < before), execution_options={"preserve_rowcount": True}
    )
    return gone.rowcount
