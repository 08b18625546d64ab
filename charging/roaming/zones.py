"""The time zones of locations, put on the CDRs of what was charged there: tariffs go by the clock on the wall. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from charging.roaming.cdr import Cdr

By = Literal["station_id", "evse_compact"]
"""Whose zones are known: those of our stations, or those of a partner's EVSEs."""


def is_zone(name: str) -> bool:
    """Whether a name is that of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def zoned(cdrs: Iterable[Cdr], zones: Mapping[str, str], *, by: By) -> list[Cdr]:
    """Return CDRs, each with the time zone of its location where that is known."""
    return [
        replace(cdr, time_zone=zone) if (zone := zones.get(getattr(cdr, by) or "")) is not None else cdr for cdr in cdrs
    ]
