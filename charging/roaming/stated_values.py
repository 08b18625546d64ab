"""Numbers and instants of the protocols beside OCPI, read from their text: nothing is rounded or guessed. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from charging.roaming.cdr import CdrLine
from charging.roaming.ocpi.wire_values import Instant, instant
from charging.tariffs.parse import is_plain
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_AN_HOUR = timedelta(hours=1)
_A_MINUTE = timedelta(minutes=1)
_FINEST = Decimal("0.000001")
"""Of an hour: what the columns hold; a third of an hour has no end."""
_SHOWN = 40
MOST_KWH = 1000
"""Roaming hubs refuse more in one CDR (OICP 2.3)."""


def number(text: str | None, name: str) -> Decimal | None:
    """Return a number with every digit, None where there is none.

    Raises:
        ValueError: if it is no number, or of no size that money, energy or time can have.
    """
    stripped = (text or "").strip()
    if not stripped:
        return None
    if not _NUMBER.fullmatch(stripped):
        raise ValueError(f"`{name}` is {_short(stripped)!r}: no number")
    try:
        value = Decimal(stripped)
    except InvalidOperation as problem:
        raise ValueError(f"`{name}` is {_short(stripped)!r}: no quantity") from problem
    if not is_plain(value):
        raise ValueError(f"`{name}` is {_short(stripped)!r}: no quantity")
    return value


def local_instant(text: str | None, name: str) -> Instant:
    """Return an instant that says how far it is from UTC.

    Raises:
        ValueError: if it is missing, none, or without an offset: which zone it is in would be a guess.
    """
    if not (text or "").strip():
        raise ValueError(f"`{name}` is missing")
    read = instant((text or "").strip(), name)
    if read.offset_minutes is None:
        raise ValueError(f"`{name}` is {_short(str(text))!r}, without an offset from UTC: ask the partner to state it")
    return read


def required(text: str | None, name: str) -> str:
    """Return a text that must be there.

    Raises:
        ValueError: if it is missing or empty.
    """
    if text is None or not text.strip():
        raise ValueError(f"`{name}` is missing")
    return text.strip()


def hours(duration: timedelta) -> Decimal:
    """Return a duration in hours, to the millionth."""
    seconds = Decimal(duration // timedelta(microseconds=1)) / 1_000_000
    return (seconds / 3600).quantize(_FINEST)


def hours_of_minutes(minutes: Decimal) -> Decimal:
    """Return minutes in hours, to the millionth."""
    return (minutes / 60).quantize(_FINEST)


def require_order(started_at: datetime, ended_at: datetime) -> None:
    """Go on only with a session that ends after it starts.

    Raises:
        ValueError: if it ends before.
    """
    if ended_at < started_at:
        raise ValueError("the session ends before it starts")


def merged(lines: Iterable[CdrLine]) -> tuple[CdrLine, ...]:
    """Return lines with one of each measure at each instant: quantities added up, of the extremes the greatest."""
    found: dict[tuple[datetime, Dimension | Extreme], list[Decimal]] = defaultdict(list)
    for line in lines:
        found[line.started_at, line.measure].append(line.volume)
    return tuple(
        CdrLine(
            measure=measure,
            started_at=started_at,
            volume=max(volumes) if isinstance(measure, Extreme) else sum(volumes, Decimal(0)),
        )
        for (started_at, measure), volumes in found.items()
    )


def duration_codes(stated: timedelta, *, started_at: datetime, ended_at: datetime) -> tuple[str, ...]:
    """Return what is odd about a duration beside start and end: an hour more or less is mostly a lost clock change."""
    difference = abs((ended_at - started_at) - stated)
    if abs(difference - _AN_HOUR) <= _A_MINUTE:
        return ("tz.local_as_utc",)
    return ("time.duration",) if difference > _A_MINUTE else ()


def energy_codes(energy_kwh: Decimal) -> tuple[str, ...]:
    """Return what is odd about the energy of a session."""
    return ("energy.impossible",) if energy_kwh < 0 or energy_kwh > MOST_KWH else ()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
