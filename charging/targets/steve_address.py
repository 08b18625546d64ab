"""An address at SteVe: it has no key that we know, so it is known again by what it says. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from charging.legacy.steve_schema import SteveSchema
from charging.network import Location
from charging.targets.change import Plain

ADDRESS = "address"
"""The field of a station, beside its columns, that says where it stands: the text of its address."""
_DECIMALS = Decimal("0.00000001")
"""SteVe keeps coordinates as decimal(11, 8)."""


def address_columns(location: Location, schema: SteveSchema) -> dict[str, Plain]:
    """Return the columns that an address has for a location in this release."""
    columns: dict[str, Plain] = {
        "street": location.street or None,
        "zip_code": location.postal_code or None,
        "city": location.city or None,
        "country": location.country or None,
        "latitude": _coordinate(location.latitude),
        "longitude": _coordinate(location.longitude),
        "time_zone": location.time_zone,
    }
    return {name: value for name, value in columns.items() if schema.has("address", name)}


def address_text(location: Location, schema: SteveSchema) -> str:
    """Return the text by which the address of a location is known again."""
    return text_of(address_columns(location, schema))


def text_of(row: Mapping[str, Plain]) -> str:
    """Return the text of an address's columns; where house numbers have a column, they are part of the street."""
    street = " ".join(str(row[name]).strip() for name in ("street", "house_number") if row.get(name))
    parts = [street, *(str(row.get(name) or "") for name in ("zip_code", "city", "country"))]
    place = [text for name in ("latitude", "longitude") if (text := _coordinate(row.get(name)))]
    return " · ".join([*parts, " ".join(place)])


def _coordinate(value: Decimal | Plain) -> str | None:
    if value is None:
        return None
    try:
        return format(Decimal(value).quantize(_DECIMALS).normalize(), "f")
    except InvalidOperation:
        return str(value)
