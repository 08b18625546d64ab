"""The price of a session under a tariff: OCPI mod_tariffs, in exact fractions, each line explained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from charging.tariffs import refusals
from charging.tariffs.cost import NotPriceable, Price, PriceLine
from charging.tariffs.restrictions import Moment
from charging.tariffs.tariff import ALWAYS, Dimension, PriceComponent, Reservation, Tariff
from charging.tariffs.usage import Extreme, Usage
from charging.tariffs.walk import Step, active_component, walk

_MEASURED = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
_UNIT = {Dimension.ENERGY: 1000, Dimension.FLAT: 1}  # Wh in a kWh; the times are seconds in an hour


def price(usage: Usage, *, tariffs: Mapping[str, Tariff], default: Tariff | None = None) -> Price | NotPriceable:
    """Return what a session costs.

    A period is priced with the tariff that it names, or else with `default`. Exact: nothing is rounded here.
    """
    if refusal := _unusable(usage):
        return NotPriceable(reason=refusal)
    steps = tuple(walk(usage))
    chosen = [tariffs.get(step.period.tariff_id or "") or default for step in steps]
    pairs = [(step, tariff) for step, tariff in zip(steps, chosen, strict=True) if tariff is not None]
    if len(pairs) < len(steps):
        named = steps[chosen.index(None)].period.tariff_id
        return NotPriceable(reason=refusals.not_known(named) if named else refusals.NONE_AGREED)
    if refusal := next(_contradictions(pairs), None):
        return NotPriceable(reason=refusal)
    lines = [line for step, tariff in pairs for line in _lines(step, tariff, has_expired=usage.has_expired_reservation)]
    for group in ((Dimension.ENERGY,), (Dimension.TIME, Dimension.PARKING_TIME), (Dimension.RESERVATION_TIME,)):
        _fill_last_step(lines, group)
    first = pairs[0][1]
    return Price(
        currency=first.currency,
        lines=tuple(_flat_once(lines)),
        min_price=first.min_price,
        max_price=first.max_price,
        is_taxed=any(tariff.is_taxed for _, tariff in pairs),
        doubts=tuple(doubt for step, tariff in pairs for doubt in _doubts(step, tariff)),
    )


def _unusable(usage: Usage) -> str | None:
    starts = [period.started_at for period in usage.periods]
    if not starts:
        return refusals.NO_PERIODS
    return None if starts == sorted(starts) else refusals.NOT_IN_ORDER


def _contradictions(pairs: Sequence[tuple[Step, Tariff]]) -> Iterator[str]:
    """Yield why periods and tariffs, though all known, make no price together."""
    for step, _ in pairs:
        yield from (refusals.negative(step.index, name) for name, value in step.quantities.items() if value < 0)
    if len({tariff.currency for _, tariff in pairs}) > 1:
        yield refusals.SEVERAL_CURRENCIES
    if len({(tariff.min_price, tariff.max_price) for _, tariff in pairs}) > 1:
        yield refusals.SEVERAL_LIMITS
    for step, tariff in pairs:
        if _needs_current(tariff) and not _has_current(step):
            yield refusals.no_current(step.index)


def _lines(step: Step, tariff: Tariff, *, has_expired: bool) -> Iterator[PriceLine]:
    if Dimension.RESERVATION_TIME in step.quantities:
        yield from _reservation_lines(step, tariff, has_expired=has_expired)
    if step.is_reservation:
        return
    if flat := active_component(tariff, Dimension.FLAT, step.moment):
        yield _line(step, tariff, Dimension.FLAT, flat, Fraction(1))
    for dimension in _MEASURED:
        quantity = step.quantities.get(dimension)
        if quantity and (found := active_component(tariff, dimension, step.moment)):
            yield _line(step, tariff, dimension, found, quantity)


def _reservation_lines(step: Step, tariff: Tariff, *, has_expired: bool) -> Iterator[PriceLine]:
    """Price a reservation: FLAT and TIME of the elements for it; one that expired prefers the elements for that."""
    kinds = (Reservation.EXPIRED, Reservation.MADE) if has_expired else (Reservation.MADE,)
    for priced, dimension in ((Dimension.FLAT, Dimension.FLAT), (Dimension.TIME, Dimension.RESERVATION_TIME)):
        candidates = (active_component(tariff, priced, step.moment, reservation=kind) for kind in kinds)
        if found := next((candidate for candidate in candidates if candidate), None):
            yield _line(step, tariff, dimension, found, step.quantities.get(dimension, Fraction(1)))


def _line(
    step: Step, tariff: Tariff, dimension: Dimension, found: tuple[int, PriceComponent], quantity: Fraction
) -> PriceLine:
    element, component = found
    measured = quantity / _UNIT.get(dimension, 3600)
    return PriceLine(
        period=step.index,
        dimension=dimension,
        tariff_id=tariff.tariff_id,
        element=element,
        measured=measured,
        billed=measured,
        unit_price=component.price,
        step_size=component.step_size,
        vat_percent=component.vat_percent,
        taxes=tariff.taxes,
    )


def _fill_last_step(lines: list[PriceLine], group: Sequence[Dimension]) -> None:
    """Fill the last line of a group up to a whole step.

    A step counts once, at the end: not where elements, tariffs or charging and parking change over. What was billed
    before in the same dimension counts towards it (OCPI PriceComponent, note on step_size and its three examples).
    """
    last = next((place for place in reversed(range(len(lines))) if lines[place].dimension in group), None)
    if last is None:
        return
    line = lines[last]
    step = Fraction(line.step_size, _UNIT.get(line.dimension, 3600))
    total = sum((other.measured for other in lines if other.dimension is line.dimension), Fraction(0))
    lines[last] = replace(line, billed=line.billed + ceil(total / step) * step - total)


def _flat_once(lines: Sequence[PriceLine]) -> Iterator[PriceLine]:
    charged: set[tuple[str, int]] = set()
    for line in lines:
        if line.dimension is Dimension.FLAT:
            if (line.tariff_id, line.element) in charged:
                continue
            charged.add((line.tariff_id, line.element))
        yield line


def _needs_current(tariff: Tariff) -> bool:
    return any(
        element.restrictions.min_current is not None or element.restrictions.max_current is not None
        for element in tariff.elements
    )


def _has_current(step: Step) -> bool:
    return step.is_reservation or {Extreme.MIN_CURRENT, Extreme.MAX_CURRENT} <= step.period.extremes.keys()


def _doubts(step: Step, tariff: Tariff) -> Iterator[str]:
    restrictions = [element.restrictions for element in tariff.elements if element.restrictions is not ALWAYS]
    if not restrictions:
        return
    if (
        Dimension.ENERGY in step.quantities
        and not {Extreme.MIN_POWER, Extreme.MAX_POWER} <= step.period.extremes.keys()
        and any(restriction.min_power is not None or restriction.max_power is not None for restriction in restrictions)
    ):
        yield refusals.average_power(step.index)
    if _prices(step, tariff, step.moment) != _prices(step, tariff, step.ending):
        yield refusals.changes_within(step.index)


def _prices(step: Step, tariff: Tariff, moment: Moment) -> list[tuple[int, PriceComponent] | None]:
    return [active_component(tariff, dimension, moment) for dimension in step.quantities]
