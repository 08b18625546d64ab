"""From an exact price to an amount of money. OCPI leaves rounding to the agreement (note on mod_tariffs)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor, trunc

_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_MINOR_UNITS = {
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class RoundAt(StrEnum):
    """Where an agreement rounds."""

    TOTAL = "total"
    PERIOD = "period"
    LINE = "line"


class RoundMode(StrEnum):
    """How an agreement rounds; away from zero on a tie unless it says otherwise."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """A partner's rule of rounding."""

    at: RoundAt = RoundAt.TOTAL
    mode: RoundMode = RoundMode.HALF_UP


def minor_units(currency: str) -> int:
    """Return the number of decimals of a currency (ISO 4217)."""
    return _MINOR_UNITS.get(currency, 2)


def half_minor_unit(currency: str) -> Decimal:
    """Return the largest error that rounding one amount of a currency can make."""
    return Decimal(5).scaleb(-minor_units(currency) - 1)


def to_money(amount: Fraction, *, currency: str, mode: RoundMode = RoundMode.HALF_UP) -> Decimal:
    """Round an exact amount to the currency's minor unit."""
    decimals = minor_units(currency)
    scaled = amount * 10**decimals
    match mode:
        case RoundMode.HALF_EVEN:
            units = round(scaled)
        case RoundMode.DOWN:
            units = trunc(scaled)
        case RoundMode.HALF_UP:
            units = floor(abs(scaled) + Fraction(1, 2)) * (-1 if scaled < 0 else 1)
    return Decimal(units).scaleb(-decimals)
