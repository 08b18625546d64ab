"""Times that say no zone, and the two nights a year on which a wall clock says less than it seems. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

AMBIGUOUS = "time.ambiguous"
"""The hour came twice that night, and the first was taken: unless the session would end before it starts."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in UTC, how far from it the time was written, and the other instant that it may have meant."""

    at: datetime
    offset_minutes: int | None = None
    other: datetime | None = None


def moment(stated: datetime, *, time_zone: str, name: str) -> Moment:
    """Return the instant of a time with its own offset, or on the wall clock of a zone.

    Raises:
        ValueError: if no clock of that zone ever showed it.
    """
    if stated.tzinfo is not None:
        offset = stated.utcoffset()
        minutes = None if offset is None else int(offset.total_seconds()) // 60
        return Moment(stated.astimezone(UTC), minutes)
    zone = ZoneInfo(time_zone)
    first, second = (stated.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != stated:
        raise ValueError(
            f"`{name}` is {stated:%Y-%m-%d %H:%M}, which no clock in {time_zone} showed: it was set forward"
        )
    return Moment(first, None, second if second != first else None)


def in_order(start: Moment, end: Moment) -> tuple[datetime, datetime, tuple[str, ...]]:
    """Return start and end, and whether one of them is in the hour that came twice."""
    codes = (AMBIGUOUS,) if start.other or end.other else ()
    if end.at < start.at and end.other is not None:
        return start.at, end.other, codes
    return start.at, end.at, codes
