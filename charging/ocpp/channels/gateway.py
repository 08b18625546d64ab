"""Our own gateway as a channel: orders reach the station, what was recorded tells what it has said.

One channel for each back-office: a station is reached through it as long as the gateway leads the station there. The
route itself is read and written like a key of the station's, so that a recipe can change it as it changes a station:
the station's configuration stays as it is, and so the way back is as short.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from charging.clock import Clock
from charging.database import connection as database
from charging.database.operations import gateway_orders, gateway_routes
from charging.database.operations.gateway_orders import ENDED, OPEN, Given
from charging.database.operations.gateway_routes import Change
from charging.database.queries import gateway_frames, gateway_sightings
from charging.errors import BackOfficeUnavailable, DatabaseUnavailable, StationUnreachable, UnknownThing
from charging.migration.diagnostics import Said
from charging.migration.ports import Sighting
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.calls import LOG_SAID, Asked, Payload, log_said
from charging.ocpp.frames import CallError
from charging.secret import Secret

T = TypeVar("T")

ROUTE = "rehome.route"
"""The key of the station's that is none: which back-office the gateway leads it to."""
_WITHIN = timedelta(seconds=60)
_LOOK_SECONDS = 2.0
_REPORT_SECONDS = 120.0
_BY = "cutover"


class GatewayCaller:
    """Carries calls as orders. Implements `charging.ocpp.channels.calling.Caller`."""

    def __init__(self, name: str, *, engine: sa.Engine, clock: Clock, by: str = _BY) -> None:
        self.name, self._by = name, by
        self._engine = engine
        self._clock = clock
        self._ended: dict[int, asyncio.Event] = {}
        self._report_numbers = 0

    async def protocol(self, station_id: str) -> str | None:
        """Return the sub-protocol of the station's link."""
        return (await self.require_here(station_id)).protocol

    async def call(self, station_id: str, protocol: str | None, asked: Asked) -> Payload | CallError:  # noqa: ARG002 - the port's own signature
        """Give one order and return the station's own answer, without secrets."""
        await self.require_here(station_id)
        now = self._clock()
        given = Given(
            station_id=station_id,
            action=asked.action,
            payload=json.dumps(asked.payload),
            by=self._by,
            reason=f"through the gateway to {self.name}",
            made_at=now,
            deadline_at=now + _WITHIN,
        )
        number = await self.ask(lambda tables: gateway_orders.give(tables, given))
        state, answer = await self._outcome(number)
        match state:
            case "answered":
                return _object(answer)
            case "refused":
                return _refusal(answer)
            case "expired":
                raise StationUnreachable(station_id, "no gateway could send it the order in time; it never got it")
            case _:
                raise StationUnreachable(station_id, "it got the order and did not answer in time")

    async def base_report(self, station_id: str, protocol: str | None) -> Sequence[Payload]:
        """Ask for everything, and collect the NotifyReport messages until the last has come."""
        since = self._clock()
        self._report_numbers += 1
        number = (int(since.timestamp()) * 100 + self._report_numbers) % 2**31
        asked = Asked(action="GetBaseReport", payload={"requestId": number, "reportBase": "FullInventory"})
        answer = await self.call(station_id, protocol, asked)
        if isinstance(answer, CallError) or answer.get("status") != "Accepted":
            said = answer.code if isinstance(answer, CallError) else answer.get("status")
            raise StationUnreachable(station_id, f"it answered GetBaseReport with {said}")
        loop = asyncio.get_running_loop()
        until = loop.time() + _REPORT_SECONDS
        while loop.time() < until:
            found = await self.ask(
                lambda tables: gateway_sightings.reported(tables, station_id, request=str(number), since=since)
            )
            parts = [part for part in map(_payload, found) if part.get("requestId") == number]
            if any(not part.get("tbc", False) for part in parts):
                return [entry for part in parts for entry in part.get("reportData") or ()]
            await asyncio.sleep(_LOOK_SECONDS)
        raise StationUnreachable(station_id, "its report has not ended")

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what gateways have recorded of stations and this back-office."""
        now, asked = self._clock(), list(station_ids)
        seen = await self.ask(lambda tables: gateway_sightings.sightings(tables, asked, self.name, at=now))
        return {sighting.station_id: sighting for sighting in seen}

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return what gateways have recorded of uploads since an instant."""
        found: dict[str, list[Said]] = {}
        for station_id in station_ids:
            frames = await self.ask(
                lambda tables, each=station_id: gateway_sightings.calls(tables, each, LOG_SAID, since=since)  # type: ignore[misc]
            )
            found[station_id] = [log_said(payload, at=at) for at, text in frames if (payload := _payload(text))]
        return found

    async def require_here(self, station_id: str) -> gateway_sightings.Place:
        """Return where a station is, which is here.

        Raises:
            StationUnreachable: if it is not connected, or is led to another back-office.
        """
        place = await self.ask(lambda tables: gateway_sightings.place(tables, station_id))
        if place is None:
            raise StationUnreachable(station_id, "the gateway has no route for it")
        if place.led_to != self.name:
            where = f"is led to {place.led_to}" if place.led_to else "has no link to its back-office"
            raise StationUnreachable(station_id, f"it {where if place.is_connected else 'is not connected'}")
        return place

    async def ask(self, question: Callable[[sa.Connection], T]) -> T:
        """Return the tables' answer.

        Raises:
            BackOfficeUnavailable: if they are away.
        """

        def ask() -> T:
            with self._engine.begin() as connection:
                return question(connection)

        try:
            return await asyncio.to_thread(ask)
        except (DatabaseUnavailable, sa.exc.OperationalError, sa.exc.InterfaceError) as problem:
            raise BackOfficeUnavailable(self.name, f"the gateway's tables are away ({problem})") from problem

    def hear(self, order_number: str) -> None:
        """An order has ended."""
        event = self._ended.get(int(order_number))
        if event is not None:
            event.set()

    async def _outcome(self, number: int) -> tuple[str, str | None]:
        """Wait until an order has ended; nobody waits much longer than a gateway does."""
        ended = self._ended[number] = asyncio.Event()
        try:
            while True:
                now = self._clock()
                await self.ask(lambda tables, now=now: gateway_orders.expire(tables, at=now))  # type: ignore[misc]
                found = await self.ask(lambda tables: gateway_frames.order(tables, number))
                if found["state"] not in OPEN or now > found["deadline_at"] + _WITHIN:
                    return str(found["state"]), found["answer"]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
                ended.clear()
        finally:
            del self._ended[number]


class GatewayChannel(CallingChannel):
    """One back-office behind the gateway. Implements `charging.migration.ports.Channel` and `Inspector`."""

    def __init__(self, caller: GatewayCaller, *, clock: Clock) -> None:
        super().__init__(caller)
        self._gateway = caller
        self._clock = clock

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys; the route is answered here, but only for a station that is led to this back-office."""
        found: dict[str, str | None] = {}
        if ROUTE in keys:
            found[ROUTE] = (await self._gateway.require_here(station_id)).route
        others = [key for key in keys if key != ROUTE]
        return found | dict(await super().get_configuration(station_id, others)) if others else found

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key and return the station's status; the route is changed here, wherever the station is.

        A route that is accepted is no arrival: the station goes once it has no open transaction and no open call.
        """
        if key != ROUTE:
            return await super().change_configuration(station_id, key, value)
        change = Change(by=_BY, reason=f"a recipe, through {self.name}", at=self._clock())
        try:
            await self._gateway.ask(
                lambda tables: gateway_routes.set_routes(tables, [station_id], value, change=change)
            )
        except UnknownThing:
            return "Rejected"
        return "Accepted"


@asynccontextmanager
async def open_gateway(name: str, *, address: Secret, clock: Clock, by: str = _BY) -> AsyncIterator[GatewayChannel]:
    """Open the channel to one back-office behind the gateway, by the name that routes have for it.

    Raises:
        DatabaseUnavailable: if the tables do not answer.
    """
    engine = database.connect(address)
    caller = GatewayCaller(name, engine=engine, clock=clock, by=by)
    listening = asyncio.create_task(_listen(address, caller))
    try:
        yield GatewayChannel(caller, clock=clock)
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        engine.dispose()


async def _listen(address: Secret, caller: GatewayCaller) -> None:
    """Hand on which orders have ended; while nobody says so, they are looked at all the same."""
    place = make_url(address.reveal()).set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            async with await psycopg.AsyncConnection.connect(place, autocommit=True, connect_timeout=5) as connection:
                await connection.execute(f'LISTEN "{ENDED}"'.encode())
                async for notice in connection.notifies():
                    caller.hear(notice.payload)
        await asyncio.sleep(_LOOK_SECONDS)


def _object(answer: str | None) -> Payload:
    found = json.loads(answer) if answer else {}
    return found if isinstance(found, Mapping) else {}


def _refusal(answer: str | None) -> CallError:
    found = json.loads(answer) if answer else []
    frame = [str(part) for part in found] if isinstance(found, list) else []
    code, description = ([*frame[2:4], "", ""])[:2]
    return CallError(unique_id="", code=code or "GenericError", description=description, details={})


def _payload(frame: str) -> Payload:
    try:
        found = json.loads(frame)[3]
    except (ValueError, LookupError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
