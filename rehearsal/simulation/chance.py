"""What goes wrong, how often, and the list of what did: every draw comes from the seed."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What can go wrong. Each is counted when it has happened, not when it was drawn."""

    KILL = "the engine is killed"
    ORDER_LOST = "an order is lost on its way"
    ANSWER_LOST = "an order is obeyed, and its answer lost"
    ORDER_TWICE = "an order reaches the station twice"
    ORDER_LATE = "an order is obeyed after its sender has given it up"
    ORDER_SLOW = "an answer takes long"
    OFFICE_AWAY = "a back-office answers nobody"
    OFFICE_SHUT = "a back-office lets no station in"
    LINK_CUT = "a station loses its connection"
    POWER_CUT = "a station restarts by itself"
    CLOCK_JUMP = "the engine's clock jumps"
    OFFICE_CLOCK = "a back-office's clock jumps"
    COMMIT_LOST = "the journal fails before it has committed"
    COMMIT_UNKNOWN = "the journal fails after it has committed"
    JOURNAL_AWAY = "the journal is away"
    COMMIT_SLOW = "a commit takes long"
    LIE = "a station does not do what it says"
    CHARGE = "a driver charges while the station is to be moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How probable each fault is, per thousand chances that it has."""

    order_lost: int = 25
    answer_lost: int = 30
    order_twice: int = 30
    order_late: int = 25
    order_slow: int = 40
    commit_lost: int = 5
    commit_unknown: int = 5
    commit_slow: int = 10
    lie: int = 350
    most_kills: int = 6
    most_weather: int = 14
    """Faults of the surroundings (offices, links, power, clocks) in a run."""
    kill_within_turns: int = 600


CALM = Odds(
    order_lost=0,
    answer_lost=0,
    order_twice=0,
    order_late=0,
    order_slow=0,
    commit_lost=0,
    commit_unknown=0,
    commit_slow=0,
    lie=0,
    most_kills=0,
    most_weather=0,
)
"""Nothing goes wrong."""


@dataclass(slots=True)
class Diary:
    """Everything that happened, in order, as one hash; the faults also as a list."""

    elapsed: Callable[[], float]
    keeps_lines: bool = False
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    counts: Counter[Fault] = field(default_factory=Counter)
    _felt: set[tuple[Fault, str, float]] = field(default_factory=set)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def note(self, *facts: object) -> None:
        """Write a line."""
        line = f"{self.elapsed():.3f} {' '.join(map(str, facts))}"
        self._hash.update(line.encode() + b"\n")
        if self.keeps_lines:
            self.lines.append(line)

    def fault(self, kind: Fault, *facts: object) -> None:
        """Write down that something went wrong."""
        self.counts[kind] += 1
        self.faults.append(f"{self.elapsed():.3f} {kind.name}: {kind}{''.join(f' {fact}' for fact in facts)}")
        self.note(kind.name, *facts)

    def fault_once(self, kind: Fault, subject: str, until: float) -> None:
        """Write down something that lasts, the first time that it is felt."""
        if (kind, subject, until) not in self._felt:
            self._felt.add((kind, subject, until))
            self.fault(kind, subject, f"until {until:.0f}")

    @property
    def sha256(self) -> str:
        """What the same seed must give again."""
        return self._hash.hexdigest()


def happens(chance: Random, per_thousand: int) -> bool:
    """Draw whether something happens."""
    return chance.randrange(1000) < per_thousand
