"""Calls to stations as orders to our own gateway, and what was recorded of them.

A fleet asks the same things at the same time, so that whatever can be is asked for all of them at once.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from charging.clock import Clock
from charging.database.operations import gateway_orders
from charging.database.operations.gateway_orders import OPEN, Given
from charging.database.queries import gateway_frames, gateway_sightings
from charging.errors import StationUnreachable
from charging.migration.diagnostics import Said
from charging.migration.ports import Sighting
from charging.ocpp.channels import own_tables
from charging.ocpp.channels.calls import LOG_SAID, Asked, Payload, log_said
from charging.ocpp.channels.together import Together
from charging.ocpp.frames import CallError

T = TypeVar("T")

_WITHIN = timedelta(seconds=60)
_LOOK_SECONDS = 2.0
_REPORT_SECONDS = 120.0


class GatewayCaller:
    """Carries calls as orders. Implements `charging.ocpp.channels.calling.Caller`."""

    def __init__(self, name: str, *, engine: sa.Engine, clock: Clock, by: str) -> None:
        self.name, self._by = name, by
        self._engine = engine
        self._clock = clock
        self._ended: dict[int, asyncio.Event] = {}
        self._places = Together(self._ask_places)
        self._states = Together(self._ask_states)
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
        place = await self._places.of(station_id)
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
        return await own_tables.ask(self._engine, question, of=self.name, away="the gateway's tables are away")

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
                found = await self._states.of(number)
                if found["state"] not in OPEN or self._clock() > found["deadline_at"] + _WITHIN:
                    return str(found["state"]), found["answer"]
                try:
                    await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
                except TimeoutError:  # nobody says so where no gateway had it
                    now = self._clock()
                    await self.ask(lambda tables, now=now: gateway_orders.expire(tables, at=now))  # type: ignore[misc]
                ended.clear()
        finally:
            del self._ended[number]

    async def _ask_places(self, station_ids: Sequence[str]) -> Sequence[gateway_sightings.Place | None]:
        places = await self.ask(lambda tables: gateway_sightings.places(tables, station_ids))
        return [places.get(station_id) for station_id in station_ids]

    async def _ask_states(self, numbers: Sequence[int]) -> Sequence[Mapping[str, Any]]:
        orders = await self.ask(lambda tables: gateway_frames.outcomes(tables, numbers))
        return [orders[number] for number in numbers]


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
