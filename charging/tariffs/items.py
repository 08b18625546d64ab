"""What an OCHP CDR costs: each of its periods bills one item, and the items may run at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledItem:
    """One CdrPeriod: `value` in the item's unit (kWh, h, kW or 1), times a price for one of it."""

    value: Decimal
    price: Decimal
    """Zero: it is not charged."""
    step: Decimal | None = None
    """Of the agreed tariff, in the item's unit: 0.1 h are six minutes. None where the value is billed as it stands."""
    tax_percent: Decimal | None = None
    stated_cost: Decimal | None = None

    @property
    def billed(self) -> Fraction:
        """The value filled up to whole steps."""
        value = Fraction(self.value)
        return ceil(value / Fraction(self.step)) * Fraction(self.step) if self.step and self.step > 0 else value

    @property
    def cost(self) -> Fraction:
        """The exact cost without tax."""
        return self.billed * Fraction(self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsCost:
    """The exact cost of a CDR."""

    net: Fraction
    gross: Fraction | None
    """None where an item that costs something does not say its rate."""
    deviating: tuple[int, ...]
    """Which items state a cost of their own that is not theirs."""


def ochp_cost(items: Sequence[BilledItem], *, within: Decimal = Decimal("0.005")) -> ItemsCost:
    """Return what items cost together; a stated cost may be off by `within`, for its rounding."""
    taxed = [
        item.cost * (100 + Fraction(item.tax_percent or 0)) / 100
        for item in items
        if item.tax_percent is not None or not item.cost
    ]
    return ItemsCost(
        net=sum((item.cost for item in items), Fraction(0)),
        gross=sum(taxed, Fraction(0)) if len(taxed) == len(items) else None,
        deviating=tuple(
            place
            for place, item in enumerate(items)
            if item.stated_cost is not None and abs(Fraction(item.stated_cost) - item.cost) > Fraction(within)
        ),
    )
