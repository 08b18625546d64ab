"""A whole CitrineOS on sockets: its message API and its GraphQL behind one port, stations at another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from charging.clock import Clock
from rehearsal.citrineos_graphql import PATH, CitrineOs
from rehearsal.citrineos_ocpp import CitrineOsOcpp
from rehearsal.citrineos_schema import Generation
from rehearsal.listening import listen, web


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where one CitrineOS is reached."""

    api: str
    graphql: str
    ws: str
    """What stations dial, without their identity."""
    ocpp: CitrineOsOcpp


@asynccontextmanager
async def citrineos(
    folder: Path,
    stations: Sequence[str],
    *,
    clock: Clock,
    name: str = "citrineos",
    token: str = "",
    secret: str = "",
    generation: Generation = Generation.CONNECTION_NAME,
    data: CitrineOs | None = None,
) -> AsyncIterator[Door]:
    """Let one run that knows these stations; its ports are kept in the folder.

    With `data`, it is one that ran before, and holds what it held.
    """
    if data is None:
        data = CitrineOs(secret=secret, generation=generation)
        identity = "ocppConnectionName" if generation is Generation.CONNECTION_NAME else "id"
        for station_id in stations:
            data.add("ChargingStations", **{identity: station_id})
    ocpp = CitrineOsOcpp(data, clock=clock, token=token)
    sockets = listen(folder, [f"{name}-http", f"{name}-ws"])
    server = web(Starlette(routes=[*data.app.routes, *ocpp.app.routes]))
    await ocpp.open(sockets[f"{name}-ws"])
    serving = asyncio.create_task(server.serve(sockets=[sockets[f"{name}-http"]]))
    ports = {which: bound.getsockname()[1] for which, bound in sockets.items()}
    base = f"http://127.0.0.1:{ports[f'{name}-http']}"
    try:
        yield Door(api=base, graphql=f"{base}{PATH}", ws=f"ws://127.0.0.1:{ports[f'{name}-ws']}/ocpp", ocpp=ocpp)
    finally:
        await ocpp.close()
        server.should_exit = True
        await serving
