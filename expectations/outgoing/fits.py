"""Expectations of what a target's fields take: every one of them refuses the row, not the table."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from expectations.expectation import Consequence, Expectation, filled, one_of, unique, written_as

REFUSE = Consequence.QUARANTINE

_MOST_IN_A_COUNT = 255
"""PostgreSQL counts no further in a regular expression."""


def required(entity: str, *columns: str) -> tuple[Expectation, ...]:
    """Expect a value in each of these columns."""
    return tuple(
        filled(f"{entity}.{column}_sent", column, f"Every {entity} has {_a(_said(column))}.", REFUSE)
        for column in columns
    )


def distinct(entity: str, column: str) -> Expectation:
    """Expect that no key is sent twice: the later one would overwrite the first."""
    return unique(f"{entity}.{column}_once", column, f"No {entity} {_said(column)} is sent twice.", REFUSE)


def ci_strings(entity: str, lengths: Mapping[str, int]) -> tuple[Expectation, ...]:
    """Expect printable ASCII (OCPI's CiString), at most so long, per column."""
    return tuple(
        written_as(
            f"{entity}.{column}_fits",
            column,
            f"The {_said(column)} of every {entity} is printable ASCII of at most {most} characters.",
            REFUSE,
            pattern=rf"[ -~]{{1,{most}}}",
        )
        for column, most in lengths.items()
    )


def strings(entity: str, lengths: Mapping[str, int]) -> tuple[Expectation, ...]:
    """Expect text without control characters, at most so long, per column."""
    return tuple(
        written_as(
            f"{entity}.{column}_fits",
            column,
            f"The {_said(column)} of every {entity} is text of at most {most} characters, without line breaks.",
            REFUSE,
            pattern=_up_to(most, r"[^\u0001-\u001f\u007f]"),
        )
        for column, most in lengths.items()
    )


def words(entity: str, known: Mapping[str, AbstractSet[str]], *, whose: str) -> tuple[Expectation, ...]:
    """Expect one of a closed set of words, per column."""
    return tuple(
        one_of(
            f"{entity}.{column}_known",
            column,
            f"The {_said(column)} of every {entity} is one that {whose} knows.",
            REFUSE,
            known=choices,
        )
        for column, choices in known.items()
    )


def _up_to(most: int, character: str) -> str:
    whole, rest = divmod(most, _MOST_IN_A_COUNT)
    return (
        f"(?:{character}{{0,{_MOST_IN_A_COUNT}}}){{{whole}}}{character}{{0,{rest}}}"
        if whole
        else f"{character}{{0,{rest}}}"
    )


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _said(column: str) -> str:
    return column.replace("_", " ")
