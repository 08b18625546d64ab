"""Expectations of a table as a whole, or of several of its columns together."""

from collections.abc import Sequence

from expectations.expectation import Consequence, Expectation


def exactly_rows(expectation_id: str, sentence: str, consequence: Consequence, *, rows: int | None) -> Expectation:
    """Expect as many rows as somebody else has counted. Without `rows`, the expectation is listed as not asked."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectTableRowCountToEqual",
        columns=(),
        sentence=sentence,
        consequence=consequence,
        arguments={"value": rows or 0},
        is_asked=rows is not None,
    )


def unique_together(
    expectation_id: str, columns: Sequence[str], sentence: str, consequence: Consequence
) -> Expectation:
    """Expect that no combination of values stands in two rows. Rows that lack one of the values are not counted."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectCompoundColumnsToBeUnique",
        columns=tuple(columns),
        sentence=sentence,
        consequence=consequence,
        arguments={"ignore_row_if": "any_value_is_missing"},
    )


def not_wholly_empty(expectation_id: str, column: str, sentence: str, consequence: Consequence) -> Expectation:
    """Expect a value in at least one row. No rows are named: it would be all of them."""
    return Expectation(
        expectation_id=expectation_id,
        asks="ExpectColumnProportionOfNonNullValuesToBeBetween",
        columns=(column,),
        sentence=sentence,
        consequence=consequence,
        arguments={"min_value": 0, "strict_min": True},
    )
