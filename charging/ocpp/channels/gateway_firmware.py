"""A firmware campaign's stations behind our gateway: ordered by name, and followed by what was recorded of them.

Implements `charging.migration.firmware.running.Field`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from charging.clock import Clock
from charging.database import hold
from charging.database.operations import firmware as write
from charging.database.operations import gateway_orders
from charging.database.operations.gateway_orders import Given
from charging.database.queries import firmware as read
from charging.errors import DatabaseUnavailable
from charging.migration.choosing import generation
from charging.migration.firmware.campaign import Update
from charging.migration.firmware.order import Fetch, call, order_key
from charging.migration.firmware.running import Answered
from charging.migration.firmware.status import Happened
from charging.migration.snapshots import Snapshot
from charging.ocpp.channels.calls import trigger
from charging.ocpp.channels.configurations import Configurations

T = TypeVar("T")

_WITHIN = timedelta(minutes=2)
"""How long an order waits for its station's link before it is taken back: its turn has passed then."""
_PATIENCE_SECONDS = 600.0
"""How long a database that is away is waited for before the run is given up; nothing is done meanwhile."""
_BY = "firmware campaign"


class GatewayField:
    """One campaign's stations, through the gateway to one back-office. Only who holds the campaign may use it."""

    def __init__(
        self,
        campaign_id: str,
        back_office: str,
        fetch: Fetch,
        *,
        held: hold.Hold,
        snapshots: Configurations,
        clock: Clock,
    ) -> None:
        self._campaign_id, self._back_office, self._fetch = campaign_id, back_office, fetch
        self._held, self._snapshots, self._clock = held, snapshots, clock
        self._protocols: dict[str, str | None] = {}

    async def updates(self) -> Sequence[Update]:
        """Return every station's part, as it was last stored."""
        return await self._ask(lambda tables: read.updates(tables, self._campaign_id))

    async def keep(self, update: Update) -> None:
        """Store how a station stands."""
        at = self._clock()
        await self._ask(lambda tables: write.keep(tables, self._campaign_id, update, at=at))

    async def hindered(self, station_ids: Sequence[str]) -> Mapping[str, str]:
        """Return why stations cannot be ordered at this moment."""
        now, asked = self._clock(), list(station_ids)
        found = await self._ask(lambda tables: read.seen(tables, asked, self._back_office, at=now))
        self._protocols |= {each: one.protocol for each, one in found.items()}
        reasons = {each: self._hindrance(found.get(each)) for each in asked}
        return {each: why for each, why in reasons.items() if why}

    async def order(self, update: Update) -> None:
        """Give the present attempt's order and store the update, in one transaction."""
        key, now = self._key(update), self._clock()
        action, payload = call(self._fetch, generation=self._generation(update), key=key, at=now)
        given = self._given(update, key, action, payload, at=now)
        await self._ask(lambda tables: write.order(tables, self._campaign_id, update, given, at=now))

    async def answered(self, updates: Sequence[Update]) -> Mapping[str, Answered]:
        """Return what came of each station's present order."""
        keys, now = {self._key(update): update for update in updates}, self._clock()

        def ask(tables: sa.Connection) -> dict[str, sa.RowMapping]:
            gateway_orders.expire(tables, at=now)
            return read.orders(tables, list(keys))

        rows = await self._ask(ask)
        return {keys[key].station_id: _answered(row) for key, row in rows.items()}

    async def news(self, updates: Sequence[Update]) -> Mapping[str, Sequence[Happened]]:
        """Return each station's statuses and boots since its present order was given."""
        asked_at = {one.station_id: one.asked_at for one in updates if one.asked_at is not None}
        since = min(asked_at.values())
        found = await self._ask(lambda tables: read.said(tables, list(asked_at), since=since))
        return {
            station_id: [
                happened
                for at, action, frame in frames
                if at >= asked_at[station_id] and (happened := _happened(at, action, frame)) is not None
            ]
            for station_id, frames in found.items()
        }

    async def ask_to_boot(self, update: Update) -> None:
        """Have the station tell which version it runs; at most once for each attempt."""
        key, asked = f"{self._key(update)}:boot", trigger("BootNotification")
        given = self._given(update, key, asked.action, asked.payload, at=self._clock())
        await self._ask(lambda tables: gateway_orders.give(tables, given))

    async def snapshot(self, station_id: str, moment: str) -> Snapshot:
        """Read the station's whole configuration and store it."""
        return await self._snapshots.take(station_id, self._label(moment))

    async def kept(self, station_id: str, moment: str) -> Snapshot | None:
        """Return the latest stored snapshot of that moment."""
        return await self._snapshots.kept(station_id, self._label(moment))

    def _hindrance(self, seen: read.Seen | None) -> str:
        if seen is None:
            return "no gateway knows it: order it through its back-office, and follow it with rehome firmware status"
        if seen.led_to is None:
            return "it is not connected"
        if seen.led_to != self._back_office:
            return f"it is led to {seen.led_to}"
        if seen.is_moving:
            return "it is being moved: a move and an update never go together"
        return "a charge is open" if seen.open_transactions else ""

    def _key(self, update: Update) -> str:
        return order_key(self._campaign_id, update.station_id, update.attempt)

    def _label(self, moment: str) -> str:
        return f"firmware {self._campaign_id} {moment}"

    def _generation(self, update: Update) -> str:
        return generation(self._protocols.get(update.station_id))

    def _given(self, update: Update, key: str, action: str, payload: Mapping[str, object], *, at: datetime) -> Given:
        return Given(
            station_id=update.station_id,
            action=action,
            payload=json.dumps(payload),
            by=_BY,
            reason=f"campaign {self._campaign_id}",
            made_at=at,
            deadline_at=at + _WITHIN,
            order_key=key,
        )

    async def _ask(self, question: Callable[[sa.Connection], T]) -> T:
        def ask() -> T:
            self._held.require()
            with self._held.engine.begin() as connection:
                return question(connection)

        # what is asked here may be asked again: an order has a name, and a row that is the same is no event
        until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.to_thread(ask)
            except (DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError):
                if asyncio.get_running_loop().time() >= until:
                    raise
            await asyncio.sleep(1.0)


def _answered(row: sa.RowMapping) -> Answered:
    payload = json.loads(row["payload"])
    number = payload.get("requestId") if isinstance(payload, dict) else None
    status = ""
    with suppress(ValueError, LookupError, AttributeError, TypeError):
        told = json.loads(row["answer"] or "{}")
        status = str(told.get("status", "")) if row["state"] == "answered" else str(told[2])
    return Answered(state=row["state"], at=row["sent_at"] or row["made_at"], status=status, request_id=number)


def _happened(at: datetime, action: str, frame: str) -> Happened | None:
    """Return what a frame tells; None for one that tells nothing."""
    try:
        payload = json.loads(frame)[3]
        if action != "BootNotification":
            number = payload.get("requestId")
            return Happened(at=at, said=str(payload["status"]), request_id=number if isinstance(number, int) else None)
        version = payload.get("firmwareVersion") or payload["chargingStation"].get("firmwareVersion")
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None
    return Happened(at=at, booted_with=str(version)) if version else None
