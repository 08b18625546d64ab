"""What only all rows together can say: counts of each model's sessions, who used what last, and what meters said."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

FEWEST_VOTERS = 20
"""A vote of fewer rows decides nothing."""
CONSISTENT = Decimal("0.99")
_FEWEST_FOR_QUANTILE = 1000


class Vote(NamedTuple):
    """How many rows of a population say one thing."""

    rule: str
    population: str
    votes: int
    of: int
    says: str

    @property
    def sentence(self) -> str:
        """The vote in words, as `41 of 41 sessions of Alfen NG920 start at 0`."""
        return f"{self.votes} of {self.of} {self.population} {self.says}"


class Sample(NamedTuple):
    """What the import register stood at, in Wh."""

    at: datetime | None
    register_wh: Decimal
    written_at: str
    """As the source wrote it."""


@dataclass(slots=True, kw_only=True)
class ModelFacts:
    """Counts of one model's sessions."""

    sessions: int = 0
    """Those that delivered something and lasted."""
    too_small: int = 0
    """Of these: less than a thousandth of what a station can deliver, and possible when a thousand times as much."""
    too_large: int = 0
    """Of these: more than a station can deliver, and possible when a thousandth of it."""
    registers: int = 0
    """Sessions with a register at their start."""
    from_zero: int = 0
    """Of these: the register began at 0."""
    hours: Counter[int] = field(default_factory=Counter)
    """How many sessions lasted so many whole hours."""

    def merge(self, other: "ModelFacts") -> None:
        """Add the counts of other sessions."""
        for name in ("sessions", "too_small", "too_large", "registers", "from_zero"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.hours.update(other.hours)

    @property
    def longest_usual_hours(self) -> int | None:
        """Whole hours that 99.9 % of the sessions did not exceed; None where there are too few to say."""
        total, longer = self.hours.total(), 0
        if total < _FEWEST_FOR_QUANTILE:
            return None
        for lasted in sorted(self.hours, reverse=True):
            longer += self.hours[lasted]
            if longer * 1000 > total:
                return lasted + 1
        return None


@dataclass(slots=True, kw_only=True)
class Facts:
    """Gathered in a first pass over light columns (`gather`), then only read."""

    model_of: dict[str, str] = field(default_factory=dict)
    """Vendor and model by station."""
    spelled: dict[str, str] = field(default_factory=dict)
    """A model as it was spelled first, by its name without what people spell in different ways."""
    by_model: dict[str, ModelFacts] = field(default_factory=dict)
    last_used: dict[str, str] = field(default_factory=dict)
    """The latest start, as written, by token uid in its canonical form."""
    decimals: dict[str, Counter[str]] = field(default_factory=dict)
    """How the numbers of a file are written: `comma`, `point`, or `either` of them."""
    registers_of: dict[str, list[Sample]] = field(default_factory=dict)
    """What meters said during the sessions whose own registers leave a question."""

    def merge(self, other: "Facts") -> None:
        """Add what other rows say."""
        self.model_of.update(other.model_of)
        for model, counts in other.by_model.items():
            self.by_model.setdefault(model, ModelFacts()).merge(counts)
        for uid, at in other.last_used.items():
            self.last_used[uid] = max(at, self.last_used.get(uid, ""))
        for file, counter in other.decimals.items():
            self.decimals.setdefault(file, Counter()).update(counter)
        for session_id, samples in other.registers_of.items():
            self.registers_of.setdefault(session_id, []).extend(samples)

    def unit(self, station_id: str) -> tuple[Decimal, Vote] | None:
        """Return by what to multiply a model's energies, and the vote that says so; None where they are right."""
        model = self.model_of.get(station_id)
        counts = self.by_model.get(model) if model is not None else None
        if counts is None or model is None or counts.sessions < FEWEST_VOTERS:
            return None
        for votes, factor, says in (
            (counts.too_small, Decimal(1000), "are a thousand times too small"),
            (counts.too_large, Decimal("0.001"), "are a thousand times too large"),
        ):
            if votes >= counts.sessions * CONSISTENT:
                return factor, Vote("tx.unit", f"sessions of {model}", votes, counts.sessions, says)
        return None

    def is_session_relative(self, station_id: str) -> bool:
        """tx.session_relative: whether the registers of this model begin at 0 in each session."""
        model = self.model_of.get(station_id)
        return model is not None and self._from_zero(model) is not None

    def _from_zero(self, model: str) -> Vote | None:
        counts = self.by_model.get(model)
        if counts is None or counts.registers < FEWEST_VOTERS or counts.from_zero < counts.registers * CONSISTENT:
            return None
        return Vote(
            "tx.session_relative", f"sessions of {model}", counts.from_zero, counts.registers, "start at register 0"
        )

    def has_commas(self, file: str) -> Vote | None:
        """Return the vote that a file writes its decimals with a comma; None where it has a point, or no proof."""
        counts: Mapping[str, int] = self.decimals.get(file, {})
        commas, points = counts.get("comma", 0), counts.get("point", 0)
        if not commas or points:
            return None
        return Vote("mv.garbage", f"numbers with decimals in {file}", commas, commas, "have a decimal comma")

    def longest_usual_hours(self, station_id: str) -> int | None:
        """tx.stuck: whole hours that 99.9 % of the sessions of a station's model did not exceed."""
        model = self.model_of.get(station_id)
        counts = self.by_model.get(model) if model is not None else None
        return None if counts is None else counts.longest_usual_hours

    def flags(self) -> tuple[Vote, ...]:
        """Return what whole models do that is no error, and that rules must know."""
        return tuple(vote for model in sorted(self.by_model) if (vote := self._from_zero(model)) is not None)
