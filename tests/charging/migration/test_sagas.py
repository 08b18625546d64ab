# ruff: noqa: ARG002 - the ports' own signatures
"""A change of several keys, failing at every point, killed at every call: all new, all old, or every key named."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from charging.errors import StationUnreachable
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import cut_over
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.partial import partial
from charging.migration.ports import Effect, Move, Sighting
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address
from rehearsal.simulation.virtual_time import VirtualLoop

START = datetime(2026, 3, 1, tzinfo=UTC)
URLS = {"legacy": "ws://legacy.example/ocpp", "target": "ws://target.example/ocpp"}
HEAD = 'recipe = "keys"\nversion = 1\nvendor = "T"\nmodels = ["*"]\nmethod = "config"\nsource = "made up"\n'


class Killed(BaseException):
    """The engine's process is no more."""


@dataclass
class World:
    """One station with so many keys, of which the last is its address; what it does wrong; when the engine dies."""

    keys: int
    fails: dict
    """(way, number of the key) = how; the way is `forward` or `back`."""
    kills: list
    flash: dict = field(default_factory=dict)
    at: str | None = "legacy"
    calls: int = 0
    is_dead: bool = False
    heard: dict = field(default_factory=lambda: {"legacy": START})
    writes: list = field(default_factory=list)
    stage: Stage = Stage.PLANNED
    effects: dict = field(default_factory=dict)
    history: list = field(default_factory=list)

    def __post_init__(self):
        self.names = [f"K{number}" for number in range(self.keys)]
        templates = ["{apn}"] * (self.keys - 1) + ["{url}"]
        text = HEAD + "".join(
            f'[[writes]]\nkey = "{name}"\ntemplate = "{template}-{name}"\n'
            for name, template in zip(self.names, templates, strict=True)
        )
        [self.recipe] = parse_recipes({"keys.toml": text})
        self.flash = self.values("legacy")

    def values(self, office):
        last = self.names[-1]
        return {name: f"{URLS[office] if name == last else office}-{name}" for name in self.names}

    def now(self):
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def port(self, effect):
        self.live()
        await asyncio.sleep(0.05)
        result = effect()
        self.live()
        return result

    def live(self):
        if self.kills and self.calls == self.kills[0]:
            self.kills.pop(0)
            self.is_dead = True
        if self.is_dead:
            raise Killed
        self.calls += 1

    def change(self, key, value):
        way = "forward" if value == self.values("target")[key] else "back"
        self.writes.append((way, key))
        how = self.fails.get((way, self.names.index(key)))
        if how == "silent":
            raise StationUnreachable("S1", "no answer")
        if how == "refuses":
            return "Rejected"
        if how != "forgets":
            self.flash[key] = value[:-1] if how == "cuts" else value
        return "Accepted"

    def restart(self):
        self.at = None
        asyncio.get_running_loop().call_later(20, self.boot)

    def boot(self):
        address = self.flash[self.names[-1]]
        self.at = next((name for name, url in URLS.items() if address.startswith(url)), None)
        if self.at:
            self.heard[self.at] = self.now()

    def run(self):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            for _ in range(9):
                try:
                    [outcome] = runner.run(self.attempt())
                except* Killed:
                    self.is_dead = False
                    self.calls = 0
                else:
                    return outcome
        raise AssertionError("it does not come to an end")

    async def attempt(self):
        last = self.history[-1] if self.history else None
        move = Move(
            station_id="S1",
            stage=self.stage,
            attempt=1,
            wave=0,
            recipe="keys",
            deadline_at=last.deadline_at if last else None,
            effects=dict(self.effects),
            reason=last.reason if last else "",
        )
        ends = {n: End(channel=Channel(self, n), address=Address(url=u, apn=n)) for n, u in URLS.items()}
        pace = Pace(starts_per_second=10, poll_seconds=5, time_scale=0.05)
        crossing = Crossing(**ends, journal=Journal(self), clock=self.now, pace=pace)
        try:
            return await cut_over([move], recipes={"keys": self.recipe}, crossing=crossing)
        finally:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()


class Channel:
    def __init__(self, world, name):
        self.world, self.name = world, name

    def require_here(self):
        if self.world.at != self.name:
            raise StationUnreachable("S1", f"no connection at the {self.name}")

    async def get_configuration(self, station_id, keys):
        def effect():
            self.require_here()
            return {key: self.world.flash[key] for key in keys if key in self.world.flash}

        return await self.world.port(effect)

    async def change_configuration(self, station_id, key, value):
        def effect():
            self.require_here()
            return self.world.change(key, value)

        return await self.world.port(effect)

    async def change_availability(self, station_id, connector_id, kind):
        return await self.world.port(lambda: self.require_here() or "Accepted")

    async def reset(self, station_id, kind):
        return await self.world.port(lambda: self.require_here() or self.world.restart() or "Accepted")

    async def trigger(self, station_id, message):
        def effect():
            self.require_here()
            self.world.heard[self.name] = self.world.now()
            return "Accepted"

        return await self.world.port(effect)

    async def sightings(self, station_ids):
        def effect():
            seen = Sighting(
                station_id="S1",
                is_connected=None,
                booted_at=None,
                heard_at=self.world.heard.get(self.name),
                firmware="1",
                open_transactions=0,
            )
            return {"S1": seen}

        return await self.world.port(effect)


class Journal:
    def __init__(self, world):
        self.world = world

    async def intend(self, station_id, *, attempt, step, request, at):
        def effect():
            assert step not in self.world.effects
            self.world.effects[step] = Effect(request=request, response=None, intended_at=at)

        await self.world.port(effect)

    async def conclude(self, station_id, *, attempt, step, response, at):
        def effect():
            known = self.world.effects[step]
            assert known.response is None
            self.world.effects[step] = Effect(request=known.request, response=response, intended_at=known.intended_at)

        await self.world.port(effect)

    async def enter(self, transition):
        def effect():
            self.world.stage = transition.after
            self.world.history.append(transition)

        await self.world.port(effect)


HOWS = ("refuses", "forgets", "cuts", "silent")
FAILURES = st.sampled_from(HOWS)
WAYS = st.tuples(st.sampled_from(["forward", "back"]), st.integers(0, 4))


@settings(deadline=None, max_examples=250)
@given(
    keys=st.integers(1, 5),
    fails=st.dictionaries(WAYS, FAILURES, max_size=3),
    kills=st.lists(st.integers(0, 60), max_size=3),
)
def test_a_change_of_several_keys_is_whole_or_undone_or_named_key_by_key(keys, fails, kills):
    world = World(keys=keys, fails=fails, kills=list(kills))

    outcome = world.run()

    event(f"{outcome.stage}, killed {len(kills) - len(world.kills)} times")
    require_named(world, outcome)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("failing", range(3))
def test_killed_at_every_call_it_ends_named_all_the_same(how, failing):
    ends = set()
    for kill in range(0, 70, 2):
        world = World(keys=3, fails={("forward", failing): how}, kills=[kill])
        outcome = world.run()
        require_named(world, outcome)
        ends.add(outcome.stage)
    assert len(ends) == 1, "a kill changes nothing about the end"


def require_named(world, outcome):
    """Refuse an end that is not whole, not undone, and not named key by key."""
    assert outcome.stage in FINAL
    new, old = world.values("target"), world.values("legacy")
    if outcome.stage is Stage.VERIFIED:
        assert (world.flash, world.at) == (new, "target")
        return
    if outcome.stage is Stage.ROLLED_BACK:
        assert (world.flash, world.at) == (old, "legacy")
        return
    left = world.history[-1].evidence["keys"]
    assert Counter([*left["new"], *left["old"], *left["unknown"]]) == Counter(world.names)
    assert all(world.flash[key] == new[key] for key in left["new"])
    assert all(world.flash[key] == old[key] for key in left["old"])
    assert all(key in outcome.reason for key in (*left["new"], *left["unknown"]))


@settings(deadline=None, max_examples=60)
@given(keys=st.integers(2, 5), data=st.data())
def test_what_was_written_is_taken_back_in_the_opposite_order(keys, data):
    failing = data.draw(st.integers(1, keys - 1))
    world = World(keys=keys, fails={("forward", failing): "refuses"}, kills=[])

    outcome = world.run()

    written = [key for way, key in world.writes if way == "forward"]
    back = [key for way, key in world.writes if way == "back"]
    assert outcome.stage is Stage.ROLLED_BACK
    assert written == world.names[: failing + 1], "nothing is written after a refusal"
    assert back == written[:failing][::-1]


@settings(deadline=None, max_examples=20)
@given(keys=st.integers(1, 5))
def test_every_write_is_read_back(keys):
    world = World(keys=keys, fails={}, kills=[])

    world.run()

    concluded = [world.effects[f"write:{name}"].response for name in world.names]
    assert [one["read_back"] for one in concluded] == list(world.values("target").values())


def test_a_key_is_new_old_or_unknown_by_what_the_journal_knows():
    def effect(**response):
        return Effect(request={}, response=response or None, intended_at=START)

    found = partial(
        ["A", "B", "C", "D", "E", "F", "G"],
        {
            "write:A": effect(status="Accepted", is_kept=True),
            "write:B": effect(),
            "write:C": effect(status="Rejected"),
            "write:D": effect(status="Accepted", is_kept=False),
            "write:E": effect(status="Accepted", is_kept=True),
            "undo.write:E": effect(status="Accepted", is_kept=True),
            "write:F": effect(status="Accepted", is_kept=True),
            "undo.write:F": effect(status="Rejected"),
        },
    )

    assert (found.new, found.old, found.unknown) == (("A", "F"), ("C", "E", "G"), ("B", "D"))
    assert str(found) == "set for the target: A, F; not known: B, D"
