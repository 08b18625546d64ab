"""A campaign in a world of its own: who is ordered when, what counts as done, and what a killed run finds again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from charging.errors import StationUnreachable
from charging.migration.firmware.campaign import Compared, Update, turns
from charging.migration.firmware.running import Answered, Rules, run
from charging.migration.firmware.status import Happened, State
from charging.migration.firmware.transfer import Fetcher, Limits
from charging.migration.snapshots import Snapshot

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
VERSION = "5.1.0"
GOOD = ("Downloading", "Downloaded", "Installing", "Installed", f"boot {VERSION}")


class Killed(Exception):
    """The process ends here."""


class World:
    """The ledger and the stations; each look at the clock is a minute later, and each station says one thing a look."""

    def __init__(self, *updates, fates=None):
        self.ledger = {one.station_id: one for one in updates}
        self.fates = {one.station_id: GOOD for one in updates} | (fates or {})
        self.now = AT
        self.ordered, self.said, self.asked_to_boot, self.states = [], {}, [], {}
        self.most_at_once = 0
        self.snapshots, self.settings = {}, {one: {"Url": "ours"} for one in self.ledger}
        self.hindrances, self.silent, self.never_got = {}, set(), set()
        self.kill_after = None

    def clock(self):
        self.now += timedelta(minutes=1)
        return self.now

    async def updates(self):
        return list(self.ledger.values())

    async def keep(self, update):
        self.ledger[update.station_id] = update
        self.states.setdefault(update.station_id, []).append(update.state)
        if self.kill_after == (update.station_id, update.state):
            self.kill_after = None
            raise Killed

    async def hindered(self, station_ids):
        return {each: why for each, why in self.hindrances.items() if each in station_ids}

    async def order(self, update):
        self.ledger[update.station_id] = update
        self.ordered.append((update.station_id, update.attempt))
        self.said[update.station_id] = []
        busy = [one for one in self.ledger.values() if one.asked_at and one.state in {State.PLANNED, State.FETCHING}]
        self.most_at_once = max(self.most_at_once, len(busy))
        if self.kill_after == (update.station_id, "ordered"):
            self.kill_after = None
            raise Killed

    async def answered(self, updates):
        found = {}
        for one in updates:
            state = "expired" if (one.station_id, one.attempt) in self.never_got else "answered"
            refused = self.fates[one.station_id] == "refused"
            status = "NotSupported" if refused else ""
            found[one.station_id] = Answered(state="refused" if refused else state, at=one.asked_at, status=status)
        return found

    async def news(self, updates):
        for one in updates:
            fate, said = self.fates[one.station_id], self.said[one.station_id]
            if fate != "refused" and len(said) < len(fate):
                word = fate[len(said)]
                if word.startswith("boot "):
                    said.append(Happened(at=self.now, booted_with=word.removeprefix("boot ")))
                    self.settings[one.station_id] |= {"Url": "factory"} if word.endswith("!") else {}
                    said[-1] = replace(said[-1], booted_with=word.removeprefix("boot ").rstrip("!"))
                else:
                    said.append(Happened(at=self.now, said=word))
        return {one.station_id: list(self.said[one.station_id]) for one in updates}

    async def ask_to_boot(self, update):
        self.asked_to_boot.append(update.station_id)

    async def snapshot(self, station_id, moment):
        if station_id in self.silent:
            raise StationUnreachable(station_id, "it did not answer")
        taken = Snapshot(values=dict(self.settings[station_id]), unanswered=())
        self.snapshots[station_id, moment] = taken
        return taken

    async def kept(self, station_id, moment):
        return self.snapshots.get((station_id, moment))


def part(station_id, *, rank=0, cell="", carrier="", kbit=10):
    fetcher = Fetcher(station_id=station_id, carrier=carrier, cell=cell, kbit_per_second=kbit, rank=rank)
    return Update(station_id=station_id, fetcher=fetcher)


def go(world, *, cell=200, carriers=None, hours=10, **more):
    rules = Rules(version=VERSION, limits=Limits(cell=cell, carriers=carriers or {}), poll_seconds=0, **more)
    return asyncio.run(run(world, rules, clock=world.clock, until=world.now + timedelta(hours=hours)))


def test_everyone_is_ordered_once_and_ends_with_the_version_and_its_configuration():
    world = World(part("A"), part("B", rank=1), part("C", rank=1))

    assert go(world) == ""
    assert world.ordered == [("A", 1), ("B", 1), ("C", 1)]
    assert {one.state for one in world.ledger.values()} == {State.CONFIRMED}
    assert {one.compared for one in world.ledger.values()} == {Compared.SAME}
    assert world.states["A"][:4] == [State.FETCHING, State.FETCHED, State.INSTALLING, State.REPORTED]


@pytest.mark.parametrize(("limit", "at_once"), [(10, 1), (20, 2), (29, 2), (30, 3)])
def test_no_carrier_bears_more_than_it_can(limit, at_once):
    world = World(*(part(each, carrier="20408") for each in "ABCD"))

    assert go(world, carriers={"20408": limit}) == ""
    assert world.most_at_once == at_once


def test_stations_of_one_cell_take_turns_and_those_of_others_do_not_wait():
    world = World(part("A", cell="x", kbit=150), part("B", cell="x", kbit=150), part("C", cell="y", kbit=150))

    assert go(world) == ""
    assert [station for station, _ in world.ordered] == ["A", "C", "B"]


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        pytest.param("refused", State.REFUSED, id="refused"),
        pytest.param(("Downloading", "DownloadFailed"), State.FAILED, id="cannot fetch"),
        pytest.param((*GOOD[:4], "boot 4.9.0"), State.OTHER_VERSION, id="says so only"),
        pytest.param((), State.OVERDUE, id="silent"),
    ],
)
def test_what_goes_wrong_at_a_pilot_keeps_the_fleet_from_following(fate, state):
    world = World(part("A"), part("B", rank=1), fates={"A": fate})

    assert go(world).startswith("held: 1 stations are not as they should be, first A")
    assert world.ordered == [("A", 1)]
    assert world.ledger["A"].state is state
    assert world.ledger["B"].state is State.PLANNED


def test_one_more_may_go_wrong_where_that_is_said():
    world = World(part("A"), part("B", rank=1), fates={"A": "refused"})

    assert go(world, most_wrong=1) == ""
    assert world.ledger["B"].state is State.CONFIRMED


def test_an_image_that_resets_an_address_is_found_and_holds_the_campaign():
    world = World(part("A"), part("B", rank=1), fates={"A": (*GOOD[:4], f"boot {VERSION}!")})

    assert "its configuration changed: Url" in go(world)
    assert world.ledger["A"].state is State.CONFIRMED
    assert world.ledger["A"].compared is Compared.CHANGED
    assert [one.after for one in world.ledger["A"].differences] == ["factory"]


def test_a_station_that_says_installed_and_does_not_boot_is_asked_to():
    world = World(part("A"), fates={"A": GOOD[:4]})

    assert go(world) == ""
    assert set(world.asked_to_boot) == {"A"}
    assert world.ledger["A"].state is State.OVERDUE


def test_a_station_that_does_not_tell_its_configuration_is_left_as_it_is():
    world = World(part("A"))
    world.silent = {"A"}

    assert go(world, hours=1) == "the time of this run is up; started again, it goes on"
    assert world.ordered == []
    assert world.ledger["A"].reason.startswith("not ordered without a snapshot: ")


def test_or_ordered_all_the_same_where_that_is_said_and_then_it_is_not_compared():
    world = World(part("A"))
    world.silent = {"A"}

    assert go(world, needs_snapshot=False) == ""
    assert (world.ledger["A"].state, world.ledger["A"].compared) == (State.CONFIRMED, Compared.UNKNOWN)


def test_an_order_that_never_reached_its_station_is_given_again_under_another_name():
    world = World(part("A"))
    world.never_got = {("A", 1)}

    assert go(world) == ""
    assert world.ordered == [("A", 1), ("A", 2)]


def test_who_cannot_be_ordered_now_waits_with_the_reason_and_others_go_on():
    world = World(part("A"), part("B"))
    world.hindrances = {"A": "a charge is open"}

    assert go(world, hours=1) == "the time of this run is up; started again, it goes on"
    assert world.ledger["A"].reason == "waits: a charge is open"
    assert world.ledger["B"].state is State.CONFIRMED


@pytest.mark.parametrize("moment", ["ordered", State.FETCHING, State.INSTALLING, State.REPORTED, State.CONFIRMED])
@pytest.mark.parametrize("station", ["A", "B"])
def test_killed_anywhere_and_started_again_it_orders_nobody_twice(station, moment):
    world = World(part("A"), part("B", rank=1))
    world.kill_after = (station, moment)

    with pytest.raises(Killed):
        go(world)
    assert go(world) == ""
    assert world.ordered == [("A", 1), ("B", 1)]
    assert {one.state for one in world.ledger.values()} == {State.CONFIRMED}


def test_the_next_rank_waits_until_the_pilots_have_been_compared():
    booted = replace(part("A"), asked_at=AT, state=State.CONFIRMED)
    waits = turns([booted, part("B", rank=1)], limits=Limits(carriers={}), most_wrong=0, ready=["B"])
    seen = replace(booted, compared=Compared.SAME)
    goes = turns([seen, part("B", rank=1)], limits=Limits(carriers={}), most_wrong=0, ready=["B"])

    assert (waits.station_ids, goes.station_ids) == ((), ("B",))
