"""What an importer takes from a CSV file: cells that no spreadsheet runs, each on one line and not too long."""

from collections.abc import Mapping, Sequence

from expectations.expectation import Expectation, written_as
from expectations.outgoing.fits import REFUSE, strings

MOST = 255
HARMLESS = r"[+-]?[0-9]+(?:[.,][0-9]+)?|(?![=+@\t\r\n\uff1d\uff0b\uff0d\uff20-])(?:.|\n)*"
"""A number may begin with a sign; other text that begins like a formula, in full width too, would be run (CWE-1236)."""


def cells(entity: str, columns: Sequence[str], lengths: Mapping[str, int]) -> tuple[Expectation, ...]:
    """List what is expected of every cell. `lengths` are the importer's own limits, where it has any."""
    return (
        *strings(entity, {column: lengths.get(column, MOST) for column in columns}),
        *(
            written_as(
                f"{entity}.{column}_harmless",
                column,
                f"No {column.replace('_', ' ')} of a {entity} looks like a formula.",
                REFUSE,
                pattern=HARMLESS,
            )
            for column in columns
        ),
    )
