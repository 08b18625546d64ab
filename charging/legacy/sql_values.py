"""From a value of a legacy database to the text that lands: one notation for instants, numbers and words."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from charging.cleansing.verdict import PLAIN_NUMBER
from charging.errors import SettingsError
from charging.legacy import snapshot
from charging.legacy.culture import iso_instant, plain_number
from charging.legacy.source import INSTANTS, NUMBERS
from charging.legacy.sql_mapping import SqlColumn, SqlMapping

_SINCE_1970 = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,9})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = {"s": 1_000_000, "ms": 1000}
_THOUSANDS: Mapping[str, Mapping[str, int]] = {
    "energy_kwh": {"Wh": -3, "kWh": 0, "MWh": 3},
    "meter_start_wh": {"Wh": 0, "kWh": 3, "MWh": 6},
    "meter_stop_wh": {"Wh": 0, "kWh": 3, "MWh": 6},
    "max_power_w": {"W": 0, "kW": 3},
}

Writer = Callable[[object], str | None]


def writer(column: str, spec: SqlColumn, mapping: SqlMapping, *, is_utc: bool) -> Writer:
    """Return what writes the values of a column; `is_utc` where the database itself keeps UTC without saying so."""
    if spec.reference is None:
        return lambda _: spec.constant
    if column in INSTANTS:
        zone = "UTC" if is_utc else spec.time_zone or mapping.time_zone
        return lambda value: _instant(column, value, spec, zone=zone, date_order=mapping.date_order)
    scale = _scale(column, spec, mapping)
    if column in NUMBERS or scale:
        return lambda value: _number(value, decimal=mapping.decimal, scale=scale)
    if spec.values:
        return lambda value: _word(snapshot.text(value), spec)
    return snapshot.text


def _word(written: str | None, spec: SqlColumn) -> str | None:
    if written is None:
        return spec.values.get("NULL")
    return spec.values.get(written, written if spec.otherwise is None else spec.otherwise)


def _scale(column: str, spec: SqlColumn, mapping: SqlMapping) -> int:
    default = {"energy_kwh": mapping.energy_unit, "max_power_w": "W"}.get(column, mapping.meter_unit)
    return _THOUSANDS[column][spec.unit or default] if column in _THOUSANDS else 0


def _number(value: object, *, decimal: str, scale: int) -> str | None:
    """Return a number in plain notation and our unit; digits stay what they are, and so does what is no number."""
    written = snapshot.text(value)
    if isinstance(value, str):
        written = plain_number(value, decimal=decimal)
    if not scale or written is None or not PLAIN_NUMBER.fullmatch(written):
        return written
    return f"{Decimal(written).scaleb(scale):f}"


def _instant(column: str, value: object, spec: SqlColumn, *, zone: str | None, date_order: str) -> str | None:
    """Return an instant with its zone; one that a change of clocks makes ambiguous stays without, for cleansing."""
    written = snapshot.text(value)
    if written is None:
        return None
    if spec.unit is not None:
        return _since_1970(written, spec.unit)
    if isinstance(value, str):
        written = iso_instant(value, date_order=date_order)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return written
    if at.tzinfo is not None or len(written) <= len("2026-03-04"):
        return written
    if zone is None:
        raise SettingsError(
            "time_zone",
            f"is needed for {spec.reference} ({column}), whose times carry no zone ({written})",
            f'write time_zone under [culture] of the mapping, or {{ column = "{spec.reference}", time_zone = "…" }}',
        )
    return _at(at, written, ZoneInfo(zone))


def _at(at: datetime, written: str, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return at.isoformat() + "Z"
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if at.year < 1900 or first.utcoffset() != second.utcoffset():
        return written
    return first.isoformat()


def _since_1970(written: str, unit: str) -> str:
    if not _SINCE_1970.fullmatch(written):
        return written
    try:
        at = _EPOCH + timedelta(microseconds=int(Decimal(written) * _MICROSECONDS[unit]))
    except OverflowError:
        return written
    return at.isoformat().replace("+00:00", "Z")


def has_no_zone(written: str | None) -> bool:
    """Whether a text is an instant without its zone."""
    if written is None or len(written) <= len("2026-03-04"):
        return False
    try:
        return datetime.fromisoformat(written).tzinfo is None
    except ValueError:
        return False
