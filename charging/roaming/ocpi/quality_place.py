"""What is odd about where a charge was: the traps of OCPI's own samples, which implementers copy. Pure."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from charging.cleansing.places import country_code, is_inside
from charging.roaming.ocpi.wire_cdr import Coordinates

SWAPPED = "coords.swapped"
UNREADABLE = "coords.unreadable"
ALPHA_2 = "location.country_alpha2"
"""`BE` for `BEL`: OCPI wants ISO 3166-1 alpha-3, and its 2.1.1 sample writes alpha-2."""
_EUROPE = ((34, 72), (-25, 45))


def codes(country: str | None, coordinates: Coordinates | None) -> tuple[str, ...]:
    """Return the codes of what is odd about a place."""
    if coordinates is None:
        return codes_of(country, None, None)
    return codes_of(country, coordinates.latitude, coordinates.longitude)


@lru_cache(maxsize=100_000)
def codes_of(country: str | None, latitude: str | None, longitude: str | None) -> tuple[str, ...]:
    """Return the codes of what is odd about a country, a latitude and a longitude."""
    found = [ALPHA_2] if country is not None and len(country.strip()) == 2 else []
    if latitude is not None and longitude is not None:
        try:
            degrees = Decimal(latitude), Decimal(longitude)
        except InvalidOperation:
            return (UNREADABLE, *found)
        if not all(degree.is_finite() for degree in degrees):
            return (UNREADABLE, *found)
        if _is_there(country, *degrees) is False and _is_there(country, *reversed(degrees)):
            found.append(SWAPPED)
    return tuple(found)


def _is_there(country: str | None, latitude: Decimal, longitude: Decimal) -> bool | None:
    """Whether a point lies in its country's box, or in Europe where no country with a box is named."""
    code = country_code(country) if country else None
    if code is not None:
        return is_inside(code, latitude, longitude)
    (south, north), (west, east) = _EUROPE
    return south <= latitude <= north and west <= longitude <= east
