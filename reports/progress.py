"""What the project manager reads every morning: where stations are, what waits for whom, whether counts agree."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.formats import number
from reports.values import Figure, Risk, Span, WaveStages


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveTimes:
    """When a wave was to move, when it did, and when its gate was decided."""

    wave: int
    name: str
    planned: Span | None
    """None where nobody has set a date yet."""
    actual: Span | None
    gate_decided_at: datetime | None
    gate_decision: str | None
    """`go`, `hold`, or None while nobody has decided."""

    @property
    def label(self) -> str:
        """Number and name, as charts and tables say it."""
        return f"{self.wave} · {self.name}" if self.name else f"{self.wave}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckStation:
    """A station that is rolled back, waits for a visit, or has outstayed its deadline."""

    station_id: str
    wave: int | None
    """None where it is in no wave."""
    stage: str
    vendor: str
    model: str
    reason: str
    owner: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineWork:
    """Rows of one rule that wait for one owner."""

    owner: str
    entity: str
    rule: str
    rows: int
    oldest_at: datetime
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAccount:
    """Rows in, and where they went: nothing is lost, and this proves it."""

    entity: str
    rows_in: int
    loaded: int
    quarantined: int
    merged: int

    @property
    def unexplained(self) -> int:
        """Rows that are accounted for nowhere; negative when there are too many."""
        return self.rows_in - self.loaded - self.quarantined - self.merged

    @property
    def verdict(self) -> str:
        """`adds_up` or `differs`."""
        return "differs" if self.unexplained else "adds_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Energy that fixes or merges of one rule took away; negative where they added."""

    rule: str
    meaning: str
    """What had happened, for those who do not know the rules by name; may be empty."""
    energy_kwh: Decimal

    @property
    def said(self) -> str:
        """The rule, what it took away, and what had happened."""
        return f"{self.rule} {number(self.energy_kwh)}{f' ({self.meaning})' if self.meaning else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyAccount:
    """Energy before and after, and every listed difference."""

    scope: str
    """Whose energy: a source's, or that of a month (`2026-02`) in the report's time zone."""
    before_kwh: Decimal
    after_kwh: Decimal
    quarantined_kwh: Decimal
    corrections: tuple[Correction, ...]

    @property
    def corrected_kwh(self) -> Decimal:
        """What all rules took away together; negative where they added."""
        return sum((each.energy_kwh for each in self.corrections), Decimal(0))

    @property
    def corrected_by(self) -> str:
        """Each rule with what it took away, a line each."""
        return "\n".join(each.said for each in self.corrections)

    @property
    def unexplained_kwh(self) -> Decimal:
        """Energy that is accounted for nowhere."""
        return self.before_kwh - self.after_kwh - self.quarantined_kwh - self.corrected_kwh

    @property
    def verdict(self) -> str:
        """`adds_up` or `differs`."""
        return "differs" if self.unexplained_kwh else "adds_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What happens next, and who does it."""

    what: str
    owner: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the migration stands."""

    plan_id: str
    network: str
    legacy: str
    target: str
    as_of: datetime
    time_zone: str
    headline: str
    """One sentence: on time or not, and why."""
    figures: tuple[Figure, ...]
    waves: tuple[WaveStages, ...]
    timeline: tuple[WaveTimes, ...]
    legacy_ends_at: datetime | None
    """When the contract of the legacy back-office ends: there is no way back after it."""
    stuck: tuple[StuckStation, ...]
    quarantine: tuple[QuarantineWork, ...]
    risks: tuple[Risk, ...]
    rows: tuple[RowAccount, ...]
    energy: tuple[EnergyAccount, ...]
    next_steps: tuple[NextStep, ...]

    @property
    def has_dates(self) -> bool:
        """Whether any wave was given a date."""
        return any(wave.planned for wave in self.timeline)

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Progress of {self.plan_id}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return f"progress-{self.plan_id}"
