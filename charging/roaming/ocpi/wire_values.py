"""Numbers and instants as OCPI puts them on the wire, read from their text so that nothing is rounded on the way."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from charging.tariffs.parse import is_plain

ABSENT = msgspec.Raw(b"null")
AS_TEXT = "number.as_text"
"""A number was sent as text, which OCPI 2.1.1's own CDR sample does with a price."""
LEAP_SECOND = "time.leap_second"
UNKNOWN_TIME = "time.unknown"
"""An agreed instant stands for a time that nobody knows: the beginning of 1970, or any time of the year 9999."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = 40


class Number(NamedTuple):
    """A number, and whether it was sent as text."""

    value: Decimal
    is_text: bool


class Instant(NamedTuple):
    """An instant, and how it was written."""

    at: datetime
    """In UTC."""
    offset_minutes: int | None
    """As stated; `Z` is 0, and None says that none was: then it is UTC (types, DateTime)."""
    codes: tuple[str, ...] = ()


def number(raw: msgspec.Raw, name: str) -> Number | None:
    """Return a number from its token, with every digit; None where it is null or absent.

    Raises:
        ValueError: if it is none, or of no size that money, energy or time can have.
    """
    token = bytes(raw).strip()
    if token in {b"null", b""}:
        return None
    is_text = token.startswith(b'"')
    text = msgspec.json.decode(token, type=str) if is_text else token.decode("ascii", errors="replace")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"`{name}` is {_short(text)}: no number")
    try:
        value = Decimal(text)
    except InvalidOperation as problem:
        raise ValueError(f"`{name}` is {_short(text)}: no quantity") from problem
    if not is_plain(value):
        raise ValueError(f"`{name}` is {_short(text)}: no quantity")
    return Number(value, is_text)


def instant(text: str, name: str) -> Instant:
    """Return an instant. A stated offset is respected, digits beyond the microsecond are cut off.

    Raises:
        ValueError: if it is none.
    """
    if _USUAL.fullmatch(text):  # as nearly all are, and in a quarter of the time
        with suppress(ValueError):
            at = datetime.fromisoformat(text)
            return Instant(at, 0, (UNKNOWN_TIME,) if _is_unknown(at) else ())
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(f"`{name}` is {_short(text)!r}: no instant")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    offset = _offset(found[8])
    is_leap = second == 60  # 23:59:60 is the second before midnight's; Python counts on to midnight
    try:
        zone = timezone(offset) if offset else UTC
        at = datetime(year, month, day, hour, minute, 59 if is_leap else second, tzinfo=zone).astimezone(UTC)
        if is_leap or found[7]:
            at += timedelta(seconds=int(is_leap), microseconds=int((found[7] or "0")[:6].ljust(6, "0")))
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"`{name}` is {_short(text)!r}: {problem}") from problem
    codes = (*((LEAP_SECOND,) if is_leap else ()), *((UNKNOWN_TIME,) if _is_unknown(at) else ()))
    return Instant(at, None if found[8] is None else int(offset.total_seconds()) // 60, codes)


def _offset(written: str | None) -> timedelta:
    if written in {None, "Z", "z"}:
        return timedelta(0)
    sign, hours, minutes = written[0], int(written[1:3]), int(written[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"{written} is no offset from UTC")
    return (-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes)


def _is_unknown(at: datetime) -> bool:
    return at.year == 9999 or at == _NEVER


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
