"""What is odd about an OCPI CDR, as far as the record alone shows it, with the numbers that show it. Pure.

A code is information and never a refusal: it says what was found, and which conversions were made on its strength.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from charging.identifiers import contract_id, evse_id
from charging.roaming.cdr import CdrLine
from charging.roaming.ocpi import quality_place
from charging.roaming.ocpi.parse_stated import ADVENIR, NOT_AVAILABLE, Stated
from charging.roaming.ocpi.wire_values import AS_TEXT, UNKNOWN_TIME
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

SUBSIDY_ONLY = "billing.advenir"
"""A copy for a subsidy: it is billed to nobody, and takes no part in matching."""
MOST_KWH = 1000
"""Roaming hubs refuse more in one CDR (OICP 2.3)."""
NOT_SIGNIFICANT, BY_HUB = "[?]", "[*]"
"""How Gireve begins the remark of a CDR whose total means nothing, or was computed by itself (GIREVE OCPI guides)."""
_PLUGGED = (Dimension.TIME, Dimension.PARKING_TIME)
_A_MINUTE, _AN_HOUR = timedelta(minutes=1), timedelta(hours=1)
_UNITS_OF_TIME = {"unit.time_min": 60, "unit.time_sec": 3600}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A detector's code, and what shows that it is right to fire."""

    code: str
    shown: str


@dataclass(frozen=True, slots=True)
class Units:
    """The lines in kWh and hours, and which conversions that took."""

    lines: tuple[CdrLine, ...]
    evidence: tuple[Evidence, ...]


def in_common_units(stated: Stated) -> Units:
    """Convert lines that are in Wh, minutes or seconds, as the record's own totals show."""
    of_energy = energy_in_kwh(stated.lines, stated.energy_kwh)
    lines, found = of_energy.lines, list(of_energy.evidence)
    plugged = total(lines, _PLUGGED)
    for code, factor in _UNITS_OF_TIME.items():
        if is_about(plugged, factor * stated.total_hours):
            lines = _divide(lines, set(_PLUGGED), factor)
            found.append(Evidence(code, f"TIME adds up to {plugged}, total_time is {stated.total_hours}"))
            break
    return Units(lines=lines, evidence=tuple(found))


def energy_in_kwh(lines: tuple[CdrLine, ...], energy_kwh: Decimal) -> Units:
    """Convert lines that are in Wh, as the total shows: OCPI's own session sample has such."""
    energy = total(lines, (Dimension.ENERGY,))
    if not is_about(energy, 1000 * energy_kwh):
        return Units(lines=lines, evidence=())
    shown = f"ENERGY adds up to {energy}, the total is {energy_kwh} kWh"
    return Units(lines=_divide(lines, {Dimension.ENERGY}, 1000), evidence=(Evidence("unit.energy_wh", shown),))


def is_about(value: Decimal, expected: Decimal) -> bool:
    """Whether a value is what is expected, give or take two per cent."""
    return expected > 0 and abs(value - expected) * 50 <= expected


def odd(stated: Stated, lines: tuple[CdrLine, ...]) -> Iterator[Evidence]:
    """Yield what the detectors find; `lines` are in kWh and hours."""
    yield from _identity(stated)
    yield from _times(stated, lines)
    yield from _energy(stated, lines)
    yield from _money(stated)
    yield from _remark(stated)
    for code in quality_place.codes(stated.country, stated.coordinates):
        where = stated.coordinates
        place = f"latitude {where.latitude}, longitude {where.longitude}, " if where else ""
        yield Evidence(code, f"{place}country {stated.country}")
    if stated.as_text:
        yield Evidence(AS_TEXT, f"{', '.join(stated.as_text)} sent as text")


def evse_codes(evse: str) -> tuple[str, ...]:
    """Return what is odd about an EVSE id as written."""
    if evse == NOT_AVAILABLE:
        return ("id.not_available",)
    parsed = evse_id.parse(evse)
    return ("id.evse_unreadable",) if parsed is None else parsed.flags


def contract_codes(contract: str) -> tuple[str, ...]:
    """Return what is odd about a contract id as written."""
    if contract.strip().upper() == ADVENIR:
        return (SUBSIDY_ONLY,)
    parsed = contract_id.parse(contract)
    return ("con.unreadable",) if parsed is None else parsed.flags


def _identity(stated: Stated) -> Iterator[Evidence]:
    for code in evse_codes(stated.evse):
        yield Evidence(code, f"EVSE id {stated.evse!r}")
    if stated.contract is not None:
        for code in contract_codes(stated.contract):
            yield Evidence(code, f"contract id {stated.contract!r}")
    if not stated.has_told_kind:
        kind, written = ("contract", stated.contract) if stated.contract is not None else ("uid", stated.token_uid)
        yield Evidence(f"auth_id.is_{kind}", f"auth_id {written!r} was taken for a {kind} by its form")
    if not stated.has_own_owner:
        yield Evidence("owner.from_evse", f"{stated.owner} is the operator in EVSE id {stated.evse!r}")
    if stated.evse_count > 1:
        yield Evidence("location.many_evses", f"{stated.evse_count} EVSEs are named; the first is taken")


def _times(stated: Stated, lines: tuple[CdrLine, ...]) -> Iterator[Evidence]:
    for name, instant in (("start", stated.start), ("end", stated.end)):
        yield from (Evidence(code, f"the {name} is {instant.at:%Y-%m-%dT%H:%M:%SZ}") for code in instant.codes)
        if instant.offset_minutes:
            yield Evidence("time.offset_stated", f"the {name} is {instant.offset_minutes} minutes from UTC")
    plugged = total(lines, _PLUGGED)
    if plugged and abs(plugged - stated.total_hours) * 60 > 1:
        yield Evidence("time.sum", f"TIME and PARKING_TIME add up to {plugged} h, total_time is {stated.total_hours} h")
    if UNKNOWN_TIME in stated.start.codes:
        return
    duration = stated.end.at - stated.start.at
    difference = duration - timedelta(seconds=int(stated.total_hours * 3600))
    shown = f"from start to end it is {duration}, total_time is {stated.total_hours} h"
    if abs(abs(difference) - _AN_HOUR) <= _A_MINUTE:
        yield Evidence("tz.local_as_utc", shown)
    elif abs(difference) > _A_MINUTE:
        yield Evidence("time.duration", shown)


def _energy(stated: Stated, lines: tuple[CdrLine, ...]) -> Iterator[Evidence]:
    energy = stated.energy_kwh
    power = max((line.volume for line in lines if line.measure is Extreme.MAX_POWER), default=None)
    if energy < 0 or energy > MOST_KWH:
        yield Evidence("energy.impossible", f"total_energy is {energy} kWh")
    elif power is not None and energy * 10 > power * stated.total_hours * 11:
        yield Evidence("energy.impossible", f"{energy} kWh in {stated.total_hours} h at {power} kW at most")
    elif not energy and not stated.total_hours and stated.net > 0:
        yield Evidence("energy.impossible", f"{stated.net} {stated.currency} for no energy and no time")
    if stated.credit and energy < 0:
        yield Evidence("credit.energy_negated", f"total_energy is {energy}: a credit negates its total cost only")
    measured = total(lines, (Dimension.ENERGY,))
    if measured and abs(measured - energy) > Decimal("0.01"):
        yield Evidence("energy.sum", f"ENERGY adds up to {measured} kWh, total_energy is {energy} kWh")


def _money(stated: Stated) -> Iterator[Evidence]:
    net, gross = stated.net, stated.gross
    if (net < 0 and not stated.credit) or (net > 0 and stated.credit):
        yield Evidence("cost.sign", f"the total is {net}, and it is {'a' if stated.credit else 'no'} credit")
    if stated.credit and stated.credits_cdr_id is None:
        yield Evidence("credit.no_reference", "credit_reference_id is missing")
    if gross is not None and abs(gross) < abs(net):
        yield Evidence("cost.vat_confusion", f"{gross} with VAT is less than {net} without")
    others = sorted({currency for _, currency in stated.tariffs if currency != stated.currency})
    if others:
        shown = f"the cost is in {stated.currency}, an enclosed tariff in {', '.join(others)}"
        yield Evidence("cost.currency_mismatch", shown)
    # A credit negates the total only; its parts stay positive (OCPI 2.2.1 mod_cdrs, credit CDRs).
    added = sum(stated.parts, Decimal(0))
    if stated.parts and abs(added - abs(net)) > Decimal("0.01") * len(stated.parts):
        yield Evidence("cost.subtotal_sum", f"the parts add up to {added}, the total is {net}")


def _remark(stated: Stated) -> Iterator[Evidence]:
    if not is_cost_significant(stated):
        yield Evidence("cost.not_significant", f"the remark begins with {NOT_SIGNIFICANT}")
    if stated.remark.startswith(BY_HUB):
        yield Evidence("cost.computed_by_hub", f"the remark begins with {BY_HUB}")


def is_cost_significant(stated: Stated) -> bool:
    """Whether the sender means its total: Gireve's `[?]` says that it does not."""
    return not stated.remark.startswith(NOT_SIGNIFICANT)


def total(lines: tuple[CdrLine, ...], measures: tuple[Dimension, ...]) -> Decimal:
    """Return what the lines of some dimensions add up to."""
    return sum((line.volume for line in lines if line.measure in measures), Decimal(0))


def _divide(lines: tuple[CdrLine, ...], measures: set[Dimension], factor: int) -> tuple[CdrLine, ...]:
    return tuple(replace(line, volume=line.volume / factor) if line.measure in measures else line for line in lines)
