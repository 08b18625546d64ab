"""Writing and reading which logs stations were asked for, and how far each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.migration.diagnostics import FINAL, Standing, State

_AWAY = "it is about to be asked, or whoever asked was stopped while doing so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A log that a station is asked for: by whom, why, through what, and where it is to be put."""

    station_id: str
    via: str
    location: str
    """Without a password."""
    by: str
    reason: str
    asked_at: datetime
    news_after: datetime
    """When it was last heard of an earlier upload, by the clock of whoever heard it: only what is later is news."""


def intend(connection: sa.Connection, request: Request) -> int:
    """Write a request down before the station is asked, as one of which nothing is known, and return its number."""
    row = tables.station_log
    values = {
        "station_id": request.station_id,
        "via": request.via,
        "location": request.location,
        "by": request.by,
        "reason": request.reason,
        "asked_at": request.asked_at,
        "news_after": request.news_after,
        "state": str(State.UNKNOWN),
        "state_reason": _AWAY,
        "state_since": request.asked_at,
    }
    return int(connection.execute(sa.insert(row).values(values).returning(row.c.request_number)).scalar_one())


def stand(connection: sa.Connection, request_number: int, standing: Standing, *, file_name: str | None = None) -> None:
    """Write how a request stands now; a file name that is known stays."""
    row = tables.station_log
    values: dict[str, Any] = {
        "state": str(standing.state),
        "state_reason": standing.reason,
        "state_since": standing.since,
    }
    named = {} if file_name is None else {"file_name": file_name}
    connection.execute(sa.update(row).where(row.c.request_number == request_number).values(values | named))


def requests(
    connection: sa.Connection,
    station_ids: Sequence[str] = (),
    *,
    since: datetime | None = None,
    only_open: bool = False,
) -> list[sa.RowMapping]:
    """Return requests, of some stations or of all, the oldest first; with `only_open`, those that can still change."""
    row = tables.station_log
    chosen = sa.select(row).order_by(row.c.request_number)
    if station_ids:
        chosen = chosen.where(row.c.station_id.in_(station_ids))
    if since is not None:
        chosen = chosen.where(row.c.asked_at >= since)
    if only_open:
        chosen = chosen.where(row.c.state.not_in([str(state) for state in FINAL]))
    return list(connection.execute(chosen).mappings())


def standing_of(row: sa.RowMapping) -> Standing:
    """Return how a stored request stands."""
    return Standing(state=State(row["state"]), reason=row["state_reason"], since=row["state_since"])
