"""The engine against every lie, killed at every call."""

import asyncio
import functools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from charging.errors import DatabaseUnavailable, UnknownThing
from charging.migration import cutover, journey, rollback, steps
from charging.migration.cutover import cut_over, roll_back
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.ports import Effect
from charging.migration.recipes import Order

MINUTE = timedelta(minutes=1)
LIES = {
    "honest": Stage.VERIFIED,
    "charges": Stage.VERIFIED,
    "returns late": Stage.VERIFIED,
    "boots twice": Stage.VERIFIED,
    "connects without a boot": Stage.VERIFIED,
    "loses replies": Stage.VERIFIED,
    "loses its link before it answers": Stage.VERIFIED,
    "loses its link while a charge begins": Stage.ROLLED_BACK,
    "accepts and changes nothing": Stage.ROLLED_BACK,
    "comes back to the legacy": Stage.ROLLED_BACK,
    "refuses the second key": Stage.ROLLED_BACK,
    "cuts values": Stage.ROLLED_BACK,
    "charges for ever": Stage.ROLLED_BACK,
    "refuses to reset": Stage.ROLLED_BACK,
    "offline": Stage.ROLLED_BACK,
    "never returns": Stage.TO_SITE,
    "returns too late": Stage.TO_SITE,
    "falls silent": Stage.TO_SITE,
    "connected at both": Stage.TO_SITE,
}
OLD = {"Apn": "old.apn", "Port": "legacy.example", "Url": "ws://legacy.example/ocpp/S0"}
NEW = {"Apn": "target.apn", "Port": "target.example", "Url": "ws://target.example/ocpp/S0"}


def require_right_end(world):
    """Refuse an end that is not what each station's lie deserves."""
    for name, station in world.stations.items():
        assert world.journal.stages[name] is LIES[station.lie], world.journal.reason(name)
        assert station.needless == 0, "a key was written again although it could be read"
        if LIES[station.lie] is Stage.VERIFIED:
            assert (station.at, station.is_operative) == ({"target"}, True)
            assert station.flash == {key: value.replace("S0", name) for key, value in NEW.items()}
        if LIES[station.lie] is Stage.ROLLED_BACK:
            assert (station.at, station.is_operative) == ({"legacy"}, True)
            assert station.flash == {key: value.replace("S0", name) for key, value in OLD.items()}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_ends_where_it_should(make_world, lie):
    world = make_world([lie])

    [outcome] = world.run(cut_over)

    require_right_end(world)
    assert outcome.reason == world.journal.reason("S0")


def test_one_stations_trouble_is_not_anothers(make_world):
    world = make_world([*LIES, *LIES])

    outcomes = world.run(cut_over)

    require_right_end(world)
    assert [outcome.station_id for outcome in outcomes] == list(world.stations)


@pytest.mark.parametrize("lie", LIES)
def test_a_crash_at_any_call_changes_nothing(make_world, lie):
    whole = make_world([lie])
    whole.run(cut_over)
    for crash_at in range(whole.calls):
        world = make_world([lie])
        world.run(cut_over, crashes=[crash_at])
        require_right_end(world)
        assert world.ends() == whole.ends(), f"killed at call {crash_at}"


@pytest.mark.parametrize("seed", range(60))
def test_a_mixed_wave_killed_again_and_again_ends_as_it_should(make_world, seed):
    chance = random.Random(seed)
    # in this world's short stages, several kills leave those that lose their links no time to be waited for
    lies = chance.choices([lie for lie in LIES if not lie.startswith("loses its link")], k=6)
    whole = make_world(lies)
    whole.run(cut_over)
    crashes = [chance.randrange(whole.calls // 3) for _ in range(chance.randint(1, 4))]

    world = make_world(lies)
    world.run(cut_over, crashes=crashes)

    require_right_end(world)
    assert world.crashed >= 1


def test_a_station_that_somebody_else_has_moved_is_looked_at_by_a_person(make_world):
    world = make_world(["honest"])
    station = world.stations["S0"]
    station.at, station.heard["target"] = frozenset({"target"}), world.stations["S0"].heard["legacy"] + MINUTE

    [outcome] = world.run(cut_over)

    assert (outcome.stage, outcome.reason) == (Stage.TO_SITE, "it is at the target already, and nobody here moved it")
    assert world.journal.rows["S0"] == {}


@pytest.mark.parametrize("lie", ["honest", "loses replies", "never returns", "comes back to the legacy", "offline"])
def test_a_key_that_switches_at_once_needs_no_reset(make_world, lie):
    whole = make_world([lie], recipe="at-once")
    whole.run(cut_over)
    require_right_end(whole)
    assert whole.stations["S0"].resets == 0
    for crash_at in range(whole.calls):
        world = make_world([lie], recipe="at-once")
        world.run(cut_over, crashes=[crash_at])
        assert world.ends() == whole.ends(), f"killed at call {crash_at}"


send_back = functools.partial(roll_back, reason="the committee said so")


@pytest.mark.parametrize("recipe", ["three-keys", "at-once", "slot"])
def test_verified_stations_can_be_rolled_back_whole_and_killed_anywhere(make_world, recipe):
    forward = make_world(["honest", "honest"], recipe=recipe)
    forward.run(cut_over)
    whole = make_world(["honest", "honest"], recipe=recipe)
    outcomes = whole.run(cut_over, send_back)

    assert {outcome.stage for outcome in outcomes} == {Stage.ROLLED_BACK}
    assert whole.journal.reason("S0").startswith("the committee said so")
    assert whole.stations["S0"].flash == OLD
    assert all(station.at == {"legacy"} and station.is_operative for station in whole.stations.values())
    for crash_at in range(forward.calls, whole.calls):
        world = make_world(["honest", "honest"], recipe=recipe)
        world.run(cut_over, send_back, crashes=[crash_at])
        assert world.ends() == whole.ends(), f"killed at call {crash_at}"


def test_rolling_back_leaves_alone_what_has_not_begun_or_is_at_rest(make_world):
    world = make_world(["honest"])

    [outcome] = world.run(send_back)

    assert (outcome.stage, world.journal.history) == (Stage.PLANNED, [])


@pytest.mark.parametrize("steps", [[], ["reset", "back.reset"]], ids=["never told to go", "sent back, and not seen"])
def test_rolling_back_leaves_alone_what_a_person_has_moved(make_world, steps):
    world = make_world(["honest"])
    world.stations["S0"].at = frozenset({"target"})
    world.journal.stages["S0"] = Stage.VERIFIED
    for step in steps:
        told = Effect(
            request={"via": "legacy"}, response={"status": "Accepted"}, intended_at=datetime(2026, 3, 1, tzinfo=UTC)
        )
        world.journal.rows["S0"][step] = told

    [outcome] = world.run(send_back)

    assert (outcome.stage, world.journal.history, world.calls) == (Stage.VERIFIED, [], 0)


def test_a_station_that_came_back_is_said_to_have_accepted_everything(make_world):
    world = make_world(["comes back to the legacy"])

    [outcome] = world.run(cut_over)

    assert "accepted everything and did not arrive" in outcome.reason
    assert "found back on the legacy" in outcome.reason


def test_running_it_again_after_the_end_touches_nothing(make_world):
    world = make_world(LIES)
    world.run(cut_over)
    ends, rows = world.ends(), len(world.journal.history)

    world.run(cut_over)

    assert (world.ends(), len(world.journal.history)) == (ends, rows)


def test_every_wait_for_sightings_is_one_call_for_the_whole_wave(make_world):
    few, many = make_world(["never returns"]), make_world(["never returns"] * 40)
    few.run(cut_over)
    many.run(cut_over)

    assert many.looks < 3 * few.looks


def test_conversations_and_starts_keep_to_the_pace(make_world):
    world = make_world(["honest"] * 30)
    world.pace = replace(world.pace, concurrency=3, starts_per_second=2)

    world.run(cut_over)

    require_right_end(world)
    assert world.most_talking == 3
    starts = [row.at for row in world.journal.history if row.after is Stage.READY]
    assert all(later - earlier >= timedelta(seconds=0.49) for earlier, later in pairwise(starts))


def test_a_recipe_that_is_not_given_stops_everything_before_the_first_effect(make_world):
    world = make_world(["honest", "honest"], recipe="lost")

    with pytest.raises(UnknownThing, match="there is no recipe 'lost': station S0 needs it"):
        world.run(cut_over)

    assert world.calls == 0


def test_a_journal_that_fails_for_one_station_stops_only_that_one(make_world):
    world = make_world(["honest", "honest"])
    world.journal.stages["S1"] = Stage.WRITING  # the database disagrees: nothing was ever drained

    async def engine(moves, **rest):
        [first, second] = moves
        return await cut_over([first, replace(second, stage=Stage.PLANNED)], **rest)

    with pytest.raises(BaseExceptionGroup, match="some journeys could not be recorded"):
        world.run(engine)

    assert world.journal.stages["S0"] is Stage.VERIFIED
    assert world.journal.rows["S1"] == {}


def test_a_journal_that_says_nothing_at_all_is_given_up_after_its_time(make_world):
    world = make_world(["honest"])

    async def says_nothing(transition):
        await asyncio.Event().wait()

    world.journal.enter = says_nothing

    with pytest.raises(BaseExceptionGroup) as caught:
        world.run(cut_over)

    [error] = caught.value.exceptions
    assert isinstance(error, DatabaseUnavailable)
    assert "has not answered for 3600 s" in str(error)


def test_a_back_office_that_says_nothing_at_all_is_away(make_world):
    world = make_world(["honest"])

    async def says_nothing(station_ids):
        await asyncio.Event().wait()

    async def engine(moves, *, recipes, crossing):
        crossing.target._channel.sightings = says_nothing
        return await cut_over(moves, recipes=recipes, crossing=crossing)

    [outcome] = world.run(engine)

    assert outcome.stage is Stage.ROLLED_BACK
    assert "it has not said what it has heard for 60 s" in outcome.reason


def trusts_accepted(monkeypatch):
    monkeypatch.setattr(Order, "is_kept", lambda *_: True)


def takes_accepted_for_arrived(monkeypatch):
    async def nothing_wrong(*_, **__):
        return None

    monkeypatch.setattr(cutover, "appear", nothing_wrong)
    monkeypatch.setattr(cutover, "set_availability", nothing_wrong)


def keeps_no_intent(monkeypatch):
    async def conclude_only(traveller, step, *, request):
        traveller.effects[step] = journey.Effect(request=request, response=None, intended_at=traveller.crossing.now())

    monkeypatch.setattr(journey.Journey, "_intend", conclude_only)


def sends_again_without_looking(monkeypatch):
    act = journey.Journey.act

    async def blind(traveller, step, **rest):
        return await act(traveller, step, **(rest | {"is_done": steps._cannot_tell}))

    monkeypatch.setattr(journey.Journey, "act", blind)


def forgets_to_put_keys_back(monkeypatch):
    monkeypatch.setattr(rollback, "_way_back", lambda _: ())


def forgets_to_put_it_into_service(monkeypatch):
    async def nothing_wrong(*_, **__):
        return None

    monkeypatch.setattr(rollback, "set_availability", nothing_wrong)


def does_not_wait_for_a_charge_to_end(monkeypatch):
    async def at_once(*_):
        return True

    monkeypatch.setattr(steps, "is_idle", at_once)
    monkeypatch.setattr(cutover, "is_idle", at_once)


MUTANTS = [
    trusts_accepted,
    takes_accepted_for_arrived,
    keeps_no_intent,
    sends_again_without_looking,
    forgets_to_put_keys_back,
    forgets_to_put_it_into_service,
    does_not_wait_for_a_charge_to_end,
]


@pytest.mark.parametrize("mutate", MUTANTS)
def test_a_wrong_engine_is_caught(make_world, monkeypatch, mutate):
    mutate(monkeypatch)

    with pytest.raises((AssertionError, BaseExceptionGroup)):
        try_everything(make_world)


def try_everything(make_world):
    for lie in LIES:
        world = make_world([lie])
        world.run(cut_over)
        require_right_end(world)
    for crash_at in range(60):
        world = make_world(["honest"])
        world.run(cut_over, crashes=[crash_at])
        require_right_end(world)


def test_the_right_engine_is_not_caught(make_world):
    try_everything(make_world)


def test_every_stage_that_is_not_final_has_a_way_out_in_the_engine():
    assert set(cutover._STAGES) == set(Stage) - FINAL
