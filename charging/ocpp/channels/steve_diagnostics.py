"""What SteVe's database knows of uploads of stations' logs: the last status of each station, and when that came."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema
from charging.migration.diagnostics import Said


def statuses(schema: SteveSchema, station_ids: Sequence[str]) -> sa.Select[Any]:
    """Return the statement that asks for stations' last statuses."""
    box = schema.table("charge_box")
    chosen = sa.select(box.c.charge_box_id, box.c.diagnostics_status, box.c.diagnostics_timestamp)
    return chosen.where(box.c.charge_box_id.in_(station_ids), box.c.diagnostics_timestamp.is_not(None))


def said(row: sa.Row[Any], *, since: datetime) -> list[Said]:
    """Return the status, if it came since an instant."""
    at: datetime = row.diagnostics_timestamp
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return [Said(at=at, status=row.diagnostics_status)] if at >= since and row.diagnostics_status else []
