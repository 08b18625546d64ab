"""A small mixed fleet is moved and returned while the gateway, PostgreSQL and a back-office are each killed once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from charging.database import embedded
from charging.migration.crossing import Pace
from rehearsal.citrineos_fleet import through_citrineos
from rehearsal.crowd import MISBEHAVIOURS, kinds
from rehearsal.fleet_run import through_gateway, through_steve
from rehearsal.fleet_visits import through_visits
from rehearsal.many_stations import fleet

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)
PACE = Pace(concurrency=50, starts_per_second=1_000, poll_seconds=0.25, time_scale=0.03)


@pytest.fixture
def cluster(open_folders):
    """A PostgreSQL of the test's own: it is killed."""
    home = open_folders()
    made = embedded.locate(home)
    yield home, made
    embedded.stop(made)


def test_moves_and_returns_a_busy_fleet_by_its_routes(cluster):
    home, server = cluster

    found = asyncio.run(through_gateway(home, server, stations=len(kinds()), period=0.5, time_scale=0.001, patience=60))

    assert found["wrong"] == []
    assert found["acknowledged"] > found["stations"]
    assert sum(found["links"].values()) == found["stations"]
    assert all(found["taken"].values()), "both back-offices had charges"


def test_moves_and_returns_a_fleet_by_its_recipes(cluster):
    home, server = cluster

    found = asyncio.run(through_steve(home, server, stations=20, seed=7, as_of=AS_OF, pace=PACE))

    assert found["wrong"] == []
    assert found["well_behaved"].get("verified", 0) > 0
    assert set(found["after_return"]) <= {"rolled_back", "to_site"}


def test_moves_and_returns_a_fleet_by_its_makers_tool(cluster):
    home, server = cluster

    found = asyncio.run(through_steve(home, server, stations=10, seed=11, as_of=AS_OF, pace=PACE, scripted=True))

    assert found["wrong"] == []
    assert found["well_behaved"].get("verified", 0) > 0
    assert found["tool_runs"] > found["well_behaved"]["verified"] * 4, "a read, a write, and both again on the way back"
    assert set(found["after_return"]) <= {"rolled_back", "to_site"}


def test_moves_and_returns_both_generations_between_two_citrineos(cluster):
    home, server = cluster
    # one after the other: a station of 2.0.1 that finds the target away goes back to the legacy, as it should
    pace = replace(PACE, starts_per_second=2)

    found = asyncio.run(through_citrineos(home, server, stations=20, seed=7, as_of=AS_OF, pace=pace))

    assert found["wrong"] == []
    assert found["of_2_0_1"] == 10
    assert found["well_behaved_of_2_0_1"].get("verified", 0) > 0, found["well_behaved_not_verified"]
    assert found["well_behaved"]["verified"] > found["well_behaved_of_2_0_1"]["verified"]
    assert set(found["after_return"]) <= {"rolled_back", "to_site"}


def test_moves_and_returns_a_fleet_by_work_orders_that_are_closed_by_import(cluster):
    home, server = cluster

    found = asyncio.run(through_visits(home, server, stations=20, seed=7, as_of=AS_OF, pace=PACE, patience=120))

    assert found["wrong"] == []
    assert found["orders"]["done"] == found["after_move"]["verified"] == found["after_return"]["rolled_back"] >= 18


def test_lets_a_tenth_misbehave_in_every_way():
    network, how = fleet(7, stations=140, as_of=AS_OF, misbehave=True, time_scale=0.01)

    assert len(how) == len(network.stations) // 10
    assert set(how.values()) == set(MISBEHAVIOURS) - {"returns_to_old_side"} | {"returns_to_legacy"}
    assert max(station.restart_seconds for station in network.stations) == 30.0
