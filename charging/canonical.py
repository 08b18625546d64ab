"""One way to write a value down, so that the same value always has the same bytes and the same hash."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def plain(value: object) -> Json:  # noqa: PLR0911 - one return for each kind of value
    """Return a value as plain JSON: decimals and fractions as text, instants in UTC, sets sorted; never a float.

    A decimal keeps its scale: 1.0 and 1.00 are two ways of measuring, and are written differently.

    Raises:
        TypeError: for a float, an instant without a zone, keys written alike, or anything else without canonical form.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case Decimal() | Fraction() | timedelta():
            return str(value)
        case datetime():
            return _instant(value)
        case date() | time():
            return value.isoformat()
        case Mapping():
            return _object(value)
        case set() | frozenset():
            return sorted((plain(entry) for entry in value), key=repr)
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return [plain(entry) for entry in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")


def text(value: object) -> str:
    """Return the canonical JSON text of a value: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical text, in hexadecimal."""
    return sha256(text(value).encode("utf-8", errors="surrogatepass")).hexdigest()


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("an instant without a zone has no canonical form")
    return value.astimezone(UTC).isoformat()


def _object(value: Mapping[object, object]) -> dict[str, Json]:
    entries = {str(key): plain(entry) for key, entry in value.items()}
    if len(entries) != len(value):
        raise TypeError("two keys of a mapping are written alike: it has no canonical form")
    return entries
