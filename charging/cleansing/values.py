"""Reading text: numbers, instants and yes or no. What cannot be read is None, and its rule says so."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from charging.cleansing.verdict import PLAIN_NUMBER

_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0{1,9})?", re.ASCII)
_YES = frozenset({"1", "true", "t", "yes", "y"})
_NO = frozenset({"0", "false", "f", "no", "n"})


def number(text: str | None) -> Decimal | None:
    """Return a plain decimal number, or None if the text is none: `12,5`, `NaN` and `1E9` are none."""
    return Decimal(text) if text is not None and PLAIN_NUMBER.fullmatch(text) else None


def whole(text: str | None) -> int | None:
    """Return a whole number of at most nine digits that is not negative, or None; `16.0` is 16."""
    match = _WHOLE.fullmatch(text or "")
    return int(match[1]) if match else None


def truth(text: str | None) -> bool | None:
    """Return yes or no, or None if the text says neither."""
    word = (text or "").casefold()
    return True if word in _YES else False if word in _NO else None


def stamp(text: str | None) -> datetime | None:
    """Return an ISO 8601 date and time as it is written, aware or not, or None if the text is none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def instants(written: datetime, zone: str | None) -> tuple[datetime, ...]:
    """Return every UTC instant that a written time can mean.

    One that carries its offset means one. A local time means two in the hour that the clocks repeat in autumn, and
    none in the hour that they skip in spring. Without a zone it means none; nor does one whose offset carries it
    beyond the years 1 and 9999.
    """
    try:
        return _instants(written, zone)
    except OverflowError:
        return ()


def _instants(written: datetime, zone: str | None) -> tuple[datetime, ...]:
    if written.tzinfo is not None:
        return (written.astimezone(UTC),)
    if zone is None:
        return ()
    local = zone_info(zone)
    readings = (written.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
    return tuple(sorted({each for each in readings if each.astimezone(local).replace(tzinfo=None) == written}))


def instant(text: str | None, zone: str | None) -> datetime | None:
    """Return the one UTC instant that a text means, or None if it means none, or two."""
    written = stamp(text)
    meanings = () if written is None else instants(written, zone)
    return meanings[0] if len(meanings) == 1 else None


@lru_cache(maxsize=64)
def zone_info(name: str) -> ZoneInfo:
    """Return a zone of the IANA database."""
    return ZoneInfo(name)


def iso(moment: datetime) -> str:
    """Return the text of an instant, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(amount: Decimal) -> str:
    """Return the text of a number, without an exponent."""
    return f"{amount:f}"


def energy_kwh(values: Mapping[str, str | None]) -> Decimal | None:
    """Return the energy in kWh that a row claims, negative or absurd as it may be; None if it claims none."""
    claimed, start, stop = values.get("energy_kwh"), values.get("meter_start_wh"), values.get("meter_stop_wh")
    if claimed is not None and (energy := number(claimed.strip())) is not None:
        return energy
    if start is None or stop is None:
        return None
    registers = number(start.strip()), number(stop.strip())
    return None if registers[0] is None or registers[1] is None else (registers[1] - registers[0]) / 1000


def hours(lasted: timedelta) -> Decimal:
    """Return a duration in hours, exactly enough to judge by."""
    return Decimal(lasted // timedelta(milliseconds=1)) / 3_600_000
