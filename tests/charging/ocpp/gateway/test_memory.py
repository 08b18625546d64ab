"""A link that has ended leaves nothing behind that a collector would have to look for."""

import asyncio
import gc
import json

from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.office import OfficeLink
from charging.ocpp.gateway.session import Session


def test_a_session_is_gone_with_its_link_without_the_collector(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=Credential(is_open=True))
            async with parts.gateway(world.plan()) as opened:
                gc.collect()
                gc.disable()
                for number in range(3):
                    async with parts.station(opened.ports[0], "CS-1", secret=None) as station:
                        await legacy.has("CS-1")
                        await station.send(json.dumps([2, f"h{number}", "Heartbeat", {}]))
                        await station.recv()
                    await legacy.until(lambda: "CS-1" not in legacy.links)
                await world.until(
                    lambda: [row["closed_at"] for row in world.rows(parts.tables.link) if row["closed_at"]]
                )
                await asyncio.sleep(0)
                return [found for found in gc.get_objects() if isinstance(found, Session | OfficeLink)]

    try:
        left = asyncio.run(scenario())
    finally:
        gc.enable()

    assert left == []
