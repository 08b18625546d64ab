"""Bringing a gateway's journal into the tables: exactly once, because how far it came is in the same transaction."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import groupby

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert

from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import gateway_frames, gateway_links, gateway_memories, gateway_orders, rows
from charging.errors import GatewayRuns
from charging.ocpp.gateway.entries import (
    Alarmed,
    AnyEntry,
    Begun,
    Closed,
    Ended,
    Fact,
    Framed,
    Linked,
    Memory,
    Sent,
    Upstream,
    instant,
)
from charging.ocpp.gateway.journal import Place
from charging.ocpp.gateway.stored import as_text, stored
from charging.ocpp.relay.remembered import Remembered, merged

CHANNEL = "gateway_recorded"
"""Says a gateway's name whenever more of its journal is in the tables."""
Entries = Sequence[tuple[Place, AnyEntry]]
_COLUMNS = (
    *("at", "gateway", "segment", "place", "station_id", "back_office", "direction", "kind", "unique_id", "action"),
    *("rule", "received", "sent"),
)
_HEARD = ("station_id", "back_office", "heard_at", "booted_at", "firmware", "serial_number")
_BOOT = "BootNotification"
_MEMORY = msgspec.json.Decoder(Remembered)


def place(connection: sa.Connection, gateway: str) -> Place | None:
    """Return how far a gateway's journal is in the tables; None if it never was."""
    table = tables.journal_position
    row = connection.execute(sa.select(table).where(table.c.gateway == gateway)).one_or_none()
    return None if row is None else Place(row.segment, row.place)


def store(connection: sa.Connection, entries: Entries, *, gateway: str, after: Place | None, at: datetime) -> None:
    """Store entries, the next ones after a place, and how far that is.

    Raises:
        GatewayRuns: if another process has stored from there on; nothing of this transaction may be kept then.
    """
    _advance(connection, entries[-1][0], gateway=gateway, after=after, at=at)
    frames = [(where, entry) for where, entry in entries if isinstance(entry, Framed)]
    if frames:
        gateway_frames.make_days(connection, {instant(entry.at).date() for _, entry in frames})
        rows.copy(connection, tables.frame, _COLUMNS, (_row(where, entry, gateway) for where, entry in frames))
        _hear(connection, [entry for _, entry in frames])
    _note_facts(connection, [entry for _, entry in entries if isinstance(entry, Fact)])
    gateway_memories.keep(connection, _remembered(entries), gateway=gateway)
    # the links come last: while they are locked, no station that comes to a gateway can be let in
    others = [entry for _, entry in entries if not isinstance(entry, Framed | Memory | Fact)]
    of_links = {entry.station_id for entry in others if isinstance(entry, Linked | Upstream | Closed)}
    gateway_links.hold(connection, of_links)
    for is_led, group in groupby(others, lambda entry: isinstance(entry, Upstream)):
        if is_led:  # a wave that moves leaves two of each station, and nothing between them
            gateway_links.led_to(connection, [_led(entry) for entry in group if isinstance(entry, Upstream)])
            continue
        for entry in group:
            _settle(connection, entry, gateway)
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, gateway)))


def _remembered(entries: Entries) -> dict[str, tuple[datetime, Remembered]]:
    """Return what is remembered of each station after all of these entries, and since when."""
    found: dict[str, tuple[datetime, Remembered]] = {}
    for _, entry in entries:
        if isinstance(entry, Memory):
            _, before = found.get(entry.station_id, (None, None))
            found[entry.station_id] = instant(entry.at), merged(before, _MEMORY.decode(entry.said))
    return found


def _advance(connection: sa.Connection, reached: Place, *, gateway: str, after: Place | None, at: datetime) -> None:
    table = tables.journal_position
    values = {"segment": reached.segment, "place": reached.offset, "at": at}
    if after is None:
        rows.insert_new(connection, table, [{"gateway": gateway, "segment": 0, "place": 0, "at": at}])
    where = after or Place(0, 0)
    done = connection.execute(
        sa.update(table)
        .where(table.c.gateway == gateway, table.c.segment == where.segment, table.c.place == where.offset)
        .values(values)
    )
    if done.rowcount != 1:
        raise GatewayRuns(gateway)


def _row(where: Place, entry: Framed, gateway: str) -> tuple[object, ...]:
    told = as_text if entry.is_clean else stored
    changed = "" if entry.sent is None else told(entry.sent)
    return (
        instant(entry.at),
        gateway,
        where.segment,
        where.offset,
        entry.station_id,
        entry.back_office or None,
        entry.direction,
        entry.kind,
        storable(entry.unique_id) or None,
        storable(entry.action) or None,
        entry.rule or None,
        told(entry.received) if entry.received else None,
        None if entry.is_unchanged else changed,
    )


def _hear(connection: sa.Connection, frames: Sequence[Framed]) -> None:
    """Note when stations were last heard by their back-offices, and what they said when they booted there."""
    heard: dict[tuple[str, str], dict[str, object]] = {}
    for entry in frames:
        has_arrived = entry.direction == "from_station" and (entry.is_unchanged or entry.sent is not None)
        if not has_arrived or not entry.back_office:
            continue
        at, key = instant(entry.at), (entry.station_id, entry.back_office)
        row = heard.setdefault(key, dict(zip(_HEARD, (*key, at, None, None, None), strict=True)))
        row["heard_at"] = at
        if entry.kind == 2 and entry.action == _BOOT:
            row |= {"booted_at": at, **_box(entry.received)}
    if heard:
        connection.execute(_heard(), [row for _, row in sorted(heard.items())])


@cache
def _heard() -> Insert:
    """Return the statement for one station and back-office: a boot that was not heard leaves the last one as it is."""
    table = tables.heard
    statement = insert(table)
    told = statement.excluded
    has_booted = told.booted_at.is_not(None)
    kept = {
        "heard_at": sa.func.greatest(table.c.heard_at, told.heard_at),
        "booted_at": sa.func.coalesce(told.booted_at, table.c.booted_at),
        "firmware": sa.case((has_booted, told.firmware), else_=table.c.firmware),
        "serial_number": sa.case((has_booted, told.serial_number), else_=table.c.serial_number),
    }
    return statement.on_conflict_do_update(index_elements=["station_id", "back_office"], set_=kept)


def _box(raw: bytes) -> dict[str, str | None]:
    """Return what a boot tells of the box, by OCPP 1.6 or 2: None for what it does not tell, or not as text."""
    told: dict[str, object] = {}
    with suppress(ValueError, RecursionError, LookupError, AttributeError, TypeError):
        payload = json.loads(raw)[3]
        told = payload | payload.get("chargingStation", {})
    serial_number = told.get("serialNumber") or told.get("chargePointSerialNumber")
    return {"firmware": _as_text(told.get("firmwareVersion")), "serial_number": _as_text(serial_number)}


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _note_facts(connection: sa.Connection, facts: Sequence[Fact]) -> None:
    """Note what was learnt of charges, in the order in which it was."""
    values = [
        {
            "station_id": each.station_id,
            "back_office": each.back_office or None,
            "kind": each.kind,
            "facts": json.loads(each.facts),
            "at": instant(each.at),
        }
        for each in facts
    ]
    if values:
        connection.execute(sa.insert(tables.transaction_fact), values)


def _settle(connection: sa.Connection, entry: AnyEntry, gateway: str) -> None:
    at = instant(entry.at)
    match entry:
        case Begun():
            gateway_orders.recover(connection, gateway=gateway, run=entry.run, at=at)
            gateway_links.recover(connection, gateway=gateway, run=entry.run, at=at)
        case Sent():
            gateway_orders.sent(connection, entry.order_id, unique_id=entry.unique_id, at=at)
        case Ended(outcome="unsent"):
            gateway_orders.give_back(connection, entry.order_id)
        case Ended():
            answer = as_text(entry.payload) if entry.is_clean else stored(entry.payload)
            gateway_orders.end(connection, entry.order_id, state=entry.outcome, answer=answer, at=at)
        case Alarmed():
            values = {"gateway": gateway, "station_id": entry.station_id or None, "kind": entry.kind}
            connection.execute(sa.insert(tables.alarm).values(values | {"problem": entry.problem, "at": at}))
        case Linked():
            claim = gateway_links.Claim(
                station_id=entry.station_id,
                connection=entry.connection,
                protocol=entry.protocol,
                peer=entry.peer,
                connected_at=at,
            )
            gateway_links.linked(connection, claim, gateway=gateway, run=entry.run)
        case Closed():
            gateway_links.closed(
                connection, entry.station_id, gateway=gateway, link=entry.connection, reason=entry.reason, at=at
            )


def _led(entry: Upstream) -> gateway_links.Led:
    return gateway_links.Led(
        station_id=entry.station_id, connection=entry.connection, back_office=entry.back_office or None
    )
