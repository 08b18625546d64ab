"""What proves a migration: every sum, what the target did to fields, and every row that is not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports.formats import counted

MOST_ROWS = 10_000
"""More would make the page too heavy to mail; the command lists all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """One sum: before = after + exceptions."""

    subject: str
    step: str
    unit: str
    before: str
    exceptions: str
    after: str
    verdict: str
    """`adds up` or `does not`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """What became of one field of one entity at the target."""

    entity: str
    field: str
    what: str
    rows: int
    samples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """One row that is not at the target as it is in the source, and why."""

    entity: str
    key: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The proof of one load, as it stood when the target was last read."""

    network: str
    target: str
    as_of: datetime
    time_zone: str
    adds_up: bool
    is_settled: bool
    sums: tuple[Sum, ...]
    fields: tuple[FieldChange, ...]
    rows: tuple[LeftBehind, ...]
    left_out: int
    """Rows that are not listed here."""

    @property
    def title(self) -> str:
        """How the page is called."""
        return f"Proof of the migration to {self.target}"

    @property
    def stem(self) -> str:
        """What the file's name is made of."""
        return "proof"

    @property
    def headline(self) -> str:
        """One sentence: whether everything is where it should be."""
        wrong = [each for each in self.sums if each.verdict != "adds up"]
        if wrong:
            return f"{counted(len(wrong), 'sum')} of {len(self.sums)} do not add up: nothing is proven."
        if not self.is_settled:
            return "Every sum adds up, and rows are not at the target as they should be."
        return "Every sum adds up, and every row is at the target or is listed with its reason."


def proof(result: Mapping[str, Any], *, network: str, time_zone: str) -> Proof:
    """Return the page of a proof that was made."""
    rows = [
        LeftBehind(**{name: str(row[name]) for name in ("entity", "key", "kind", "reason")}) for row in result["rows"]
    ]
    return Proof(
        network=network,
        target=result["target"],
        as_of=datetime.fromisoformat(result["proved_at"]),
        time_zone=time_zone,
        adds_up=result["adds_up"],
        is_settled=result["is_settled"],
        sums=tuple(_sum(one) for one in result["lines"]),
        fields=tuple(_field(one) for one in result["fields"]),
        rows=tuple(rows[:MOST_ROWS]),
        left_out=max(0, len(rows) - MOST_ROWS),
    )


def _sum(one: Mapping[str, Any]) -> Sum:
    listed = ", ".join(f"{number} {name}" for name, number in one["exceptions"].items())
    return Sum(
        subject=one["subject"],
        step=one["step"],
        unit=one["unit"],
        before=one["before"],
        exceptions=listed,
        after=one["after"],
        verdict="adds up" if one["adds_up"] else "does not",
    )


def _field(one: Mapping[str, Any]) -> FieldChange:
    samples = "; ".join(f"{key}: ours {ours!r}, theirs {theirs!r}" for key, ours, theirs in one["samples"][:3])
    return FieldChange(
        entity=one["entity"],
        field=one["field"],
        what=one["what"],
        rows=one["rows"],
        samples="" if one["what"] == "no place" else samples,
    )
