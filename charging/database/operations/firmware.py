"""Writing firmware campaigns: what one is, how each station of it stands, and the order that goes with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging import canonical
from charging.database import tables
from charging.database.operations import gateway_orders
from charging.database.operations.gateway_orders import Given
from charging.migration.firmware.campaign import Update


def begin(connection: sa.Connection, campaign: Mapping[str, object], *, at: datetime) -> bool:
    """Store a campaign; return False, and change nothing, where one of that name is there already."""
    table = tables.firmware_campaign
    statement = insert(table).values({**campaign, "begun_at": at}).on_conflict_do_nothing()
    return connection.scalar(statement.returning(table.c.campaign_id)) is not None


def join(connection: sa.Connection, campaign_id: str, updates: Sequence[Update]) -> None:
    """Store the part of stations in a campaign; one that is in it already stays as it stands."""
    rows = [_row(campaign_id, update) for update in updates]
    if rows:
        connection.execute(insert(tables.firmware_update).values(rows).on_conflict_do_nothing())


def keep(connection: sa.Connection, campaign_id: str, update: Update, *, at: datetime) -> None:
    """Store how a station stands, and what is new of it in its history."""
    row = _row(campaign_id, update)
    table = tables.firmware_update
    mine = sa.and_(table.c.campaign_id == campaign_id, table.c.station_id == update.station_id)
    before = connection.execute(sa.select(table).where(mine).with_for_update()).mappings().one()
    told = ("attempt", "state", "reason", "compared", "differences")
    connection.execute(sa.update(table).where(mine).values(row))
    if any(before[name] != row[name] for name in told):
        event = {name: row[name] for name in ("campaign_id", "station_id", *told)} | {"at": at}
        connection.execute(sa.insert(tables.firmware_event).values(event))


def order(connection: sa.Connection, campaign_id: str, update: Update, given: Given, *, at: datetime) -> None:
    """Store that a station is ordered, and give the order: both or neither."""
    keep(connection, campaign_id, update, at=at)
    gateway_orders.give(connection, given)


def _row(campaign_id: str, update: Update) -> dict[str, object]:
    fetcher = update.fetcher
    return {
        "campaign_id": campaign_id,
        "station_id": update.station_id,
        **{name: getattr(fetcher, name) for name in ("rank", "carrier", "cell", "kbit_per_second")},
        **{name: getattr(update, name) for name in ("attempt", "asked_at", "since", "deadline_at", "has_before")},
        "state": str(update.state),
        "reason": update.reason,
        "deviations": list(update.deviations),
        "compared": str(update.compared),
        "differences": canonical.plain(update.differences),
    }
