"""Which stations move together, and in what order: a pilot of every type first, then growing waves."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, groupby, repeat
from math import ceil

from charging.migration.choosing import choose
from charging.migration.lanes import Way, route
from charging.migration.recipes import Recipe
from charging.network.model import Station


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How large waves may be, in stations."""

    pilot: int = 3
    """Of each vendor, model and firmware."""
    growth: tuple[int, ...] = (10, 50, 100)
    cap: int = 200
    most_waves: int = 8
    """How many waves may follow the growing ones; a large network raises the cap to keep to it."""
    share_before_soak: Fraction = Fraction(1, 2)
    """The largest share of one model that may move before its soak is over."""
    soak_waves: int = 2
    """The soak of every model is over once this many waves have followed the pilot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A station in a wave."""

    station_id: str
    location_id: str | None
    kind: tuple[str, str, str]
    """Vendor, model and firmware: what a pilot stands for."""
    recipe: str

    @property
    def model(self) -> tuple[str, str]:
        """Vendor and model: a fault that shows late shows across firmwares."""
        return self.kind[:2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Stations that move together. Number 0 is the pilot."""

    number: int
    stations: tuple[Planned, ...]

    @property
    def is_pilot(self) -> bool:
        """Whether this wave stands for the types rather than for the network."""
        return self.number == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A station in no wave: it goes on the list for a visit, or waits."""

    station_id: str
    way: Way
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every station exactly once: in a wave, or held."""

    waves: tuple[Wave, ...]
    held: tuple[Held, ...]


def plan_waves(
    stations: Iterable[Station],
    *,
    recipes: Sequence[Recipe],
    sizing: Sizing | None = None,
    tools: Collection[str] = (),
) -> Plan:
    """Propose the waves of a migration. The same stations give the same plan, whatever their order.

    `tools` are the makers' tools that the settings describe.

    Raises:
        RecipeError: if two recipes fit one station.
    """
    sizing = sizing or Sizing()
    movable: list[Planned] = []
    held: list[Held] = []
    for station in sorted(stations, key=lambda station: station.station_id):
        recipe = choose(recipes, station)
        chosen = route(station, recipe=recipe, tools=tools)
        if recipe is not None and chosen.way is Way.REMOTE:
            movable.append(_planned(station, recipe=recipe))
        else:
            held.append(Held(station_id=station.station_id, way=chosen.way, reason=chosen.reason))
    pilot = _pilot(movable, size=sizing.pilot)
    rest = _grow(movable, pilot=pilot, sizing=sizing)
    waves = (group for group in (pilot, *rest) if group)
    return Plan(
        waves=tuple(Wave(number=number, stations=tuple(group)) for number, group in enumerate(waves)),
        held=tuple(held),
    )


def _planned(station: Station, *, recipe: Recipe) -> Planned:
    return Planned(
        station_id=station.station_id,
        location_id=station.location_id,
        kind=(station.vendor or "", station.model or "", station.firmware or ""),
        recipe=recipe.name,
    )


def _pilot(movable: Iterable[Planned], *, size: int) -> list[Planned]:
    """Take the first of each type, those of one location next to each other."""
    by_kind = sorted(movable, key=lambda station: (station.kind, station.location_id or "", station.station_id))
    return [station for _, same in groupby(by_kind, key=lambda station: station.kind) for station in list(same)[:size]]


def _grow(movable: Sequence[Planned], *, pilot: Sequence[Planned], sizing: Sizing) -> Iterator[list[Planned]]:
    moved = Counter(station.model for station in pilot)
    fleet = Counter(station.model for station in movable)
    early = {model: max(moved[model], ceil(count * sizing.share_before_soak)) for model, count in fleet.items()}
    chosen = {station.station_id for station in pilot}
    units = _units(station for station in movable if station.station_id not in chosen)
    remaining = sum(map(len, units))
    cap = max(sizing.cap, ceil(remaining / sizing.most_waves))
    for number, size in enumerate(chain(sizing.growth, repeat(cap)), start=1):
        if not units:
            return
        limits = early if number <= sizing.soak_waves else fleet
        wave, units = _fill(units, size=size, room={model: limits[model] - moved[model] for model in fleet})
        moved.update(station.model for station in wave)
        yield wave


def _units(stations: Iterable[Planned]) -> list[list[Planned]]:
    """Return what should move together: the stations of a location, or one that has none."""
    together = sorted(
        stations, key=lambda station: (station.location_id or f"\0{station.station_id}", station.station_id)
    )
    return [list(same) for _, same in groupby(together, key=lambda station: station.location_id or station.station_id)]


def _fill(
    units: Sequence[list[Planned]], *, size: int, room: dict[tuple[str, str], int]
) -> tuple[list[Planned], list[list[Planned]]]:
    """Take whole units while they fit; return the wave and the units that are left.

    Where not a single unit fits, the first that can give anything gives a part of itself: a wave is never empty while
    its models have room.
    """
    wave: list[Planned] = []
    left: list[list[Planned]] = []
    for unit in units:
        if len(wave) + len(unit) <= size and all(room[model] >= count for model, count in _models(unit)):
            wave += unit
            for model, count in _models(unit):
                room[model] -= count
        else:
            left.append(unit)
    return (wave, left) if wave else _split(left, size=size, room=room)


def _split(
    units: Sequence[list[Planned]], *, size: int, room: dict[tuple[str, str], int]
) -> tuple[list[Planned], list[list[Planned]]]:
    wave: list[Planned] = []
    left: list[list[Planned]] = []
    for unit in units:
        stay: list[Planned] = []
        for station in unit:
            if len(wave) < size and room[station.model] > 0:
                wave.append(station)
                room[station.model] -= 1
            else:
                stay.append(station)
        if stay:
            left.append(stay)
    return wave, left


def _models(unit: Iterable[Planned]) -> Iterable[tuple[tuple[str, str], int]]:
    return Counter(station.model for station in unit).items()
