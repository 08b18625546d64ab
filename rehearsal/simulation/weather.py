"""The weather of the virtual world: drivers, power and links that go, back-offices that are away, clocks that jump."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Protocol

from rehearsal.simulation.chance import Diary, Fault, Odds, happens
from rehearsal.simulation.office import Office
from rehearsal.simulation.station import OFFICES, Station

JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1))


class Sky(Protocol):
    """What the weather falls on."""

    diary: Diary
    odds: Odds
    chance: Random
    stations: dict[str, Station]
    offices: dict[str, Office]
    clock_offset: timedelta
    office_offsets: dict[str, timedelta]
    journal_away_until: float
    journal_outage: float

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        ...

    def later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call in a while."""
        ...


class Weather:
    """Faults that nobody's message causes. They gather where they hurt: while an engine is at work."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky
        self._left = sky.chance.randint(0, sky.odds.most_weather)
        self._is_over = False
        self._strikes: Mapping[Fault, Callable[[], None]] = {
            Fault.OFFICE_AWAY: self._send_away,
            Fault.OFFICE_SHUT: self._shut,
            Fault.JOURNAL_AWAY: self._send_journal_away,
            Fault.LINK_CUT: self._cut,
            Fault.POWER_CUT: self._restart,
            Fault.CLOCK_JUMP: self._jump,
            Fault.OFFICE_CLOCK: self._jump_there,
        }

    def gather(self) -> None:
        """Let some of it come down on the engine that has just been started."""
        chance = self._sky.chance
        for _ in range(min(self._left, chance.randint(0, 6))):
            self._left -= 1
            strike = self._strikes[chance.choice(list(self._strikes))]
            self._sky.later(chance.uniform(0, 1500 ** chance.uniform(0.4, 1)), self._strike, strike)
        for station in self._sky.stations.values():
            if self._sky.odds.most_weather and happens(chance, 300):
                self._sky.later(chance.uniform(0, 120), self._charge, station)

    def end(self) -> None:
        """Let all be well from now on."""
        self._is_over = True
        for office in self._sky.offices.values():
            office.away_until = office.shut_until = -1.0

    def _strike(self, strike: Callable[[], None]) -> None:
        if not self._is_over:
            strike()

    def _charge(self, station: Station) -> None:
        chance = self._sky.chance
        if not self._is_over and station.begin_charge():
            self._sky.diary.fault(Fault.CHARGE, station.station_id)
            minutes = chance.uniform(250, 400) if happens(chance, 60) else chance.uniform(1, 60)
            self._sky.later(60 * minutes, station.end_charge)

    def _send_away(self) -> None:
        office = self._office()
        office.away_until = self._sky.elapsed() + 1500 ** self._sky.chance.uniform(0.3, 1)
        self._sky.diary.note(office.name, "is away until", office.away_until)

    def _send_journal_away(self) -> None:
        seconds = 900 ** self._sky.chance.uniform(0.1, 1)
        self._sky.journal_away_until = self._sky.elapsed() + seconds
        self._sky.journal_outage += seconds
        self._sky.diary.note("the journal is away until", self._sky.journal_away_until)

    def _shut(self) -> None:
        office = self._office()
        office.shut_until = self._sky.elapsed() + 1500 ** self._sky.chance.uniform(0.3, 1)
        self._sky.diary.fault(Fault.OFFICE_SHUT, office.name, "until", f"{office.shut_until:.0f}")
        for station in self._sky.stations.values():
            if office.name in station.links:
                station.cut()

    def _cut(self) -> None:
        station = self._station()
        if station.links:
            self._sky.diary.fault(Fault.LINK_CUT, station.station_id)
            station.cut()

    def _restart(self) -> None:
        station = self._station()
        self._sky.diary.fault(Fault.POWER_CUT, station.station_id)
        station.restart()

    def _jump(self) -> None:
        jump = self._sky.chance.choice(JUMPS)
        self._sky.clock_offset += jump
        self._sky.diary.fault(Fault.CLOCK_JUMP, "by", jump)

    def _jump_there(self) -> None:
        office, jump = self._office(), self._sky.chance.choice(JUMPS)
        self._sky.office_offsets[office.name] += jump
        self._sky.diary.fault(Fault.OFFICE_CLOCK, office.name, "by", jump)

    def _office(self) -> Office:
        return self._sky.offices[self._sky.chance.choice(OFFICES)]

    def _station(self) -> Station:
        return self._sky.chance.choice(list(self._sky.stations.values()))
