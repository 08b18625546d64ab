"""A station of OCPP 2.1 at real gateways: moved by its route, moved by its own slots, and told of as any other."""

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager

import pytest

from charging.clock import system_clock
from charging.database import connection as database
from charging.database.operations import clean
from charging.database.queries import gateway_flavours, gateway_frames
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import cut_over, roll_back
from charging.migration.lifecycle import Stage
from charging.migration.ports import Move
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.network import Lane
from charging.network import Station as StationRecord
from charging.ocpp.channels.configurations import Configurations
from charging.ocpp.channels.gateway import open_gateway
from charging.ocpp.flavours.learning import learn
from charging.ocpp.flavours.recording import Behaviour
from charging.ocpp.flavours.seeing import Seeing
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.timeline import RecordedFrame, timeline
from charging.secret import Secret
from rehearsal import device_model
from rehearsal.device_model import COMMUNICATION, PRIORITY
from rehearsal.kept_in_memory import KeptInMemory
from rehearsal.station_2 import Station2

NAME = "H-21"
RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}
PACE = Pace(starts_per_second=50, poll_seconds=0.1, settle_seconds=0.5, time_scale=1.0)
ACCEPTED = {"status": "Accepted", "interval": 300, "currentTime": "2026-03-01T12:00:00Z"}
ANSWERS = {"BootNotification": ACCEPTED, "Heartbeat": {"currentTime": "2026-03-01T12:00:00Z"}}


@asynccontextmanager
async def behind(world, parts, *names):
    """A gateway with these back-offices behind it, and a route to the first of them."""
    async with contextlib.AsyncExitStack() as stack:
        offices = {}
        for name in names:
            offices[name] = await stack.enter_async_context(parts.office())
            offices[name].answers |= ANSWERS
            world.add_office(name, offices[name].address)
        world.route([NAME], names[0], credential=Credential(is_open=True))
        opened = await stack.enter_async_context(parts.gateway(world.plan()))
        yield f"ws://127.0.0.1:{opened.ports[0]}/ocpp", offices


@asynccontextmanager
async def living(url):
    """A station of OCPP 2.1 that was installed with this address."""
    station = Station2(device_model.new_memory(NAME, url=url), clock=system_clock, protocol="ocpp2.1")
    running = asyncio.create_task(station.run())
    try:
        yield station
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def crossing(channels, journal, *, urls, engine):
    ends = {
        name: End(
            channel=channel,
            address=Address(url=urls[name]),
            snapshots=Configurations(name, channel, engine=engine, clock=system_clock, key=None),
        )
        for name, channel in channels.items()
    }
    return Crossing(**ends, journal=journal, clock=system_clock, pace=PACE)


def move(recipe, journal, stage=Stage.PLANNED):
    effects = {step: effect for (_, _, step), effect in journal.effects.items()}
    return Move(station_id=NAME, stage=stage, attempt=1, wave=0, recipe=recipe, effects=effects)


async def there_and_back(recipe, channels, *, urls, engine):
    journal = KeptInMemory()
    ground = crossing(channels, journal, urls=urls, engine=engine)
    [moved] = await cut_over([move(recipe, journal)], recipes=RECIPES, crossing=ground)
    [back] = await roll_back([move(recipe, journal, moved.stage)], recipes=RECIPES, crossing=ground, reason="a test")
    return moved, back, journal


async def told(office, action):
    await office.until(
        lambda: any(json.loads(one)[2] == action for one in office.heard[NAME] if json.loads(one)[0] == 2)
    )


@pytest.fixture
def second(copied, parts, tmp_path):
    """The tables and folder of a second gateway."""
    with copied() as url:
        engine = database.connect(Secret(url))
        yield parts.world(url, engine, tmp_path / "second")
        engine.dispose()


def test_is_moved_and_returned_by_its_route_and_its_story_is_told(world, parts):
    record = StationRecord(
        station_id=NAME,
        location_id=None,
        vendor="Supplier H",
        model="TwoO",
        serial_number=None,
        firmware=None,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp2.1",
        lane=Lane.LIVE,
        last_seen_at=None,
    )
    with world.engine.begin() as connection:
        clean.store_entities(connection, [record], extract_id="legacy-1")
    began = system_clock()

    async def scenario():
        async with behind(world, parts, "legacy", "target") as (url, offices), living(url) as station:
            await told(offices["legacy"], "StatusNotification")
            await station.begin_charge()
            await told(offices["legacy"], "TransactionEvent")
            await station.end_charge()
            await world.until(
                lambda: len(world.rows(parts.tables.frame, parts.tables.frame.c.action == "TransactionEvent")) >= 4
            )
            async with contextlib.AsyncExitStack() as stack:
                address = Secret(world.url)
                channels = {
                    name: await stack.enter_async_context(open_gateway(name, address=address, clock=system_clock))
                    for name in ("legacy", "target")
                }
                urls = {name: name for name in channels}
                return *await there_and_back(
                    "gateway", channels, urls=urls, engine=world.engine
                ), station.memory.restarts

    moved, back, journal, restarts = asyncio.run(scenario())

    assert (moved.stage, back.stage) == (Stage.VERIFIED, Stage.ROLLED_BACK), (moved.reason, back.reason)
    (verified,) = [one.evidence for one in journal.history if one.after is Stage.VERIFIED]
    assert verified["configuration_changed"] == []
    assert verified["snapshot_after"] > 5
    assert restarts == 0
    with world.engine.connect() as connection:
        rows = list(gateway_frames.frames(connection, gateway_frames.Wanted(station_id=NAME)))
        seeing, now = Seeing([]), system_clock()
        recording = gateway_flavours.recording(connection, since=began, until=now)
        observed = list(seeing.through([(NAME, recording)], gateway_flavours.types(connection), now))
    story = [moment.text for moment in timeline([_recorded(row) for row in rows], [])]
    assert any("boots as Supplier H TwoO" in text for text in story), story
    assert any(text.startswith("charge tx-H-21-1 begins") for text in story), story
    [row] = [one for one in learn(observed, since=began, until=now) if one.firmware == "*"]
    assert (row.vendor, row.model) == ("Supplier H", "TwoO")
    stop = row.cells[Behaviour.TELLS_AFTER_STOP]
    assert (stop.events, stop.undecided) == (0, 1), "its charge is seen; its link went before the minute was over"
    assert [row["protocol"] for row in world.rows(parts.tables.link)] == ["ocpp2.1"]


def test_is_moved_and_returned_by_its_own_slots_from_one_gateway_to_another(world, second, parts):
    async def scenario():
        async with (
            behind(world, parts, "legacy") as (here, offices),
            behind(second, parts, "target") as (there, _),
            living(here) as station,
        ):
            await told(offices["legacy"], "StatusNotification")
            async with contextlib.AsyncExitStack() as stack:
                places = {"legacy": world.url, "target": second.url}
                channels = {
                    name: await stack.enter_async_context(open_gateway(name, address=Secret(url), clock=system_clock))
                    for name, url in places.items()
                }
                urls = {"legacy": here, "target": there}
                ended = await there_and_back("ocpp2", channels, urls=urls, engine=world.engine)
                return *ended, station.memory, here

    moved, back, journal, memory, here = asyncio.run(scenario())

    assert (moved.stage, back.stage) == (Stage.VERIFIED, Stage.ROLLED_BACK), (moved.reason, back.reason)
    written = {step for _, _, step in journal.effects}
    assert {"write:NetworkProfile.2", f"write:{COMMUNICATION}.{PRIORITY}"} <= written
    assert (memory.active, memory.variables[COMMUNICATION, PRIORITY], memory.is_operative) == (1, "1", True)
    assert memory.url(1) == memory.url(2) == here
    (verified,) = [one for one in journal.history if one.after is Stage.VERIFIED]
    assert verified.evidence["configuration_changed"] == []


def _recorded(row):
    return RecordedFrame(
        at=row["at"],
        back_office=row["back_office"] or "",
        direction=row["direction"],
        kind=row["kind"],
        unique_id=row["unique_id"] or "",
        action=row["action"] or "",
        rule=row["rule"] or "",
        received=row["received"] or "",
        sent=row["sent"],
    )
