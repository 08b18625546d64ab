"""What Data Docs show: every suite, every run of it, every expectation's answer, and the rows that fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from reports.formats import counted

STAGES: Mapping[str, str] = {
    "landing": "As extracted",
    "clean": "After cleansing",
    "published": "As published",
    "feed": "As a partner sent it",
    "outgoing": "Before it is sent",
}
"""Where on its way a table was asked about."""
_EFFECTS: Mapping[str, str] = {
    "block": "nothing of the table goes on",
    "quarantine": "the row is set aside",
    "refuse": "the row is not sent",
    "warn": "a warning is given",
}
_GRAVEST_FIRST = tuple(_EFFECTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An expectation and its answer. `keys` name failing rows, the first of them where there are very many."""

    expectation_id: str
    column: str
    sentence: str
    consequence: str
    is_met: bool
    unexpected_count: int
    keys: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`met`, or the consequence that has come about."""
        return "met" if self.is_met else self.consequence

    @property
    def effect(self) -> str:
        """What follows if it does not hold."""
        return _EFFECTS[self.consequence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A row, and a sentence that does not hold for it."""

    key: str
    sentence: str
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldScore:
    """One field of what is published: how much of it is there, and how much of that is right."""

    entity: str
    field: str
    weight: int
    rows: int
    filled: int
    correct: int

    @property
    def completeness(self) -> Decimal | None:
        """Filled of all, in per cent."""
        return _share(self.filled, self.rows)

    @property
    def correctness(self) -> Decimal | None:
        """Right of filled, in per cent."""
        return _share(self.correct, self.filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good the published EVSE data are, in one number of which every part is shown."""

    score: Decimal | None
    completeness: Decimal | None
    correctness: Decimal | None
    of_all: Decimal | None
    """The score of all objects together."""
    fields: tuple[FieldScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What one suite said in one run."""

    network: str
    time_zone: str
    run: str
    run_folder: str
    suite: str
    page: str
    stage: str
    source: str
    engine: str
    rows: int
    set_aside: int
    """Rows for which an expectation does not hold that sets them aside, or refuses them."""
    as_of: datetime
    asked: tuple[Asked, ...]
    unasked: tuple[str, ...] = ()
    failing: tuple[Failing, ...] = ()
    score: Score | None = None

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"{self.suite}: {self.run}"

    @property
    def stage_words(self) -> str:
        """Where on its way the table was."""
        return STAGES[self.stage]

    @property
    def met(self) -> int:
        """Expectations that are met."""
        return sum(each.is_met for each in self.asked)

    @property
    def verdict(self) -> str:
        """The gravest consequence that has come about, or `met`."""
        come_about = {each.verdict for each in self.asked}
        return next((word for word in _GRAVEST_FIRST if word in come_about), "met")

    @property
    def headline(self) -> str:
        """One sentence: what follows."""
        unmet = {word: sum(each.verdict == word for each in self.asked) for word in _GRAVEST_FIRST}
        are = "is" if self.set_aside == 1 else "are"
        if unmet["block"]:
            blocks = "blocks" if unmet["block"] == 1 else "block"
            return f"Nothing of it goes on: {counted(unmet['block'], 'expectation')} {blocks}."
        if unmet["refuse"]:
            return f"{counted(self.set_aside, 'row')} {are} refused, each with its reason."
        if unmet["quarantine"]:
            return f"{counted(self.set_aside, 'row')} {are} set aside, each with its reason."
        if unmet["warn"]:
            return f"Everything goes on, with {counted(unmet['warn'], 'warning')}."
        if not self.rows:
            return "There are no rows."
        return f"All {counted(len(self.asked), 'expectation')} hold." if self.asked else "Nothing could be asked."


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite: what it expects, and what it said, the latest first."""

    network: str
    time_zone: str
    suite: str
    page: str
    stage: str
    as_of: datetime
    validations: tuple[Validation, ...]

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Suite {self.suite}"

    @property
    def expected(self) -> tuple[Asked, ...]:
        """What it asked the last time."""
        return self.validations[0].asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that was asked in one run."""

    run: str
    source: str
    as_of: datetime
    validations: tuple[Validation, ...]

    @property
    def verdict(self) -> str:
        """The gravest consequence that has come about in any suite."""
        come_about = {each.verdict for each in self.validations}
        return next((word for word in _GRAVEST_FIRST if word in come_about), "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDocs:
    """What was asked in the latest runs, the latest of them first."""

    network: str
    time_zone: str
    validations: tuple[Validation, ...]
    older_folders: tuple[str, ...] = ()
    """Of runs that have no pages here any more."""

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Data Docs of {self.network}"

    @property
    def as_of(self) -> datetime:
        """When anything was asked for the last time."""
        return max(each.as_of for each in self.validations)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Run by run, the latest first."""
        ordered = sorted(self.validations, key=lambda each: (each.as_of, each.run), reverse=True)
        return tuple(
            Run(run=run, source=found[0].source, as_of=max(each.as_of for each in found), validations=_placed(found))
            for run, found in ((run, list(group)) for run, group in groupby(ordered, key=attrgetter("run")))
        )

    @property
    def suites(self) -> tuple[Suite, ...]:
        """Suite by suite."""
        ordered = sorted(self.validations, key=lambda each: (each.as_of, each.run), reverse=True)
        names = sorted({(list(STAGES).index(each.stage), each.suite) for each in ordered})
        return tuple(self._suite([each for each in ordered if each.suite == name]) for _, name in names)

    def _suite(self, found: list[Validation]) -> Suite:
        latest = found[0]
        return Suite(
            network=self.network,
            time_zone=self.time_zone,
            suite=latest.suite,
            page=latest.page,
            stage=latest.stage,
            as_of=latest.as_of,
            validations=tuple(found),
        )


def _placed(found: list[Validation]) -> tuple[Validation, ...]:
    return tuple(sorted(found, key=lambda each: (list(STAGES).index(each.stage), each.suite)))


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(Decimal("0.01")) if whole else None
