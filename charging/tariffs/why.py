"""Why a component of a tariff was the one that priced something: its restrictions, tested one by one."""

from collections.abc import Iterator
from dataclasses import replace

from charging.tariffs.restrictions import Moment, is_active
from charging.tariffs.tariff import ALWAYS, Dimension, Reservation, Restrictions, Tariff

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BOUNDS = {
    "min_kwh": "from {} kWh",
    "max_kwh": "below {} kWh",
    "min_duration": "from {} s",
    "max_duration": "below {} s",
    "min_current": "from {} A",
    "max_current": "below {} A",
    "min_power": "from {} kW",
    "max_power": "below {} kW",
    "start_date": "from {}",
    "end_date": "before {}",
}


def why(tariff: Tariff, dimension: Dimension, element: int, moment: Moment) -> str:
    """Say why an element, counted from 0, prices a dimension at a moment, and why none before it does."""
    chosen = tariff.elements[element].restrictions
    holds = ", ".join(text for text, _ in _conditions(chosen)) or "it has no restrictions"
    if chosen.reservation is not None:
        holds = f"{_kind(chosen.reservation)}; {holds}"
    passed = [
        f"not element {place}: {', '.join(_broken(each.restrictions, moment))}"
        for place, each in enumerate(tariff.elements[:element])
        if each.restrictions.reservation is chosen.reservation
        and any(component.dimension is dimension for component in each.components)
    ]
    return "; ".join([holds, *passed])


def _broken(restrictions: Restrictions, moment: Moment) -> Iterator[str]:
    return (text for text, rule in _conditions(restrictions) if not is_active(rule, moment))


def _conditions(restrictions: Restrictions) -> Iterator[tuple[str, Restrictions]]:
    """Yield each condition in words, and as restrictions of which it is the only one."""
    if restrictions.start_time is not None or restrictions.end_time is not None:
        start, end = (
            "00:00" if clock is None else f"{clock:%H:%M}" for clock in (restrictions.start_time, restrictions.end_time)
        )
        rule = replace(ALWAYS, start_time=restrictions.start_time, end_time=restrictions.end_time)
        yield f"{start} to {'24:00' if end == '00:00' else end}", rule
    if restrictions.days_of_week:
        days = ", ".join(_DAYS[day] for day in sorted(restrictions.days_of_week))
        yield f"on {days}", replace(ALWAYS, days_of_week=restrictions.days_of_week)
    for name, words in _BOUNDS.items():
        bound = getattr(restrictions, name)
        if bound is not None:
            yield words.format(bound), replace(ALWAYS, **{name: bound})


def _kind(reservation: Reservation) -> str:
    return "for a reservation" if reservation is Reservation.MADE else "for a reservation that expired"
