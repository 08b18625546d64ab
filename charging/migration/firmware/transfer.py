"""When each station fetches an image, so that no cell and no carrier carries more than it can. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from charging.errors import UserError

OVERHEAD_PERCENT = 15
"""TCP, IP and TLS beside the image itself, and what is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """A station that is to fetch an image."""

    station_id: str
    carrier: str
    """The SIM's; empty for a station on a wire."""
    cell: str
    """Whatever stations share on the air: a cell where it is known, else a site or a postal code; empty on a wire."""
    kbit_per_second: int
    """What its own bearer carries."""
    rank: int = 0
    """Lower first: the lab is 0, pilots are 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be in use at the same time, in kbit/s; what is not named has no limit of its own."""

    cell: int = 200
    carriers: Mapping[str, int]
    server: int = 50_000
    """What the server with the images gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One station's turn, in seconds from the campaign's beginning."""

    station_id: str
    starts_at: int
    seconds: int
    rank: int

    @property
    def ends_at(self) -> int:
        return self.starts_at + self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Every station exactly once: with a turn, or with the reason why it has none."""

    slots: tuple[Slot, ...]
    left_out: Mapping[str, str]

    @property
    def seconds(self) -> int:
        """How long it all takes."""
        return max((slot.ends_at for slot in self.slots), default=0)


class Load:
    """What is in use of each limit while stations fetch."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._used: dict[tuple[str, str], int] = defaultdict(int)

    def takes(self, fetcher: Fetcher) -> bool:
        """Whether its cell, its carrier and the server all have room; then it counts against them from now on."""
        asked = _asked(fetcher, self._limits)
        if any(self._used[what] + fetcher.kbit_per_second > limit for what, limit in asked.items()):
            return False
        self.bears(fetcher)
        return True

    def bears(self, fetcher: Fetcher) -> None:
        """Count one that fetches already, whether there is room or not."""
        for what in _asked(fetcher, self._limits):
            self._used[what] += fetcher.kbit_per_second

    def drops(self, fetcher: Fetcher) -> None:
        """Count one no more."""
        for what in _asked(fetcher, self._limits):
            self._used[what] -= fetcher.kbit_per_second


def carrier_limits(given: Iterable[str]) -> dict[str, int]:
    """Return what carriers' stations have together, in kbit/s, from texts such as 20408=2000.

    Raises:
        UserError: if one of them is no limit.
    """
    found: dict[str, int] = {}
    for one in given:
        name, mark, limit = one.partition("=")
        if not mark or not name or not limit.isdecimal() or int(limit) == 0:
            raise UserError(f"carrier {one!r} is no limit: write the IMSI's first five digits and kbit/s, 20408=2000")
        found[name] = int(limit)
    return found


def seconds_for(image_bytes: int, kbit_per_second: int) -> int:
    """Return how long an image takes, overhead included, rounded up."""
    bits = image_bytes * 8 * (100 + OVERHEAD_PERCENT)
    return -(-bits // (100 * 1000 * kbit_per_second))


def timetable(fetchers: Iterable[Fetcher], *, image_bytes: int, limits: Limits) -> Timetable:
    """Give every station the first turn at which its cell, its carrier and the server have room for it.

    A rank begins when the one before it is through: what shows on a pilot is seen before the fleet follows. Within a
    rank the stations of one cell come one after another, and those of different cells beside each other.
    """
    wanted = sorted(fetchers, key=lambda one: (one.rank, one.cell, one.station_id))
    left_out = {one.station_id: why for one in wanted if (why := hopeless(one, limits))}
    slots: list[Slot] = []
    begin = 0
    for rank in sorted({one.rank for one in wanted}):
        group = [one for one in wanted if one.rank == rank and one.station_id not in left_out]
        turn = _turns(group, image_bytes=image_bytes, limits=limits, begin=begin)
        slots += turn
        begin = max((slot.ends_at for slot in turn), default=begin)
    return Timetable(slots=tuple(slots), left_out=left_out)


def hopeless(fetcher: Fetcher, limits: Limits) -> str:
    """Return why a station can never have a turn, or nothing."""
    if fetcher.kbit_per_second <= 0:
        return "nobody knows how fast its bearer is"
    for what, limit in _asked(fetcher, limits).items():
        if fetcher.kbit_per_second > limit:
            return f"it alone takes {fetcher.kbit_per_second} kbit/s, and {' '.join(what)} has {limit}: lower its rate"
    return ""


def _turns(group: Sequence[Fetcher], *, image_bytes: int, limits: Limits, begin: int) -> list[Slot]:
    """Simulate the fetching: at each end of one, whoever has room now begins, in order."""
    load = Load(limits)
    running: list[tuple[int, str, Fetcher]] = []
    waiting, slots, now = list(group), [], begin
    while waiting:
        still: list[Fetcher] = []
        for fetcher in waiting:
            if not load.takes(fetcher):
                still.append(fetcher)
                continue
            seconds = seconds_for(image_bytes, fetcher.kbit_per_second)
            slots.append(Slot(station_id=fetcher.station_id, starts_at=now, seconds=seconds, rank=fetcher.rank))
            heappush(running, (now + seconds, fetcher.station_id, fetcher))
        waiting = still
        if waiting:
            now = running[0][0]
            while running and running[0][0] == now:
                _, _, done = heappop(running)
                load.drops(done)
    return slots


def _asked(fetcher: Fetcher, limits: Limits) -> dict[tuple[str, str], int]:
    """Return the limits that a station's fetching counts against."""
    asked = {("the", "server"): limits.server}
    if fetcher.cell:
        asked["cell", fetcher.cell] = limits.cell
    if fetcher.carrier in limits.carriers:
        asked["carrier", fetcher.carrier] = limits.carriers[fetcher.carrier]
    return asked
