"""The items that an OCHP CDR bills, and what they add up to (OCHP 1.4, CdrPeriodType). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from charging.roaming.stated_values import local_instant, number, require_order, required
from charging.roaming.xml_records import Node

_KINDS = frozenset({"parkingtime", "usagetime", "energy", "power", "servicefee", "reservation", "reservationtime"})
_HALF_A_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is billed, over a stretch of time that others may overlap."""

    kind: str
    """In lower case."""
    started_at: datetime
    ended_at: datetime
    value: Decimal
    cost: Decimal
    """As stated, or quantity times price."""
    tax_percent: Decimal | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What a CDR costs."""

    net: Decimal
    gross: Decimal | None
    codes: tuple[str, ...]


def item(node: Node) -> Item:
    """Return what one charging period bills.

    Raises:
        ValueError: if a quantity, a price or an instant is missing or none.
    """
    kind = required(node.get("billingItem"), "billingItem")
    start, end = (local_instant(node.get(name), f"chargingPeriods.{name}") for name in ("startDateTime", "endDateTime"))
    require_order(start.at, end.at)
    value, price = (_needed(node, name) for name in ("billingValue", "itemPrice"))
    stated = number(node.get("periodCost"), "periodCost")
    computed = value * price
    codes = [] if kind.lower() in _KINDS else ["billing.item_unknown"]
    if stated is not None and abs(stated - computed) > 2 * _HALF_A_CENT:
        codes.append("cost.line")
    return Item(
        kind=kind.lower(),
        started_at=start.at,
        ended_at=end.at,
        value=value,
        cost=computed if stated is None else stated,
        tax_percent=number(node.get("taxrate"), "taxrate"),
        codes=tuple(codes),
    )


def billed(items: Sequence[Item], total: Decimal | None) -> Billed:
    """Return the cost: the total as stated, which must be what the items add up to, or else their sum.

    With VAT it is known only where the rate of every item that costs something is.
    """
    added = sum((each.cost for each in items), Decimal(0))
    codes: tuple[str, ...] = ("cost.summed",)
    if total is not None:
        # Items and total may each be rounded to the cent.
        codes = ("cost.subtotal_sum",) if abs(total - added) > _HALF_A_CENT * (len(items) + 1) else ()
    costly = [each for each in items if each.cost]
    rates = [each.tax_percent for each in costly]
    net, gross = added if total is None else total, None
    has_rates = any(each.tax_percent is not None for each in items) and None not in rates
    if has_rates and "cost.subtotal_sum" not in codes:
        taxes = (each.cost * rate / 100 for each, rate in zip(costly, rates, strict=True) if rate is not None)
        gross = net + sum(taxes, Decimal(0))
    return Billed(net=net, gross=gross, codes=codes)


def _needed(node: Node, name: str) -> Decimal:
    found = number(node.get(name), f"chargingPeriods.{name}")
    if found is None:
        raise ValueError(f"`chargingPeriods.{name}` is missing")
    return found
