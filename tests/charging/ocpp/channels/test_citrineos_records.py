"""What is read from CitrineOS's database for a whole fleet costs few questions, and says the same of each station."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from charging.clock import system_clock
from charging.ocpp.channels import citrineos_records
from charging.ocpp.channels.citrineos_records import Records
from charging.targets.citrineos_client import GraphQl
from rehearsal.citrineos_running import citrineos
from rehearsal.citrineos_schema import Generation

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FLEET = [f"S {number}" for number in range(120)]
NAMED = {Generation.CONNECTION_NAME: "ocppConnectionName", Generation.PK_ID: "stationId", Generation.NAMED: "stationId"}


def told(door, station_id, seconds, action, *, origin="cs", generation=Generation.CONNECTION_NAME):
    named, at = NAMED[generation], (AT + timedelta(seconds=seconds)).isoformat()
    door.ocpp.data.add(
        "OCPPMessages",
        **{named: station_id},
        origin=origin,
        action=action,
        message=[2, str(seconds), action, {}],
        timestamp=at,
    )


@asynccontextmanager
async def opened(folder, generation=Generation.CONNECTION_NAME):
    async with citrineos(folder, FLEET, clock=system_clock, generation=generation) as door:
        with httpx.Client() as http:
            yield door, Records("target", GraphQl(http, door.graphql, secret=None, attempts=1), tenant=1)


def run(folder, act, **rest):
    async def scenario():
        async with opened(folder, **rest) as (door, records):
            return await act(door, records)

    return asyncio.run(scenario())


@pytest.mark.parametrize("generation", Generation)
def test_the_first_look_at_a_fleet_finds_each_stations_latest(tmp_path, generation):
    async def act(door, records):
        for number, station_id in enumerate(FLEET):
            told(door, station_id, number, "BootNotification", generation=generation)
            told(door, station_id, number + 200, "StatusNotification", generation=generation)
            told(door, station_id, number + 100, "StatusNotification", generation=generation)
            told(door, station_id, number + 900, "Reset", origin="csms", generation=generation)
        before = door.ocpp.data.requests["query"]
        seen = await asyncio.to_thread(records.sightings, [*FLEET, "nobody"])
        return seen, door.ocpp.data.requests["query"] - before

    seen, questions = run(tmp_path, act, generation=generation)

    assert seen.keys() == set(FLEET)
    for number, station_id in enumerate(FLEET):
        one = seen[station_id]
        found = [(each - AT).total_seconds() for each in (one.booted_at, one.status_at, one.heard_at)]
        assert found == [number, number + 100, number + 100], "the latest is the one that came last"
    assert questions < 12


def test_what_comes_later_is_seen_at_the_next_look(tmp_path):
    async def act(door, records):
        told(door, "S 1", 1, "BootNotification")
        first = await asyncio.to_thread(records.sightings, FLEET)
        told(door, "S 2", 2, "BootNotification")
        told(door, "S 1", 3, "Heartbeat")
        before = door.ocpp.data.requests["query"]
        second = await asyncio.to_thread(records.sightings, FLEET)
        return first, second, door.ocpp.data.requests["query"] - before

    first, second, questions = run(tmp_path, act)

    assert [first[each].booted_at for each in ("S 1", "S 2")] == [AT + timedelta(seconds=1), None]
    assert second["S 2"].booted_at == AT + timedelta(seconds=2)
    assert second["S 1"].heard_at == AT + timedelta(seconds=3)
    assert questions < 6


@pytest.mark.parametrize("generation", Generation)
def test_a_stations_protocol_comes_with_its_latest_frame(tmp_path, generation):
    async def act(door, records):
        told(door, "S 1", 1, "Heartbeat", generation=generation)
        told(door, "S 2", 2, "Heartbeat", generation=generation)
        door.ocpp.data.rows["ChargingStations"][1]["protocol"] = "ocpp2.0.1"
        before = door.ocpp.data.requests["query"]
        found = [await asyncio.to_thread(records.protocol, each) for each in ("S 1", "S 3", "nobody")]
        return found, door.ocpp.data.requests["query"] - before

    found, questions = run(tmp_path, act, generation=generation)

    assert found == [("ocpp2.0.1", 1), (None, 0), (None, 0)]
    assert questions == 1 + 3, "what columns there are, once; then one question each"


def test_a_station_that_nobody_asks_for_any_more_is_not_asked_about_and_found_again(tmp_path, monkeypatch):
    asked = []
    ask = GraphQl.ask
    monkeypatch.setattr(citrineos_records, "_REMEMBERED_LOOKS", 2)
    monkeypatch.setattr(GraphQl, "ask", lambda data, query, given: asked.append(given) or ask(data, query, given))

    async def act(door, records):
        await asyncio.to_thread(records.sightings, FLEET)
        for _ in range(3):
            asked.clear()
            await asyncio.to_thread(records.sightings, FLEET[:2])
        of = {name for given in asked for name in given.get("ids", ())}
        told(door, "S 9", 9, "BootNotification")
        again = await asyncio.to_thread(records.sightings, ["S 1", "S 9"])
        return of, again

    of, again = run(tmp_path, act)

    assert of == set(FLEET[:2])
    assert (again["S 9"].booted_at, again["S 1"].booted_at) == (AT + timedelta(seconds=9), None)


def test_more_than_a_page_of_news_is_read_to_its_end(tmp_path):
    async def act(door, records):
        await asyncio.to_thread(records.sightings, FLEET)
        for number in range(1, 1_001):
            told(door, "S 1", number, "Heartbeat")
        return await asyncio.to_thread(records.sightings, FLEET)

    assert run(tmp_path, act)["S 1"].heard_at == AT + timedelta(seconds=1_000)
