"""What each type of station does unasked, as its recording shows: counts, how sure they are, and the frames as proof.

`domain.md` §4.10: the share of events that the expected message follows within a minute; 0.95 and more is a yes, 0.05
and less a no; what lies between is mixed and looked at by firmware.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from charging.migration.binomial import lower_bound, upper_bound
from charging.ocpp.flavours.recording import Behaviour, Observation, StationType

ENOUGH_TIME = timedelta(days=14)
PROOFS = 5
"""How many are kept for, and as many against."""
EVERY = "*"
"""Stands for all firmwares of a model."""


class Verdict(StrEnum):
    """What a type of station does."""

    YES = "yes"
    NO = "no"
    MIXED = "mixed"
    UNSEEN = "unseen"
    """Nothing happened after which it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One behaviour of one type."""

    behaviour: Behaviour
    events: int
    """How often it was due, and could be seen."""
    followed: int
    undecided: int = 0
    """How often it was due and cannot be said: the link went meanwhile, or somebody asked for it."""
    stations: int = 0
    """How many stations were seen at it."""
    proofs_for: tuple[tuple[str, ...], ...] = ()
    proofs_against: tuple[tuple[str, ...], ...] = ()
    """Each the frames of one event: what happened, then what followed."""

    @property
    def verdict(self) -> Verdict:
        """What the counts say."""
        if self.events == 0:
            return Verdict.UNSEEN
        if self.followed * 20 >= self.events * 19:
            return Verdict.YES
        return Verdict.NO if self.followed * 20 <= self.events else Verdict.MIXED

    @property
    def at_least(self) -> float:
        """The share that the true one exceeds with 95 % confidence; 0 where nothing was seen."""
        return lower_bound(self.followed, self.events) if self.events else 0.0

    @property
    def at_most(self) -> float:
        """The share that the true one stays below with 95 % confidence; 1 where nothing was seen."""
        return upper_bound(self.followed, self.events) if self.events else 1.0

    @property
    def doubt(self) -> str:
        """Why the verdict is not sure; empty where it is."""
        match self.verdict:
            case Verdict.UNSEEN:
                return "it was never due"
            case Verdict.YES if self.at_least <= 0.5:
                return f"it was due {_times(self.events)}: too few to tell a habit from chance"
            case Verdict.NO if self.at_most >= 0.5:
                return f"it was due {_times(self.events)}: too few to tell a habit from chance"
            case Verdict.MIXED if self.at_least <= 0.05 or self.at_most >= 0.95:
                return f"it was due {_times(self.events)}: too few to tell mixed from a yes or a no"
            case _:
                return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """One row of the table: a type, or one firmware of it where the type as a whole is mixed."""

    vendor: str
    model: str
    firmware: str
    """`*` for all."""
    cells: Mapping[Behaviour, Cell]
    """All six."""
    recorded_from: datetime
    recorded_until: datetime
    """Of the whole recording."""

    @property
    def doubt(self) -> str:
        """Why nothing of this row is sure; empty where the recording is long enough."""
        lasted = self.recorded_until - self.recorded_from
        if lasted >= ENOUGH_TIME:
            return ""
        return f"{lasted.total_seconds() / 86_400:.1f} days were recorded, and it takes {ENOUGH_TIME.days}"


def learn(observations: Iterable[Observation], *, since: datetime, until: datetime) -> list[Learnt]:
    """Return the table that was observed from `since` to `until`, in the order of vendors, models and firmwares.

    A model has one row for all of its firmwares; where a cell of that is mixed and there are several, one for each.
    Observations of stations that never said what they are belong to a type without words.
    """
    by_model: dict[tuple[str, str], dict[str, _Tallies]] = defaultdict(dict)
    for one in observations:
        by_model[one.type.vendor, one.type.model].setdefault(one.type.firmware, _Tallies()).add(one)
    rows = []
    for (vendor, model), by_firmware in sorted(by_model.items()):
        chosen = {EVERY: _cells(by_firmware.values())}
        if len(by_firmware) > 1 and any(cell.verdict is Verdict.MIXED for cell in chosen[EVERY].values()):
            chosen |= {firmware: _cells([tallies]) for firmware, tallies in sorted(by_firmware.items())}
        rows += [
            Learnt(
                vendor=vendor,
                model=model,
                firmware=firmware,
                cells=cells,
                recorded_from=since,
                recorded_until=until,
            )
            for firmware, cells in chosen.items()
        ]
    return rows


def in_force(rows: Iterable[Learnt], kind: StationType) -> Learnt | None:
    """Return the row that tells of a type: its firmware's own goes before the model's."""
    fitting = {row.firmware: row for row in rows if (row.vendor, row.model) == (kind.vendor, kind.model)}
    return fitting.get(kind.firmware) or fitting.get(EVERY)


@dataclass(slots=True)
class _Tally:
    done: int = 0
    missed: int = 0
    undecided: int = 0
    stations: set[str] = field(default_factory=set)
    proofs_for: list[tuple[str, ...]] = field(default_factory=list)
    proofs_against: list[tuple[str, ...]] = field(default_factory=list)


class _Tallies:
    """Of one firmware; nothing of an observation is kept but its counts and a few proofs."""

    def __init__(self) -> None:
        self.of = {behaviour: _Tally() for behaviour in Behaviour}

    def add(self, one: Observation) -> None:
        tally = self.of[one.behaviour]
        if one.is_followed is None:
            tally.undecided += 1
            return
        tally.stations.add(one.station_id)
        tally.done += one.is_followed
        tally.missed += not one.is_followed
        proofs = tally.proofs_for if one.is_followed else tally.proofs_against
        if len(proofs) < PROOFS:
            proofs.append(one.proofs)


def _cells(parts: Iterable[_Tallies]) -> dict[Behaviour, Cell]:
    together = list(parts)
    return {behaviour: _cell(behaviour, [part.of[behaviour] for part in together]) for behaviour in Behaviour}


def _cell(behaviour: Behaviour, parts: Sequence[_Tally]) -> Cell:
    return Cell(
        behaviour=behaviour,
        events=sum(part.done + part.missed for part in parts),
        followed=sum(part.done for part in parts),
        undecided=sum(part.undecided for part in parts),
        stations=len(set[str]().union(*(part.stations for part in parts))),
        proofs_for=tuple(proof for part in parts for proof in part.proofs_for)[:PROOFS],
        proofs_against=tuple(proof for part in parts for proof in part.proofs_against)[:PROOFS],
    )


def _times(events: int) -> str:
    return "once" if events == 1 else f"{events} times"
