"""By what rows of an importer's file are found again: our key, its own column of the id, or all of their cells. Pure.

Without our key, and where the importer has no column for the id, a row that reads otherwise cannot be told from one
that is missing: it counts as missing, and nothing else is proven of it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from charging.targets.change import Plain

KEY = "rehome_key"
"""The last column: the same row has the same key in every file, so that an import can be done again."""
WHOLE_ROWS = "all cells of a row"
_ID = {
    "location": "location_id",
    "station": "station_id",
    "evse": "evse_uid",
    "socket": "socket",
    "token": "token_uid",
}
"""The field that is the key of a row, by what the row is."""


def found_by(what: str, headers: Mapping[str, str], *, has_key: bool) -> str:
    """Return the header of the column by which rows of a file are found again, or that it takes whole rows."""
    return KEY if has_key else headers.get(_ID[what], WHOLE_ROWS)


def keyed(
    rows: Iterable[Mapping[str, str]], meant: Mapping[str, Mapping[str, Plain]], *, by: str
) -> dict[str, Mapping[str, str]]:
    """Return the rows of a file by their keys, without our own column; `meant` are the rows that should be there.

    A row that is nobody's has a key that no other has.
    """
    keys: dict[object, deque[str]] = defaultdict(deque)
    for key, wanted in meant.items():
        keys[_mark(wanted, by)].append(key)
    found: dict[str, Mapping[str, str]] = {}
    for number, row in enumerate(rows, start=1):
        cells = {name: text for name, text in row.items() if name != KEY}
        if KEY in row:
            key = row[KEY] or ""
        else:
            waiting = keys[_mark(cells, by)]
            key = waiting.popleft() if waiting else f"\0row {number}"
        found[key] = cells
    return found


def _mark(cells: Mapping[str, Plain], by: str) -> object:
    """Return what two readings of one row have in common; a row may have fewer cells than its header, or more."""
    return cells.get(by) if by != WHOLE_ROWS else frozenset((str(name), str(text)) for name, text in cells.items())
