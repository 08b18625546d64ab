"""One row under judgement, and the two things that a rule can say about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from charging.cleansing.answers import NOTHING, Answer
from charging.cleansing.verdict import WITHHELD, Confidence, Fix, Owner, Quarantined, Question, Row

_IMPERSONAL = frozenset({"customer_id", "merged_into"})
"""What the log may say about a customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A rule's finding: the field should read `after`."""

    field: str
    rule: str
    after: str | None
    confidence: Confidence = Confidence.CERTAIN
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A rule's finding: the row cannot be loaded, and this is whose turn it is."""

    rule: str
    reason: str
    owner: Owner = Owner.DATA_TEAM


@dataclass(slots=True)
class Case:
    """One row under judgement: its values, trimmed and as repaired so far, and every finding about it."""

    row: Row
    key: str
    values: dict[str, str | None]
    fixes: list[Fix] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    rejection: Rejection | None = None
    merged_into: "Case | None" = None
    answer: Answer = NOTHING
    """What the owner of the data has said about this very row."""
    merged_by: str | None = None
    """The rule by which another row, or the station itself, stands for this one."""
    claimed_kwh: Decimal | None = None
    """The energy that the row claims as it came, where that has been read already."""

    def repair(self, repair: Repair) -> None:
        """Change a value and log it; what would change nothing is no fix."""
        before = self.values.get(repair.field)
        if before != repair.after:
            self.log(repair.field, repair.rule, before, repair.after, repair.confidence, evidence=repair.evidence)
            self.values[repair.field] = repair.after

    def log(
        self,
        name: str,
        rule: str,
        before: str | None,
        after: str | None,
        confidence: Confidence,
        *,
        evidence: str | None = None,
    ) -> None:
        """Log a change of something that is no single value of the row. What is personal is withheld."""
        if self.row.entity == "customer" and name not in _IMPERSONAL:
            before, after = (None if text is None else WITHHELD for text in (before, after))
        self.fixes.append(
            Fix(
                entity=self.row.entity,
                key=self.key,
                field=name,
                rule=rule,
                before=before,
                after=after,
                confidence=confidence,
                evidence=evidence,
            )
        )

    def ask(self, rule: str, question: str, owner: Owner) -> None:
        """Leave a question about a row that is loaded all the same."""
        self.questions.append(
            Question(
                entity=self.row.entity,
                key=self.key,
                rule=rule,
                question=question,
                owner=owner,
                file=self.row.file,
                line=self.row.line,
            )
        )

    def reject(self, rejection: Rejection) -> None:
        """Set the row aside; the first reason stands, and a rule that the owner has waived is none."""
        if self.rejection is None and rejection.rule not in self.answer.waived:
            self.rejection = rejection

    def merge_into(self, other: "Case", rule: str) -> None:
        """Let another row stand for this one."""
        self.merged_into, self.merged_by = other, rule
        self.log(
            "merged_into",
            rule,
            f"{self.row.file}:{self.row.line}",
            f"{other.row.file}:{other.row.line}",
            Confidence.CERTAIN,
        )

    @property
    def is_open(self) -> bool:
        """Whether the row is still to be loaded."""
        return self.rejection is None and self.merged_by is None

    def follow(self) -> None:
        """Set a merged row aside, too, if the row that was to stand for it has been."""
        if self.merged_into is not None:
            self.merged_into.follow()
            self.rejection = self.rejection or self.merged_into.rejection

    def quarantined(self) -> Quarantined:
        """Return the row as it came, with the reason why it was set aside."""
        if self.rejection is None:
            raise ValueError(f"row {self.row.line} of {self.row.file} has not been rejected")
        return Quarantined(
            entity=self.row.entity,
            key=self.key,
            file=self.row.file,
            line=self.row.line,
            rule=self.rejection.rule,
            reason=self.rejection.reason,
            owner=self.rejection.owner,
            values=self.row.values,
        )


def all_open(cases: Sequence[Case]) -> list[Case]:
    """Return the rows that are still to be loaded."""
    return [case for case in cases if case.is_open]
