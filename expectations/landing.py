"""What a good extract looks like, as it was landed: every value text, nothing of it judged yet."""

from datetime import datetime

from charging.legacy.source import COLUMNS, INSTANTS, REQUIRED, RIDE_ALONG
from expectations.expectation import Consequence, Expectation, filled, some_rows, unique, written_as
from expectations.whole_table import exactly_rows, not_wholly_empty

FIRST_YEAR = 2008
"""No network that is moved today has charged before: an earlier year is a clock that was never set."""
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_OF_A_ROW = frozenset({"session_id", "station_id", "token_uid", "location_id"})
_MANY = frozenset({"meter_value"})
"""A session has many samples: nothing in them alone tells them apart."""


def suite(entity: str, columns: tuple[str, ...], *, rows: int, as_of: datetime) -> tuple[Expectation, ...]:
    """List what is expected of one entity's landed rows, whose fields are `columns` and whose manifest says `rows`."""
    counted = exactly_rows(
        f"landing.{entity}.counted",
        "There are as many rows as the manifest says.",
        Consequence.BLOCK,
        rows=rows,
    )
    if not rows:
        return (counted,)
    understood = {*COLUMNS[entity], *RIDE_ALONG[entity]}
    told = [column for column in columns if column in understood and column not in REQUIRED[entity]]
    return (
        some_rows(f"landing.{entity}"),
        counted,
        *_hashes(entity),
        *_required(entity),
        *_keys(entity),
        *(
            not_wholly_empty(
                f"landing.{entity}.{column}_told",
                column,
                f"The column {column}, which the source has, is not wholly empty.",
                Consequence.WARN,
            )
            for column in told
        ),
        *(each for column in columns if column in INSTANTS for each in _instants(entity, column, as_of)),
    )


def _hashes(entity: str) -> tuple[Expectation, ...]:
    return (
        filled(f"landing.{entity}.has_hash", "row_sha256", "Every row has its hash.", Consequence.BLOCK),
        written_as(
            f"landing.{entity}.hash_whole",
            "row_sha256",
            "Every hash has 64 hexadecimal digits.",
            Consequence.BLOCK,
            pattern="[0-9a-f]{64}",
        ),
    )


def _required(entity: str) -> tuple[Expectation, ...]:
    """Expect the columns without which nothing can be read: some value in each, and one in nearly every row.

    Single rows that lack one are set aside by cleansing, with a reason of their own.
    """
    return tuple(
        each
        for column in REQUIRED[entity]
        for each in (
            *(
                [
                    not_wholly_empty(
                        f"landing.{entity}.{column}_present",
                        column,
                        f"The column {column}, without which nothing can be read, is there and not wholly empty.",
                        Consequence.BLOCK,
                    )
                ]
                if column == REQUIRED[entity][0] or column in _OF_A_ROW
                else []
            ),
            filled(
                f"landing.{entity}.{column}_filled",
                column,
                f"At least 99 % of the rows have a {column}.",
                Consequence.WARN,
                mostly=0.99,
            ),
        )
    )


def _keys(entity: str) -> tuple[Expectation, ...]:
    if entity in _MANY:
        return ()
    sentence = f"No {entity.replace('_', ' ')} came twice: cleansing merges, or asks."
    return (unique(f"landing.{entity}.key_once", "row_key", sentence, Consequence.WARN),)


def _instants(entity: str, column: str, as_of: datetime) -> tuple[Expectation, ...]:
    years = "|".join(str(year) for year in range(FIRST_YEAR, as_of.year + (20 if _may_be_ahead(column) else 1)))
    return (
        written_as(
            f"landing.{entity}.{column}_readable",
            column,
            f"At least 99 % of the values of {column} are dates with times.",
            Consequence.WARN,
            pattern=_INSTANT,
            mostly=0.99,
        ),
        written_as(
            f"landing.{entity}.{column}_plausible",
            column,
            f"At least 95 % of the values of {column} lie in years that are plausible.",
            Consequence.WARN,
            pattern=rf"(?:{years})-(?:.|\n)*",
            mostly=0.95,
        ),
    )


def _may_be_ahead(column: str) -> bool:
    return column in {"valid_from", "valid_until", "expires_at", "starts_at"}
