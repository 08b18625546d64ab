"""What the lines of an answered list come to: taken, refused with the mend, and the values that an owner gave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from charging.cleansing.answers import Choice
from charging.database.queries.quarantine import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why one line of the list cannot be taken."""

    row: int
    key: str
    column: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one line of the list says, understood."""

    row: int
    case: Case
    choice: Choice
    corrections: Mapping[str, str | None]
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of every line: taken, as before, not answered, or refused."""

    lines: int
    answered: tuple[Answered, ...]
    as_before: int
    unanswered: int
    problems: tuple[Problem, ...]


def corrections_of(pairs: Iterable[str], fields: Iterable[str]) -> dict[str, str | None]:
    """Return what `field=value` pairs say; an empty value takes the value away.

    Raises:
        ValueError: in a sentence that names the pair.
    """
    known = list(fields)
    given: dict[str, str | None] = {}
    for pair in pairs:
        name, mark, value = (part.strip() for part in pair.partition("="))
        if not mark:
            raise ValueError(f"{pair.strip()[:60]!r} is not written field=value")
        if name not in known:
            raise ValueError(f"there is no field {name!r}; the row has {', '.join(known)}")
        if name in given:
            raise ValueError(f"{name} is given twice")
        if second := next((other for other in known if f"; {other}=" in value or f", {other}=" in value), None):
            raise ValueError(f"{second} stands on the line of {name}; write each on a line of its own")
        given[name] = value or None
    return given
