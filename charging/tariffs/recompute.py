"""What a CDR should state by its own measured quantities and the agreed tariff, in money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from charging.roaming.cdr import Cdr, usage
from charging.roaming.terms import Terms
from charging.tariffs import refusals
from charging.tariffs.agreed import agreed
from charging.tariffs.cost import NotPriceable, Price
from charging.tariffs.price import price
from charging.tariffs.rounding import half_minor_unit
from charging.tariffs.tariff import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """Amounts as agreed, in whole minor units; None is what the tariff cannot tell."""

    net: Decimal | None
    gross: Decimal | None
    amount: Decimal
    """Without VAT, or with it where the tariff does not tell the other."""
    currency: str
    tolerance: Decimal
    """The largest difference that rounding explains."""
    line_count: int


def recompute(
    cdr: Cdr, *, tariffs: Sequence[Tariff], terms: Terms, as_of: datetime | None = None
) -> Recomputed | NotPriceable:
    """Return what a CDR should state, or why nobody can say: an approximation is no answer.

    The tariffs are those of `as_of`, which is the session's start unless two claims about it differ.
    """
    chosen = agreed(tariffs, at=as_of or cdr.started_at, vat_percent=terms.vat_percent)
    found = price(usage(cdr, time_zone=terms.time_zone), tariffs=chosen.by_id, default=chosen.default)
    if isinstance(found, NotPriceable):
        return found
    if found.doubts:
        return NotPriceable(reason=found.doubts[0])
    charge = found.rounded(terms.rounding)
    amount = charge.gross if charge.net is None else charge.net
    if amount is None:
        return NotPriceable(reason=refusals.TELLS_NOTHING)
    return Recomputed(
        net=charge.net,
        gross=charge.gross,
        amount=amount,
        currency=charge.currency,
        tolerance=money_tolerance(found, terms),
        line_count=len(found.lines),
    )


def money_tolerance(found: Price, terms: Terms) -> Decimal:
    """Return the largest difference that rounding explains: half a minor unit for every priced line, or as agreed."""
    if terms.tolerances.money is not None:
        return terms.tolerances.money
    return half_minor_unit(found.currency) * max(1, len(found.lines))
