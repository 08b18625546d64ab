"""OCPI documents as fields that can be compared: the same value is the same text, however it was written. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from charging.canonical import Json
from charging.roaming.ocpi.wire import as_utc
from charging.targets.change import Plain
from charging.targets.compare import flattened

_DEGREES = frozenset({"latitude", "longitude"})
STAMP = "last_updated"


def read(raw: bytes) -> Any:
    """Return a JSON document, its numbers exact.

    Raises:
        ValueError: if it is none.
    """
    return json.loads(raw, parse_float=Decimal)


def paths(document: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> dict[str, Plain]:
    """Return the leaves of a document by their paths, each value in one way of writing; stamps are left out."""
    return {
        path: value
        for path, value in flattened(_plain(document, without | {STAMP})).items()
        if value is not None and value != ""
    }


def _plain(value: Any, without: frozenset[str], name: str = "") -> Json:  # noqa: PLR0911 - one for each kind of value
    match value:
        case Mapping():
            return {key: _plain(inner, without, key) for key, inner in value.items() if key not in without}
        case list() | tuple():
            return [_plain(inner, without) for inner in value]
        case bool() | None:
            return value
        case int() | Decimal():
            return _number(Decimal(value))
        case str() if name in _DEGREES:
            try:
                return str(_number(Decimal(value)))
            except InvalidOperation:
                return value
        case str() if name.endswith("date_time"):
            try:
                return as_utc(datetime.fromisoformat(value)).isoformat()
            except ValueError:
                return value
        case _:
            return str(value)


def _number(value: Decimal) -> int | str:
    return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")
