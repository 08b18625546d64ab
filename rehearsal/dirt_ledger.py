"""What was planted in the legacy, and the spade to plant it with: no row is taken twice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from rehearsal.legacy_records import LegacyRecords
from rehearsal.truth import Network

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted fault. `key` is the entity's canonical key, as the database shows it."""

    rule: str
    entity: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtLedger:
    """Everything that was planted."""

    planted: tuple[Planted, ...]

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(fault.rule for fault in self.planted)

    def keys(self, rule: str) -> frozenset[str]:
        """Return the keys of the rows that this rule should find."""
        return frozenset(fault.key for fault in self.planted if fault.rule == rule)


@dataclass(slots=True, kw_only=True)
class Spade:
    """What the planting functions share."""

    rng: Random
    network: Network
    legacy: LegacyRecords
    planted: list[Planted] = field(default_factory=list)
    _touched: set[int] = field(default_factory=set)

    def choose(
        self, share: float, things: Iterable[Thing], *, fits: Callable[[Thing], bool] = lambda _: True
    ) -> list[Thing]:
        """Return `share` of the fitting things, at least one where there is one, and never a thing twice."""
        free = [thing for thing in things if id(thing) not in self._touched and fits(thing)]
        chosen = self.rng.sample(free, min(len(free), max(1, round(share * len(free)))))
        self.keep_clean(chosen)
        return chosen

    def keep_clean(self, things: Iterable[object]) -> None:
        """Take things out of every later choice."""
        self._touched.update(map(id, things))

    def is_clean(self, *things: object) -> bool:
        """Whether nothing of this has been taken."""
        return self._touched.isdisjoint(map(id, things))

    def note(self, rule: str, entity: str, key: object) -> None:
        """Enter a fault in the ledger."""
        self.planted.append(Planted(rule=rule, entity=entity, key=str(key)))
