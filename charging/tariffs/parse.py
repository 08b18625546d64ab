"""OCPI 2.2.1 Tariff objects, from JSON text to tariffs without a float on the way."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
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
    Reservation,
    Restrictions,
    Tariff,
)

T = TypeVar("T")


class UnreadableTariff(ValueError):
    """A text is not an OCPI 2.2.1 tariff; the sentence says where and why."""


def parse(text: str | bytes) -> Tariff:
    """Return the tariff that an OCPI 2.2.1 Tariff object describes; unknown fields are allowed.

    Raises:
        UnreadableTariff: if a field is missing or cannot be understood.
    """
    return _read(text, lambda: _tariff(_ONE.decode(text)))


def parse_all(text: str | bytes) -> tuple[Tariff, ...]:
    """Return the tariffs of a JSON list of OCPI 2.2.1 Tariff objects.

    Raises:
        UnreadableTariff: if one of them cannot be understood.
    """
    return _read(text, lambda: tuple(_tariff(wire) for wire in _MANY.decode(text)))


def is_plain(number: Decimal) -> bool:
    """Whether a number from a wire is finite and of a size that money, energy or time can have."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -30 and number.adjusted() <= 15


def _read(text: str | bytes, read: Callable[[], T]) -> T:
    try:
        return read()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        raise UnreadableTariff(f"not an OCPI 2.2.1 tariff: {problem}; it begins with {text[:40]!r}") from problem


_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


class _Component(msgspec.Struct):
    type: Dimension
    price: Decimal
    step_size: int
    vat: Decimal | None = None


class _Restrictions(msgspec.Struct):
    start_time: str | None = None
    end_time: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: list[str] = []
    reservation: Reservation | None = None


class _Element(msgspec.Struct):
    price_components: list[_Component]
    restrictions: _Restrictions | None = None


class _Limit(msgspec.Struct):
    excl_vat: Decimal
    incl_vat: Decimal | None = None


class _Tariff(msgspec.Struct):
    id: str
    currency: str
    elements: list[_Element]
    min_price: _Limit | None = None
    max_price: _Limit | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None


_ONE = msgspec.json.Decoder(_Tariff)
_MANY = msgspec.json.Decoder(list[_Tariff])


def _tariff(wire: _Tariff) -> Tariff:
    if not wire.elements:
        raise ValueError("`elements` is empty")
    return Tariff(
        tariff_id=wire.id,
        currency=wire.currency.upper(),
        elements=tuple(_element(element) for element in wire.elements),
        min_price=_limit(wire.min_price),
        max_price=_limit(wire.max_price),
        valid_from=_instant(wire.start_date_time),
        valid_to=_instant(wire.end_date_time),
    )


def _element(wire: _Element) -> Element:
    if any(component.type is Dimension.RESERVATION_TIME for component in wire.price_components):
        raise ValueError("RESERVATION_TIME is measured, not priced: price TIME under a `reservation` restriction")
    components = tuple(
        PriceComponent(
            dimension=component.type,
            price=_exact(component.price),
            vat_percent=None if component.vat is None else _exact(component.vat),
            step_size=max(1, component.step_size),  # the free tariff of the specification writes 0
        )
        for component in wire.price_components
    )
    if not components:
        raise ValueError("`price_components` is empty")
    return Element(components=components, restrictions=_restrictions(wire.restrictions))


def _restrictions(wire: _Restrictions | None) -> Restrictions:
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
        min_duration=wire.min_duration,
        max_duration=wire.max_duration,
        days_of_week=frozenset(_DAYS.index(day) for day in wire.day_of_week),
        reservation=wire.reservation,
    )


def _limit(wire: _Limit | None) -> Limit | None:
    if wire is None:
        return None
    return Limit(excl_vat=_exact(wire.excl_vat), incl_vat=_optional(wire.incl_vat))


def _exact(number: Decimal) -> Fraction:
    if not is_plain(number):
        raise ValueError(f"{number} is no amount")
    return Fraction(number)


def _optional(number: Decimal | None) -> Fraction | None:
    return None if number is None else _exact(number)


def _local_time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def _instant(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
