"""Which gateway holds which station, and which gateways there are."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert

from charging.database import tables
from charging.database.operations import rows

CHANNEL = "gateway_link"
"""Says, as JSON, which station another gateway is asked for, and its answer."""
STALE = timedelta(seconds=20)
"""A gateway that has not been seen for as long holds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A station that has come to a gateway, and whose link it wants to hold."""

    station_id: str
    connection: str
    protocol: str
    peer: str
    connected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a station's link, other than who wants it."""

    gateway: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """A station's link, and where it leads."""

    station_id: str
    connection: str
    back_office: str | None
    """None while it leads nowhere."""


def claim(
    connection: sa.Connection, claims: Sequence[Claim], *, gateway: str, run: int, at: datetime
) -> dict[str, Holder]:
    """Take hold of stations' links; return the holders of those that another gateway, which is there, has."""
    table, process = tables.link, tables.process.c
    wanted = {each.station_id: each for each in claims}
    values = [
        asdict(wanted[each]) | {"gateway": gateway, "run": run, "back_office": None, "closed_at": None}
        for each in sorted(wanted)  # two gateways that claim the same stations must not wait for each other
    ]
    statement = insert(table).values([value | {"close_reason": None} for value in values])
    there = connection.scalars(
        sa.select(process.name).where(process.seen_at > at - STALE, process.stopped_at.is_(None))
    )
    changed = {name: statement.excluded[name] for name in (*values[0], "close_reason") if name != "station_id"}
    got = connection.scalars(
        statement.on_conflict_do_update(
            index_elements=["station_id"],
            set_=changed,
            where=sa.or_(
                table.c.closed_at.is_not(None), table.c.gateway == gateway, table.c.gateway.not_in(there.all())
            ),
        ).returning(table.c.station_id)
    )
    lost = set(wanted) - set(got)
    chosen = sa.select(table).where(table.c.station_id.in_(lost))
    return {
        row.station_id: Holder(gateway=row.gateway, connection=row.connection)
        for row in connection.execute(chosen)
        if lost
    }


def hold(connection: sa.Connection, station_ids: Collection[str]) -> None:
    """Lock stations' links until the transaction ends, in the order in which `claim` does.

    Who changes several links one by one, in another order, would wait for a claim that waits for it.
    """
    table = tables.link
    if station_ids:
        these = sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text)))
        chosen = sa.select(table.c.station_id).where(table.c.station_id == these)
        connection.execute(chosen.order_by(table.c.station_id.collate("C")).with_for_update()).all()


def elsewhere(connection: sa.Connection, station_ids: Sequence[str], *, gateway: str) -> set[str]:
    """Return those whose last link, as far as is known, was another gateway's."""
    table = tables.link
    chosen = sa.select(table.c.station_id).where(
        table.c.station_id == sa.any_(sa.literal(list(station_ids), sa.ARRAY(sa.Text))), table.c.gateway != gateway
    )
    return set(connection.scalars(chosen))


def replace(connection: sa.Connection, claim: Claim, *, holder: Holder, gateway: str, run: int) -> bool:
    """Take a link from a holder whose own is dead; return False if somebody else was quicker."""
    table = tables.link
    values = asdict(claim) | {"gateway": gateway, "run": run, "back_office": None, "closed_at": None}
    done = connection.execute(
        sa.update(table)
        .where(table.c.station_id == claim.station_id, table.c.connection == holder.connection)
        .values(values | {"close_reason": None})
    )
    return done.rowcount == 1


def linked(connection: sa.Connection, claim: Claim, *, gateway: str, run: int) -> None:
    """Note that a station's link is up, unless a later one is known: it may be told late."""
    _note(connection, claim.station_id, gateway=gateway, link=claim.connection, at=claim.connected_at)
    connection.execute(_linked(), asdict(claim) | {"gateway": gateway, "run": run})


@cache
def _linked() -> Insert:
    """Return the statement for one link; to make it costs more than to execute it."""
    table = tables.link
    told = (statement := insert(table)).excluded
    changed = {name: told[name] for name in (*Claim.__slots__, "gateway", "run") if name != "station_id"}
    return statement.on_conflict_do_update(
        index_elements=["station_id"],
        set_=changed | {"closed_at": None, "close_reason": None, "back_office": None},
        where=sa.and_(table.c.connected_at < told.connected_at, table.c.connection != told.connection),
    )


def led_to(connection: sa.Connection, led: Sequence[Led]) -> None:
    """Note to which back-offices stations' links lead now; of one that is named twice, the last holds."""
    table = tables.link
    latest = {(each.station_id, each.connection): each.back_office for each in led}
    connection.execute(
        sa.update(table)
        .where(table.c.station_id == sa.bindparam("of_station"), table.c.connection == sa.bindparam("of_link"))
        .values(back_office=sa.bindparam("to")),
        [{"of_station": station_id, "of_link": link, "to": to} for (station_id, link), to in sorted(latest.items())],
    )


def closed(connection: sa.Connection, station_id: str, *, gateway: str, link: str, reason: str, at: datetime) -> None:
    """Note that a station's link has closed, unless it has another by now."""
    table = tables.link
    _note(connection, station_id, gateway=gateway, link=link, at=at, why_closed=reason)
    connection.execute(
        sa.update(table)
        .where(table.c.station_id == station_id, table.c.connection == link)
        .values(closed_at=at, close_reason=reason, back_office=None)
    )


def begin(connection: sa.Connection, *, gateway: str, run: int, at: datetime) -> None:
    """Note that a gateway has begun a run."""
    row = {"name": gateway, "run": run, "started_at": at, "seen_at": at, "stopped_at": None}
    rows.upsert(connection, tables.process, [row])


def seen(connection: sa.Connection, *, gateway: str, at: datetime, is_last: bool = False) -> None:
    """Note that a gateway is there; or with `is_last`, that it stops."""
    table = tables.process
    values = {"seen_at": at, "stopped_at": at if is_last else None}
    connection.execute(sa.update(table).where(table.c.name == gateway).values(values))


def recover(connection: sa.Connection, *, gateway: str, run: int, at: datetime) -> None:
    """Close the links that this gateway's former runs left open."""
    table, why = tables.link, "the gateway was killed"
    closed = connection.execute(
        sa.update(table)
        .where(table.c.gateway == gateway, table.c.run < run, table.c.closed_at.is_(None))
        .values(closed_at=at, close_reason=why, back_office=None)
        .returning(table.c.station_id, table.c.connection)
    )
    for row in closed.all():
        _note(connection, row.station_id, gateway=gateway, link=row.connection, at=at, why_closed=why)


def is_seen(connection: sa.Connection, gateway: str, *, at: datetime) -> bool:
    """Whether a gateway is there."""
    process = tables.process.c
    found = connection.scalar(
        sa.select(process.name).where(
            process.name == gateway, process.seen_at > at - STALE, process.stopped_at.is_(None)
        )
    )
    return found is not None


def tell(connection: sa.Connection, message: str) -> None:
    """Say something to every gateway."""
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, message)))


def cut(connection: sa.Connection, station_id: str, *, link: str | None = None) -> str | None:
    """Have a station's link dropped without a word, as a network drops it; return it, or None if there is none.

    A gateway that does not listen just then does not hear it: say it again with that `link`, and no other is dropped.
    """
    table = tables.link
    there = sa.select(table.c.connection).where(table.c.station_id == station_id, table.c.closed_at.is_(None))
    found = connection.scalar(there if link is None else there.where(table.c.connection == link))
    if found is not None:
        tell(connection, json.dumps({"cut": found, "station_id": station_id}))
    return found


def forget(connection: sa.Connection, *, before: datetime) -> None:
    """Forget the links that came and went before an instant; the latest of each station stays."""
    connection.execute(sa.delete(tables.link_event).where(tables.link_event.c.at < before))


def _note(
    connection: sa.Connection, station_id: str, *, gateway: str, link: str, at: datetime, why_closed: str | None = None
) -> None:
    values = {"at": at, "station_id": station_id, "gateway": gateway, "connection": link}
    values |= {"is_up": why_closed is None, "reason": why_closed or ""}
    connection.execute(sa.insert(tables.link_event).values(values))
