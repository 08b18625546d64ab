"""What a gateway survives: being killed, its tables going away, another gateway beside it, and being stopped."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import embedded
from charging.database.operations import gateway_journal, gateway_orders
from charging.errors import DatabaseUnavailable, GatewayRuns
from charging.ocpp.gateway import entries, ordering
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.journal import Place, segments
from charging.secret import Secret

NOTHING = Credential(is_open=True)
REHOME = Path(sys.executable).parent / "rehome"


class Process:
    """`rehome gateway` as a process, with everything that it starts in its group."""

    def __init__(self, home, url, port=0):
        self.home, self.url, self.port = home, url, port

    async def start(self):
        words = ["gateway", "--plain-text-apn", f"127.0.0.1:{self.port}"]
        self.process = await asyncio.create_subprocess_exec(
            *(REHOME, *words),
            env=os.environ | {"REHOME_HOME": str(self.home), "DATABASE_URL": self.url},
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        async for line in self.process.stderr:
            if found := re.search(rb"ws://127\.0\.0\.1:(\d+)/ocpp", line):
                self.port = int(found[1])
            if b"watched at" in line:
                break
        self.reading = asyncio.create_task(self.process.stderr.read())
        return self.port

    async def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


def test_killed_in_mid_traffic_it_has_lost_no_frame_that_it_relayed_and_sends_no_order_twice(world, parts, home):
    (home / "rehome.toml").write_text('[gateway]\nname = "g"\nmetrics_port = 0\n')
    ordered, answered = [], []

    async def talk(port, station_id, asked):
        """Ask and ask, and dial again whenever the link breaks; note what was ordered."""
        number = 0
        while not asked.is_set():
            with contextlib.suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                async with parts.station(port, station_id, secret=None) as one:
                    while not asked.is_set():
                        number += 1
                        await one.send(json.dumps([2, f"{station_id}-{number}", "Heartbeat", {}]))
                        while (frame := json.loads(await one.recv()))[0] == 2:
                            ordered.append(frame)
                        answered.append(frame[1])
            await asyncio.sleep(0.02)  # a station's own pause: without one, refused dials take all of a small machine

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            names = [f"CS-{number}" for number in range(5)]
            world.route(names, "legacy", credential=NOTHING)
            process, over = Process(home, world.url), asyncio.Event()
            port = await process.start()
            numbers = []
            async with asyncio.TaskGroup() as talking:  # whoever falls silent ends the trial, and says why
                for name in names:
                    talking.create_task(talk(port, name, over))
                for killed in (1, 2):
                    await legacy.until(
                        lambda killed=killed: all(len(legacy.heard[name]) > 30 * killed for name in names)
                    )
                    numbers.append(ordering.give(world.engine, order(names[killed])))
                    async with asyncio.timeout(30):
                        while len(ordered) < killed:
                            await asyncio.wait([asyncio.create_task(legacy.has(names[killed]))])
                            heard = len(legacy.heard[names[0]])
                            await legacy.until(lambda heard=heard: len(legacy.heard[names[0]]) > heard)
                    await process.kill()
                    await process.start()
                await legacy.until(lambda: all(len(legacy.heard[name]) > 90 for name in names))
                over.set()
            status = await process.stop()
            heard = {json.loads(raw)[1] for name in names for raw in legacy.heard[name]}
            return status, heard, [ordering.wait(world.engine, number, clock=system_clock).state for number in numbers]

    status, heard, states = asyncio.run(scenario())

    frame = parts.tables.frame.c
    recorded = [row["unique_id"] for row in world.rows(parts.tables.frame, frame.direction == "from_station")]
    replies = [row["unique_id"] for row in world.rows(parts.tables.frame, frame.direction == "from_office")]
    assert status == 0
    assert heard <= set(recorded)
    assert set(answered) <= set(replies)
    assert len(ordered) == 2
    assert states == ["unknown", "unknown"]
    (position,) = world.rows(parts.tables.journal_position)
    assert segments(home / "gateway" / "g") == [position["segment"]]


def test_away_tables_keep_no_frame_and_no_station_waiting_and_get_everything_later(parts, open_folder, tmp_path):
    cluster = embedded.locate(open_folder())
    embedded.start(cluster, durable=False)
    url = embedded.create_database(cluster.url(), "gateway")
    engine = database.connect(Secret(url))
    database.migrate(engine)
    world = parts.world(url, engine, tmp_path)

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1", "CS-2", "CS-3"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await ask(one, "before")
                embedded.stop(cluster)
                await ask(one, "while they are away")
                async with parts.station(opened.ports[0], "CS-2", secret=None) as two:
                    await ask(two, "come while they are away")
            async with parts.gateway(world.plan()) as opened:
                async with parts.station(opened.ports[0], "CS-3", secret=None) as three:
                    await ask(three, "begun while they are away")
                embedded.start(cluster, durable=False)
                await world.until(lambda: len(frames(world, parts)) == 8)
                async with parts.station(opened.ports[0], "CS-1", secret=None) as one:
                    await ask(one, "after")
            return frames(world, parts)

    try:
        found = asyncio.run(scenario())
    finally:
        engine.dispose()
        embedded.stop(cluster)

    said = ["before", "while they are away", "come while they are away", "begun while they are away", "after"]
    assert found == [each for each in said for _ in range(2)]


def frames(world, parts):
    with contextlib.suppress(DatabaseUnavailable):
        rows = world.rows(parts.tables.frame, order_by=parts.tables.frame.c.at)
        return [row["unique_id"] for row in rows]
    return []


def test_two_gateways_serve_one_fleet_and_a_station_is_at_one_of_them(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1", "CS-2"], "legacy", credential=NOTHING)
            async with parts.gateway(world.plan("g1")) as first, parts.gateway(world.plan("g2")) as second:
                one = await parts.station(first.ports[0], "CS-1", secret=None)
                await legacy.has("CS-1")
                with pytest.raises(InvalidStatus) as refused:
                    await parts.station(second.ports[0], "CS-1", secret=None)
                number = ordering.give(world.engine, order("CS-1"))
                frame = json.loads(await one.recv())
                await one.send(json.dumps([3, frame[1], {}]))
                outcome = await asyncio.to_thread(ordering.wait, world.engine, number, clock=system_clock)
                one.transport.pause_reading()  # from now on it is dead to its gateway
                async with parts.station(second.ports[0], "CS-1", secret=None) as again:
                    await ask(again, "at the other gateway")
                    held = world.rows(parts.tables.link)
                one.transport.abort()
                return refused.value.response.status_code, outcome.state, held

    status, state, held = asyncio.run(scenario())

    assert (status, state) == (409, "answered")
    assert [(row["station_id"], row["gateway"], row["closed_at"]) for row in held] == [("CS-1", "g2", None)]
    assert "duplicate" in {row["kind"] for row in world.rows(parts.tables.alarm)}


def test_a_gateway_that_was_killed_keeps_no_station_from_another(world, parts):
    with world.engine.begin() as connection:
        long_ago = system_clock().replace(year=2020)
        connection.execute(
            sa.insert(parts.tables.process).values(name="g1", run=1, started_at=long_ago, seen_at=long_ago)
        )
        told = {"station_id": "CS-1", "gateway": "g1", "run": 1, "connection": "x", "protocol": "ocpp1.6", "peer": ""}
        connection.execute(sa.insert(parts.tables.link).values(told | {"connected_at": long_ago}))

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan("g2")) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await ask(one, "a")

    asyncio.run(scenario())

    (link,) = world.rows(parts.tables.link)
    assert link["gateway"] == "g2"


def test_a_gateway_that_stops_lets_the_open_call_end_and_says_why_it_closes(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            legacy.is_silent = True
            world.add_office("legacy", legacy.address)
            world.route(["CS-1", "CS-2"], "legacy", credential=NOTHING)
            async with contextlib.AsyncExitStack() as stack:
                running = parts.gateway(world.plan())
                opened = await running.__aenter__()
                busy = await stack.enter_async_context(parts.station(opened.ports[0], "CS-1", secret=None))
                idle = await stack.enter_async_context(parts.station(opened.ports[0], "CS-2", secret=None))
                link = await legacy.has("CS-1")
                await legacy.has("CS-2")
                await busy.send('[2,"open","Heartbeat",{}]')
                await legacy.until(lambda: legacy.heard["CS-1"])
                stopping = asyncio.create_task(running.__aexit__(None, None, None))
                await asyncio.wait_for(idle.wait_closed(), 20)
                with pytest.raises(OSError, match="Connect"):
                    await parts.station(opened.ports[0], "CS-2", secret=None)
                await link.send('[3,"open",{}]')
                answer = await busy.recv()
                await asyncio.wait_for(busy.wait_closed(), 20)
                await stopping
                return idle.close_code, answer, busy.close_code

    assert asyncio.run(scenario()) == (1012, '[3,"open",{}]', 1012)
    (process,) = world.rows(parts.tables.process)
    assert process["stopped_at"] is not None


def test_what_can_be_seen_of_it(world, parts):
    async def scenario():
        async with parts.office() as legacy, httpx.AsyncClient() as http:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await ask(one, "a")
                seen = f"http://127.0.0.1:{opened.metrics_port}"
                paths = ("/metrics", "/healthz", "/readyz", "/other")
                return [await http.get(f"{seen}{path}") for path in paths]

    metrics, health, ready, other = asyncio.run(scenario())

    assert [answer.status_code for answer in (metrics, health, ready, other)] == [200, 200, 200, 404]
    assert 'rehome_gateway_stations{protocol="ocpp1.6"} 1.0' in metrics.text
    assert 'rehome_gateway_office_links{back_office="legacy"} 1.0' in metrics.text
    assert "rehome_gateway_frames_total 2.0" in metrics.text
    assert "rehome_gateway_tables_up 1.0" in metrics.text


def test_without_tables_and_without_anything_written_down_it_is_not_ready(world, parts):
    async def scenario():
        nowhere = world.url.replace("test_", "nothing_")
        plan = world.plan(address=lambda: Secret(nowhere))
        async with parts.gateway(plan) as opened, httpx.AsyncClient() as http:
            ready = await http.get(f"http://127.0.0.1:{opened.metrics_port}/readyz")
            with pytest.raises(InvalidStatus) as refused:
                await parts.station(opened.ports[0], "CS-1", secret=None)
            return ready, refused.value.response.status_code

    ready, status = asyncio.run(scenario())

    assert (ready.status_code, status) == (503, 503)
    assert "PostgreSQL is away" in ready.text


def test_what_a_second_recorder_brings_from_the_same_place_on_is_not_stored_twice(world, parts):
    alarm = entries.Alarmed(entries.stamp(system_clock()), "CS-1", "k", "p")

    def store(place, after):
        with world.engine.begin() as connection:
            gateway_journal.store(connection, [(place, alarm)], gateway="g", after=after, at=system_clock())

    store(Place(1, 100), None)
    for after in (None, Place(1, 50)):
        with pytest.raises(GatewayRuns):
            store(Place(1, 200), after)
    store(Place(1, 200), Place(1, 100))

    assert len(world.rows(parts.tables.alarm)) == 2


def order(station_id):
    now = system_clock()
    return gateway_orders.Given(
        station_id=station_id,
        action="Reset",
        payload='{"type":"Soft"}',
        by="tester",
        reason="a test",
        made_at=now,
        deadline_at=now.replace(year=now.year + 1),
    )


async def ask(station, unique_id):
    await station.send(json.dumps([2, unique_id, "Heartbeat", {}]))
    async with asyncio.timeout(20):
        assert json.loads(await station.recv())[1] == unique_id
