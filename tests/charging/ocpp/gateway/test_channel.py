"""Stations behind a real gateway, reached through its channel: by orders, and by a change of their route."""

import asyncio
import contextlib
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import websockets

from charging.clock import system_clock
from charging.errors import StationUnreachable
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import cut_over, roll_back
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Move
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.ocpp.channels.gateway import ROUTE, open_gateway
from charging.ocpp.gateway.credential import Credential
from charging.secret import Secret

KEYS = {"HeartbeatInterval": "300", "AuthorizationKey": "0123456789abcdef"}


class Journal:
    """A journal in memory."""

    def __init__(self):
        self.effects = defaultdict(dict)

    async def intend(self, station_id, *, step, request, at, **_):
        self.effects[station_id][step] = Effect(request=request, response=None, intended_at=at)

    async def conclude(self, station_id, *, step, response, **_):
        self.effects[station_id][step] = replace(self.effects[station_id][step], response=response)

    async def enter(self, transition):
        """The stages are in the outcomes."""


async def behave(station, asked):
    """Answer as a station with two keys."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in station:
            frame = json.loads(message)
            if frame[0] != 2:
                continue
            _, unique_id, action, payload = frame
            asked.append((action, payload))
            answer = {"status": "Accepted"}
            if action == "GetConfiguration":
                found = [{"key": key, "value": KEYS[key], "readonly": False} for key in payload["key"] if key in KEYS]
                answer = {"configurationKey": found, "unknownKey": []}
            if action == "GetDiagnostics":
                answer = {"fileName": "CS-1.zip"}
            if action == "Reset":
                await station.send(json.dumps([4, unique_id, "NotSupported", "", {}]))
                continue
            await station.send(json.dumps([3, unique_id, answer]))
            if action == "TriggerMessage":
                await station.send(
                    json.dumps([2, f"boot-{len(asked)}", "BootNotification", {"firmwareVersion": "4.2"}])
                )


@asynccontextmanager
async def fleet(world, parts, *station_ids):
    """Two back-offices, a gateway, its stations at the legacy, and both channels."""
    async with contextlib.AsyncExitStack() as stack:
        offices = [await stack.enter_async_context(parts.office()) for _ in range(2)]
        for name, office in zip(("legacy", "target"), offices, strict=True):
            office.answers["BootNotification"] = {
                "status": "Accepted",
                "interval": 300,
                "currentTime": "2026-03-01T12:00:00Z",
            }
            world.add_office(name, office.address)
        world.route(station_ids, "legacy", credential=Credential(is_open=True))
        opened = await stack.enter_async_context(parts.gateway(world.plan()))
        asked = []
        for station_id in station_ids:
            dialled = parts.station(opened.ports[0], station_id, secret=None)
            station = await stack.enter_async_context(dialled)
            behaving = asyncio.create_task(behave(station, asked))
            stack.callback(behaving.cancel)
            await station.send(json.dumps([2, "b", "BootNotification", {"firmwareVersion": "4.2"}]))
            await offices[0].until(lambda station_id=station_id: offices[0].heard[station_id])
        await world.until(lambda: len(world.rows(parts.tables.heard)) == len(station_ids))
        channels = [
            await stack.enter_async_context(open_gateway(name, address=Secret(world.url), clock=system_clock))
            for name in ("legacy", "target")
        ]
        yield offices, channels, asked


def test_a_station_is_asked_and_told_through_the_back_office_that_it_is_led_to(world, parts):
    async def scenario():
        async with fleet(world, parts, "CS-1") as ((legacy, _), (here, there), asked):
            values = await here.get_configuration("CS-1", ["HeartbeatInterval", "Unknown", ROUTE])
            written = await here.change_configuration("CS-1", "HeartbeatInterval", "60")
            refused = await here.reset("CS-1", "Soft")
            with pytest.raises(StationUnreachable, match="is led to legacy"):
                await there.get_configuration("CS-1", ["HeartbeatInterval"])
            with pytest.raises(StationUnreachable, match="no route"):
                await here.reset("CS-9", "Soft")
            seen = await here.sightings(["CS-1", "CS-9"])
            elsewhere = await there.sightings(["CS-1"])
            return values, written, refused, seen, elsewhere, asked, legacy.heard["CS-1"]

    values, written, refused, seen, elsewhere, asked, heard = asyncio.run(scenario())

    assert values == {ROUTE: "legacy", "HeartbeatInterval": "300"}
    assert (written, refused) == ("Accepted", "NotSupported")
    assert list(seen) == ["CS-1"]
    assert (seen["CS-1"].is_connected, seen["CS-1"].firmware, seen["CS-1"].open_transactions) == (True, "4.2", 0)
    assert (elsewhere["CS-1"].is_connected, elsewhere["CS-1"].heard_at) == (False, None)
    assert [action for action, _ in asked] == ["GetConfiguration", "ChangeConfiguration", "Reset"]
    assert len(heard) == 1


def test_a_cutover_by_route_leaves_the_station_as_it_is_and_comes_back_by_route(world, parts):
    (recipe,) = (each for each in parse_recipes(shipped_texts()) if each.name == "gateway")

    async def scenario():
        async with fleet(world, parts, "CS-1", "CS-2") as ((legacy, target), (here, there), asked):
            journal = Journal()
            pace = Pace(starts_per_second=50, poll_seconds=0.05, settle_seconds=0.2)
            crossing = Crossing(
                legacy=End(channel=here, address=Address(url="legacy")),
                target=End(channel=there, address=Address(url="target")),
                journal=journal,
                clock=system_clock,
                pace=pace,
            )
            moves = [
                Move(station_id=each, stage=Stage.PLANNED, attempt=1, wave=1, recipe="gateway")
                for each in ("CS-1", "CS-2")
            ]
            moved = await cut_over(moves, recipes={"gateway": recipe}, crossing=crossing)
            at_target = sorted(target.links)
            moves = [
                Move(
                    station_id=each.station_id,
                    stage=each.stage,
                    attempt=1,
                    wave=1,
                    recipe="gateway",
                    effects=journal.effects[each.station_id],
                )
                for each in moved
            ]
            back = await roll_back(moves, recipes={"gateway": recipe}, crossing=crossing, reason="a test")
            return moved, at_target, back, sorted(legacy.links), {action for action, _ in asked}

    moved, at_target, back, at_legacy, asked = asyncio.run(scenario())

    assert [outcome.stage for outcome in moved] == [Stage.VERIFIED] * 2, moved
    assert at_target == ["CS-1", "CS-2"]
    assert [outcome.stage for outcome in back] == [Stage.ROLLED_BACK] * 2, back
    assert at_legacy == ["CS-1", "CS-2"]
    assert "ChangeConfiguration" not in asked


def test_a_log_is_asked_for_and_what_is_said_of_it_is_found_among_the_frames(world, parts):
    async def scenario():
        async with fleet(world, parts, "CS-1") as (_, (here, there), asked):
            since = system_clock()
            told = await here.fetch_log("CS-1", "ftp://user:pass-word@logs.example/in", request_number=1)
            with pytest.raises(StationUnreachable, match="is led to legacy"):
                await there.fetch_log("CS-1", "ftp://logs.example/in", request_number=2)
            return told, asked, await here.log_news(["CS-1", "CS-9"], since=since)

    told, asked, news = asyncio.run(scenario())

    assert (told.status, told.file_name) == ("", "CS-1.zip")
    assert asked[-1] == ("GetDiagnostics", {"location": "ftp://user:pass-word@logs.example/in"})
    assert {station_id: list(said) for station_id, said in news.items()} == {"CS-1": [], "CS-9": []}
    (order,) = world.rows(parts.tables.station_order)
    assert "pass-word" not in order["payload"]
