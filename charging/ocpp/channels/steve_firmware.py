"""What SteVe's database knows of firmware: the last status of each station, and when that came. It keeps no boots."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema
from charging.migration.firmware.status import Happened


def statuses(schema: SteveSchema, station_ids: Sequence[str]) -> sa.Select[Any]:
    """Return the statement that asks for stations' last statuses."""
    box = schema.table("charge_box")
    chosen = sa.select(box.c.charge_box_id, box.c.fw_update_status, box.c.fw_update_timestamp)
    return chosen.where(box.c.charge_box_id.in_(station_ids), box.c.fw_update_timestamp.is_not(None))


def happened(row: sa.Row[Any], *, since: datetime) -> list[Happened]:
    """Return the status, if it came since an instant."""
    at: datetime = row.fw_update_timestamp
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return [Happened(at=at, said=row.fw_update_status)] if at >= since and row.fw_update_status else []
