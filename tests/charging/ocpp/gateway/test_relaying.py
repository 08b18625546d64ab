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


def test_what_a_back_office_says_in_one_breath_with_its_handshake_reaches_the_station(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            legacy.greeting = '[2,"q1","ClearCache",{}]'
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=parts.with_secret())
            async with (
                asyncio.timeout(30),
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1") as station,
            ):
                asked = await station.recv()
                await station.send('[3,"q1",{"status":"Accepted"}]')
                await legacy.until(lambda: legacy.heard["CS-1"])
            return asked, legacy.heard["CS-1"]

    asked, heard = asyncio.run(scenario())

    assert json.loads(asked) == [2, "q1", "ClearCache", {}]
    assert [json.loads(frame) for frame in heard] == [[3, "q1", {"status": "Accepted"}]]
    assert [row["sent"] for row in world.rows(parts.tables.frame)] == [None, None]


def test_the_answer_to_a_former_back_office_is_recorded_as_said_to_that_one(world, parts):
    async def scenario():
        async with parts.office() as legacy, parts.office() as target:
            world.add_office("legacy", legacy.address)
            world.add_office("target", target.address)
            world.route(["CS-1", "CS-2"], "legacy", credential=parts.with_secret())
            async with (
                asyncio.timeout(30),
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1") as station,
                parts.station(opened.ports[0], "CS-2"),
            ):
                await legacy.has("CS-2")
                await (await legacy.has("CS-1")).send('[2,"q1","ClearCache",{}]')
                await station.recv()
                await asyncio.to_thread(world.route, ["CS-1", "CS-2"], "target")
                await target.has("CS-2")  # so the route is known, and CS-1 waits for the open call alone
                await station.send('[3,"q1",{"status":"Accepted"}]')
                await target.has("CS-1")

    asyncio.run(scenario())

    frame = parts.tables.frame.c
    (answer,) = world.rows(parts.tables.frame, frame.station_id == "CS-1", frame.unique_id == "q1", frame.kind == 3)
    assert answer["back_office"] == "legacy"
