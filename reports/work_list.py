"""What one party reads of the rows that wait for its answer. Whose card it was is told to those alone who need it."""

from dataclasses import dataclass
from datetime import datetime

from reports.formats import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One row that was set aside, or one question about a row that was loaded."""

    key: str
    entity: str
    row_key: str
    rule: str
    reason: str
    source: str
    file: str
    line: int
    waiting_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingByRule:
    """How many rows wait for the same reason, and since when the oldest does."""

    entity: str
    rule: str
    cases: int
    oldest: datetime
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """All that waits for one party."""

    owner: str
    """Whose turn it is; each roaming partner is a party of its own."""
    network: str
    as_of: datetime
    time_zone: str
    cases: tuple[Waiting, ...]

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Work list for the {self.owner}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return f"work-list-{self.owner.replace(' ', '-')}"

    @property
    def headline(self) -> str:
        """One sentence: what is asked of the reader."""
        if not self.cases:
            return f"Nothing waits for the {self.owner}."
        wait = "waits" if len(self.cases) == 1 else "wait"
        return f"{counted(len(self.cases), 'case')} {wait} for an answer of the {self.owner}."

    @property
    def by_rule(self) -> tuple[WaitingByRule, ...]:
        """The cases by what is wrong, the most first."""
        groups: dict[tuple[str, str], list[Waiting]] = {}
        for case in self.cases:
            groups.setdefault((case.entity, case.rule), []).append(case)
        return tuple(
            WaitingByRule(
                entity=entity,
                rule=rule,
                cases=len(here),
                oldest=min(case.waiting_since for case in here),
                example=here[0].reason,
            )
            for (entity, rule), here in sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
        )
