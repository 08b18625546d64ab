"""What a session costs, as a value: the lines that explain it, its limits, and what rounding makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from charging.tariffs.rounding import RoundAt, Rounding, to_money
from charging.tariffs.tariff import Dimension, Limit, Taxes


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One reason for an amount: `billed` times `unit_price`, and the VAT on it or in it."""

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
    taxes: Taxes = Taxes.ADDED

    @property
    def excl_vat(self) -> Fraction | None:
        """The amount without VAT; None where the price has VAT in it and nobody says how much."""
        amount = self.billed * self.unit_price
        if self.taxes is not Taxes.INCLUDED or not amount:
            return amount
        return None if self.vat_percent is None else amount * 100 / (100 + self.vat_percent)

    @property
    def incl_vat(self) -> Fraction | None:
        """The amount with VAT, the same as without where none applies; None where nobody says the rate."""
        amount = self.billed * self.unit_price
        if self.taxes is Taxes.UNSTATED and amount:
            return None
        is_added = self.taxes is Taxes.ADDED and self.vat_percent is not None
        return amount * (100 + self.vat_percent) / 100 if is_added and self.vat_percent else amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A price in whole minor units, as one party would state it; None is what cannot be known."""

    net: Decimal | None
    gross: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a session costs, unrounded."""

    currency: str
    lines: tuple[PriceLine, ...]
    min_price: Limit | None = None
    max_price: Limit | None = None
    is_taxed: bool = True
    """Whether VAT may be due on what the lines do not itemise: a limit that is stated without it."""
    doubts: tuple[str, ...] = ()
    """Why this price is an approximation; empty when it is exact."""

    @property
    def excl_vat(self) -> Fraction | None:
        """The exact amount without VAT; None where the tariff does not tell it."""
        return self.limited(*self.sums())[0]

    @property
    def incl_vat(self) -> Fraction | None:
        """The exact amount with VAT; None where the tariff does not tell it."""
        return self.limited(*self.sums())[1]

    def sums(self, rounding: Rounding | None = None) -> tuple[Fraction | None, Fraction | None]:
        """Return what the lines make, net and gross, before limits; rounded on the way where a rule says so."""
        net = self._sum(rounding, [(line.period, line.excl_vat) for line in self.lines])
        gross = self._sum(rounding, [(line.period, line.incl_vat) for line in self.lines])
        return net, gross

    def rounded(self, rounding: Rounding) -> Charge:
        """Return the amounts that an agreement with this rule of rounding bills."""
        net, gross = (
            None if amount is None else to_money(amount, currency=self.currency, mode=rounding.mode)
            for amount in self.limited(*self.sums(rounding))
        )
        return Charge(net=net, gross=gross, currency=self.currency)

    def limited(self, net: Fraction | None, gross: Fraction | None) -> tuple[Fraction | None, Fraction | None]:
        """Apply the limits, each to its own side: with and without VAT may be reached at different volumes."""
        for limit, choose in ((self.min_price, max), (self.max_price, min)):
            if limit is None:
                continue
            bounded = None if net is None else choose(net, limit.excl_vat)
            if limit.incl_vat is not None:
                gross = None if gross is None else choose(gross, limit.incl_vat)
            elif net is None or bounded != net:  # the limit was reached, and is stated without VAT only
                gross = None if self.is_taxed else bounded
            net = bounded
        return net, gross

    def _sum(self, rounding: Rounding | None, amounts: Sequence[tuple[int, Fraction | None]]) -> Fraction | None:
        parts = [part for _, part in amounts if part is not None]
        if len(parts) < len(amounts):
            return None
        if rounding is None or rounding.at is RoundAt.TOTAL:
            return sum(parts, Fraction(0))
        if rounding.at is RoundAt.PERIOD:
            periods = dict.fromkeys(period for period, _ in amounts)
            parts = [sum((part for at, part in amounts if at == period and part), Fraction(0)) for period in periods]
        return sum(
            (Fraction(to_money(part, currency=self.currency, mode=rounding.mode)) for part in parts), Fraction(0)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPriceable:
    """A session whose price nobody can work out from what is known, and why."""

    reason: str
