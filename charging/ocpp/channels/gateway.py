"""Our own gateway as a channel: orders reach the station, what was recorded tells what it has said.

One channel for each back-office: a station is reached through it as long as the gateway leads the station there. The
route itself is read and written like a key of the station's, so that a recipe can change it as it changes a station:
the station's configuration stays as it is, and so the way back is as short.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from charging.clock import Clock
from charging.database import connection as database
from charging.database.operations import gateway_routes
from charging.database.operations.gateway_orders import ENDED
from charging.database.operations.gateway_routes import Change
from charging.errors import UnknownThing
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.gateway_caller import GatewayCaller
from charging.ocpp.channels.together import Together
from charging.secret import Secret

ROUTE = "rehome.route"
"""The key of the station's that is none: which back-office the gateway leads it to."""
_LOOK_SECONDS = 2.0
_BY = "cutover"


class GatewayChannel(CallingChannel):
    """One back-office behind the gateway. Implements `charging.migration.ports.Channel` and `Inspector`."""

    def __init__(self, caller: GatewayCaller, *, clock: Clock) -> None:
        super().__init__(caller)
        self._gateway = caller
        self._clock = clock
        self._changes = Together(self._change_routes)

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
        return await self._changes.of((station_id, value))

    async def _change_routes(self, wanted: Sequence[tuple[str, str]]) -> Sequence[str]:
        """Change stations' routes, all or none; return how each change was taken."""
        change = Change(by=_BY, reason=f"a recipe, through {self.name}", at=self._clock())

        def store(tables: sa.Connection) -> dict[str, str]:
            return {name: _led(tables, [each for each, to in wanted if to == name], name, change) for name in names}

        names = dict.fromkeys(name for _, name in wanted)
        taken = await self._gateway.ask(store)
        return [taken[name] for _, name in wanted]


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


def _led(tables: sa.Connection, station_ids: Sequence[str], back_office: str, change: Change) -> str:
    try:
        gateway_routes.set_routes(tables, station_ids, back_office, change=change)
    except UnknownThing:
        return "Rejected"
    return "Accepted"
