"""One play of a hostile partner: what it has, what it says of it, and what has really happened so far."""

from dataclasses import dataclass, field
from random import Random
from threading import Lock

from rehearsal.hostile_cdrs import Truth

TOKEN = "Our-token/with+odd=chars-0123456789"  # noqa: S105 - it opens nothing but this rehearsal
PARTY = "NL-ROA"


@dataclass(slots=True, kw_only=True)
class Play:
    """A behaviour, shown in one version to one client. Nothing that the client sees refers to `truths`."""

    behaviour: str
    version: str
    base: str
    """Where its modules are."""
    stranger: str
    """Another origin, which must never see our token."""
    truths: list[Truth]
    """What it has, in its order; a behaviour may add, change and remove."""
    older: list[Truth]
    """What it has from before the period that is asked for."""
    rng: Random
    ever: dict[str, list[Truth]] = field(default_factory=dict)
    """All that it has ever had, by id in upper case: what is removed while the list is read may have come before."""
    dangers: int = 0
    """How often what the behaviour is about has happened; a test in which it never did proves nothing."""
    asked: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        for truth in self.truths:
            self.remember(truth)

    def remember(self, truth: Truth) -> None:
        """Note that the partner has, or has had, this."""
        self.ever.setdefault(truth.cdr_id.upper(), []).append(truth)

    def count(self) -> int:
        """Count a request for the list, and return its number."""
        with self._lock:
            self.asked += 1
            return self.asked
