"""Links that are not as they should be: twice there, dead, slow, or full of what is no OCPP-J."""

import asyncio
import contextlib
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.office import Dialler

NOTHING = Credential(is_open=True)
HEARTBEAT = '[2,"h1","Heartbeat",{}]'


@asynccontextmanager
async def serving(world, parts, **options):
    async with parts.office() as legacy:
        world.add_office("legacy", legacy.address)
        world.route(["CS-1"], "legacy", credential=NOTHING)
        async with parts.gateway(world.plan(options=replace(parts.quick, **options))) as opened:
            yield legacy, lambda **more: parts.station(opened.ports[0], "CS-1", secret=None, **more)


def kinds(world, parts):
    return [row["kind"] for row in world.rows(parts.tables.alarm)]


def test_a_second_connection_is_refused_and_alarmed_while_the_first_answers(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as first:
            await legacy.has("CS-1")
            with pytest.raises(InvalidStatus) as refused:
                await dial()
            await first.send(HEARTBEAT)
            return refused.value.response.status_code, json.loads(await first.recv())

    assert asyncio.run(scenario()) == (409, [3, "h1", {}])
    assert kinds(world, parts) == ["duplicate"]


def test_a_second_connection_replaces_a_first_that_does_not_answer(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial):
            first = await silent(dial)
            await legacy.has("CS-1")
            async with dial() as second:
                await legacy.has("CS-1")
                await second.send(HEARTBEAT)
                answer = json.loads(await second.recv())
            first.transport.abort()
            return answer

    assert asyncio.run(scenario()) == [3, "h1", {}]
    assert "duplicate" not in kinds(world, parts)
    (link,) = world.rows(parts.tables.link)
    assert link["closed_at"] is not None


def test_of_many_connections_at_once_exactly_one_is_let_in(world, parts):
    async def scenario():
        async with serving(world, parts) as (_, dial):
            found = await asyncio.gather(*(dial() for _ in range(8)), return_exceptions=True)
            statuses = sorted(each.response.status_code for each in found)
            for each in found:
                if not isinstance(each, Exception):
                    await each.close()
            return statuses

    assert asyncio.run(scenario()) == [101] + [409] * 7


def test_a_dead_peer_is_let_go_of(world, parts):
    async def scenario():
        options = {"ping_after": timedelta(seconds=0.1), "pong_within": timedelta(seconds=0.1)}
        async with serving(world, parts, **options) as (legacy, dial):
            first = await silent(dial)
            await legacy.has("CS-1")
            await legacy.until(lambda: "CS-1" not in legacy.links)
            first.transport.abort()

    asyncio.run(scenario())

    (link,) = world.rows(parts.tables.link)
    assert link["close_reason"] == "it does not answer pings"


def test_a_peer_that_answers_pings_stays_however_silent(world, parts):
    async def scenario():
        options = {"ping_after": timedelta(seconds=0.1), "pong_within": timedelta(seconds=1)}
        async with serving(world, parts, **options) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            pings = asyncio.Event()
            counted = []
            answer = station.protocol.recv_frame

            def counting(frame):
                if frame.opcode is Opcode.PING:
                    counted.append(frame)
                    pings.set() if len(counted) >= 3 else None
                answer(frame)

            station.protocol.recv_frame = counting
            await asyncio.wait_for(pings.wait(), 20)
            await station.send(HEARTBEAT)
            return json.loads(await station.recv())

    assert asyncio.run(scenario()) == [3, "h1", {}]


def test_a_slow_reader_is_let_go_of_and_others_are_not(world, parts):
    async def scenario():
        options = {"slow_after": timedelta(seconds=60), "unread_bytes": 300_000}
        async with serving(world, parts, **options) as (legacy, dial):
            legacy.answers["DataTransfer"] = {"status": "Accepted", "data": "x" * 200_000}
            first = await silent(dial)
            await legacy.has("CS-1")
            for number in range(200):
                raw = json.dumps([2, f"f{number}", "DataTransfer", {"vendorId": "x"}]).encode()
                first.transport.write(Frame(Opcode.TEXT, raw).serialize(mask=True))
                await legacy.until(lambda: len(legacy.heard["CS-1"]) > number or "CS-1" not in legacy.links)  # noqa: B023
                if "CS-1" not in legacy.links:
                    break
            await legacy.until(lambda: "CS-1" not in legacy.links)
            first.transport.abort()

    asyncio.run(scenario())

    (link,) = world.rows(parts.tables.link)
    assert link["close_reason"].startswith("it does not read what it is told")


def test_one_bad_frame_costs_one_frame(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            for bad in ("not JSON", '[2,"x"]', "[9]", "[" * 5_000):
                await station.send(bad)
                await station.send(HEARTBEAT)
                answers = [json.loads(await station.recv())]
                while answers[-1][:2] != [3, "h1"]:
                    answers.append(json.loads(await station.recv()))
            return legacy.heard["CS-1"]

    assert asyncio.run(scenario()) == [HEARTBEAT] * 4
    bad = [row for row in world.rows(parts.tables.frame) if (row["rule"] or "").startswith("bad frame")]
    assert len(bad) == 4


def test_a_row_of_bad_frames_costs_the_link(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            return await closed_after(station, ["not JSON"] * 10)

    assert asyncio.run(scenario()) == 1008
    assert "bad_frames" in kinds(world, parts)


def test_a_message_in_fragments_passes_as_one(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            await station.send([HEARTBEAT[:5], HEARTBEAT[5:9], HEARTBEAT[9:]])
            await station.recv()
            return legacy.heard["CS-1"]

    assert asyncio.run(scenario()) == [HEARTBEAT]


def test_a_binary_message_costs_itself_and_only_binary_costs_the_link(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            await station.send(HEARTBEAT.encode())
            await station.send(HEARTBEAT)
            answer = json.loads(await station.recv())
            return answer, legacy.heard["CS-1"], await closed_after(station, [b"\x00"] * 10)

    assert asyncio.run(scenario()) == ([3, "h1", {}], [HEARTBEAT], 1003)
    assert "bad frame: it is binary" in [row["rule"] for row in world.rows(parts.tables.frame)]


def test_a_long_message_costs_itself_and_one_that_is_longer_still_the_link(world, parts):
    async def scenario():
        async with serving(world, parts, frame_bytes=600_000) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            await station.send(json.dumps([2, "x", "DataTransfer", {"data": "x" * 400_000}]))
            await station.send(HEARTBEAT)
            answer = json.loads(await station.recv())
            while answer[1] != "h1":
                answer = json.loads(await station.recv())
            return legacy.heard["CS-1"], await closed_after(station, ["x" * 700_000])

    assert asyncio.run(scenario()) == ([HEARTBEAT], 1009)


def test_fragments_without_end_are_not_kept(world, parts):
    async def scenario():
        async with serving(world, parts, frame_bytes=50_000) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")

            async def endless():
                while True:
                    yield "x" * 10_000

            with pytest.raises(ConnectionClosed) as closed:
                await station.send(endless())
            return closed.value.rcvd.code

    assert asyncio.run(scenario()) == 1009


def test_a_back_office_that_breaks_its_link_is_dialled_again(world, parts):
    async def scenario():
        async with serving(world, parts) as (legacy, dial), dial() as station:
            link = await legacy.has("CS-1")
            link.transport.abort()
            await legacy.until(lambda: legacy.links.get("CS-1") not in {None, link})
            await station.send(HEARTBEAT)
            return json.loads(await station.recv())

    assert asyncio.run(scenario()) == [3, "h1", {}]


def test_a_back_office_that_breaks_every_link_is_dialled_later_each_time(world, parts, monkeypatch):
    tries = []
    monkeypatch.setattr(Dialler, "pause", lambda _, tried: tries.append(tried) or 0.01)

    async def scenario():
        async with serving(world, parts, redial_seconds=(0.01, 600.0)) as (legacy, dial), dial():
            link = None
            for _ in range(4):
                await legacy.until(lambda: legacy.links.get("CS-1") not in {None, link})  # noqa: B023
                link = legacy.links["CS-1"]
                link.transport.abort()
            await legacy.until(lambda: legacy.links.get("CS-1") not in {None, link})

    asyncio.run(scenario())

    assert tries == [1, 2, 3, 4]


def test_a_station_is_let_go_of_where_its_back_office_stays_away(world, parts):
    async def scenario():
        rules = replace(parts.quick.rules, office_wait=timedelta(seconds=0.2))
        async with serving(world, parts, rules=rules) as (legacy, dial), dial() as station:
            await legacy.has("CS-1")
            legacy.server.close(close_connections=True)
            await legacy.until(lambda: "CS-1" not in legacy.links)
            return await closed_after(station, [HEARTBEAT])

    assert asyncio.run(scenario()) == 1013
    assert {"office_away"} <= set(kinds(world, parts))


def test_what_a_stations_header_says_does_not_reach_its_back_office_but_its_password_does(world, parts, monkeypatch):
    monkeypatch.setenv("OFFICE_PASSWORD", "of-the-back-office")

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address, password="env:OFFICE_PASSWORD", headers={"X-Fleet": "ours"})
            world.route(["CS-1"], "legacy", credential=parts.with_secret())
            async with parts.gateway(world.plan()) as opened, parts.station(opened.ports[0], "CS-1"):
                await legacy.has("CS-1")
                return legacy.headers["CS-1"]

    headers = asyncio.run(scenario())

    assert headers["Authorization"] == "Basic Q1MtMTpvZi10aGUtYmFjay1vZmZpY2U="
    assert headers["X-Fleet"] == "ours"
    assert headers["Sec-WebSocket-Protocol"] == "ocpp1.6"


async def silent(dial):
    """Dial as a station that then neither reads nor answers anything, pings included."""
    station = await dial(max_queue=None, ping_interval=None)
    station.transport.pause_reading()
    station.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return station


async def closed_after(station, messages):
    """Send messages until the link is closed, and return the code that it was closed with."""
    with contextlib.suppress(ConnectionClosed):
        for message in messages:
            await station.send(message)
        await asyncio.wait_for(station.wait_closed(), 20)
    return station.close_code
