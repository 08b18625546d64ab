"""What a gateway knows of a station outlives the gateway: killed and begun again, or with another in its place."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from charging.database.operations import gateway_memories
from charging.ocpp.gateway import entries
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.journal import Journal
from charging.ocpp.gateway.pasts import Pasts
from charging.ocpp.relay.remembered import Remembered

NOTHING = Credential(is_open=True)
BOOT = {"chargePointVendor": "ACME", "chargePointModel": "DC-1", "firmwareVersion": "3.1"}
CHARGING = {"connectorId": 1, "errorCode": "NoError", "status": "Finishing"}
REFUSED = ("target", datetime(2026, 11, 2, tzinfo=UTC))


@asynccontextmanager
async def offices(world, parts):
    async with parts.office() as legacy, parts.office() as target:
        world.add_office("legacy", legacy.address)
        world.add_office("target", target.address)
        world.route(["CS-1"], "legacy", credential=NOTHING)
        yield legacy, target


def dial(parts, port):
    return parts.station(port, "CS-1", secret=None)


async def tell(one, action, payload):
    await one.send(json.dumps([2, action, action, payload]))
    async with asyncio.timeout(20):
        assert json.loads(await one.recv())[:2] == [3, action]


async def refuse_everything(one, target):
    """Answer whatever is asked with a CALLERROR, until the target was told a boot and a status."""

    async def refuse():
        async for message in one:
            frame = json.loads(message)
            assert frame[0] == 2
            await one.send(json.dumps([4, frame[1], "NotImplemented", "", {}]))

    refusing = asyncio.create_task(refuse())
    await target.until(lambda: {"BootNotification", "StatusNotification"} <= {call[2] for call in calls(target)})
    refusing.cancel()
    return {call[2]: call[3] for call in calls(target)}


def calls(office):
    return [frame for frame in map(json.loads, office.heard["CS-1"]) if frame[0] == 2]


def written(world, parts):
    return [row for row in world.rows(parts.tables.station_memory) if row["memory"].get("statuses")]


@pytest.mark.parametrize("again", ["g1", "g2"])
def test_another_run_and_another_gateway_tell_a_new_back_office_what_the_station_told_the_former(world, parts, again):
    async def scenario():
        async with offices(world, parts) as (_, target):
            async with parts.gateway(world.plan("g1")) as opened, dial(parts, opened.ports[0]) as one:
                await tell(one, "BootNotification", BOOT)
                await tell(one, "StatusNotification", CHARGING)
            assert written(world, parts)
            world.route(["CS-1"], "target")
            async with parts.gateway(world.plan(again)) as opened, dial(parts, opened.ports[0]) as one:
                return await refuse_everything(one, target)

    told = asyncio.run(scenario())

    assert told["BootNotification"] == BOOT
    assert {name: told["StatusNotification"][name] for name in CHARGING} == CHARGING


def test_a_gateway_that_was_killed_before_the_tables_knew_remembers_from_its_own_journal(world, parts):
    """What was written is all that a killed one leaves: its folder as it was while it ran, and the tables before it."""
    copied = world.folder / "killed"

    async def scenario():
        async with offices(world, parts) as (_, target):
            async with parts.gateway(world.plan("g1")) as opened, dial(parts, opened.ports[0]) as one:
                await tell(one, "BootNotification", BOOT)
                await tell(one, "StatusNotification", CHARGING)
                await asyncio.to_thread(copy_segments, world.folder / "g1", copied)
            with world.engine.begin() as connection:
                for table in ("journal_position", "station_memory", "link"):
                    connection.execute(sa.delete(getattr(parts.tables, table)))
            world.route(["CS-1"], "target")
            plan = world.plan("g1", folder=copied)
            async with parts.gateway(plan) as opened, dial(parts, opened.ports[0]) as one:
                return await refuse_everything(one, target)

    assert asyncio.run(scenario())["BootNotification"] == BOOT


def copy_segments(source, destination):
    destination.mkdir()
    for segment in source.glob("*.segment"):
        os.link(segment, destination / segment.name)


def test_a_refused_move_stays_refused_for_a_gateway_that_begins_again(world, parts):
    def refusals():
        return [row for row in world.rows(parts.tables.alarm) if row["kind"] == "move_refused"]

    async def scenario():
        options = replace(parts.quick, rules=replace(parts.quick.rules, drain=timedelta(seconds=0.5)))
        async with offices(world, parts) as (legacy, target):
            async with parts.gateway(world.plan(options=options)) as opened, dial(parts, opened.ports[0]) as one:
                legacy.is_silent = True
                await one.send('[2,"h1","Heartbeat",{}]')
                await legacy.until(lambda: legacy.heard["CS-1"])
                world.route(["CS-1"], "target")
                await world.until(refusals)
            legacy.is_silent = False
            async with parts.gateway(world.plan(options=options)) as opened, dial(parts, opened.ports[0]) as one:
                await tell(one, "Heartbeat", {})
                return list(target.headers), [call[2] for call in calls(legacy)]

    assert asyncio.run(scenario()) == ([], ["Heartbeat", "Heartbeat"])


def said(**more):
    return Remembered(**{"back_office": "legacy", "boot": "{}", "refused": REFUSED} | more)


def test_a_former_runs_memory_holds_unless_another_gateway_wrote_a_later_one(tmp_path):
    journal = Journal(tmp_path, segment_bytes=4096)
    journal.append(entries.encode(entries.Memory(0, "CS-1", msgspec.json.encode(said()))))
    journal.close()

    own, theirs, nowhere = Pasts(tmp_path), Pasts(tmp_path), Pasts(tmp_path)
    own.remember(["CS-1"], {"CS-1": said(back_office="older")})
    theirs.remember(["CS-1"], {"CS-1": said(back_office="target")}, newer=["CS-1"])
    found = [each.of("CS-1", "legacy")[1] for each in (own, theirs, nowhere)]

    assert [memory.back_office for memory in found] == ["legacy", "target", "legacy"]
    assert {memory.refused for memory in found} == {REFUSED}


def test_what_was_heard_without_the_tables_adds_to_what_they_know(tmp_path):
    pasts = Pasts(tmp_path)
    memory = pasts.of("CS-1", "legacy")[1]
    memory.tell((2, 0), "Faulted")

    pasts.remember(["CS-1"], {"CS-1": said(statuses=((1, 0, "Available"), (2, 0, "Available")))})

    assert pasts.of("CS-1", "legacy")[1] is memory
    assert (memory.boot, memory.is_whole) == (b"{}", True)
    assert memory.statuses == {(1, 0): "Available", (2, 0): "Faulted"}


def test_the_tables_keep_the_latest_memory_and_add_a_part_to_what_they_have(world, parts):
    def keep(gateway, hour, remembered):
        at = datetime(2026, 11, 2, hour, tzinfo=UTC)
        with world.engine.begin() as connection:
            gateway_memories.keep(connection, {"CS-1": (at, remembered)}, gateway=gateway)
        (row,) = world.rows(parts.tables.station_memory)
        return row["gateway"], row["memory"].get("back_office"), row["memory"].get("boot")

    assert keep("g1", 12, said()) == ("g1", "legacy", "{}")
    assert keep("g2", 11, said(back_office="late")) == ("g1", "legacy", "{}")
    assert keep("g1", 11, said(back_office="its clock went back")) == ("g1", "its clock went back", "{}")
    assert keep("g2", 13, Remembered(is_whole=False, back_office="target")) == ("g2", "target", "{}")
