"""Meters that tell nothing, or always the same: found while a charge is going on, by limits of each type of meter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from charging.ocpp.relay.matching import instant

_REGISTER = "Energy.Active.Import.Register"
_POWER = "Power.Active.Import"
_KILO = {"kWh": 1000, "kW": 1000, "Wh": 1, "W": 1}


class Suspicion(StrEnum):
    """What is wrong with a meter, as far as its readings tell."""

    ZERO = "zero_meter"
    """The register says 0 while power flows."""
    STUCK = "stuck_meter"
    """The register stands still while power flows."""
    BACKWARDS = "backward_meter"
    """The register runs backwards within one charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterLimits:
    """Of one type of meter, as BootNotification's meterType names it; `*` patterns, letter case does not count."""

    meter_type: str = "*"
    still_for: timedelta = timedelta(minutes=10)
    """How long a register may stand still while power flows."""
    power_from_w: Decimal = Decimal(500)
    """Power below this may be the station's own."""
    resolution_wh: Decimal = Decimal(100)
    """The register's smallest step: less than two steps' energy may not show."""
    is_per_charge: bool = False
    """Whether the register begins each charge at 0: then a 0 says nothing until energy must show."""


class Watched:
    """What is remembered of one connector's charge: a reading and the energy that must have passed since."""

    __slots__ = ("at", "expected_wh", "power_w", "register_wh", "since", "told")

    def __init__(self) -> None:
        self.register_wh: Decimal | None = None
        self.since: datetime | None = None
        """Since when the register has stood at this value."""
        self.at: datetime | None = None
        self.power_w = Decimal(0)
        self.expected_wh = Decimal(0)
        """The energy that power times time says has passed since."""
        self.told: frozenset[Suspicion] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One instant's values; None is what the station did not tell."""

    at: datetime
    register_wh: Decimal | None
    power_w: Decimal | None


def limits_of(all_limits: Iterable[MeterLimits], meter_type: str) -> MeterLimits:
    """Return the first limits that fit this type of meter; the general ones if none does."""
    for limits in all_limits:
        if fnmatchcase(meter_type.casefold(), limits.meter_type.casefold()):
            return limits
    return MeterLimits()


def watch(watched: Watched, reading: Reading, limits: MeterLimits) -> Suspicion | None:
    """Take a reading in; return what has become suspect with it, once for each charge and suspicion.

    Energy is power times time between readings (OCPP 1.6 §7.31: registers in Wh, power in W). Readings out of order
    are left out.
    """
    if watched.at is not None and reading.at < watched.at:
        return None
    if watched.at is not None and watched.power_w >= limits.power_from_w:
        hours = Decimal(str((reading.at - watched.at).total_seconds())) / 3600
        watched.expected_wh += watched.power_w * hours
    watched.at = reading.at
    watched.power_w = watched.power_w if reading.power_w is None else reading.power_w
    if reading.register_wh is None:
        return None
    found = _judged(watched, reading.register_wh, reading.at, limits)
    if watched.register_wh != reading.register_wh:
        watched.register_wh, watched.since, watched.expected_wh = reading.register_wh, reading.at, Decimal(0)
    if found is None or found in watched.told:
        return None
    watched.told |= {found}
    return found


def _judged(watched: Watched, register_wh: Decimal, at: datetime, limits: MeterLimits) -> Suspicion | None:
    if watched.register_wh is None or watched.since is None:
        return None
    if register_wh < watched.register_wh:
        return Suspicion.BACKWARDS
    is_overdue = watched.expected_wh >= 2 * limits.resolution_wh
    if register_wh > watched.register_wh or not is_overdue:
        return None
    if register_wh == 0 and not limits.is_per_charge:
        return Suspicion.ZERO
    if at - watched.since < limits.still_for:
        return None
    return Suspicion.ZERO if register_wh == 0 else Suspicion.STUCK


def readings(meter_values: Any) -> list[Reading]:
    """Return the readings of a `meterValue` list of 1.6 or 2.x, as the station ordered them.

    Sampled values without a measurand are the register (OCPP 1.6 §7.43). Only the inlet's or outlet's total counts, not
    a phase's part; what cannot be understood is left out.
    """
    found: list[Reading] = []
    for entry in meter_values if isinstance(meter_values, list) else []:
        at = instant(entry.get("timestamp")) if isinstance(entry, Mapping) else None
        sampled = entry.get("sampledValue") if at is not None else None
        if at is None or not isinstance(sampled, list):
            continue
        values: dict[str, Decimal] = {}
        for sample in sampled:
            if (
                isinstance(sample, Mapping)
                and sample.get("phase") is None
                and sample.get("location", "Outlet") == "Outlet"
            ):
                measurand = sample.get("measurand", _REGISTER)
                value = _base_units(sample, measurand)
                if value is not None:
                    values[measurand] = value
        found.append(Reading(at=at, register_wh=values.get(_REGISTER), power_w=values.get(_POWER)))
    return found


def _base_units(sample: Mapping[str, Any], measurand: object) -> Decimal | None:
    if measurand not in (_REGISTER, _POWER):
        return None
    unit: Any = sample.get("unit")
    power_of_ten: Any = 0
    told = sample.get("unitOfMeasure")
    if isinstance(told, Mapping):  # 2.x: {unit, multiplier}
        unit, power_of_ten = told.get("unit"), told.get("multiplier", 0)
    factor = _KILO.get(unit or ("Wh" if measurand == _REGISTER else "W")) if isinstance(unit, str | None) else None
    try:
        value = Decimal(str(sample.get("value")))
        is_plain = factor is not None and value.is_finite() and isinstance(power_of_ten, int) and abs(power_of_ten) <= 9
        return value * (factor or 1) * Decimal(10) ** power_of_ten if is_plain else None
    except InvalidOperation:
        return None
