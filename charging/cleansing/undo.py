"""The way back: from what cleansing made of a row, by its log, to what the row said before."""

from collections.abc import Iterable, Mapping, Sequence

from charging.cleansing.verdict import WITHHELD, Fix

_NO_FIELDS = frozenset({"merged_into", "is_billable"})
"""What a log tells of a row that no source has as a column."""


def undo(fixes: Sequence[Fix], clean: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the values of one row before the fixes, which are those of this row, in the order of their making.

    What is personal is in no log: it stays `(withheld)`, and only the landed row says what it was.
    """
    values = dict(clean)
    for fix in reversed(fixes):
        if fix.field not in _NO_FIELDS:
            values[fix.field] = fix.before
    return values


def broken(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """Return the fixes of one row that do not begin where the one before them ended: a log that leads nowhere."""
    last: dict[str, str | None] = {}
    found = []
    for fix in fixes:
        is_told = WITHHELD not in {fix.before, last.get(fix.field)}
        if fix.field in last and is_told and fix.before != last[fix.field]:
            found.append(fix)
        last[fix.field] = fix.after
    return tuple(found)
