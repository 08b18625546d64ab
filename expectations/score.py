"""How good published EVSE data are, in one number: what is there, and what of that is right."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from expectations.expectation import Expectation
from expectations.findings import Findings, Key

REQUIRED_WEIGHS, OTHER_WEIGHS = 2, 1
_REQUIRES_A_VALUE = "ExpectColumnValuesToNotBeNull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an object: of so many rows so many are filled, and so many of these are right."""

    entity: str
    field: str
    weight: int
    rows: int
    filled: int
    correct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All fields together, each part in per cent; None where there is nothing to judge."""

    fields: tuple[Field, ...]

    @property
    def score(self) -> Decimal | None:
        """Weighted right values of all that there should be."""
        return self._share(sum(each.weight * each.correct for each in self.fields), self._rows)

    @property
    def completeness(self) -> Decimal | None:
        """Weighted values that are there, of all that there should be."""
        return self._share(self._filled, self._rows)

    @property
    def correctness(self) -> Decimal | None:
        """Weighted right values of those that are there."""
        return self._share(sum(each.weight * each.correct for each in self.fields), self._filled)

    @property
    def _rows(self) -> int:
        return sum(each.weight * each.rows for each in self.fields)

    @property
    def _filled(self) -> int:
        return sum(each.weight * each.filled for each in self.fields)

    @staticmethod
    def _share(part: int, whole: int) -> Decimal | None:
        return (Decimal(100 * part) / whole).quantize(Decimal("0.01")) if whole else None


def fields_of(
    entity: str, asked: Sequence[Expectation], findings: Findings, filled: Mapping[str, Collection[Key]], *, rows: int
) -> tuple[Field, ...]:
    """Return the score of each field; `filled` holds the keys of the rows that have a value, by field.

    A field is required if an expectation asks for a value; a value is right if no other expectation of its field alone
    fails for its row.
    """
    required = {each.columns[0] for each in asked if each.asks == _REQUIRES_A_VALUE}
    wrong: dict[str, set[Key]] = {name: set() for name in filled}
    about = {each.expectation_id: each for each in asked}
    for result in findings.results:
        expectation = about[result.expectation_id]
        if expectation.asks != _REQUIRES_A_VALUE and result.column in wrong:
            wrong[result.column].update(result.unexpected_keys)
    return tuple(
        Field(
            entity=entity,
            field=name,
            weight=REQUIRED_WEIGHS if name in required else OTHER_WEIGHS,
            rows=rows,
            filled=len(keys),
            correct=len(set(keys) - wrong[name]),
        )
        for name, keys in filled.items()
    )
