"""The wall clock at a location for many instants, by the same rules of time zones as for one."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from charging.tariffs.kernels.periods import Ints

UNKNOWN = np.iinfo(np.int64).min
"""For an instant in a quarter of an hour in which the clock changes in its middle, or outside of the calendar."""
_QUARTER = 900_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_DECADE = 4 * 24 * 3_660


def wall_clock(instants: Ints, zone: ZoneInfo) -> Ints:
    """Return microseconds since 1970 by the clock on the wall, for microseconds since 1970 in UTC.

    Clocks change at whole quarters of an hour, so that one look a quarter answers for all instants in it.
    """
    if not instants.size:
        return instants
    quarters = instants // _QUARTER
    first, last = int(quarters.min()), int(quarters.max())
    if last - first > _A_DECADE:
        known, places = np.unique(quarters, return_inverse=True)
    else:
        known, places = np.arange(first, last + 1), quarters - first
    offsets = np.array([_offset(int(quarter), zone) for quarter in known], np.int64)[places]
    return np.where(offsets == UNKNOWN, UNKNOWN, instants + offsets)


@lru_cache(maxsize=1 << 19)
def _offset(quarter: int, zone: ZoneInfo) -> int:
    try:
        begins = _EPOCH + timedelta(microseconds=quarter * _QUARTER)
        ends = begins + timedelta(microseconds=_QUARTER - 1)
        offsets = {instant.astimezone(zone).utcoffset() for instant in (begins, ends)}
    except OverflowError:
        return UNKNOWN
    offset = offsets.pop()
    return UNKNOWN if offsets or offset is None else offset // timedelta(microseconds=1)
