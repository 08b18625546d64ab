"""Frames through a gateway, over real sockets."""

import asyncio
import json


def test_a_call_and_its_answer_pass_byte_for_byte_and_are_recorded(world, parts):
    call = '[2, "a1",\t"Heartbeat", {"odd":  1.50}]'

    async def scenario():
        async with parts.office() as legacy:
            legacy.answers["Heartbeat"] = {"currentTime": "2026-03-01T12:00:00Z"}
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=parts.with_secret())
            async with parts.gateway(world.plan()) as opened, parts.station(opened.ports[0], "CS-1") as station:
                await station.send(call)
                answer = await station.recv()
            return answer, legacy.heard["CS-1"]

    answer, heard = asyncio.run(scenario())

    assert json.loads(answer) == [3, "a1", {"currentTime": "2026-03-01T12:00:00Z"}]
    assert heard == [call]
    frames = world.rows(parts.tables.frame, order_by=parts.tables.frame.c.place)
    assert [(frame["direction"], frame["received"], frame["sent"]) for frame in frames] == [
        ("from_station", call, None),
        ("from_office", answer, None),
    ]
    (link,) = world.rows(parts.tables.link)
    assert link["closed_at"] is not None
