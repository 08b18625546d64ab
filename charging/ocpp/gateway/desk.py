"""The desk: what a gateway asks the tables, and what they tell it.

PostgreSQL away is no reason to leave a station outside: what is known goes on, and what should have been asked is told
later, by the journal.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from charging.database.operations import gateway_journal, gateway_links, gateway_orders
from charging.database.operations.gateway_orders import Taken
from charging.database.queries import gateway_routes
from charging.ocpp.gateway.asking import AWAY, Tables
from charging.ocpp.gateway.hub import Hub
from charging.ocpp.gateway.journal import Place
from charging.ocpp.gateway.known import Known, keep

V = TypeVar("V")

_LOG = logging.getLogger("rehome.gateway.desk")
_BEAT_SECONDS = 5.0
_READ_AGAIN = 12
"""After so many beats everything is read again: a notice may have been missed."""


class Desk:
    """Belongs to one event loop."""

    def __init__(self, hub: Hub, tables: Tables, *, gateway: str, snapshot: Path) -> None:
        self._hub = hub
        self._tables = tables
        self._gateway = gateway
        self._snapshot = snapshot
        self._asked: set[str] = set()
        self._held: dict[int, datetime] = {}
        """Orders whose taking was heard of, and when they were taken, as long as they may be `taken` in the tables."""
        self._are_lost = False
        """Whether orders were taken, and the tables were away before they could be told."""
        self._stored: Place | None = None
        """How far the journal was in the tables at the last beat."""
        self._looking: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._changed: set[str] = set()
        """Stations whose routes have changed since they were last read; the empty name stands for all."""
        self._following: asyncio.Task[None] | None = None
        hub.look_for_orders = self.look_for_orders

    async def begin(self) -> None:
        """Note that this gateway has begun, and read what it goes by.

        Raises:
            DatabaseUnavailable, OperationalError, InterfaceError, TimeoutError: if the tables are away.
        """
        run, now = self._hub.run, self._hub.clock()
        await self._tables.ask(lambda tables: gateway_links.begin(tables, gateway=self._gateway, run=run, at=now))
        await self.read_routes()

    async def end(self) -> None:
        """Note that this gateway stops, if anybody hears it."""
        now = self._hub.clock()
        await self._tables.start(
            self._tables.ask(lambda tables: gateway_links.seen(tables, gateway=self._gateway, at=now, is_last=True))
        )

    async def beat(self) -> None:
        """Say every few seconds that this gateway is there, and look for what notices may have missed; for ever."""
        beats = 0
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            beats += 1
            try:
                if not self._tables.is_up:
                    await self.begin()
                waiting, held, stored = await self._tables.ask(self._beat)
                if self._stored is not None:  # of the beat before: whatever was asked until then has been answered
                    self._hub.pasts.settle(self._stored)
                self._stored = stored
                self._are_lost = any(self._is_lost(each) for each in held)
                self.look_for_orders(waiting)
                if beats % _READ_AGAIN == 0:
                    await self.read_routes()
            except AWAY:
                continue
            except Exception:  # noqa: BLE001 - whatever it was, the gateway must go on saying that it is there
                _LOG.exception("the tables were asked in vain; they are asked again in %s s", _BEAT_SECONDS)

    async def read_routes(self, station_ids: Iterable[str] = ()) -> None:
        """Read what these stations go by, or without any named all of them, and go by it.

        Raises:
            DatabaseUnavailable, OperationalError, InterfaceError, TimeoutError: if the tables are away.
        """
        named = sorted(set(station_ids))
        async with self._reading:  # an answer that is older must not come after a newer one
            found = await self._tables.ask(lambda tables: gateway_routes.known(tables, named or None))
            before = self._hub.known
            if named and before is not None:
                found = Known(
                    back_offices=found.back_offices,
                    routes=_patched(before.routes, found.routes, named),
                    changed=_patched(before.changed, found.changed, named),
                    origins=_patched(before.origins, found.origins, named),
                    credentials=_patched(before.credentials, found.credentials, named),
                )
            if found != before:
                self._hub.learn(found)
                await self._written(found)

    async def _written(self, known: Known) -> None:
        """Write it down; whoever is stopped meanwhile stops afterwards, as the next to write takes the same file."""
        writing = asyncio.create_task(asyncio.to_thread(keep, known, self._snapshot))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    def hear_of_routes(self, station_id: str) -> None:
        """A route has changed, or with no station named, any number of them."""
        self._changed.add(station_id)
        if self._following is None:
            self._following = self._tables.start(self._follow_changes())

    def look_for_orders(self, station_ids: Iterable[str]) -> None:
        """See at once whether there are orders for these stations, as far as they are here."""
        self._asked.update(each for each in station_ids if each in self._hub.sessions)
        if (self._asked or self._are_lost) and self._looking is None and self._tables.is_up:
            self._looking = self._tables.start(self._take_orders())

    async def _follow_changes(self) -> None:
        """Read together what changes together: a wave's routes do, and whatever is read is written down each time."""
        try:
            while self._changed:
                changed, self._changed = self._changed, set()
                await self.read_routes([] if "" in changed else changed)
        finally:
            self._following = None

    async def _take_orders(self) -> None:
        try:
            while self._asked or self._are_lost:
                asked, self._asked, self._are_lost = self._asked, set(), False
                rooms = {each: room for each in asked if (room := self._hub.room(each)) > 0}
                taken, held = await self._tables.ask(partial(self._take, rooms))
                lost = [each for each in held if self._is_lost(each)]
                self._held = {each.order_number: each.taken_at for each in held}
                self._hub.take_up(sorted({*taken, *lost}, key=lambda each: each.order_number))
        finally:
            self._looking = None

    def _is_lost(self, order: Taken) -> bool:
        return self._held.get(order.order_number) != order.taken_at

    def _take(self, rooms: Mapping[str, int], tables: sa.Connection) -> tuple[list[Taken], list[Taken]]:
        """Take orders; return them, and all that this run holds: of a taking that came too late nobody has heard."""
        run, now = self._hub.run, self._hub.clock()
        taken = gateway_orders.take(tables, rooms, gateway=self._gateway, run=run, at=now)
        return taken, gateway_orders.held(tables, gateway=self._gateway, run=run)

    def _beat(self, tables: sa.Connection) -> tuple[Sequence[str], Sequence[Taken], Place | None]:
        now = self._hub.clock()
        gateway_links.seen(tables, gateway=self._gateway, at=now)
        gateway_orders.expire(tables, at=now)
        held = gateway_orders.held(tables, gateway=self._gateway, run=self._hub.run)
        return gateway_orders.waiting_stations(tables), held, gateway_journal.place(tables, self._gateway)


def _patched(before: Mapping[str, V], found: Mapping[str, V], named: Sequence[str]) -> Mapping[str, V]:
    kept = dict(before)
    for name in named:
        kept.pop(name, None)
    return kept | dict(found)
