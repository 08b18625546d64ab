"""Charges that straddle a move, put together again: starts that one back office has, and stops that another was sent.

`domain.md` §4.3 (3)-(5): the old back office's list of open transactions, the stops that were kept, and one charge out
of each pair. Every start and every stop comes out exactly once: joined, or left over with the reason.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from charging.ocpp.relay.book import stop_print
from charging.ocpp.relay.facts import Fact
from charging.ocpp.relay.matching import instant

MOST_POWER_W = 400_000
"""The strongest stations charge at 400 kW; a type's own figure is better (`domain.md` §4.3, 4)."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far two back offices' and a station's clocks may be apart; it widens the power bound and nothing else."""


class By(StrEnum):
    """What joined a start with a stop."""

    ID = "id"
    """The old back office's own id."""
    FACTS = "facts"
    """Connector, token, meter and time, and no other start and no other stop would have fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTransaction:
    """A charge that the old back office has begun and not ended."""

    station_id: str
    back_office: str = ""
    """Whose charge it is."""
    transaction: str
    """OCPP 1.6: the number that the back office gave."""
    connector: int | None
    id_tag: str | None
    meter_start_wh: int | None
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One charge: the old back office's start, the kept stop."""

    start: OpenTransaction
    stop: Fact
    by: By
    energy_wh: int | None
    """None where one of the two readings is not known."""
    repeated: int = 0
    """How many more times the station told the same stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """A start or a stop that no one charge can be made of, and why. A person decides."""

    start: OpenTransaction | None = None
    stop: Fact | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """All starts and all stops, each exactly once."""

    joined: tuple[Joined, ...]
    left_over: tuple[LeftOver, ...]

    @property
    def starts(self) -> int:
        """How many starts came out."""
        return len(self.joined) + sum(one.start is not None for one in self.left_over)

    @property
    def stops(self) -> int:
        """How many stops came out, repeated ones too."""
        return sum(1 + one.repeated for one in self.joined) + sum(one.stop is not None for one in self.left_over)


def join(starts: Iterable[OpenTransaction], stops: Iterable[Fact], *, most_power_w: int = MOST_POWER_W) -> Joining:
    """Join the old back office's open transactions with the stops that were kept, station by station.

    First by id; then, where the id says nothing (0, -1), by facts, and only where exactly one start and one stop fit
    each other. A stop whose id fits and whose facts cannot be true is left over, as is everything that is ambiguous:
    money is never guessed.
    """
    starts_of: dict[str, list[OpenTransaction]] = defaultdict(list)
    stops_of: dict[str, list[Fact]] = defaultdict(list)
    for start in starts:
        starts_of[start.station_id].append(start)
    for stop in stops:
        stops_of[stop.station_id].append(stop)
    joined: list[Joined] = []
    left: list[LeftOver] = []
    for station_id in sorted({*starts_of, *stops_of}):
        _join_station(starts_of[station_id], stops_of[station_id], most_power_w, joined, left)
    return Joining(joined=tuple(joined), left_over=tuple(left))


def _join_station(
    starts: list[OpenTransaction], stops: list[Fact], most_power_w: int, joined: list[Joined], left: list[LeftOver]
) -> None:
    told: dict[tuple[str, int], list[Fact]] = defaultdict(list)
    for stop in stops:
        told[_id_of(stop), stop_print(stop)].append(stop)
    by_id: dict[str, list[list[Fact]]] = defaultdict(list)
    for (name, _), same in told.items():
        by_id[name].append(same)
    starts_by_id: dict[str, list[OpenTransaction]] = defaultdict(list)
    for start in starts:
        starts_by_id[start.transaction].append(start)
    open_starts: list[OpenTransaction] = []
    for name, same_id in starts_by_id.items():
        groups = [] if _says_nothing(name) else by_id.pop(name, [])
        if len(same_id) == 1 and len(groups) == 1 and not _untrue(same_id[0], groups[0][0], most_power_w):
            joined.append(_charge(same_id[0], groups[0], By.ID))
        elif not groups:
            open_starts += same_id
        else:
            reason = _why_not(same_id, groups, most_power_w)
            left += [LeftOver(start=start, reason=reason) for start in same_id]
            left += [LeftOver(stop=stop, reason=reason) for group in groups for stop in group]
    nameless = [group for name, groups in by_id.items() if _says_nothing(name) for group in groups]
    for name, groups in by_id.items():
        if not _says_nothing(name):
            reason = f"the old back office has no open transaction {name}"
            left += [LeftOver(stop=stop, reason=reason) for group in groups for stop in group]
    _join_by_facts(open_starts, nameless, most_power_w, joined, left)


def _join_by_facts(
    starts: Sequence[OpenTransaction],
    groups: Sequence[list[Fact]],
    most_power_w: int,
    joined: list[Joined],
    left: list[LeftOver],
) -> None:
    fits = [[_fits(start, group[0], most_power_w) for group in groups] for start in starts]
    taken: set[int] = set()
    for start, row in zip(starts, fits, strict=True):
        candidates = [number for number, is_fitting in enumerate(row) if is_fitting]
        rivals = sum(other[candidates[0]] for other in fits) if len(candidates) == 1 else 0
        if rivals == 1:
            taken.add(candidates[0])
            joined.append(_charge(start, groups[candidates[0]], By.FACTS))
        elif candidates:
            left.append(LeftOver(start=start, reason="more than one start or stop would fit"))
        else:
            left.append(LeftOver(start=start, reason="no stop was kept that fits"))
    for number, group in enumerate(groups):
        if number not in taken:
            is_fitting = any(row[number] for row in fits)
            reason = "more than one start or stop would fit" if is_fitting else "no open transaction fits it"
            left += [LeftOver(stop=stop, reason=reason) for stop in group]


def _id_of(stop: Fact) -> str:
    return stop.transaction if stop.office_transaction is None else str(stop.office_transaction)


def _says_nothing(transaction: str) -> bool:
    return transaction in {"", "0", "-1"}


def _charge(start: OpenTransaction, group: list[Fact], by: By) -> Joined:
    stop = group[0]
    is_known = start.meter_start_wh is not None and stop.meter_stop_wh is not None
    energy = (stop.meter_stop_wh or 0) - (start.meter_start_wh or 0) if is_known else None
    return Joined(start=start, stop=stop, by=by, energy_wh=energy, repeated=len(group) - 1)


def _why_not(starts: Sequence[OpenTransaction], groups: Sequence[list[Fact]], most_power_w: int) -> str:
    if len(starts) > 1:
        return f"the old back office has {len(starts)} open transactions {starts[0].transaction} at this station"
    if len(groups) > 1:
        return f"the station told {len(groups)} different stops of transaction {starts[0].transaction}"
    return _untrue(starts[0], groups[0][0], most_power_w)


def _fits(start: OpenTransaction, stop: Fact, most_power_w: int) -> bool:
    if stop.connector is not None and start.connector is not None and stop.connector != start.connector:
        return False
    if stop.id_tag is not None and start.id_tag is not None and stop.id_tag != start.id_tag:
        return False
    return not _untrue(start, stop, most_power_w)


def _untrue(start: OpenTransaction, stop: Fact, most_power_w: int) -> str:
    """Return why the two are no one charge: meterStart ≤ meterStop ≤ meterStart + P_max · t (`domain.md` §4.3, 4)."""
    began, ended = instant(start.started_at), instant(stop.stopped_at)
    if began is not None and ended is not None and ended < began:
        return f"it ended at {stop.stopped_at}, before it began at {start.started_at}"
    if start.meter_start_wh is None or stop.meter_stop_wh is None:
        return ""
    energy = stop.meter_stop_wh - start.meter_start_wh
    if energy < 0:
        return f"the meter ran backwards, from {start.meter_start_wh} to {stop.meter_stop_wh} Wh"
    if began is None or ended is None:
        return ""
    seconds = (ended - began + CLOCKS_DIFFER).total_seconds()
    if energy * 3600 > most_power_w * seconds:
        return f"{energy} Wh are more than {most_power_w} W give from {start.started_at} to {stop.stopped_at}"
    return ""
