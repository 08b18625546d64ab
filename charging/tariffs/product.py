"""OICP 2.3 pricing products as tariffs: an OICP CDR names one and states no price (PricingProductDataRecord)."""

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from fractions import Fraction

import msgspec

from charging.tariffs.parse import UnreadableTariff, is_plain
from charging.tariffs.restrictions import MIDNIGHT, Moment, is_active
from charging.tariffs.tariff import Dimension, Element, Limit, PriceComponent, Restrictions, Tariff, Taxes

_PER_HOUR = {"HOUR": 1, "MINUTE": 60}
_ONCE = ("START FEE", "FIXED FEE")
_KINDS = frozenset({*_ONCE, "PARKING FEE", "MINIMUM FEE", "MAXIMUM FEE"})
_WEEK = frozenset(range(7))
_DAYS = {
    "everyday": _WEEK,
    "workdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    **{
        name: frozenset({day})
        for day, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
    },
}


class _Window(msgspec.Struct):
    begin: str
    end: str


class _Times(msgspec.Struct):
    periods: _Window | list[_Window] = msgspec.field(name="Periods")
    on: str = ""
    on_capital: str = msgspec.field(name="On", default="")


class _Reference(msgspec.Struct, rename="pascal"):
    additional_reference: str
    additional_reference_unit: str
    price_per_additional_reference_unit: Decimal


class _Record(msgspec.Struct):
    product_id: str = msgspec.field(name="ProductID")
    unit: str = msgspec.field(name="ReferenceUnit")
    currency: str = msgspec.field(name="ProductPriceCurrency")
    price: Decimal = msgspec.field(name="PricePerReferenceUnit")
    is_always: bool = msgspec.field(name="IsValid24hours", default=True)
    times: list[_Times] | None = msgspec.field(name="ProductAvailabilityTimes", default=None)
    references: list[_Reference] | None = msgspec.field(name="AdditionalReferences", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A pricing product. Its price holds for a whole session that began while it was available."""

    tariff: Tariff
    availability: tuple[Restrictions, ...]
    """Empty: always."""

    def is_available_at(self, local: datetime) -> bool:
        """Whether a session may begin with this product at a time of the location's clock."""
        moment = Moment(local=local, elapsed_seconds=Fraction(0), charged_kwh=Fraction(0))
        return not self.availability or any(is_active(window, moment) for window in self.availability)


def parse_product(text: str | bytes) -> Product:
    """Return the product that an OICP PricingProductDataRecord describes.

    Its reference price is for energy or for the time of charging; what follows until the session's end is paid by a
    PARKING FEE alone. OICP has neither VAT nor steps.

    Raises:
        UnreadableTariff: if a field is missing or cannot be understood.
    """
    try:
        record = msgspec.json.decode(text, type=_Record)
        return Product(tariff=_tariff(record), availability=tuple(_availability(record)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        raise UnreadableTariff(f"not an OICP pricing product: {problem}; it begins with {text[:40]!r}") from problem


def _tariff(record: _Record) -> Tariff:
    references = record.references or []
    unknown = [each.additional_reference for each in references if each.additional_reference not in _KINDS]
    if unknown:
        raise ValueError(f"the additional reference {unknown[0]!r} is not known")
    once = _sum(references, *_ONCE)
    components = [_component(record.unit, record.price)]
    if once is not None:
        components.append(_priced(Dimension.FLAT, once))
    components.extend(
        _component(each.additional_reference_unit, each.price_per_additional_reference_unit, is_parking=True)
        for each in references
        if each.additional_reference == "PARKING FEE"
    )
    return Tariff(
        tariff_id=record.product_id,
        currency=record.currency.upper(),
        elements=(Element(components=tuple(components)),),
        taxes=Taxes.UNSTATED,
        min_price=_limit(references, "MINIMUM FEE"),
        max_price=_limit(references, "MAXIMUM FEE"),
    )


def _component(unit: str, price: Decimal, *, is_parking: bool = False) -> PriceComponent:
    if unit == "KILOWATT_HOUR" and not is_parking:
        return _priced(Dimension.ENERGY, _exact(price))
    if unit not in _PER_HOUR:
        raise ValueError(
            f"the unit {unit!r} is not one of {', '.join(_PER_HOUR)}" + ("" if is_parking else ", KILOWATT_HOUR")
        )
    return _priced(Dimension.PARKING_TIME if is_parking else Dimension.TIME, _exact(price) * _PER_HOUR[unit])


def _priced(dimension: Dimension, price: Fraction) -> PriceComponent:
    return PriceComponent(dimension=dimension, price=price, vat_percent=None, step_size=1)


def _sum(references: list[_Reference], *kinds: str) -> Fraction | None:
    amounts = [
        _exact(each.price_per_additional_reference_unit) for each in references if each.additional_reference in kinds
    ]
    return sum(amounts, Fraction(0)) if amounts else None


def _limit(references: list[_Reference], kind: str) -> Limit | None:
    amount = _sum(references, kind)
    return None if amount is None else Limit(excl_vat=amount, incl_vat=None)


def _availability(record: _Record) -> list[Restrictions]:
    if record.is_always:
        return []
    windows = [
        Restrictions(start_time=_clock(window.begin), end_time=_clock(window.end), days_of_week=_days(times))
        for times in record.times or ()
        for window in (times.periods if isinstance(times.periods, list) else [times.periods])
    ]
    if not windows:
        raise ValueError("it is not valid for 24 hours, and does not say when")
    return windows


def _days(times: _Times) -> frozenset[int]:
    stated = times.on or times.on_capital
    if stated.lower() not in _DAYS:
        raise ValueError(f"{stated!r} are no days")
    return _DAYS[stated.lower()]


def _clock(text: str) -> time:
    return MIDNIGHT if text == "24:00" else time.fromisoformat(text)


def _exact(number: Decimal) -> Fraction:
    if not is_plain(number) or number < 0:
        raise ValueError(f"{number} is no price")
    return Fraction(number)
