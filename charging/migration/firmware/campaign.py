"""Which stations of a firmware campaign are ordered next, by how all of them stand. Pure.

A rank begins when the one before it is through and as it should be: what shows on a pilot is seen before the fleet
follows. Room is counted by what stations really do, not by a timetable: one that fetches slowly keeps its room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from charging.migration.firmware.status import SETTLED, Standing, State
from charging.migration.firmware.transfer import Fetcher, Limits, Load
from charging.migration.snapshots import Difference

FETCHES = frozenset({State.ORDERED, State.FETCHING})
"""States in which a station's bearer is in use, or may be at any moment."""
RUNS = FETCHES | {State.FETCHED, State.INSTALLING, State.REPORTED}
"""States in which a clock runs."""
BOOT_AFTER = timedelta(minutes=2)
"""How long a station that says it has installed the image is given to boot by itself."""


class Compared(StrEnum):
    """What a station's configuration after the update is, held against the one before."""

    NOT_YET = "not yet"
    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    """It could not be read before, and was ordered all the same, as the campaign says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One station's part in a campaign."""

    station_id: str
    fetcher: Fetcher
    attempt: int = 1
    """Counts orders: one that no gateway could send in time was never got, and may be given again."""
    asked_at: datetime | None = None
    """When the present attempt's order was given; None before."""
    state: State = State.PLANNED
    reason: str = "not ordered yet"
    since: datetime | None = None
    deadline_at: datetime | None = None
    deviations: tuple[str, ...] = ()
    has_before: bool = False
    """Whether the configuration was read before the present order."""
    compared: Compared = Compared.NOT_YET
    differences: tuple[Difference, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether something of this station is waited for: its order, its update, or the look afterwards."""
        is_asked = self.state is State.PLANNED and self.asked_at is not None
        return is_asked or self.state in RUNS or self.is_to_compare

    @property
    def is_to_compare(self) -> bool:
        """Whether it has booted with another version since, and its configuration has not been looked at."""
        return self.state in {State.CONFIRMED, State.OTHER_VERSION} and self.compared is Compared.NOT_YET

    @property
    def is_wrong(self) -> bool:
        """Whether it is not as it should be after its update."""
        return self.state in SETTLED - {State.CONFIRMED} or self.compared is Compared.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Who is ordered now, in order; or why nobody is any more."""

    station_ids: tuple[str, ...]
    held: str = ""


def turns(updates: Sequence[Update], *, limits: Limits, most_wrong: int, ready: Iterable[str]) -> Turns:
    """Return who has room now. `ready` are the stations that can be ordered at this moment.

    With more than `most_wrong` stations that are not as they should be, nobody else is ordered.
    """
    wrong = [one for one in updates if one.is_wrong]
    if len(wrong) > most_wrong:
        first = min(wrong, key=lambda one: (one.since is None, one.since, one.station_id))
        return Turns(station_ids=(), held=f"{len(wrong)} stations are not as they should be, first {_named(first)}")
    can = frozenset(ready)
    waiting = [one for one in updates if one.state is State.PLANNED and one.asked_at is None]
    if not waiting:
        return Turns(station_ids=())
    rank = min((one.fetcher.rank for one in updates if one.is_open or one in waiting), default=0)
    load = Load(limits)
    for one in updates:
        if one.state in FETCHES or (one.state is State.PLANNED and one.asked_at is not None):
            load.bears(one.fetcher)
    group = [one for one in waiting if one.fetcher.rank == rank and one.station_id in can]
    group.sort(key=lambda one: (one.fetcher.cell, one.station_id))
    return Turns(station_ids=tuple(one.station_id for one in group if load.takes(one.fetcher)))


def _named(one: Update) -> str:
    why = one.reason if one.compared is not Compared.CHANGED else f"its configuration changed: {_keys(one)}"
    return f"{one.station_id} ({why})"


def _keys(one: Update) -> str:
    return ", ".join(difference.key for difference in one.differences[:5])


def stood(update: Update, standing: Standing) -> Update:
    """Return an update as it stands now."""
    return replace(
        update,
        state=standing.state,
        reason=standing.reason,
        since=standing.since,
        deadline_at=standing.deadline_at,
        deviations=standing.deviations,
    )


def never_got(update: Update) -> Update:
    """Return the update whose order no gateway could send: it may be ordered again."""
    why = "it was not there when it was ordered, and never got the order"
    return replace(update, attempt=update.attempt + 1, asked_at=None, reason=why, has_before=False)
