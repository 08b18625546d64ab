"""What the steering committee reads before a wave: the question, the machine's answer, and the evidence for it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from reports.values import Command, Figure, Risk, SuiteQuality, WaveStages


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One row of the evidence that a criterion rests on."""

    evidence_id: str
    source: str
    """The table, suite or recording that it was read from."""
    statement: str
    observed_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One question of the gate, answered from evidence."""

    name: str
    verdict: str
    """`open` (met), `closed` (not met), `inconclusive` (too little evidence) or `observed` (reported, cannot block)."""
    finding: str
    measured: str
    required: str
    evidence_id: str
    """The evidence row that the answer was read from; only an inconclusive answer may lack it."""

    def __post_init__(self) -> None:
        if self.verdict != "inconclusive" and not self.evidence_id:
            raise ValueError(f"criterion {self.name!r} is {self.verdict} without evidence: name its row")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveContent:
    """Stations of one type in the wave, and how that type has done so far."""

    vendor: str
    model: str
    firmware: str
    recipe: str
    stations: int
    verified_before: int
    rolled_back_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveStation:
    """One station of the wave."""

    station_id: str
    location: str
    vendor: str
    model: str
    firmware: str
    recipe: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortNight:
    """Last night's reconciliation of one partner's CDRs, for moved or for not moved stations."""

    partner: str
    cohort: str
    """`moved`, `not_moved`, or `unknown` where the station is not known."""
    cdrs: int
    settled: int
    """Equal, within tolerance, or cancelled by a credit."""
    late: int
    """Too young to be missed: neither settled nor open."""
    open: int
    money_at_risk: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.cdrs != self.settled + self.late + self.open:
            raise ValueError(f"{self.partner}, {self.cohort}: settled, late and open do not add up to {self.cdrs} CDRs")

    @property
    def settled_share(self) -> Decimal | None:
        """Per cent of the CDRs that were due; None when none was."""
        due = self.cdrs - self.late
        return (Decimal(100) * self.settled / due).quantize(Decimal("0.1")) if due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one member of the committee said."""

    member: str
    party: str
    choice: str
    """`go`, `hold` or `abstain`."""
    voted_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the committee decided, on which evidence."""

    choice: str
    """`go` or `hold`."""
    decided_by: str
    decided_at: datetime
    reason: str
    minutes_reference: str
    evidence_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePack:
    """Everything that a committee needs to open or hold the gate before one wave."""

    plan_id: str
    network: str
    legacy: str
    target: str
    wave: int
    wave_name: str
    question: str
    """The decision asked, as a question that go or hold answers."""
    verdict: str
    """The machine's: `open`, `closed` or `inconclusive`."""
    as_of: datetime
    decide_by: datetime | None
    time_zone: str
    figures: tuple[Figure, Figure, Figure]
    risks: tuple[Risk, ...]
    """The gravest first; three stand on the first page."""
    if_held: tuple[str, ...]
    """What happens if the committee says hold."""
    criteria: tuple[Criterion, ...]
    evidence: tuple[Evidence, ...]
    content: tuple[WaveContent, ...]
    stations: tuple[WaveStation, ...]
    previous_waves: tuple[WaveStages, ...]
    quality: tuple[SuiteQuality, ...]
    nights: tuple[CohortNight, ...]
    night: str
    """Which night, with its zone, as one reads it: `1 to 2 March 2026, Europe/Amsterdam`; empty before the first."""
    votes: tuple[Vote, ...]
    votes_needed: int
    decision: Decision | None
    commands: tuple[Command, ...]
    """How to decide: `rehome gate decide …`."""
    evidence_sha256: str

    def __post_init__(self) -> None:
        blocking = {criterion.verdict for criterion in self.criteria} & {"closed", "inconclusive"}
        if self.verdict == "open" and (blocking or not self.criteria):
            raise ValueError(f"gate before wave {self.wave} cannot be open: not every criterion is met")
        rows = {row.evidence_id for row in self.evidence}
        named = {each.evidence_id for each in self.criteria} | {each.evidence_id for each in self.quality}
        if missing := sorted(named - rows - {""}):
            raise ValueError(f"evidence {', '.join(missing)} is named but not enclosed")

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Gate before wave {self.wave} of {self.plan_id}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return f"gate-{self.plan_id}-wave-{self.wave}"

    @property
    def because(self) -> str:
        """The verdict's reason in one sentence."""
        asked = sum(criterion.verdict != "observed" for criterion in self.criteria)
        count = sum(criterion.verdict == self.verdict for criterion in self.criteria)
        verb = "is" if count == 1 else "are"
        match self.verdict:
            case "open":
                return f"Every criterion is met ({count} of {asked}). The machine does not decide: you do."
            case "closed":
                return f"{count} of {asked} criteria {verb} not met."
            case _:
                return f"There is not enough evidence yet on {count} of {asked} criteria."
