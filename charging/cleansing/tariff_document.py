"""Prices as an OCPI 2.2.1 Tariff object whose amounts are text, so that they stay exact."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from charging.cleansing.values import number

PRICES: Mapping[str, str] = {
    "flat_price": "FLAT",
    "price_per_kwh": "ENERGY",
    "price_per_hour": "TIME",
    "parking_price_per_hour": "PARKING_TIME",
}
"""Columns of a price list, and the dimension of OCPI that each prices."""

Document = Mapping[str, object]


def from_columns(values: Mapping[str, str | None]) -> Document | None:
    """Return the object for prices in columns; None where there is no price at all."""
    vat = values.get("vat_percent")
    components = [
        {"type": dimension, "price": price, "step_size": 1} | ({} if vat is None else {"vat": vat})
        for column, dimension in PRICES.items()
        if (price := values.get(column)) is not None
    ]
    return {"elements": [{"price_components": components}]} if components else None


def from_text(text: str) -> Document | None:
    """Return the object that a JSON text holds, its amounts as text; None where it holds none."""
    try:
        wire = json.loads(text, parse_float=Decimal, parse_int=_Whole)
    except (ValueError, RecursionError):
        return None
    return {str(key): _exact(value, str(key)) for key, value in wire.items()} if isinstance(wire, dict) else None


class _Whole(Decimal):
    """A number that JSON wrote without a point."""


_COUNTED = frozenset({"step_size", "min_duration", "max_duration"})


def _exact(value: object, name: str) -> object:
    """Return the value with amounts as text; what OCPI counts in whole numbers stays a number."""
    if isinstance(value, dict):
        return {str(key): _exact(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner, name) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if name in _COUNTED and isinstance(value, _Whole) else str(value)
    return value


def amounts(document: Document) -> Iterator[tuple[str, Decimal | None]]:
    """Yield every price and VAT rate of a tariff with its name; None where one is no plain number."""
    for name in ("min_price", "max_price"):
        limit = document.get(name)
        for part, amount in limit.items() if isinstance(limit, dict) else ():
            yield f"{name}.{part}", number(str(amount))
    for component in components(document):
        yield f"{component.get('type')} price", number(str(component.get("price")))
        if component.get("vat") is not None:
            yield "vat", number(str(component["vat"]))


def components(document: Document) -> Iterator[dict[str, object]]:
    """Yield the price components of every element."""
    elements = document.get("elements")
    for element in elements if isinstance(elements, list) else ():
        inside = element.get("price_components") if isinstance(element, dict) else None
        yield from (each for each in (inside if isinstance(inside, list) else ()) if isinstance(each, dict))


_NAMES = ("id", "tariff_alt_text", "tariff_alt_url", "start_date_time", "end_date_time", "last_updated")


def shape(document: Document) -> str:
    """Return what two tariffs share that differ in their names, dates and prices only."""
    plain = json.loads(json.dumps({key: value for key, value in document.items() if key not in _NAMES}))
    for component in components(plain):
        component["price"] = "*"
    return json.dumps(plain, sort_keys=True)


def prices(document: Document) -> tuple[Decimal, ...]:
    """Return the prices of all components, in their order."""
    return tuple(number(str(component.get("price"))) or Decimal(0) for component in components(document))
