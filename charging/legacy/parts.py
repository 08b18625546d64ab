"""Into which share of a large table a row falls: rows that rules must see together fall into the same."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from charging.database.columns import storable
from charging.legacy.source import REQUIRED

PARTS = 1024
"""So many that shares can be put together to partitions of nearly any size, so few that they fit a small integer."""
GROUPED_BY: Mapping[str, str] = {"session": "station_id", "meter_value": "session_id"}
"""The tables that grow without end, and what holds the rows together that rules compare. All others are judged whole:
they grow with the number of stations and drivers, about 2 kB a row, so a million rows of one need some 2 GB.
"""
_BYTE_FOR_BYTE = frozenset({"station_id", "token_uid"})
_KEYS: Mapping[str, tuple[str, ...]] = dict(REQUIRED) | dict.fromkeys(("session", "meter_value"), ("session_id",))


def key_of(entity: str, values: Mapping[str, str | None]) -> str:
    """Return what makes a row of an entity distinct, as it came."""
    return "*".join(_written(values, column) for column in _KEYS[entity])


def part_of(entity: str, values: Mapping[str, str | None]) -> int | None:
    """Return the share that a row falls into, or None where its entity is judged whole."""
    column = GROUPED_BY.get(entity)
    if column is None:
        return None
    return _share(_written(values, column))


def home_of(key: str, rows: Sequence[tuple[int, Mapping[str, str | None]]]) -> int:
    """Return the share in which all rows of one session id are judged that stands in several; each with its own share.

    A failed stop goes to the session that it may complete. Sessions of several stations under one id differ, so none
    of them is loaded and none has neighbours: they may go anywhere.
    """
    shares = {part for part, values in rows if values.get("failed_stop_reason") is None}
    return shares.pop() if len(shares) == 1 else _share(key)


def _written(values: Mapping[str, str | None], column: str) -> str:
    """Return a value as rules compare it: space around it means nothing, but in what a station or a card says."""
    text = values.get(column) or ""
    return text if column in _BYTE_FOR_BYTE else text.strip()


@lru_cache(maxsize=65_536)
def _share(text: str) -> int:
    return crc32(storable(text).encode()) % PARTS
