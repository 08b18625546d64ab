"""OCPI Tariff objects of 2.1.1, 2.2.1 and 2.3.0, from JSON text to tariffs without a float on the way."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import msgspec

from charging.tariffs.tariff import (
    ALWAYS,
    Dimension,
    Element,
    Limit,
    PriceComponent,
    Restrictions,
    Tariff,
    Taxes,
)
from charging.tariffs.wire import WireElement, WireLimit, WireRestrictions, WireTariff

T = TypeVar("T")
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_ONE = msgspec.json.Decoder(WireTariff)
_MANY = msgspec.json.Decoder(list[WireTariff])


class UnreadableTariff(ValueError):
    """A text is not an OCPI tariff; the sentence says where and why."""


def parse(text: str | bytes, *, version: str | None = None) -> Tariff:
    """Return the tariff that an OCPI Tariff object describes; unknown fields are allowed.

    Without a version it is read as of 2.3.0 if it states `tax_included`, and as of 2.2.1 if not: nothing in a tariff
    tells 2.1.1, which cannot state VAT, from a 2.2.1 to which none applies.

    Raises:
        UnreadableTariff: if a field is missing or cannot be understood.
    """
    return _read(text, lambda: _tariff(_ONE.decode(text), version))


def parse_all(text: str | bytes, *, version: str | None = None) -> tuple[Tariff, ...]:
    """Return the tariffs of a JSON list of OCPI Tariff objects, each read as by `parse`.

    Raises:
        UnreadableTariff: if one of them cannot be understood.
    """
    return _read(text, lambda: tuple(_tariff(wire, version) for wire in _MANY.decode(text)))


def is_plain(number: Decimal) -> bool:
    """Whether a number from a wire is finite and of a size that money, energy or time can have."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -30 and number.adjusted() <= 15


def _read(text: str | bytes, read: Callable[[], T]) -> T:
    try:
        return read()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        raise UnreadableTariff(f"not an OCPI tariff: {problem}; it begins with {text[:40]!r}") from problem


def _tariff(wire: WireTariff, version: str | None) -> Tariff:
    if not wire.elements:
        raise ValueError("`elements` is empty")
    return Tariff(
        tariff_id=wire.id,
        currency=wire.currency.upper(),
        elements=tuple(_element(element) for element in wire.elements),
        taxes=_taxes(wire, version),
        kind=wire.type,
        min_price=_limit(wire.min_price),
        max_price=_limit(wire.max_price),
        valid_from=_instant(wire.start_date_time),
        valid_to=_instant(wire.end_date_time),
    )


def _taxes(wire: WireTariff, version: str | None) -> Taxes:
    if wire.tax_included is not None and version in {None, "2.3.0"}:
        return Taxes(wire.tax_included.upper())
    if version == "2.3.0":
        raise ValueError("`tax_included` is missing: nobody can say whether its prices have VAT in them")
    has_vat = any(component.vat is not None for element in wire.elements for component in element.price_components)
    # A rate in a 2.1.1 tariff is an extension; whoever writes it means it as 2.2.1 does.
    return Taxes.UNSTATED if version == "2.1.1" and not has_vat else Taxes.ADDED


def _element(wire: WireElement) -> Element:
    if any(component.type is Dimension.RESERVATION_TIME for component in wire.price_components):
        raise ValueError("RESERVATION_TIME is measured, not priced: price TIME under a `reservation` restriction")
    components = tuple(
        PriceComponent(
            dimension=component.type,
            price=_exact(component.price),
            vat_percent=_optional(component.vat),
            step_size=max(1, _whole(component.step_size)),  # the free tariff of the specification writes 0
        )
        for component in wire.price_components
    )
    if not components:
        raise ValueError("`price_components` is empty")
    if any(component.vat_percent is not None and component.vat_percent < 0 for component in components):
        raise ValueError("`vat` is negative")
    return Element(components=components, restrictions=_restrictions(wire.restrictions))


def _restrictions(wire: WireRestrictions | None) -> Restrictions:
    if wire is None:
        return ALWAYS
    return Restrictions(
        start_time=_local_time(wire.start_time),
        end_time=_local_time(wire.end_time),
        start_date=wire.start_date,
        end_date=wire.end_date,
        min_kwh=_optional(wire.min_kwh),
        max_kwh=_optional(wire.max_kwh),
        min_current=_optional(wire.min_current),
        max_current=_optional(wire.max_current),
        min_power=_optional(wire.min_power),
        max_power=_optional(wire.max_power),
        min_duration=_seconds(wire.min_duration),
        max_duration=_seconds(wire.max_duration),
        days_of_week=frozenset(_DAYS.index(day.upper()) for day in wire.day_of_week or ()),
        reservation=wire.reservation,
    )


def _limit(wire: WireLimit | None) -> Limit | None:
    if wire is None:
        return None
    excl_vat = wire.before_taxes if wire.excl_vat is None else wire.excl_vat
    if excl_vat is None:
        raise ValueError("a limit states neither `excl_vat` nor `before_taxes`")
    incl_vat = wire.after_taxes if wire.incl_vat is None else wire.incl_vat
    return Limit(excl_vat=_exact(excl_vat), incl_vat=_optional(incl_vat))


def _exact(number: Decimal) -> Fraction:
    if not is_plain(number):
        raise ValueError(f"{number} is no amount")
    return Fraction(number)


def _optional(number: Decimal | None) -> Fraction | None:
    return None if number is None else _exact(number)


def _local_time(text: str | None) -> time | None:
    """Return a time of day; 24:00 is what some write for the end of the day, which OCPI writes 00:00."""
    if text is None:
        return None
    read = time.fromisoformat("00:00" if text == "24:00" else text)
    if read.tzinfo is not None:
        raise ValueError(f"{text!r} has a time zone; times of day are those of the location")
    return read


def _seconds(number: Decimal | None) -> int | None:
    return None if number is None else _whole(number)


def _whole(number: Decimal) -> int:
    if _exact(number).denominator != 1:
        raise ValueError(f"{number} is no whole number")
    return int(number)


def _instant(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
