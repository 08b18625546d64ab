"""What the data team reads after a check: every expectation, in plain English, and the rows that fail."""

from dataclasses import dataclass
from datetime import datetime

from reports.formats import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one expectation."""

    suite: str
    expectation_id: str
    column: str
    sentence: str
    consequence: str
    """`block`, `quarantine` or `warn`."""
    is_met: bool
    unexpected_count: int

    @property
    def verdict(self) -> str:
        """`met`, or the consequence that has come about."""
        return "met" if self.is_met else self.consequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingRow:
    """A row for which one or more expectations do not hold."""

    suite: str
    key: str
    sentence: str
    """Every sentence that does not hold."""
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """Rows that one rule of cleansing set aside, before any expectation was asked."""

    suite: str
    rule: str
    owner: str
    """Whose turn it is."""
    rows: int
    example: str
    """The reason of one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCount:
    """What became of a table's rows: in = merged + set aside + loaded."""

    suite: str
    extract_id: str
    rows_in: int
    merged: int
    by_rules: int
    """Rows that cleansing set aside, rule by rule."""
    failing: int
    """Rows that an expectation set aside."""
    loaded: int
    unasked: tuple[str, ...]
    """Sentences that could not be asked, because what they compare with was not given."""

    @property
    def quarantined(self) -> int:
        """Rows set aside for whatever reason."""
        return self.by_rules + self.failing


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """What rules and suites found in the latest tables of one source."""

    source: str
    network: str
    as_of: datetime
    time_zone: str
    suites: tuple[SuiteCount, ...]
    answers: tuple[Answer, ...]
    by_rule: tuple[RuleCount, ...]
    failing: tuple[FailingRow, ...]
    """The first of them, where there are very many; `SuiteCount.failing` counts all."""

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Data quality of {self.source}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return f"quality-{self.source}"

    @property
    def left_out(self) -> int:
        """Failing rows that are not listed here."""
        return sum(suite.failing for suite in self.suites) - len(self.failing)

    @property
    def headline(self) -> str:
        """One sentence: whether the tables may go on."""
        blocked = sorted({each.suite for each in self.answers if each.verdict == "block"})
        if blocked:
            return f"Nothing of {', '.join(blocked)} is loaded: an expectation that blocks is not met."
        aside = sum(suite.quarantined for suite in self.suites)
        if aside:
            are = "is" if aside == 1 else "are"
            return f"No table is blocked. {counted(aside, 'row')} {are} set aside, each with its reason."
        return "All rows go on."
