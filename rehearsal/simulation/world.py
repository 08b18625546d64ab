"""One simulated migration: stations, two back-offices, the journal, the weather, and the engine that is killed."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from charging.migration import cutover
from charging.migration.crossing import Crossing, End, Pace
from charging.migration.cutover import Outcome
from charging.migration.lifecycle import Stage
from charging.migration.ports import Move
from charging.migration.recipes import Address
from rehearsal.simulation.chance import Diary, Fault, Odds, happens
from rehearsal.simulation.journal import Books, SimulatedJournal
from rehearsal.simulation.life import Life
from rehearsal.simulation.office import Office, SimulatedChannel
from rehearsal.simulation.recipes import RECIPES
from rehearsal.simulation.referee import Referee
from rehearsal.simulation.station import OFFICES, URLS, Lie, Station
from rehearsal.simulation.virtual_time import VirtualLoop
from rehearsal.simulation.weather import Weather

START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
MOST_TURNS = 400_000
MOST_DAYS = 30
Engine = Callable[[list[Move], Crossing], Coroutine[None, None, list[Outcome]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a seed."""

    seed: int
    breaks: list[str]
    faults: list[str]
    counts: Mapping[Fault, int]
    sha256: str
    seconds: float
    """Simulated."""
    stages: Mapping[str, int]
    lines: list[str]


class World:
    """Everything but the engine. The same seed gives the same world, and the same end of it."""

    def __init__(self, seed: int, *, odds: Odds, keeps_lines: bool = False) -> None:
        self.seed, self.odds, self.chance = seed, odds, Random(f"rehome/{seed}")
        self.loop = VirtualLoop()
        self.diary = Diary(self.elapsed, keeps_lines=keeps_lines)
        self.pace = Pace(poll_seconds=20)
        self.recipes = RECIPES
        self.clock_offset = timedelta()
        self.office_offsets = {name: timedelta(seconds=self.chance.uniform(-40_000, 40_000)) for name in OFFICES}
        self.offices = {name: Office(name=name, clock=partial(self._office_clock, name)) for name in OFFICES}
        self.stations = {name: self._station(name) for name in (f"S{n}" for n in range(self.chance.randint(3, 8)))}
        self.books = Books({name: station.recipe for name, station in self.stations.items()})
        self.lives, self.life, self._is_over = 0, Life(), False
        self._kills, self._awake, self._awake_since = self.chance.randint(0, odds.most_kills), 0.0, 0.0
        self._kill_at: int | None = None
        self.journal_away_until, self.journal_outage = -1.0, 0.0
        self.referee = Referee(self)
        self.weather = Weather(self)
        self.loop.on_turn = self._on_turn

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return self.loop.elapsed

    def awake(self) -> float:
        """Return for how many of them an engine was running."""
        return self._awake + (self.loop.elapsed - self._awake_since if self._is_awake else 0.0)

    def clock(self) -> datetime:
        """Return what the engine's clock shows."""
        return START + timedelta(seconds=self.loop.elapsed) + self.clock_offset

    def later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call in a while."""
        self.loop.call_later(seconds, call, *arguments)

    def admits(self, office: str) -> bool:
        """Whether a back-office lets stations in now."""
        return office in self.offices and self.loop.elapsed >= self.offices[office].shut_until

    def heard(self, station: Station, office: str, *, is_boot: bool) -> None:
        """Let a back-office hear a station."""
        self.offices[office].hear(station, is_boot=is_boot)

    def connected(self, station: Station) -> None:
        """Know where a station is."""
        self.diary.note(station.station_id, "is at", *sorted(station.links))
        for office in station.links:
            self.referee.connected(station.station_id, office)

    def play(self) -> Result:
        """Let a migration happen and return what came of it."""
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                runner.run(self._play())
        except _TooLongError:
            self.referee.broken("all", "it does not come to an end")
        stages = [str(entry.stage) for entry in self.books.entries.values()]
        return Result(
            seed=self.seed,
            breaks=self.referee.breaks,
            faults=self.diary.faults,
            counts=self.diary.counts,
            sha256=self.diary.sha256,
            seconds=self.loop.elapsed,
            stages={stage: stages.count(stage) for stage in sorted(set(stages))},
            lines=self.diary.lines,
        )

    async def _play(self) -> None:
        for station in self.stations.values():
            station.start()
        await asyncio.sleep(60)
        await self._until_done(_cut_over)
        await asyncio.sleep(self.chance.uniform(3_600, 60_000))
        if happens(self.chance, 350):
            await self._until_done(_roll_back)
            await asyncio.sleep(self.chance.uniform(3_600, 60_000))
        if again := [name for name, entry in self.books.entries.items() if entry.stage is Stage.ROLLED_BACK]:
            for name in again:
                self.books.begin_again(name)
            await self._until_done(_cut_over)
        await asyncio.sleep(self.chance.uniform(3_600, 60_000))
        await self._quieten()
        self.referee.quiet()

    async def _until_done(self, engine: Engine) -> None:
        """Start the engine, and again whenever it was killed or could not go on."""
        while not await self._live(engine) and not self._is_over:
            is_long = happens(self.chance, 100)
            await asyncio.sleep(self.chance.uniform(3_600, 30_000) if is_long else self.chance.uniform(0.5, 300))

    async def _live(self, engine: Engine) -> bool:
        self.life, self.lives, self._awake_since = Life(), self.lives + 1, self.loop.elapsed
        self.diary.note("the engine starts")
        self._draw_kill()
        life = self.life
        self.weather.gather()
        self.loop.set_task_factory(life.make_task)
        running = self.loop.create_task(engine(self.books.moves(), self._crossing(life)))
        await asyncio.wait([running])
        self.loop.set_task_factory(None)
        self._awake += self.loop.elapsed - self._awake_since
        self._kill_at, was_killed = None, life.is_dead
        life.kill()
        if was_killed or running.cancelled():
            return False
        if failure := running.exception():
            self._judge_failure(failure)
            return False
        self.referee.ended(running.result())
        return True

    def _judge_failure(self, failure: BaseException) -> None:
        """Nothing of what goes wrong here may make the engine itself fall over."""
        causes = failure.exceptions if isinstance(failure, BaseExceptionGroup) else (failure,)
        self.referee.broken("all", f"the engine fell over: {causes!r}")
        self._is_over = True

    def _crossing(self, life: Life) -> Crossing:
        ends = {
            name: End(
                channel=SimulatedChannel(self.offices[name], around=self, watch=self.referee, life=life),
                address=Address(url=URLS[name], apn=f"{name}.apn"),
            )
            for name in OFFICES
        }
        journal = SimulatedJournal(around=self, auditor=self.referee, life=life)
        return Crossing(legacy=ends["legacy"], target=ends["target"], journal=journal, clock=self.clock, pace=self.pace)

    @property
    def _is_awake(self) -> bool:
        return self.lives > 0 and not self.life.is_dead

    def _draw_kill(self) -> None:
        self._kill_at = None
        if self._kills > 0:
            self._kills -= 1
            # most of the turns are waiting: the first ones after a start are where most is done
            furthest = self.odds.kill_within_turns ** self.chance.uniform(0.3, 1.0)
            self._kill_at = self.loop.turns + int(self.chance.uniform(1, furthest))

    def _on_turn(self) -> None:
        if self._kill_at is not None and self.loop.turns >= self._kill_at:
            self._kill_at = None
            self.diary.fault(Fault.KILL)
            self._awake += self.loop.elapsed - self._awake_since
            self._awake_since = self.loop.elapsed
            self.life.kill()
        if self.loop.failures:
            raise self.loop.failures.pop()
        is_too_long = self.loop.turns > MOST_TURNS or self.loop.elapsed > MOST_DAYS * 86_400
        if is_too_long and not self._is_over:
            self._is_over = True
            raise _TooLongError

    async def _quieten(self) -> None:
        """End the weather, and switch every station off and on again."""
        self.weather.end()
        await asyncio.sleep(3_600)
        for station in self.stations.values():
            station.end_charge()
            station.restart()
        await asyncio.sleep(7_200)

    def _station(self, name: str) -> Station:
        lie = self.chance.choice(list(Lie)[1:]) if happens(self.chance, self.odds.lie) else Lie.NONE
        if lie is not Lie.NONE:
            self.diary.fault(Fault.LIE, name, lie)
        fitting = [each for each, recipe in RECIPES.items() if lie is not Lie.NO_RESET or recipe.reset != "none"]
        recipe = self.chance.choice(fitting)
        return Station(name, recipe=recipe, lie=lie, doors=self, chance=self.chance)

    def _office_clock(self, name: str) -> datetime:
        return START + timedelta(seconds=self.loop.elapsed) + self.office_offsets[name]


class _TooLongError(Exception):
    """The engine does not come to an end."""


def _cut_over(moves: list[Move], crossing: Crossing) -> Coroutine[None, None, list[Outcome]]:
    return cutover.cut_over(moves, recipes=RECIPES, crossing=crossing)


def _roll_back(moves: list[Move], crossing: Crossing) -> Coroutine[None, None, list[Outcome]]:
    return cutover.roll_back(moves, recipes=RECIPES, crossing=crossing, reason="the committee said so")
