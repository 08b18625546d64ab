"""A change of route over more than one link: a broken link or a gateway that begins again is no idle moment."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from charging.ocpp.flavours.flavour import SUPPLIERS
from charging.ocpp.gateway.credential import Credential

NOTHING = Credential(is_open=True)
HEARTBEAT = '[2,"h1","Heartbeat",{}]'
START = {"connectorId": 1, "idTag": "TAG-1", "meterStart": 1000, "timestamp": "2026-11-02T12:00:00Z"}
STOP = {"transactionId": 17, "meterStop": 8000, "timestamp": "2026-11-02T13:00:00Z"}


@asynccontextmanager
async def offices(world, parts):
    async with parts.office() as legacy, parts.office() as target:
        legacy.answers["StartTransaction"] = {"transactionId": 17, "idTagInfo": {"status": "Accepted"}}
        world.add_office("legacy", legacy.address)
        world.add_office("target", target.address)
        world.route(["CS-1"], "legacy", credential=NOTHING)
        yield legacy, target


async def ask(one, unique_id, action, payload):
    await one.send(json.dumps([2, unique_id, action, payload]))
    return json.loads(await one.recv())


def dial(parts, opened):
    return parts.station(opened.ports[0], "CS-1", secret=None)


def test_a_gateway_that_begins_again_leaves_a_station_where_its_charge_is_open(world, parts):
    async def scenario():
        async with offices(world, parts) as (legacy, target):
            async with parts.gateway(world.plan()) as opened, dial(parts, opened) as one:
                await ask(one, "s", "StartTransaction", START)
            world.route(["CS-1"], "target")
            async with parts.gateway(world.plan()) as opened, dial(parts, opened) as one:
                await legacy.has("CS-1")
                answer = await ask(one, "e", "StopTransaction", STOP)
                heard = [json.loads(frame)[2] for frame in legacy.heard["CS-1"]]
                await target.has("CS-1")
                return answer, heard, json.loads(await one.recv())[3]

    answer, heard, asked = asyncio.run(scenario())

    assert (answer, heard) == ([3, "e", {}], ["StartTransaction", "StopTransaction"])
    assert asked == {"requestedMessage": "BootNotification"}


def test_a_station_that_was_rerouted_while_it_was_away_is_asked_to_boot(world, parts):
    async def scenario():
        async with offices(world, parts) as (legacy, target), parts.gateway(world.plan()) as opened:
            async with dial(parts, opened):
                await legacy.has("CS-1")
            await legacy.until(lambda: "CS-1" not in legacy.links)
            world.route(["CS-1"], "target")
            async with dial(parts, opened) as one:
                await target.has("CS-1")
                return json.loads(await one.recv())[3]

    assert asyncio.run(scenario()) == {"requestedMessage": "BootNotification"}


def test_a_refused_move_is_not_begun_again_until_the_route_is_changed_again(world, parts):
    def refusals():
        return [row for row in world.rows(parts.tables.alarm) if row["kind"] == "move_refused"]

    async def scenario():
        options = replace(parts.quick, rules=replace(parts.quick.rules, drain=timedelta(seconds=0.5)))
        async with offices(world, parts) as (legacy, target), parts.gateway(world.plan(options=options)) as opened:
            legacy.is_silent = True
            async with dial(parts, opened) as one:
                link = await legacy.has("CS-1")
                await one.send(HEARTBEAT)
                await legacy.until(lambda: legacy.heard["CS-1"])
                world.route(["CS-1"], "target")
                await world.until(refusals)
                legacy.is_silent = False
                await link.send('[3,"h1",{}]')
                await one.recv()
                world.add_office("another", "ws://127.0.0.1:1/{identity}")
                await ask(one, "h2", "Heartbeat", {})
            await legacy.until(lambda: "CS-1" not in legacy.links)
            async with dial(parts, opened) as one:
                await legacy.has("CS-1")
                await ask(one, "h3", "Heartbeat", {})
                were_led = list(target.headers)
                world.route(["CS-1"], "legacy")
                world.route(["CS-1"], "target")
                await target.has("CS-1")
                return were_led

    assert asyncio.run(scenario()) == []
    assert len(refusals()) == 1


@pytest.mark.parametrize("before", [False, True])
def test_a_back_office_that_is_to_hear_all_alike_from_now_on_does_so_over_links_that_are_up(world, parts, before):
    """Supplier D does not say that a connector charges; a charge a time tells what the gateway goes by meanwhile."""
    boot = {"chargePointVendor": "Supplier D", "chargePointModel": "D-22", "firmwareVersion": "2.9"}

    async def scenario():
        options = replace(parts.quick, rules=replace(parts.quick.rules, flavours=(SUPPLIERS["D"],)))
        async with offices(world, parts) as (legacy, _):
            world.add_office("legacy", legacy.address, hears_alike=before)
            async with parts.gateway(world.plan(options=options)) as opened, dial(parts, opened) as one:
                await say(one, "b", "BootNotification", boot)
                were_made = await charged(one, legacy, 0)
                world.add_office("legacy", legacy.address, hears_alike=not before)
                numbers = itertools.count(1)
                async with asyncio.timeout(20):
                    while await charged(one, legacy, next(numbers)) is before:
                        pass
                return were_made

    assert asyncio.run(scenario()) is before


async def say(one, unique_id, action, payload):
    """Ask, and leave what the station is asked meanwhile without an answer."""
    await one.send(json.dumps([2, unique_id, action, payload]))
    while json.loads(await one.recv())[1] != unique_id:
        pass


async def charged(one, legacy, number):
    """Begin a charge, say something more, and return whether a status was made in between."""
    legacy.answers["StartTransaction"] = {"transactionId": 100 + number, "idTagInfo": {"status": "Accepted"}}
    heard = len(legacy.heard["CS-1"])
    await say(one, f"s{number}", "StartTransaction", START | {"meterStart": 1000 + number})
    await say(one, f"h{number}", "Heartbeat", {})
    return "StatusNotification" in [json.loads(frame)[2] for frame in legacy.heard["CS-1"][heard:]]
