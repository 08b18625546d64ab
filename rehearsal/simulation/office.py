"""A simulated back-office, and the way of orders through it: lost, late, twice, slow, or as they should be."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Generic, Literal, Protocol, TypeVar

from charging.errors import BackOfficeUnavailable, StationUnreachable
from charging.migration.ports import Sighting
from rehearsal.simulation.chance import Diary, Fault, Odds, happens
from rehearsal.simulation.life import Life
from rehearsal.simulation.station import Lie, Station

_Answer = TypeVar("_Answer")

LATEST_SECONDS = 55.0
"""An order that has not reached its station by then never does: less than the settling time, which is the promise."""


@dataclass(slots=True, kw_only=True)
class Office:
    """What one back-office knows. Its instants are its own clock's."""

    name: str
    clock: Callable[[], datetime]
    away_until: float = -1.0
    shut_until: float = -1.0
    heard: dict[str, datetime] = field(default_factory=dict)
    booted: dict[str, datetime] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)

    def hear(self, station: Station, *, is_boot: bool) -> None:
        """Take in a message of a station."""
        self.heard[station.station_id] = self.clock()
        if is_boot:
            self.booted[station.station_id] = self.clock()
            is_other = station.lie is Lie.OTHER_BOX and self.name == "target"
            self.serials[station.station_id] = f"{'X' if is_other else 'N'}-{station.station_id}"


class Surroundings(Protocol):
    """What the way of an order needs of the world."""

    diary: Diary
    odds: Odds
    chance: Random
    stations: dict[str, Station]

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        ...

    def later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call in a while."""
        ...


class Watch(Protocol):
    """Who looks at what the engine sends."""

    def sends(self, station_id: str, office: str, action: str, subject: str) -> Callable[[str], None]:
        """Judge an order that is sent now; what is returned is called with the status when the station takes it."""
        ...

    def reads(self, station_id: str, office: str, key: str) -> None:
        """Know that a key was read, and its value returned."""
        ...


class SimulatedChannel:
    """One back-office as the engine sees it: implements `charging.migration.ports.Channel`."""

    def __init__(self, office: Office, *, around: Surroundings, watch: Watch, life: Life) -> None:
        self._office, self._around, self._watch, self._life = office, around, watch, life

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read keys."""

        def effect(station: Station) -> Mapping[str, str | None]:
            return {key: value for key in keys if (value := station.read(key)) is not None}

        found = await self._ask(station_id, effect, is_order=False)
        for key in keys:
            self._watch.reads(station_id, self._office.name, key)
        return found

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key."""
        return await self._order(station_id, "write", key, lambda station: station.write(key, value))

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put the station in or out of service."""

        def effect(station: Station) -> str:
            station.is_operative = kind == "Operative"
            return "Accepted"

        if connector_id != 0:
            raise ValueError(f"the whole station is meant, not connector {connector_id}")
        return await self._order(station_id, "availability", kind, effect)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station."""
        return await self._order(station_id, "reset", kind, Station.reset)

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask for a message."""

        def effect(station: Station) -> str:
            self._office.hear(station, is_boot=message == "BootNotification")
            return "Accepted"

        return await self._order(station_id, "trigger", message, effect)

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Tell what this back-office knows."""
        self._life.require_alive()
        await asyncio.sleep(self._around.chance.uniform(0.01, 0.3))
        self._require_there()
        return {name: self._sighting(self._around.stations[name]) for name in station_ids}

    def _sighting(self, station: Station) -> Sighting:
        name = station.station_id
        return Sighting(
            station_id=name,
            is_connected=None,
            booted_at=self._office.booted.get(name),
            heard_at=self._office.heard.get(name),
            firmware="1.0",
            open_transactions=int(station.has_open_charge(self._office.name)),
            serial_number=self._office.serials.get(name),
        )

    def _require_there(self) -> None:
        if self._around.elapsed() < self._office.away_until:
            self._around.diary.fault_once(Fault.OFFICE_AWAY, self._office.name, self._office.away_until)
            raise BackOfficeUnavailable(self._office.name, "it is away")

    async def _order(self, station_id: str, action: str, subject: str, effect: Callable[[Station], str]) -> str:
        self._life.require_alive()
        taken = self._watch.sends(station_id, self._office.name, action, subject)

        def obeyed(station: Station) -> str:
            status = effect(station)
            taken(status)
            self._around.diary.note(station_id, "takes", action, subject, status, "by the", self._office.name)
            return status

        return await self._ask(station_id, obeyed, is_order=True)

    async def _ask(self, station_id: str, effect: Callable[[Station], _Answer], *, is_order: bool) -> _Answer:
        """Carry a question or an order to the station. What is under way stays so, whatever becomes of the sender."""
        self._life.require_alive()
        self._require_there()
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        trip = _Trip(self._office.name, self._around.stations[station_id], self._around, effect, answer)
        trip.go(self._drawn(is_order=is_order))
        return await answer

    def _drawn(self, *, is_order: bool) -> Fault | None:
        """Draw what goes wrong with this one. A question changes nothing: of it only the answer is waited for."""
        odds, chance = self._around.odds, self._around.chance
        likely = [(Fault.ORDER_LOST, odds.order_lost), (Fault.ORDER_SLOW, odds.order_slow)]
        if is_order:
            likely += [
                (Fault.ANSWER_LOST, odds.answer_lost),
                (Fault.ORDER_TWICE, odds.order_twice),
                (Fault.ORDER_LATE, odds.order_late),
            ]
        return next((fault for fault, per_thousand in likely if happens(chance, per_thousand)), None)


class _Trip(Generic[_Answer]):
    """One question's or order's way to a station and back."""

    def __init__(
        self,
        office: str,
        station: Station,
        around: Surroundings,
        effect: Callable[[Station], _Answer],
        answer: "asyncio.Future[_Answer]",
    ) -> None:
        self._office, self._station, self._around = office, station, around
        self._effect, self._answer = effect, answer

    def go(self, fault: Fault | None) -> None:
        """Set out, with what goes wrong on the way."""
        around, chance = self._around, self._around.chance
        soon, patience = chance.uniform(0.01, 0.3), chance.uniform(5, 45)
        match fault:
            case Fault.ORDER_LOST:
                around.diary.fault(fault, self._station.station_id)
            case Fault.ANSWER_LOST:
                around.later(soon, self._arrive, fault)
            case Fault.ORDER_LATE:
                around.later(chance.uniform(patience, LATEST_SECONDS), self._arrive, fault)
            case Fault.ORDER_SLOW:
                around.later(patience, self._arrive, fault, True)
            case Fault.ORDER_TWICE:
                around.later(soon, self._arrive, None, True)
                around.later(chance.uniform(soon, LATEST_SECONDS), self._arrive, fault)
            case _:
                around.later(soon, self._arrive, None, True)
        if fault in {Fault.ORDER_LOST, Fault.ANSWER_LOST, Fault.ORDER_LATE}:
            around.later(patience, self._fail, "no answer in time")

    def _arrive(self, fault: Fault | None, is_heard: bool = False) -> None:  # noqa: FBT001, FBT002 - a timer calls by position
        if not self._station.answers(self._office):
            if is_heard:
                self._fail(f"no connection at the {self._office}")
            return
        if fault is not None:
            self._around.diary.fault(fault, self._station.station_id)
        result = self._effect(self._station)
        if is_heard:
            self._around.later(self._around.chance.uniform(0.01, 0.3), self._succeed, result)

    def _succeed(self, result: _Answer) -> None:
        if not self._answer.done():
            self._answer.set_result(result)

    def _fail(self, why: str) -> None:
        if not self._answer.done():
            self._answer.set_exception(StationUnreachable(self._station.station_id, why))
