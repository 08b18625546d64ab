"""The meters of an eMIP CDR: total duration, total energy and the cost between businesses (eMIP 0.7.4). Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal

from charging.roaming.stated_values import hours_of_minutes, number, required
from charging.roaming.xml_records import Node

_DURATION, _ENERGY, _COST = "1", "2", "3"
_CURRENCY = re.compile(r"[A-Z]{3}")
_PER_KWH = {"WH": Decimal(1000), "KWH": Decimal(1)}
_MINUTES = {"MIN": Decimal(1), "MINUTE": Decimal(1), "MINUTES": Decimal(1), "H": Decimal(60)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """What was measured, in our units; `codes` say what was converted."""

    energy_kwh: Decimal
    total_hours: Decimal | None
    net: Decimal | None
    currency: str | None
    codes: tuple[str, ...]


def meters(record: Node) -> Meters:
    """Return the meters that are billed by; those of single stretches and powers are left to the raw record.

    Raises:
        ValueError: if there is no total energy, a meter is there twice, or its unit is none that we know.
    """
    stated = _stated(record)
    if _ENERGY not in stated:
        raise ValueError("meter 2, the total energy, is missing: ask the partner for the session's energy")
    value, unit = stated[_ENERGY]
    per_kwh = _known(unit or "Wh", _PER_KWH, "meter 2, the energy")
    codes = ["converted.energy_wh"] if per_kwh != 1 else ["unit.energy_kwh"]
    duration = stated.get(_DURATION)
    if duration is not None:
        minutes = duration[0] * _known(duration[1] or "min", _MINUTES, "meter 1, the duration")
        codes.append("converted.time_min")
    net, currency = _cost(stated.get(_COST))
    return Meters(
        energy_kwh=value / per_kwh,
        total_hours=None if duration is None else hours_of_minutes(minutes),
        net=net,
        currency=currency,
        codes=tuple(codes),
    )


def _stated(record: Node) -> dict[str, tuple[Decimal, str]]:
    found: dict[str, tuple[Decimal, str]] = {}
    reports = record.first("meterReportList")
    for report in reports.all("meterReport") if reports else ():
        kind = required(report.get("meterTypeId"), "meterTypeId")
        if kind not in {_DURATION, _ENERGY, _COST}:
            continue
        value = number(report.get("meterValue"), f"meter {kind}")
        if value is None:
            raise ValueError(f"meter {kind} has no value")
        if kind in found:
            raise ValueError(f"meter {kind} is there twice: ask the partner which one holds")
        found[kind] = value, report.get("meterUnit") or ""
    return found


def _known(unit: str, units: dict[str, Decimal], what: str) -> Decimal:
    if unit.strip().upper() not in units:
        raise ValueError(f"{what}, is in {unit!r}: known are {', '.join(name.lower() for name in units)}")
    return units[unit.strip().upper()]


def _cost(stated: tuple[Decimal, str] | None) -> tuple[Decimal | None, str | None]:
    if stated is None:
        return None, None
    value, unit = stated
    if not _CURRENCY.fullmatch(unit.strip().upper()):
        raise ValueError(f"meter 3, the cost, is in {unit!r}: it takes the code of a currency")
    return value, unit.strip().upper()
