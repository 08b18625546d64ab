"""Orders: what a station is to be told beside what its back-office tells it, and what came of it.

pending → taken (a gateway that holds the station has it) → sent (it is in that gateway's journal that it goes out)
→ answered | refused | unknown; or expired, if it never went. An order is sent at most once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging.database import tables
from charging.ocpp.gateway.stored import stored

GIVEN, ENDED = "gateway_order", "gateway_order_ended"
"""Channels: the first says a station's id, the second an order's number."""
OPEN = ("pending", "taken", "sent")
GRACE = timedelta(minutes=5)
"""How long after its deadline an order of a gateway that is not heard of waits, before nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An order to be given."""

    station_id: str
    action: str
    payload: str
    """A JSON object."""
    by: str
    reason: str
    made_at: datetime
    deadline_at: datetime
    """If it has not been sent by then, it never is."""
    order_key: str | None = None
    """Whoever gives an order again under the same key gets the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An order that a gateway has now."""

    order_number: int
    station_id: str
    action: str
    payload: str
    deadline_at: datetime
    taken_at: datetime
    """Tells one taking of an order from the next, after it was given back."""


def give(connection: sa.Connection, order: Given) -> int:
    """Give an order, and return its number."""
    table = tables.station_order
    values = {name: getattr(order, name) for name in Given.__slots__} | {"state": "pending"}
    statement = insert(table).values(values).on_conflict_do_nothing(index_elements=["order_key"])
    number = connection.scalar(statement.returning(table.c.order_number))
    if number is None:
        chosen = sa.select(table.c.order_number).where(table.c.order_key == order.order_key)
        return int(connection.scalars(chosen).one())
    _notify(connection, GIVEN, order.station_id)
    return int(number)


def take(connection: sa.Connection, rooms: Mapping[str, int], *, gateway: str, run: int, at: datetime) -> list[Taken]:
    """Take what is pending for stations that this gateway holds, the oldest first. No two gateways take the same.

    `rooms` says for how many orders each station has room; the others stay pending.
    """
    table = tables.station_order
    row = table.c
    pending = sa.select(row.order_number, row.station_id).where(
        row.station_id == sa.any_(sa.literal(list(rooms), sa.ARRAY(sa.Text))),
        row.state == "pending",
        row.deadline_at > at,
    )
    so_far: Counter[str] = Counter()
    fitting = []
    for number, station_id in connection.execute(pending.order_by(row.order_number)):
        so_far[station_id] += 1
        if so_far[station_id] <= rooms[station_id]:
            fitting.append(number)
    chosen = (
        sa.select(row.order_number)
        .where(row.order_number == sa.any_(sa.literal(fitting, sa.ARRAY(sa.BigInteger))), row.state == "pending")
        .order_by(row.order_number)
        .with_for_update(skip_locked=True)
    )
    taken = connection.execute(
        sa.update(table)
        .where(row.order_number.in_(chosen))
        .values(state="taken", gateway=gateway, run=run, taken_at=at)
        .returning(*(row[name] for name in Taken.__slots__))
    )
    found = [Taken(**each) for each in taken.mappings()]
    return sorted(found, key=lambda each: each.order_number)


def held(connection: sa.Connection, *, gateway: str, run: int) -> list[Taken]:
    """Return what a run has taken and, as far as the tables know, not sent; the oldest first."""
    row = tables.station_order.c
    chosen = sa.select(*(row[name] for name in Taken.__slots__)).where(
        row.gateway == gateway, row.run == run, row.state == "taken"
    )
    return [Taken(**each) for each in connection.execute(chosen.order_by(row.order_number)).mappings()]


def sent(connection: sa.Connection, order_number: int, *, unique_id: str, at: datetime) -> None:
    """Note that an order is on its way."""
    table = tables.station_order
    connection.execute(
        sa.update(table)
        .where(table.c.order_number == order_number, table.c.state.in_(("taken", "unknown")))
        .values(state="sent", unique_id=unique_id, sent_at=at, ended_at=None)
    )


def end(connection: sa.Connection, order_number: int, *, state: str, answer: str, at: datetime) -> None:
    """Note what came of an order; its answer is without secrets. What is known replaces that nobody knew."""
    table = tables.station_order
    ended = connection.scalars(
        sa.update(table)
        .where(table.c.order_number == order_number, table.c.state.in_((*OPEN, "unknown")))
        .values(state=state, ended_at=at, answer=answer or None)
        .returning(table.c.order_number)
    )
    _close(connection, ended.all())


def give_back(connection: sa.Connection, order_number: int) -> None:
    """Let another link have an order that was taken and never sent."""
    table = tables.station_order
    station_id = connection.scalar(
        sa.update(table)
        .where(table.c.order_number == order_number, table.c.state == "taken")
        .values(state="pending", gateway=None, run=None, taken_at=None)
        .returning(table.c.station_id)
    )
    if station_id is not None:
        _notify(connection, GIVEN, station_id)


def recover(connection: sa.Connection, *, gateway: str, run: int, at: datetime) -> None:
    """Settle what this gateway's former runs left open, once all of their journal is in the tables.

    What was sent and has no answer there is unknown; what was not sent is pending again.
    """
    table = tables.station_order
    mine = sa.and_(table.c.gateway == gateway, table.c.run < run)
    lost = connection.scalars(
        sa.update(table)
        .where(mine, table.c.state == "sent")
        .values(state="unknown", ended_at=at)
        .returning(table.c.order_number)
    )
    _close(connection, lost.all())
    unsent = sa.select(table.c.order_number).where(mine, table.c.state == "taken")
    for number in connection.scalars(unsent).all():
        give_back(connection, number)


def expire(connection: sa.Connection, *, at: datetime) -> int:
    """End what is past its deadline: expired if no gateway had it, unknown if one has and is silent; return how many.

    A gateway that comes back after all still says what it knows of an unknown one.
    """
    table = tables.station_order
    row = table.c
    expired = sa.and_(row.state == "pending", row.deadline_at <= at)
    silent = sa.and_(row.state.in_(("taken", "sent")), row.deadline_at <= at - GRACE)
    ended = connection.scalars(
        sa.update(table)
        .where(sa.or_(expired, silent))
        .values(state=sa.case((expired, "expired"), else_="unknown"), ended_at=at)
        .returning(row.order_number)
    ).all()
    _close(connection, ended)
    return len(ended)


def waiting_stations(connection: sa.Connection) -> list[str]:
    """Return the stations for which an order is pending."""
    row = tables.station_order.c
    return list(connection.scalars(sa.select(row.station_id).where(row.state == "pending").distinct()))


def _close(connection: sa.Connection, order_numbers: Sequence[int]) -> None:
    """Take the secrets out of orders that have ended, and tell whoever waits for them."""
    table = tables.station_order
    for number in order_numbers:
        payload = connection.scalars(sa.select(table.c.payload).where(table.c.order_number == number)).one()
        without = stored(payload.encode())
        if without != payload:
            connection.execute(sa.update(table).where(table.c.order_number == number).values(payload=without))
        _notify(connection, ENDED, str(number))


def _notify(connection: sa.Connection, channel: str, payload: str) -> None:
    connection.execute(sa.select(sa.func.pg_notify(channel, payload)))
