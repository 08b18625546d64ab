"""Reading what was recorded of stations, in the order in which it happened to each, and what was learnt of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.ocpp.flavours.learning import Learnt
from charging.ocpp.flavours.recording import Heard, StationType, What
from charging.ocpp.flavours.stored_rows import Kept, learnt
from charging.ocpp.flavours.watching import ACTIONS, UNKNOWN

_AT_ONCE = 5_000
DRIFT = "flavour_drift"
"""The kind of the alarm that a type behaves otherwise than recorded."""


def recording(
    connection: sa.Connection, *, since: datetime, until: datetime, station_id: str | None = None
) -> Iterator[tuple[str, Heard]]:
    """Yield what was recorded, station by station, each in the order of time. Streams: memory stays flat."""
    frame, link = tables.frame.c, tables.link_event.c
    nothing = sa.literal(None, sa.Text)
    frames = sa.select(
        frame.station_id,
        frame.at,
        frame.gateway,
        frame.segment,
        frame.place,
        frame.direction,
        frame.received,
        frame.sent,
    ).where(
        frame.at >= since,
        frame.at < until,
        frame.direction != "to_office",
        sa.or_(frame.action.in_(sorted(ACTIONS)), frame.action.is_(None)),
    )
    links = sa.select(
        link.station_id,
        link.at,
        link.gateway,
        sa.literal(0, sa.BigInteger),
        link.event_number,
        sa.case((link.is_up, str(What.LINK_UP)), else_=str(What.LINK_DOWN)),
        nothing,
        nothing,
    ).where(link.at >= since, link.at < until)
    if station_id is not None:
        frames, links = frames.where(frame.station_id == station_id), links.where(link.station_id == station_id)
    every = sa.union_all(frames, links).order_by("station_id", "at", "gateway", "segment", "place")
    found = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(every)
    for row in found:
        if (heard := _heard(row)) is not None:
            yield row.station_id, heard


def types(connection: sa.Connection) -> dict[str, StationType]:
    """Return what is known of each station: from the inventory, and its firmware as it last told its back-office."""
    station, heard = tables.station.c, tables.heard
    latest = (
        sa.select(heard.c.station_id, heard.c.firmware)
        .where(heard.c.firmware.is_not(None))
        .order_by(heard.c.station_id, heard.c.booted_at.desc())
        .distinct(heard.c.station_id)
        .subquery()
    )
    chosen = sa.select(
        station.station_id, station.vendor, station.model, sa.func.coalesce(latest.c.firmware, station.firmware)
    ).outerjoin_from(tables.station, latest, latest.c.station_id == station.station_id)
    return {
        row[0]: StationType(vendor=row[1] or "", model=row[2] or "", firmware=row[3] or "")
        for row in connection.execute(chosen)
    }


def type_of(connection: sa.Connection, station_id: str) -> StationType:
    """Return what is known of one station; words that are not known are empty."""
    return types(connection).get(station_id, UNKNOWN)


def kept(connection: sa.Connection) -> list[Kept]:
    """Return every row that is kept, the oldest first."""
    table = tables.flavour_row
    return [learnt(row) for row in connection.execute(sa.select(table).order_by(table.c.row_number)).mappings()]


def in_force(connection: sa.Connection) -> list[Learnt]:
    """Return what holds of what was learnt: of each model the rows that were kept last."""
    return latest(kept(connection))


def latest(rows: Sequence[Kept]) -> list[Learnt]:
    """Return of each model what was learnt last."""
    newest: dict[tuple[str, str], datetime] = {}
    for row in rows:
        if row.source == "learnt":
            newest[row.learnt.vendor, row.learnt.model] = row.kept_at
    return [
        row.learnt
        for row in rows
        if row.source == "learnt" and newest[row.learnt.vendor, row.learnt.model] == row.kept_at
    ]


def drift_alarms(connection: sa.Connection, *, since: datetime, until: datetime) -> list[sa.RowMapping]:
    """Return the alarms of that time about types that behave otherwise than recorded, the oldest first."""
    table = tables.alarm
    is_meant = sa.and_(table.c.kind == DRIFT, table.c.at >= since, table.c.at < until)
    chosen = sa.select(table.c.at, table.c.problem).where(is_meant)
    return list(connection.execute(chosen.order_by(table.c.alarm_number)).mappings())


def _heard(row: sa.Row[tuple[object, ...]]) -> Heard | None:
    """Return a row as what crossed the station's own link; None where nothing did."""
    if row.direction in {What.LINK_UP, What.LINK_DOWN}:
        return Heard(proof=f"link/{row.place}", at=row.at, what=What(row.direction))
    is_station = row.direction == What.FROM_STATION
    text = row.received if is_station or row.sent is None else row.sent
    if not text:
        return None
    what = What.FROM_STATION if is_station else What.TO_STATION
    return Heard(proof=f"{row.gateway}/{row.segment}/{row.place}", at=row.at, what=what, raw=text.encode())
