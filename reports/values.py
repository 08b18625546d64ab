"""Values that several reports share: plain, frozen, and complete without the database they came from."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that a reader should take home."""

    label: str
    value: Decimal | int | None
    """None where it is not known; never zero for want of a better answer."""
    unit: str
    """`%`, `stations`, `kWh`, a currency; empty for a bare count."""
    meaning: str
    """One sentence: what it says, and out of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Something that may go wrong, and who sees to it."""

    severity: str
    """`high`, `medium` or `low`."""
    title: str
    effect: str
    """What drivers or partners would notice."""
    mitigation: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveStages:
    """How many stations of a wave are in each stage. Stages that none is in may be left out."""

    wave: int
    name: str
    planned: int = 0
    ready: int = 0
    draining: int = 0
    writing: int = 0
    cut_over: int = 0
    arrived: int = 0
    verified: int = 0
    rolling_back: int = 0
    rolled_back: int = 0
    to_site: int = 0

    @property
    def label(self) -> str:
        """Number and name, as charts and tables say it."""
        return f"{self.wave} · {self.name}" if self.name else f"{self.wave}"

    @property
    def waiting(self) -> int:
        """Stations that nothing has been sent to yet."""
        return self.planned + self.ready

    @property
    def moving(self) -> int:
        """Stations on whose move a clock is running."""
        return self.draining + self.writing + self.cut_over + self.arrived + self.rolling_back

    @property
    def stations(self) -> int:
        """All stations of the wave."""
        return self.waiting + self.moving + self.verified + self.rolled_back + self.to_site


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteQuality:
    """What a suite of expectations said about one table."""

    suite: str
    rows: int
    expectations: int
    met: int
    blocking: int
    """Unmet expectations that let nothing of the table through."""
    quarantined: int
    """Rows set aside."""
    warnings: int
    evidence_id: str
    """The evidence row that says so; without one the table shows no verdict."""

    @property
    def verdict(self) -> str:
        """`good`, `blocked`, `partly`, or `unproven` when no evidence row is named."""
        if not self.evidence_id:
            return "unproven"
        if self.blocking:
            return "blocked"
        return "good" if self.met == self.expectations else "partly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that a reader may run, and what it does."""

    purpose: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open period; an end that is None has not come yet."""

    started_at: datetime
    ended_at: datetime | None
