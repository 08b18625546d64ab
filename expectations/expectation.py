"""One expectation: what must hold, in a sentence, and what happens when it does not."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Consequence(StrEnum):
    """What happens to the data when an expectation is not met."""

    BLOCK = "block"
    """Nothing of the table is loaded."""
    QUARANTINE = "quarantine"
    """The rows that fail are set aside, the others go on."""
    WARN = "warn"
    """Everything goes on; the report says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A sentence about a table, with the expectation class of Great Expectations that asks it."""

    expectation_id: str
    asks: str
    """Name of the class in `great_expectations.expectations`."""
    columns: tuple[str, ...]
    sentence: str
    consequence: Consequence
    arguments: Mapping[str, object] = field(default_factory=dict)
    is_exact: bool = False
    """Energy or money: the column must hold exact decimals, never floats."""
    is_asked: bool = True
    """False when what it compares with was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a suite compares a table with. A set that is None was not given, and its expectation is not asked."""

    as_of: datetime
    """When the table was extracted: what happened later lies in the future."""
    location_ids: AbstractSet[str] | None = None
    station_ids: AbstractSet[str] | None = None
    evse_ids: AbstractSet[str] | None = None
    """In compact form."""
    evse_uids: AbstractSet[str] | None = None
    tariff_ids: AbstractSet[str] | None = None
    customer_ids: AbstractSet[str] | None = None
    token_uids: AbstractSet[str] | None = None
    session_ids: AbstractSet[str] | None = None
    currencies: AbstractSet[str] | None = None
    """ISO 4217 codes that the network bills in."""


def some_rows(entity: str) -> Expectation:
    """Expect at least one row: an empty extract is a broken extract."""
    return Expectation(
        expectation_id=f"{entity}.some_rows",
        asks="ExpectTableRowCountToBeBetween",
        columns=(),
        sentence="There is at least one row.",
        consequence=Consequence.BLOCK,
        arguments={"min_value": 1},
    )


def filled(
    expectation_id: str, column: str, sentence: str, consequence: Consequence, *, mostly: float = 1
) -> Expectation:
    """Expect a value in every row, or in the share `mostly` of them."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToNotBeNull",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"mostly": mostly},
    )


def unique(expectation_id: str, column: str, sentence: str, consequence: Consequence) -> Expectation:
    """Expect that no value stands in two rows. Rows without a value are not counted."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToBeUnique",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
    )


def written_as(
    expectation_id: str, column: str, sentence: str, consequence: Consequence, *, pattern: str, mostly: float = 1
) -> Expectation:
    r"""Expect that values match a regular expression from end to end. Rows without a value are not asked."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToMatchRegex",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"regex": rf"\A(?:{pattern})\Z", "mostly": mostly},
    )


def one_of(
    expectation_id: str, column: str, sentence: str, consequence: Consequence, *, known: AbstractSet[str] | None
) -> Expectation:
    """Expect that every value is known. Without `known`, the expectation is listed as not asked."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToBeInSet",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"value_set": sorted(known or ())},
        is_asked=known is not None,
    )


def between(
    expectation_id: str,
    column: str,
    sentence: str,
    consequence: Consequence,
    *,
    lowest: int | None = None,
    highest: int | None = None,
) -> Expectation:
    """Expect whole-number bounds: an int and a Decimal compare exactly, so nothing is rounded on the way."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToBeBetween",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"min_value": lowest, "max_value": highest},
        is_exact=True,
    )


def not_after(
    expectation_id: str, column: str, sentence: str, consequence: Consequence, *, instant: datetime
) -> Expectation:
    """Expect that nothing happened after an instant."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnValuesToBeBetween",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"max_value": instant},
    )


def at_least(
    expectation_id: str,
    larger: str,
    smaller: str,
    sentence: str,
    consequence: Consequence,
    *,
    or_equal: bool = True,
    is_exact: bool = False,
) -> Expectation:
    """Expect one column not to be less than another. Rows that lack either value are not asked."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnPairValuesAToBeGreaterThanB",
        columns=(larger, smaller),
        sentence=sentence,
        consequence=consequence,
        arguments={"or_equal": or_equal, "ignore_row_if": "either_value_is_missing"},
        is_exact=is_exact,
    )
