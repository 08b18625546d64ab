"""Tariffs as OCPI means them (mod_tariffs of 2.1.1, 2.2.1 and 2.3.0); prices are exact fractions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from fractions import Fraction


class Dimension(StrEnum):
    """What a price component charges for, or a charging period measures."""

    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    RESERVATION_TIME = "RESERVATION_TIME"


class Reservation(StrEnum):
    """Which reservations an element describes the costs of."""

    MADE = "RESERVATION"
    EXPIRED = "RESERVATION_EXPIRES"


class Taxes(StrEnum):
    """How a tariff's prices stand to VAT (`tax_included` of OCPI 2.3.0, whose words these are)."""

    ADDED = "NO"
    """Prices are without VAT, as in OCPI 2.2.1."""
    INCLUDED = "YES"
    NONE = "N/A"
    """No tax applies."""
    UNSTATED = "unstated"
    """Prices are without VAT, and its rate is not part of the protocol (OCPI 2.1.1, OICP)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceComponent:
    """The price of one dimension: per kWh, per hour, or once. The tariff says whether VAT is in it."""

    dimension: Dimension
    price: Fraction
    vat_percent: Fraction | None
    """None means that no VAT applies, which differs from a rate of zero (OCPI PriceComponent)."""
    step_size: int
    """In Wh or seconds, at least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """When an element is active; every given one must hold. Times and dates are local to the location."""

    start_time: time | None = None
    end_time: time | None = None
    """Exclusive; midnight means the end of the day."""
    start_date: date | None = None
    end_date: date | None = None
    """Exclusive."""
    min_kwh: Fraction | None = None
    max_kwh: Fraction | None = None
    min_current: Fraction | None = None
    max_current: Fraction | None = None
    min_power: Fraction | None = None
    max_power: Fraction | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    days_of_week: frozenset[int] = frozenset()
    """Monday is 0, as in `date.weekday`."""
    reservation: Reservation | None = None


ALWAYS = Restrictions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Price components that are active together."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The least or the most that a session costs; both amounts apply, each on its own (OCPI note on min_price)."""

    excl_vat: Fraction
    incl_vat: Fraction | None
    """None: the tariff does not say; where VAT applies and the limit is reached, nobody knows the amount with VAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a session costs. The order of the elements decides: the first active one that names a dimension."""

    tariff_id: str
    currency: str
    elements: tuple[Element, ...]
    taxes: Taxes = Taxes.ADDED
    kind: str | None = None
    """OCPI's `type`: REGULAR, AD_HOC_PAYMENT, PROFILE_GREEN…; it prices nothing by itself."""
    min_price: Limit | None = None
    max_price: Limit | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    """Exclusive."""

    @property
    def is_taxed(self) -> bool:
        """Whether VAT is due on any of its prices, or may be."""
        rates = [component.vat_percent for element in self.elements for component in element.components]
        match self.taxes:
            case Taxes.NONE:
                return False
            case Taxes.UNSTATED:
                return True
            case Taxes.INCLUDED:
                return any(rate is None or rate > 0 for rate in rates)
            case Taxes.ADDED:
                return any(rate for rate in rates)

    @property
    def is_local(self) -> bool:
        """Whether it depends on the wall clock at the location."""
        return any(
            rule.days_of_week or any((rule.start_time, rule.end_time, rule.start_date, rule.end_date))
            for rule in (element.restrictions for element in self.elements)
        )

    def is_valid_at(self, instant: datetime) -> bool:
        """Whether a session that starts at `instant` may be priced with this tariff."""
        return (self.valid_from is None or self.valid_from <= instant) and (
            self.valid_to is None or instant < self.valid_to
        )


def valid_at(tariffs: Iterable[Tariff], instant: datetime) -> Tariff | None:
    """Return the tariff that a session starting at `instant` is priced with: of several, the one agreed last."""
    valid = [tariff for tariff in tariffs if tariff.is_valid_at(instant)]
    return max(valid, key=lambda tariff: (tariff.valid_from is not None, tariff.valid_from or instant), default=None)
