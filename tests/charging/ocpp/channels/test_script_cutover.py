# ruff: noqa: ARG002 - the ports' own signatures
"""The engine moves a station with a maker's tool, a real program, and brings it back."""

import asyncio
import json
import sys

import pytest

from charging.clock import system_clock
from charging.errors import StationUnreachable
from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import Stage
from charging.migration.ports import Effect, Move, Sighting
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.migration.recipes import Address
from charging.ocpp.channels.script import ScriptChannel
from charging.ocpp.channels.tool import Tool

RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}
URLS = {"legacy": "wss://old.example/ocpp", "target": "wss://new.example/ocpp"}
PACE = Pace(starts_per_second=100, poll_seconds=0.05, time_scale=0.004)
CLOUD = """
import json, pathlib, sys
asked, store = json.load(sys.stdin), pathlib.Path("cloud.json")
held = json.loads(store.read_text())
if asked["operation"] == "read":
    print(json.dumps({"status": "Accepted", "values": {key: held[key] for key in asked["keys"] if key in held}}))
elif held["lie"] == "refuses":
    print(json.dumps({"status": "Rejected", "message": "not your charger"}))
else:
    if held["lie"] != "forgets":
        held[asked["key"]] = asked["value"]
    store.write_text(json.dumps(held))
    print(json.dumps({"status": "Accepted"}))
"""


class Office:
    """A back-office at which the station is while the maker's cloud says so."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder

    @property
    def is_here(self):
        return json.loads((self.folder / "cloud.json").read_text())["url"] == URLS[self.name]

    def require_here(self):
        if not self.is_here:
            raise StationUnreachable("E1", f"no connection at the {self.name}")
        return "Accepted"

    async def get_configuration(self, station_id, keys):
        self.require_here()
        return dict.fromkeys(keys, "900")

    async def change_availability(self, station_id, connector_id, kind):
        return self.require_here()

    async def trigger(self, station_id, message):
        return self.require_here()

    async def sightings(self, station_ids):
        seen = Sighting(
            station_id="E1",
            is_connected=self.is_here,
            booted_at=None,
            heard_at=system_clock() if self.is_here else None,
            firmware="328",
            open_transactions=0,
        )
        return dict.fromkeys(station_ids, seen)


class Journal:
    """Remembers one station's move."""

    def __init__(self):
        self.stage, self.effects = Stage.PLANNED, {}

    def move(self):
        return Move(station_id="E1", stage=self.stage, attempt=1, wave=0, recipe="easee", effects=dict(self.effects))

    async def intend(self, station_id, *, step, request, at, **_):
        self.effects[step] = Effect(request=request, response=None, intended_at=at)

    async def conclude(self, station_id, *, step, response, **_):
        known = self.effects[step]
        self.effects[step] = Effect(request=known.request, response=response, intended_at=known.intended_at)

    async def enter(self, transition):
        self.stage = transition.after


@pytest.fixture
def move(tmp_path):
    """What moves the station, and back if that is asked; it returns the outcome and what the cloud holds."""
    (tmp_path / "tool.py").write_text(CLOUD)

    def run(*, lie="", is_back=False):
        (tmp_path / "cloud.json").write_text(json.dumps({"url": URLS["legacy"], "lie": lie}))
        tool = Tool(
            name="easee",
            command=[sys.executable, str(tmp_path / "tool.py")],
            clock=system_clock,
            keep=lambda _: None,
            folder=tmp_path,
        )
        ends = {
            name: End(channel=ScriptChannel(tool, Office(name, tmp_path), timeout_seconds=20), address=Address(url=url))
            for name, url in URLS.items()
        }

        async def scenario():
            journal = Journal()

            def crossing():
                return Crossing(**ends, journal=journal, clock=system_clock, pace=PACE)

            [outcome] = await cutover.cut_over([journal.move()], recipes=RECIPES, crossing=crossing())
            if is_back:
                [outcome] = await cutover.roll_back(
                    [journal.move()], recipes=RECIPES, crossing=crossing(), reason="the committee said so"
                )
            return outcome

        return asyncio.run(scenario()), json.loads((tmp_path / "cloud.json").read_text())["url"]

    return run


def test_a_station_is_moved_by_the_makers_tool_alone(move):
    outcome, url = move()

    assert (outcome.stage, url) == (Stage.VERIFIED, URLS["target"]), outcome.reason


def test_and_comes_back_by_it(move):
    outcome, url = move(is_back=True)

    assert (outcome.stage, url) == (Stage.ROLLED_BACK, URLS["legacy"]), outcome.reason


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        pytest.param("refuses", "it refused url (Rejected)", id="refuses"),
        pytest.param("forgets", "it accepted everything and did not arrive", id="accepts and does nothing"),
    ],
)
def test_a_tool_that_did_not_move_it_leaves_it_where_it_was(move, lie, reason):
    outcome, url = move(lie=lie)

    assert (outcome.stage, url) == (Stage.ROLLED_BACK, URLS["legacy"])
    assert reason in outcome.reason
