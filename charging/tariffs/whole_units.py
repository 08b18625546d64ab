"""Amounts, steps and rates of a tariff as whole numbers of 64 bits, where they are such."""

from fractions import Fraction

from charging.tariffs.kernels.forms import HOUR, LIMIT, WHOLE
from charging.tariffs.rounding import Rounding, minor_units, to_money
from charging.tariffs.tariff import Dimension, PriceComponent, Tariff, Taxes

_UNIT = {Dimension.FLAT: HOUR, Dimension.ENERGY: 3600}
"""Of a price, in which the price of one mWh, microsecond or session is whole: an hour has 3.6e9 microseconds, a kWh 1e6
mWh."""
_MOST_DIGITS = 5
"""More digits than the currency has: the rest below a minor unit, times a rate of VAT, must fit into 64 bits."""
_MOST_ELEMENTS = 60
_GREATEST_STEP = 1_000_000_000


def is_usual(tariff: Tariff) -> bool:
    """Whether a tariff's every amount is a whole number that fits; the others are priced in fractions."""
    components = [component for element in tariff.elements for component in element.components]
    factors = [factor(tariff, component) for component in components]
    limits = [limit for limit in (tariff.min_price, tariff.max_price) if limit is not None]
    return (
        tariff.taxes is not Taxes.INCLUDED  # a net amount is then hardly ever a decimal number
        and len(tariff.elements) <= _MOST_ELEMENTS
        and _digits(tariff) is not None
        and all(0 <= amount * scale(tariff) * HOUR <= LIMIT for amount in _amounts(tariff))
        and all(component.step_size <= _GREATEST_STEP for component in components)
        and all(factor.denominator == 1 and factor <= 2 * WHOLE for factor in factors)
        and not (tariff.is_taxed and any(limit.incl_vat is None for limit in limits))
    )


def _amounts(tariff: Tariff) -> list[Fraction]:
    limits = [limit for limit in (tariff.min_price, tariff.max_price) if limit is not None]
    return [
        *(component.price for element in tariff.elements for component in element.components),
        *(limit.excl_vat for limit in limits),
        *(limit.incl_vat for limit in limits if limit.incl_vat is not None),
    ]


def _digits(tariff: Tariff) -> int | None:
    """Return how many decimals make all amounts whole, at least those of the currency."""
    least = minor_units(tariff.currency)
    amounts = _amounts(tariff)
    return next(
        (
            digits
            for digits in range(least, least + _MOST_DIGITS + 1)
            if all((amount * 10**digits).denominator == 1 for amount in amounts)
        ),
        None,
    )


def scale(tariff: Tariff) -> int:
    """Return how many of the tariff's own smallest amounts make one of its currency."""
    return int(10 ** (_digits(tariff) or 0))


def minor(tariff: Tariff) -> int:
    """Return how many units of the tariff make a minor unit of its currency."""
    return int(HOUR * scale(tariff) // 10 ** minor_units(tariff.currency))


def rate(tariff: Tariff, component: PriceComponent) -> int:
    """Return the price of one mWh, microsecond or session in units of the tariff."""
    return int(component.price * scale(tariff) * _UNIT.get(component.dimension, 1))


def step(component: PriceComponent) -> int:
    """Return a step in mWh or microseconds."""
    return component.step_size * (1_000 if component.dimension is Dimension.ENERGY else 1_000_000)


def factor(tariff: Tariff, component: PriceComponent) -> Fraction:
    """Return what makes gross of net, in ten-thousandths."""
    if tariff.taxes is not Taxes.ADDED or component.vat_percent is None:
        return Fraction(WHOLE)
    return (100 + component.vat_percent) * WHOLE / 100


def limits(tariff: Tariff) -> list[Fraction | None]:
    """Return least and most, net then gross; where none is taxed, a limit without VAT is also one with it."""
    limits = (tariff.min_price, tariff.max_price)
    net = [None if limit is None else limit.excl_vat for limit in limits]
    gross = [
        None if limit is None else limit.excl_vat if limit.incl_vat is None else limit.incl_vat for limit in limits
    ]
    return [*net, *gross]


def rounded(bound: Fraction, tariff: Tariff, rounding: Rounding) -> int:
    """Return a limit in minor units."""
    money = to_money(bound, currency=tariff.currency, mode=rounding.mode)
    return int(money.scaleb(minor_units(tariff.currency)))
