"""What is odd about an OCPI CDR, as far as the record alone shows it. A flag is information, never a refusal."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from charging.identifiers import contract_id, evse_id
from charging.roaming.cdr import CdrLine
from charging.roaming.ocpi.wire import Coordinates, OcpiCdr, as_utc
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

_PLUGGED = (Dimension.TIME, Dimension.PARKING_TIME)
_A_MINUTE = Decimal(1) / 60
_AN_HOUR_OFF = timedelta(hours=1)
_UNITS_OF_TIME = {"unit.time_min": 60, "unit.time_sec": 3600}


@dataclass(frozen=True, slots=True)
class Units:
    """The lines in kWh and hours, and which conversions that took."""

    lines: tuple[CdrLine, ...]
    flags: tuple[str, ...]


def in_common_units(record: OcpiCdr, lines: tuple[CdrLine, ...]) -> Units:
    """Convert lines that are in Wh, minutes or seconds, as the record's own totals show."""
    flags: list[str] = []
    if is_about(_total(lines, (Dimension.ENERGY,)), 1000 * record.total_energy):
        lines = _divide(lines, {Dimension.ENERGY}, 1000)
        flags.append("unit.energy_wh")
    for flag, factor in _UNITS_OF_TIME.items():
        if is_about(_total(lines, _PLUGGED), factor * record.total_time):
            lines = _divide(lines, set(_PLUGGED), factor)
            flags.append(flag)
            break
    return Units(lines=lines, flags=tuple(flags))


def is_about(value: Decimal, expected: Decimal) -> bool:
    """Whether a value is what is expected, give or take two per cent."""
    return expected > 0 and abs(value - expected) * 50 <= expected


def flags(record: OcpiCdr, lines: tuple[CdrLine, ...]) -> Iterator[str]:
    """Yield the codes of the detectors that fire."""
    yield from _identity(record)
    yield from _times(record, lines)
    yield from _energy(record, lines)
    yield from _money(record)
    if record.cdr_location.coordinates and _is_swapped(record.cdr_location.coordinates):
        yield "coords.swapped"


def _identity(record: OcpiCdr) -> Iterator[str]:
    evse = evse_id.parse(record.cdr_location.evse_id)
    yield from ("id.evse_unreadable",) if evse is None else evse.flags
    contract = contract_id.parse(record.cdr_token.contract_id)
    yield from ("con.unreadable",) if contract is None else contract.flags


def _times(record: OcpiCdr, lines: tuple[CdrLine, ...]) -> Iterator[str]:
    offset = record.start_date_time.utcoffset()
    if offset:
        yield "time.offset_stated"
    plugged = _total(lines, _PLUGGED)
    if plugged and abs(plugged - record.total_time) > _A_MINUTE:
        yield "time.sum"
    duration = as_utc(record.end_date_time) - as_utc(record.start_date_time)
    difference = duration - timedelta(seconds=int(record.total_time * 3600))
    if abs(abs(difference) - _AN_HOUR_OFF) <= timedelta(minutes=1):
        yield "tz.local_as_utc"
    elif abs(difference) > timedelta(minutes=1):
        yield "time.duration"


def _energy(record: OcpiCdr, lines: tuple[CdrLine, ...]) -> Iterator[str]:
    powers = [line.volume for line in lines if line.measure is Extreme.MAX_POWER]
    is_too_much = bool(powers) and record.total_energy > max(powers) * record.total_time * Decimal("1.1")
    is_paid_for_nothing = not record.total_energy and not record.total_time and record.total_cost.excl_vat > 0
    if record.total_energy < 0 or record.total_energy > 1000 or is_too_much or is_paid_for_nothing:
        yield "energy.impossible"
    measured = _total(lines, (Dimension.ENERGY,))
    if measured and abs(measured - record.total_energy) > Decimal("0.01"):
        yield "energy.sum"


def _money(record: OcpiCdr) -> Iterator[str]:
    net = record.total_cost.excl_vat
    if (net < 0 and not record.credit) or (net > 0 and record.credit):
        yield "cost.sign"
    if any(tariff.currency.upper() != record.currency.upper() for tariff in record.tariffs):
        yield "cost.currency_mismatch"
    parts = [
        part.excl_vat
        for part in (
            record.total_fixed_cost,
            record.total_energy_cost,
            record.total_time_cost,
            record.total_parking_cost,
            record.total_reservation_cost,
        )
        if part is not None
    ]
    # A credit negates the total only; its parts stay positive (OCPI 2.2.1 mod_cdrs, credit CDRs).
    if parts and abs(sum(parts) - abs(net)) > Decimal("0.01") * len(parts):
        yield "cost.subtotal_sum"
    if record.remark and record.remark.startswith("[?]"):
        yield "cost.not_significant"


def _is_swapped(coordinates: Coordinates) -> bool:
    """Whether latitude and longitude only make a place in Europe the other way round."""
    try:
        latitude, longitude = Decimal(coordinates.latitude), Decimal(coordinates.longitude)
    except InvalidOperation:
        return False
    return not _is_in_europe(latitude, longitude) and _is_in_europe(longitude, latitude)


def _is_in_europe(latitude: Decimal, longitude: Decimal) -> bool:
    return 34 <= latitude <= 72 and -25 <= longitude <= 45


def _total(lines: tuple[CdrLine, ...], measures: tuple[Dimension, ...]) -> Decimal:
    return sum((line.volume for line in lines if line.measure in measures), Decimal(0))


def _divide(lines: tuple[CdrLine, ...], measures: set[Dimension], factor: int) -> tuple[CdrLine, ...]:
    return tuple(
        CdrLine(
            measure=line.measure,
            started_at=line.started_at,
            volume=line.volume / factor if line.measure in measures else line.volume,
            tariff_id=line.tariff_id,
        )
        for line in lines
    )
