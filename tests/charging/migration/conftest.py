"""Two back-offices and lying stations under a virtual clock; the engine can be killed at any call to them."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from charging.errors import StationUnreachable
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.lifecycle import FINAL, Stage
from charging.migration.ports import Effect, Move, Sighting
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address

START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
URLS = {"legacy": "ws://legacy.example/ocpp", "target": "ws://target.example/ocpp"}
THREE_KEYS = """
recipe = "three-keys"
version = 1
vendor = "Supplier T"
models = ["*"]
method = "config"
await_seconds = 2400
source = "made up"
[[writes]]
key = "Apn"
template = "{apn}"
[[writes]]
key = "Port"
template = "{host}"
[[writes]]
key = "Url"
template = "{url}/{identity}"
"""
RECIPES = {
    "three-keys": parse_recipes({"three.toml": THREE_KEYS})[0],
    "at-once": parse_recipes(
        {"once.toml": THREE_KEYS.replace("three-keys", "at-once").replace("await_", 'reset = "none"\nawait_')}
    )[0],
    "slot": parse_recipes({"slot.toml": THREE_KEYS.replace("three-keys", "slot").replace('"config"', '"slot"')})[0],
}


class CrashNow(BaseException):
    """The process is killed here."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when nobody has anything to do, and then at once."""

    def __init__(self):
        self.elapsed = 0.0
        super().__init__(_Selector(self))

    def time(self):
        return self.elapsed


class _Selector(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        assert timeout is not None, "everyone waits, and for nothing: a wait without a deadline"
        self.loop.elapsed += timeout
        assert self.loop.elapsed < 86_400, "a whole day has passed: a wait without a deadline"
        return super().select(0)


@dataclass
class Station:
    station_id: str
    lie: str
    flash: dict = field(default_factory=dict)
    at: frozenset = frozenset({"legacy"})
    is_operative: bool = True
    charges_until: float = 0.0
    resets: int = 0
    needless: int = 0
    replies_lost: int = 0
    has_ghost: bool = False
    """The legacy believes that a charge runs whose end it will never hear."""
    heard: dict = field(default_factory=dict)
    booted: dict = field(default_factory=dict)


class World:
    """Stations, what both back-offices know of them, the journal, and where the next crash is."""

    def __init__(self, lies, *, recipe="three-keys"):
        self.recipe = recipe
        self.stations = {}
        for number, lie in enumerate(lies):
            station = Station(f"S{number}", lie)
            station.flash = {"Apn": "old.apn", "Port": "legacy.example", "Url": f"{URLS['legacy']}/S{number}"}
            station.heard["legacy"] = START - timedelta(minutes=5)
            station.charges_until = {"charges": 200.0, "charges for ever": 1e9}.get(lie, 0.0)
            self.stations[station.station_id] = station
        self.journal = Journal(self)
        self.calls = self.looks = self.talking = self.most_talking = 0
        self.pace = Pace(starts_per_second=10, poll_seconds=5, settle_seconds=600, time_scale=0.05)
        self.crashed = 0
        self.crash_at = None
        self.is_dead = False

    def now(self):
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def converse(self, effect):
        """A port call that takes one of the places for conversations."""
        self.talking += 1
        self.most_talking = max(self.most_talking, self.talking)
        try:
            return await self.port(effect)
        finally:
            self.talking -= 1

    async def port(self, effect):
        """Every call of the engine comes through here; it can be killed before and after its effect."""
        self.crash_point()
        await asyncio.sleep(0.05)
        result = effect()
        self.crash_point()
        return result

    def crash_point(self):
        if self.calls == self.crash_at:
            self.is_dead = True
        if self.is_dead:
            raise CrashNow
        self.calls += 1

    def ends_here(self):
        return {
            name: End(channel=Channel(self, name), address=Address(url=url, apn=f"{name}.apn"))
            for name, url in URLS.items()
        }

    def crossing(self):
        return Crossing(**self.ends_here(), journal=self.journal, clock=self.now, pace=self.pace)

    def run(self, *engines, crashes=()):
        """Run one engine after another on the same world; after each crash the same one again, from the journal.

        A crash is the number of calls from the start, or from the crash before.
        """
        crashes = list(crashes)
        self.crash_at = crashes.pop(0) if crashes else None
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            for engine in engines:
                outcomes = None
                while outcomes is None:
                    try:
                        outcomes = runner.run(self._attempt(engine))
                    except* CrashNow:
                        self.is_dead = False
                        self.crashed += 1
                        self.crash_at = self.calls + crashes.pop(0) if crashes else None
        return outcomes

    async def _attempt(self, engine):
        try:
            return await engine(self.journal.moves(), recipes=RECIPES, crossing=self.crossing())
        finally:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    def ends(self):
        """Return all that a crash must not change."""
        return {
            name: (self.journal.stages[name], dict(s.flash), s.at, s.is_operative, s.resets, s.needless)
            for name, s in self.stations.items()
        }

    def boot(self, station):
        lie = station.lie
        if lie == "never returns":
            return
        to = next((name for name, url in URLS.items() if station.flash["Url"].startswith(f"{url}/")), None)
        if lie == "comes back to the legacy":
            to = "legacy"
        station.at = frozenset({"legacy", "target"} if lie == "connected at both" else {to} - {None})
        if to and lie != "connects without a boot":
            self.hear_boot(station, to)
        if lie == "boots twice":
            asyncio.get_running_loop().call_later(7, self.hear_boot, station, to)

    def redial(self, station):
        """Dial by what the flash says now, after a while and without a boot."""
        [to] = [name for name, url in URLS.items() if station.flash["Url"].startswith(f"{url}/")]
        station.at = frozenset()
        asyncio.get_running_loop().call_later(15, self.connect, station, to)

    def connect(self, station, name):
        station.at, station.heard[name] = frozenset({name}), self.now()

    def hear_boot(self, station, name):
        station.booted[name] = station.heard[name] = self.now()


class Channel:
    def __init__(self, world, name):
        self.world, self.name = world, name

    def _station(self, station_id):
        station = self.world.stations[station_id]
        is_silent = station.lie == "offline" or (station.lie == "falls silent" and not station.is_operative)
        if self.name not in station.at or is_silent:
            raise StationUnreachable(station_id, f"no connection at the {self.name}")
        return station

    def _ordered(self, station_id):
        station = self._station(station_id)
        assert self.world.journal.has_open_intent(station_id), "an effect without an intent"
        return station

    def _answer(self, station, status):
        if station.lie == "loses replies" and station.replies_lost < 4:
            station.replies_lost += 1
            raise StationUnreachable(station.station_id, "no answer in time")
        return status

    async def get_configuration(self, station_id, keys):
        def effect():
            station = self._station(station_id)
            return {key: station.flash[key] for key in keys if key in station.flash}

        return await self.world.converse(effect)

    async def change_configuration(self, station_id, key, value):
        def effect():
            station = self._ordered(station_id)
            if station.lie == "refuses the second key" and key == "Port" and "target" in value:
                return "Rejected"
            if station.lie == "accepts and changes nothing":
                return "Accepted"
            station.needless += station.flash[key] == value
            station.flash[key] = value[:-3] if station.lie == "cuts values" and key == "Url" else value
            if station.lie == "cuts values" and value.startswith(URLS["legacy"]):
                station.flash[key] = value
            if self.world.recipe == "at-once" and key == "Url":
                station.at = frozenset()
                asyncio.get_running_loop().call_later(15, self.world.boot, station)
            if station.lie == "loses its link before it answers" and key == "Url":
                self.world.redial(station)
                raise StationUnreachable(station.station_id, "the link dropped")
            if station.lie == "loses its link while a charge begins" and key == "Url" and "target" in value:
                station.has_ghost = True
                asyncio.get_running_loop().call_later(1, self.world.redial, station)
            return self._answer(station, "Accepted")

        return await self.world.converse(effect)

    async def change_availability(self, station_id, connector_id, kind):
        def effect():
            assert connector_id == 0
            station = self._ordered(station_id)
            station.is_operative = kind == "Operative"
            return self._answer(station, "Accepted")

        return await self.world.converse(effect)

    async def reset(self, station_id, kind):
        def effect():
            station = self._ordered(station_id)
            assert kind == "Soft"
            assert station.charges_until <= asyncio.get_running_loop().time(), "reset under a running charge"
            if station.lie == "refuses to reset":
                return "Rejected"
            station.resets += 1
            station.at = frozenset()
            seconds = {"returns late": 100, "returns too late": 400}.get(station.lie, 20)
            asyncio.get_running_loop().call_later(seconds, self.world.boot, station)
            return self._answer(station, "Accepted")

        return await self.world.converse(effect)

    async def trigger(self, station_id, message):
        def effect():
            assert message == "BootNotification"
            self.world.hear_boot(self._ordered(station_id), self.name)
            return "Accepted"

        return await self.world.converse(effect)

    async def sightings(self, station_ids):
        def effect():
            self.world.looks += 1
            elapsed = asyncio.get_running_loop().time()
            return {name: self._sighting(self.world.stations[name], elapsed) for name in station_ids}

        return await self.world.port(effect)

    def _sighting(self, station, elapsed):
        return Sighting(
            station_id=station.station_id,
            is_connected=None,
            booted_at=station.booted.get(self.name),
            heard_at=station.heard.get(self.name),
            firmware="1.0",
            open_transactions=int(self.name == "legacy" and (station.charges_until > elapsed or station.has_ghost)),
        )


class Journal:
    """Remembers as a database does, and refuses what its constraints would."""

    def __init__(self, world):
        self.world = world
        self.stages = dict.fromkeys(world.stations, Stage.PLANNED)
        self.rows = {name: {} for name in world.stations}
        self.history = []

    def moves(self):
        last = {row.station_id: row for row in self.history}
        return [
            Move(
                station_id=name,
                stage=stage,
                attempt=1,
                wave=0,
                recipe=self.world.recipe,
                deadline_at=last[name].deadline_at if name in last else None,
                reason=last[name].reason if name in last else "",
                effects=dict(self.rows[name]),
            )
            for name, stage in self.stages.items()
        ]

    def has_open_intent(self, station_id):
        return any(effect.response is None for effect in self.rows[station_id].values())

    async def intend(self, station_id, *, attempt, step, request, at):
        def effect():
            assert attempt == 1
            assert step not in self.rows[station_id], f"{step} intended twice"
            self.rows[station_id][step] = Effect(request=request, response=None, intended_at=at)

        await self.world.port(effect)

    async def conclude(self, station_id, *, attempt, step, response: Mapping[str, object], at):
        def effect():
            assert attempt == 1
            assert at >= self.rows[station_id][step].intended_at
            assert self.rows[station_id][step].response is None, f"{step} concluded twice"
            self.rows[station_id][step] = replace(self.rows[station_id][step], response=response)

        await self.world.port(effect)

    async def enter(self, transition):
        def effect():
            assert self.stages[transition.station_id] is transition.before
            assert (transition.deadline_at is None) == (transition.after in FINAL)
            assert transition.reason
            self.stages[transition.station_id] = transition.after
            self.history.append(transition)

        await self.world.port(effect)

    def reason(self, station_id):
        return [row.reason for row in self.history if row.station_id == station_id][-1]

    def stage_counts(self):
        return Counter(self.stages.values())


@pytest.fixture
def make_world():
    return World
