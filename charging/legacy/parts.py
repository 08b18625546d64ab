"""Into which share of a large table a row falls: rows that rules must see together fall into the same."""

from collections.abc import Mapping
from zlib import crc32

from charging.database.columns import storable
from charging.legacy.source import REQUIRED

PARTS = 1024
"""So many that shares can be put together to partitions of nearly any size, so few that they fit a small integer."""
GROUPED_BY: Mapping[str, str] = {"session": "station_id", "meter_value": "session_id"}
"""The tables that grow without end, and what holds the rows together that rules compare. All others are judged whole:
they grow with the number of stations and drivers, about 2 kB a row, so a million rows of one need some 2 GB.
"""
_KEYS: Mapping[str, tuple[str, ...]] = dict(REQUIRED) | dict.fromkeys(("session", "meter_value"), ("session_id",))


def key_of(entity: str, values: Mapping[str, str | None]) -> str:
    """Return what makes a row of an entity distinct, as it came."""
    return "*".join(values.get(column) or "" for column in _KEYS[entity])


def part_of(entity: str, values: Mapping[str, str | None]) -> int | None:
    """Return the share that a row falls into, or None where its entity is judged whole."""
    column = GROUPED_BY.get(entity)
    if column is None:
        return None
    return crc32(storable(values.get(column) or "").encode()) % PARTS
