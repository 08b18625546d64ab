"""A station of OCPP 1.6 is asked for its log through a SteVe, and really uploads it."""

import asyncio
from datetime import timedelta

import httpx

from charging.clock import system_clock
from charging.migration.diagnostics import State, begun, standing
from charging.ocpp.channels.lanes import Lanes
from charging.ocpp.channels.steve import SteveChannel
from rehearsal.back_office_rest import Operations


def test_a_log_is_uploaded_and_steve_has_heard_so(field, network, one_of, eventually, upload_place):
    truth = one_of(network, "A")

    async def scenario():
        async with field(network) as opened:
            rest = Operations(opened.legacy, user="u", password="p")
            running = asyncio.create_task(opened.station(truth).run())
            await eventually(lambda: truth.station_id in opened.legacy.connected, what="a boot")
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=rest), base_url="http://steve/steve/", auth=("u", "p")
            ) as client:
                lanes = Lanes(lambda _: client, most=1)
                channel = SteveChannel("legacy", client=lanes, engine=opened.legacy_engine, clock=system_clock)
                at = system_clock()
                before = await channel.log_news([truth.station_id], since=at - timedelta(days=1))
                told = await channel.fetch_log(truth.station_id, upload_place.url, request_number=1)
                await eventually(lambda: upload_place.files, what="an upload")
                news = {}
                while [one.status for one in news.get(truth.station_id, ())] != ["Uploaded"]:
                    await opened.legacy.settle()
                    news = await channel.log_news([truth.station_id], since=at - timedelta(seconds=1))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return before, told, news[truth.station_id], at

    before, told, news, at = asyncio.run(asyncio.wait_for(scenario(), 60))

    name = f"{truth.station_id}.log"
    assert not before.get(truth.station_id)
    assert (told.file_name, list(upload_place.files)) == (name, [f"/in/{name}"])
    assert standing(begun(told, at=at), news, request_number=1, now=at).state is State.UPLOADED
