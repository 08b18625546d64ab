"""Reading firmware campaigns, and what gateways recorded of the stations in one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import gateway_books
from charging.migration.firmware.campaign import Compared, Update
from charging.migration.firmware.order import STATUSES
from charging.migration.firmware.status import State
from charging.migration.firmware.transfer import Fetcher
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.snapshots import Change, Difference

_STUCK_AFTER = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a station is, as far as an order to it goes."""

    station_id: str
    led_to: str | None
    """The back-office that it is led to now; None where it is not connected."""
    protocol: str | None
    firmware: str | None
    """As it booted last at that back-office."""
    open_transactions: int
    is_moving: bool
    """Whether a cutover has it in its hands."""


def campaign(connection: sa.Connection, campaign_id: str) -> sa.RowMapping | None:
    """Return a campaign; None where there is none of that name."""
    table = tables.firmware_campaign
    return connection.execute(sa.select(table).where(table.c.campaign_id == campaign_id)).mappings().one_or_none()


def updates(connection: sa.Connection, campaign_id: str) -> list[Update]:
    """Return every station's part, by station."""
    table = tables.firmware_update
    chosen = sa.select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.station_id)
    return [_update(row) for row in connection.execute(chosen).mappings()]


def seen(connection: sa.Connection, station_ids: Sequence[str], back_office: str, *, at: datetime) -> dict[str, Seen]:
    """Return where each station is that a gateway knows; the unknown are absent."""
    route, link, heard, move = tables.route.c, tables.link.c, tables.heard.c, tables.move.c
    wanted = sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text)))
    chosen = (
        sa.select(route.station_id, link.back_office, link.protocol, link.closed_at, heard.firmware)
        .add_columns(link.station_id.is_not(None).label("was_there"))
        .select_from(tables.route)
        .outerjoin(tables.link, link.station_id == route.station_id)
        .outerjoin(tables.heard, sa.and_(heard.station_id == route.station_id, heard.back_office == back_office))
        .where(route.station_id == wanted)
    )
    at_rest = [str(stage) for stage in (*FINAL, Stage.PLANNED)]
    moving = set(
        connection.scalars(sa.select(move.station_id).where(move.station_id == wanted, move.stage.not_in(at_rest)))
    )
    running = gateway_books.open_transactions(connection, station_ids, back_office, since=at - _STUCK_AFTER)
    return {
        row.station_id: Seen(
            station_id=row.station_id,
            led_to=row.back_office if row.was_there and row.closed_at is None else None,
            protocol=row.protocol,
            firmware=row.firmware,
            open_transactions=running.get(row.station_id, 0),
            is_moving=row.station_id in moving,
        )
        for row in connection.execute(chosen)
    }


def orders(connection: sa.Connection, keys: Sequence[str]) -> dict[str, sa.RowMapping]:
    """Return the orders of these names, by name; those that were never given are absent."""
    table = tables.station_order
    chosen = sa.select(table).where(table.c.order_key == sa.any_(sa.literal(list(keys), sa.ARRAY(sa.Text))))
    return {row["order_key"]: row for row in connection.execute(chosen).mappings()}


def said(connection: sa.Connection, station_ids: Sequence[str], *, since: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """Return when each station said which of its boots and firmware statuses: the instant, the action, the frame.

    What the gateway said in a station's stead is not in it.
    """
    row = tables.frame.c
    chosen = (
        sa.select(row.station_id, row.at, row.action, row.received)
        .where(
            row.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text))),
            row.at >= since,
            row.direction == "from_station",
            row.kind == 2,
            row.action.in_((*STATUSES, "BootNotification")),
            row.received.is_not(None),
        )
        .order_by(row.at, row.segment, row.place)
    )
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for each in connection.execute(chosen):
        found[each.station_id].append((each.at, each.action, each.received))
    return dict(found)


def history(connection: sa.Connection, campaign_id: str, station_id: str) -> list[dict[str, Any]]:
    """Return what happened to a station's update, in order."""
    table = tables.firmware_event
    chosen = sa.select(table).where(table.c.campaign_id == campaign_id, table.c.station_id == station_id)
    return [dict(row) for row in connection.execute(chosen.order_by(table.c.event_number)).mappings()]


def _update(row: sa.RowMapping) -> Update:
    fetcher = Fetcher(
        station_id=row["station_id"],
        **{name: row[name] for name in ("carrier", "cell", "kbit_per_second", "rank")},
    )
    names = ("station_id", "attempt", "asked_at", "reason", "since", "deadline_at", "has_before")
    return Update(
        **{name: row[name] for name in names},
        fetcher=fetcher,
        state=State(row["state"]),
        deviations=tuple(row["deviations"]),
        compared=Compared(row["compared"]),
        differences=tuple(Difference(**each | {"change": Change(each["change"])}) for each in row["differences"]),
    )
