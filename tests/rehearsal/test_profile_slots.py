"""The engine, CitrineOS on both sides and stations of OCPP 2.0.1, all on real sockets."""

import asyncio
import contextlib
import time
from datetime import timedelta

import httpx
import pytest

from charging.clock import system_clock
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Move
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.citrineos import CitrineOsCaller
from charging.ocpp.channels.citrineos_records import Records
from charging.targets.citrineos_client import GraphQl
from rehearsal import device_model
from rehearsal.citrineos_running import citrineos
from rehearsal.device_model import COMMUNICATION, PRIORITY
from rehearsal.station_2 import Station2
from rehearsal.truth import Behaviour

NAME = "H 1"
RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}
PACE = Pace(starts_per_second=100, poll_seconds=0.05, time_scale=0.002)


class Journal:
    """Remembers one station's move."""

    def __init__(self):
        self.stage, self.effects, self.history = Stage.PLANNED, {}, []

    def move(self):
        last = self.history[-1] if self.history else None
        return Move(
            station_id=NAME,
            stage=self.stage,
            attempt=1,
            wave=0,
            recipe="ocpp2",
            deadline_at=last.deadline_at if last else None,
            effects=dict(self.effects),
            reason=last.reason if last else "",
        )

    async def intend(self, station_id, *, attempt, step, request, at):
        assert (station_id, attempt) == (NAME, 1)
        assert step not in self.effects
        self.effects[step] = Effect(request=request, response=None, intended_at=at)

    async def conclude(self, station_id, *, attempt, step, response, at):
        known = self.effects[step]
        assert (station_id, attempt, known.response) == (NAME, 1, None)
        assert at >= known.intended_at
        self.effects[step] = Effect(request=known.request, response=response, intended_at=known.intended_at)

    async def enter(self, transition):
        self.stage = transition.after
        self.history.append(transition)


@contextlib.asynccontextmanager
async def channel_to(door, name):
    async with httpx.AsyncClient(base_url=f"{door.api}/") as http:
        with httpx.Client() as data:
            records = Records(name, GraphQl(data, door.graphql, secret=None, attempts=2), tenant=1)
            caller = CitrineOsCaller(
                name,
                http=http,
                records=records,
                tenant=1,
                patience=timedelta(seconds=1),
                look_every=timedelta(seconds=0.02),
            )
            yield CallingChannel(caller)


@contextlib.asynccontextmanager
async def field(folder, behaviour, *, target_url=None, slots=2):
    """Both back-offices, a station on the legacy, and the ground between."""
    async with (
        citrineos(folder / "legacy", [NAME], clock=system_clock) as legacy,
        citrineos(folder / "target", [NAME], clock=system_clock) as target,
        channel_to(legacy, "legacy") as here,
        channel_to(target, "target") as there,
    ):
        memory = device_model.new_memory(NAME, url=legacy.ws, slots=slots)
        station = Station2(memory, clock=system_clock, behaviour=behaviour)
        running = asyncio.create_task(station.run())
        try:
            deadline = time.monotonic() + 20
            while not legacy.ocpp.heard(NAME, "StatusNotification"):
                assert time.monotonic() < deadline, "the station did not connect"
                await asyncio.sleep(0.01)
            journal = Journal()

            def crossing():
                return Crossing(
                    legacy=End(channel=here, address=Address(url=legacy.ws)),
                    target=End(channel=there, address=Address(url=target_url or target.ws)),
                    journal=journal,
                    clock=system_clock,
                    pace=PACE,
                )

            yield station, journal, crossing, legacy.ocpp, target.ocpp
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def cut_over(folder, behaviour=Behaviour.GOOD, *, back=False, **rest):
    for name in ("legacy", "target"):
        (folder / name).mkdir()

    async def scenario():
        async with field(folder, behaviour, **rest) as (station, journal, crossing, legacy, target):
            [outcome] = await cutover.cut_over([journal.move()], recipes=RECIPES, crossing=crossing())
            if back:
                [outcome] = await cutover.roll_back(
                    [journal.move()], recipes=RECIPES, crossing=crossing(), reason="the committee said so"
                )
            return outcome, station.memory, legacy, target

    return asyncio.run(scenario())


def test_a_station_is_moved_to_a_free_slot_with_the_old_one_as_its_fallback(tmp_path):
    outcome, memory, legacy, target = cut_over(tmp_path)

    assert (outcome.stage, memory.active, memory.is_operative) == (Stage.VERIFIED, 2, True), outcome.reason
    assert memory.variables[COMMUNICATION, PRIORITY] == "2,1"
    assert [action for _, action, _ in legacy.orders if action != "GetVariables"] == [
        "ChangeAvailability",
        "SetNetworkProfile",
        "SetVariables",
        "Reset",
    ]
    assert [payload["type"] for _, action, payload in legacy.orders if action == "Reset"] == ["OnIdle"]
    assert target.heard(NAME, "BootNotification")[0]["reason"] == "RemoteReset"


def test_a_station_that_accepts_everything_and_comes_back_is_found_and_said_so(tmp_path):
    outcome, memory, _, target = cut_over(tmp_path, Behaviour.RETURNS_TO_LEGACY)

    assert outcome.stage is Stage.ROLLED_BACK
    assert "it accepted everything and did not arrive" in outcome.reason
    assert "found back on the legacy" in outcome.reason
    assert (memory.active, memory.variables[COMMUNICATION, PRIORITY], memory.is_operative) == (1, "1", True)
    assert target.heard(NAME, "BootNotification") == []


def test_a_target_that_cannot_be_reached_makes_the_station_fall_back_by_itself(tmp_path):
    outcome, memory, legacy, _ = cut_over(tmp_path, target_url="ws://127.0.0.1:9/ocpp")

    assert outcome.stage is Stage.ROLLED_BACK, outcome.reason
    assert (memory.active, memory.variables[COMMUNICATION, PRIORITY], memory.is_operative) == (1, "1", True)
    assert len(legacy.heard(NAME, "BootNotification")) >= 2


@pytest.mark.parametrize(
    ("behaviour", "stage", "reason"),
    [
        pytest.param(Behaviour.RETURNS_LATE, Stage.VERIFIED, "serves at the target", id="returns late"),
        pytest.param(Behaviour.NEVER_RETURNS, Stage.TO_SITE, "it answers at neither back-office", id="never returns"),
        pytest.param(Behaviour.REFUSES_KEY, Stage.ROLLED_BACK, "it refused OCPPCommCtrlr", id="refuses the order"),
        pytest.param(Behaviour.FORGETS_KEY, Stage.ROLLED_BACK, "but reads it back as '1'", id="accepts and forgets"),
    ],
)
def test_every_way_to_fail_ends_in_a_named_stage(tmp_path, behaviour, stage, reason):
    outcome, memory, _, _ = cut_over(tmp_path, behaviour)

    assert outcome.stage is stage, outcome.reason
    assert reason in outcome.reason
    if stage is Stage.ROLLED_BACK:
        assert (memory.active, memory.variables[COMMUNICATION, PRIORITY], memory.restarts) == (1, "1", 0)
        assert memory.is_operative


def test_a_station_that_has_moved_comes_back_by_its_own_slots(tmp_path):
    outcome, memory, _, target = cut_over(tmp_path, back=True)

    assert outcome.stage is Stage.ROLLED_BACK, outcome.reason
    assert (memory.active, memory.variables[COMMUNICATION, PRIORITY], memory.is_operative) == (1, "1", True)
    assert memory.url(2) == memory.url(1), "the target's address is nowhere in it any more"
    assert "SetNetworkProfile" not in [action for _, action, _ in target.orders], "the slot in use is never written"
