"""Bringing a gateway's journal into the tables: exactly once, because how far it came is in the same transaction."""

import json
from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

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
    for _, entry in entries:
        if not isinstance(entry, Framed | Memory):
            _settle(connection, entry, gateway)
    gateway_memories.keep(connection, _remembered(entries), gateway=gateway)
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
        at = instant(entry.at)
        row = heard.setdefault((entry.station_id, entry.back_office), {"booted_at": None, "firmware": None})
        row["heard_at"] = at
        if entry.kind == 2 and entry.action == _BOOT:
            row |= {"booted_at": at, "firmware": _firmware(entry.received)}
    table = tables.heard
    for (station_id, back_office), row in sorted(heard.items()):
        values = {"station_id": station_id, "back_office": back_office} | row
        kept = {
            "heard_at": sa.func.greatest(table.c.heard_at, values["heard_at"]),
            **({name: row[name] for name in ("booted_at", "firmware")} if row["booted_at"] else {}),
        }
        connection.execute(
            insert(table).values(values).on_conflict_do_update(index_elements=["station_id", "back_office"], set_=kept)
        )


def _firmware(raw: bytes) -> str | None:
    """Return the version that a boot tells, by OCPP 1.6 or 2; none where it tells none that can be read."""
    try:
        payload = json.loads(raw)[3]
        found = payload.get("firmwareVersion") or payload.get("chargingStation", {}).get("firmwareVersion")
    except (ValueError, RecursionError, LookupError, AttributeError):
        return None
    return found if isinstance(found, str) else None


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
        case Fact():
            values = {"station_id": entry.station_id, "back_office": entry.back_office or None, "kind": entry.kind}
            facts = {"facts": json.loads(entry.facts), "at": at}
            connection.execute(sa.insert(tables.transaction_fact).values(values | facts))
        case Linked():
            claim = gateway_links.Claim(
                station_id=entry.station_id,
                connection=entry.connection,
                protocol=entry.protocol,
                peer=entry.peer,
                connected_at=at,
            )
            gateway_links.linked(connection, claim, gateway=gateway, run=entry.run)
        case Upstream():
            gateway_links.led_to(
                connection, entry.station_id, link=entry.connection, back_office=entry.back_office or None
            )
        case Closed():
            gateway_links.closed(
                connection, entry.station_id, gateway=gateway, link=entry.connection, reason=entry.reason, at=at
            )
