"""The fields of an OCPI Tariff object that a price needs (mod_tariffs, 2.1.1 to 2.3.0); others are allowed."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from charging.tariffs.tariff import Dimension, Reservation


class WireComponent(msgspec.Struct):
    """A price; `vat` since 2.2."""

    type: Dimension
    price: Decimal
    step_size: Decimal
    vat: Decimal | None = None


class WireRestrictions(msgspec.Struct):
    """When an element is active; current and reservation since 2.2."""

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
    min_duration: Decimal | None = None
    max_duration: Decimal | None = None
    day_of_week: list[str] | None = None
    reservation: Reservation | None = None


class WireElement(msgspec.Struct):
    """Prices under one set of restrictions."""

    price_components: list[WireComponent]
    restrictions: WireRestrictions | None = None


class WireLimit(msgspec.Struct):
    """A Price of 2.2.1, or a PriceLimit of 2.3.0."""

    excl_vat: Decimal | None = None
    incl_vat: Decimal | None = None
    before_taxes: Decimal | None = None
    after_taxes: Decimal | None = None


class WireTariff(msgspec.Struct):
    """A tariff of any version: what a version lacks is absent."""

    id: str
    currency: str
    elements: list[WireElement]
    type: str | None = None
    tax_included: str | None = None
    min_price: WireLimit | None = None
    max_price: WireLimit | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
