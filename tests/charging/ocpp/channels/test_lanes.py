"""Many requests at a time go over few clients, of which each has one at a time."""

import asyncio

import httpx
import pytest

from charging.ocpp.channels.lanes import Lanes


class Server:
    """A server that answers a moment later, and notes how many it is asked by at a time."""

    def __init__(self):
        self.now = self.most = 0
        self.clients = []

    async def __call__(self, request):
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        if request.url.path == "/broken":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, content=request.content)

    def opened(self, _):
        client = httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://server")
        self.clients.append(client)
        return client


def test_requests_share_as_many_lanes_as_there_may_be():
    async def ask():
        server = Server()
        lanes = Lanes(server.opened, most=3)
        answers = await asyncio.gather(*(lanes.post("here", {"number": number}) for number in range(20)))
        await lanes.close()
        return server, [answer.json()["number"] for answer in answers]

    server, numbers = asyncio.run(ask())

    assert numbers == list(range(20))
    assert (server.most, len(server.clients)) == (3, 3)
    assert all(client.is_closed for client in server.clients)


def test_a_lane_is_made_only_where_none_is_free():
    async def ask():
        server = Server()
        lanes = Lanes(server.opened, most=3)
        for _ in range(5):
            await lanes.post("here", {})
        return server

    assert len(asyncio.run(ask()).clients) == 1


def test_a_request_that_fails_leaves_its_lane_to_the_next():
    async def ask():
        server = Server()
        lanes = Lanes(server.opened, most=1)
        with pytest.raises(httpx.ConnectError):
            await lanes.post("broken", {})
        return (await lanes.post("here", {})).status_code

    assert asyncio.run(ask()) == 200
