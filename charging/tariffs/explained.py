"""A price beside what its CDR states: every line with its reason, the limits, the rounding, the difference."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from charging.roaming.cdr import Cdr, usage
from charging.roaming.terms import Terms
from charging.tariffs.agreed import Agreed
from charging.tariffs.cost import Charge, NotPriceable, Price, PriceLine
from charging.tariffs.price import price
from charging.tariffs.recompute import money_tolerance
from charging.tariffs.tariff import Dimension, Tariff
from charging.tariffs.usage import Usage
from charging.tariffs.walk import Step, walk
from charging.tariffs.why import why

UNITS = {Dimension.FLAT: "session", Dimension.ENERGY: "kWh"}
"""What a dimension is measured in; the times are in hours."""


class Outcome(StrEnum):
    """How a CDR's own total stands to its price."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within_tolerance"
    DIFFERS = "differs"
    APPROXIMATED = "approximated"
    """There is a price, but for a reason that is said nobody can hold it against the CDR's."""
    NOT_PRICEABLE = "not_priceable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """One reason for an amount."""

    period: int
    started_at: datetime
    local_time: str
    dimension: Dimension
    measured: Fraction
    billed: Fraction
    unit: str
    step_size: int
    unit_price: Fraction
    vat_percent: Fraction | None
    net: Fraction | None
    gross: Fraction | None
    tariff_id: str
    element: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitApplied:
    """A least or most that took the place of what the lines make."""

    limit: str
    side: str
    lines_make: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the CDR's sub-totals without VAT, beside what the lines of its dimension make."""

    dimension: Dimension
    stated: Decimal
    computed: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """All there is to say about a CDR's price."""

    outcome: Outcome
    currency: str
    stated_net: Decimal | None
    stated_gross: Decimal | None
    reason: str | None = None
    lines: tuple[ExplainedLine, ...] = ()
    limits: tuple[LimitApplied, ...] = ()
    exact_net: Fraction | None = None
    exact_gross: Fraction | None = None
    net: Decimal | None = None
    """Rounded as agreed."""
    gross: Decimal | None = None
    tolerance: Decimal | None = None
    difference_net: Decimal | None = None
    """Stated less computed."""
    difference_gross: Decimal | None = None
    parts: tuple[Part, ...] = ()


def explain(cdr: Cdr, *, tariffs: Agreed, terms: Terms, parts: dict[Dimension, Decimal]) -> Explained:
    """Return the price of a CDR line by line, beside what it states; a credit's total is the negative of its price."""
    measured = usage(cdr, time_zone=terms.time_zone)
    found = price(measured, tariffs=tariffs.by_id, default=tariffs.default)
    if isinstance(found, NotPriceable):
        return Explained(
            outcome=Outcome.NOT_PRICEABLE,
            currency=cdr.currency,
            stated_net=cdr.net,
            stated_gross=cdr.gross,
            reason=found.reason,
        )
    sign = -1 if cdr.is_credit else 1
    charge, tolerance = found.rounded(terms.rounding), money_tolerance(found, terms)
    net, gross = _less(cdr.net, charge.net, sign), _less(cdr.gross, charge.gross, sign)
    outcome, reason = _outcome(cdr, found, charge, (net, gross), tolerance)
    return Explained(
        outcome=outcome,
        currency=charge.currency,
        stated_net=cdr.net,
        stated_gross=cdr.gross,
        reason=reason,
        lines=_lines(found, measured, tariffs),
        limits=_limits(found),
        exact_net=found.excl_vat,
        exact_gross=found.incl_vat,
        net=None if charge.net is None else sign * charge.net,
        gross=None if charge.gross is None else sign * charge.gross,
        tolerance=tolerance,
        difference_net=net,
        difference_gross=gross,
        parts=tuple(
            Part(dimension=dimension, stated=amount, computed=_part(found, dimension))
            for dimension, amount in parts.items()
        ),
    )


def _outcome(
    cdr: Cdr, found: Price, charge: Charge, differences: tuple[Decimal | None, Decimal | None], tolerance: Decimal
) -> tuple[Outcome, str | None]:
    known = [difference for difference in differences if difference is not None]
    if found.doubts:
        return Outcome.APPROXIMATED, "; ".join(found.doubts)
    if not cdr.is_cost_significant:
        return Outcome.NOT_PRICEABLE, "its sender says that its amount means nothing"
    if not known:
        return Outcome.NOT_PRICEABLE, "it states no amount that the tariff tells"
    if cdr.currency != charge.currency:
        return Outcome.DIFFERS, f"it is stated in {cdr.currency} and priced in {charge.currency}"
    greatest = max(map(abs, known))
    if greatest > tolerance:
        return Outcome.DIFFERS, None
    return Outcome.WITHIN_TOLERANCE if greatest else Outcome.EQUAL, None


def _less(stated: Decimal | None, computed: Decimal | None, sign: int) -> Decimal | None:
    return None if stated is None or computed is None else stated - sign * computed


def _lines(found: Price, measured: Usage, tariffs: Agreed) -> tuple[ExplainedLine, ...]:
    steps = {step.index: step for step in walk(measured)}
    return tuple(_line(line, steps[line.period], tariffs) for line in found.lines)


def _line(line: PriceLine, step: Step, tariffs: Agreed) -> ExplainedLine:
    tariff = _tariff(tariffs, step)
    is_reserved = tariff.elements[line.element].restrictions.reservation is not None
    priced = Dimension.TIME if line.dimension is Dimension.RESERVATION_TIME else line.dimension
    return ExplainedLine(
        period=line.period,
        started_at=step.period.started_at,
        local_time=f"{step.moment.local:%Y-%m-%d %H:%M:%S}",
        dimension=line.dimension,
        measured=line.measured,
        billed=line.billed,
        unit="reservation" if is_reserved and priced is Dimension.FLAT else UNITS.get(line.dimension, "h"),
        step_size=line.step_size,
        unit_price=line.unit_price,
        vat_percent=line.vat_percent,
        net=line.excl_vat,
        gross=line.incl_vat,
        tariff_id=line.tariff_id,
        element=line.element,
        why=why(tariff, priced, line.element, step.moment),
    )


def _tariff(tariffs: Agreed, step: Step) -> Tariff:
    tariff = tariffs.by_id.get(step.period.tariff_id or "") or tariffs.default
    if tariff is None:
        raise LookupError("a line was priced by no tariff")
    return tariff


def _limits(found: Price) -> tuple[LimitApplied, ...]:
    applied = []
    for side, made, limited in zip(("net", "gross"), found.sums(), (found.excl_vat, found.incl_vat), strict=True):
        if made is not None and limited is not None and made != limited:
            name = "min_price" if limited > made else "max_price"
            applied.append(LimitApplied(limit=name, side=side, lines_make=made, amount=limited))
    return tuple(applied)


def _part(found: Price, dimension: Dimension) -> Fraction | None:
    amounts = [line.excl_vat for line in found.lines if line.dimension is dimension]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Fraction(0)) if len(known) == len(amounts) else None
