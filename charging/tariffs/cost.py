"""What a session costs, as a value: the lines that explain it, its limits, and what rounding makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from charging.tariffs.rounding import RoundAt, Rounding, to_money
from charging.tariffs.tariff import Dimension, Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One reason for an amount: `billed` times `unit_price`, and the VAT on it."""

    period: int
    dimension: Dimension
    tariff_id: str
    element: int
    """Which element of the tariff, counted from 0: a FLAT component is charged once a session."""
    measured: Fraction
    """kWh or hours; 1 for FLAT."""
    billed: Fraction
    """As measured, or filled up to a whole step."""
    unit_price: Fraction
    step_size: int
    vat_percent: Fraction | None

    @property
    def excl_vat(self) -> Fraction:
        """The amount without VAT."""
        return self.billed * self.unit_price

    @property
    def incl_vat(self) -> Fraction:
        """The amount with VAT; the same as without where no VAT applies."""
        return self.excl_vat if self.vat_percent is None else self.excl_vat * (100 + self.vat_percent) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A price in whole minor units, as one party would state it."""

    net: Decimal
    gross: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a session costs, unrounded."""

    currency: str
    lines: tuple[PriceLine, ...]
    min_price: Limit | None = None
    max_price: Limit | None = None
    doubts: tuple[str, ...] = ()
    """Why this price is an approximation; empty when it is exact."""

    @property
    def excl_vat(self) -> Fraction:
        """The exact amount without VAT."""
        return self._limited(net=sum((line.excl_vat for line in self.lines), Fraction(0)))

    @property
    def incl_vat(self) -> Fraction:
        """The exact amount with VAT."""
        return self._limited(gross=sum((line.incl_vat for line in self.lines), Fraction(0)))

    def rounded(self, rounding: Rounding) -> Charge:
        """Return the amounts that an agreement with this rule of rounding bills."""
        net = self._limited(net=self._sum(rounding, [(line.period, line.excl_vat) for line in self.lines]))
        gross = self._limited(gross=self._sum(rounding, [(line.period, line.incl_vat) for line in self.lines]))
        return Charge(
            net=to_money(net, currency=self.currency, mode=rounding.mode),
            gross=to_money(gross, currency=self.currency, mode=rounding.mode),
            currency=self.currency,
        )

    def _sum(self, rounding: Rounding, amounts: Sequence[tuple[int, Fraction]]) -> Fraction:
        parts = [amount for _, amount in amounts]
        if rounding.at is RoundAt.TOTAL:
            return sum(parts, Fraction(0))
        if rounding.at is RoundAt.PERIOD:
            periods = dict.fromkeys(period for period, _ in amounts)
            parts = [sum((part for at, part in amounts if at == period), Fraction(0)) for period in periods]
        return sum(
            (Fraction(to_money(part, currency=self.currency, mode=rounding.mode)) for part in parts), Fraction(0)
        )

    def _limited(self, *, net: Fraction | None = None, gross: Fraction | None = None) -> Fraction:
        """Apply the limits, each to its own side: with and without VAT may be reached at different volumes."""
        amount = net if net is not None else gross or Fraction(0)
        for limit, choose in ((self.min_price, max), (self.max_price, min)):
            bound = None if limit is None else (limit.excl_vat if net is not None else limit.incl_vat)
            amount = amount if bound is None else choose(amount, bound)
        return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPriceable:
    """A session whose price nobody can work out from what is known, and why."""

    reason: str
