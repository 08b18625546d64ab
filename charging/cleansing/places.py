"""Countries: how people write them, and the box on the map in which each lies."""

from collections.abc import Mapping
from decimal import Decimal

# alpha-2: alpha-3, (south, north, west, east) in degrees, spellings. Boxes are generous; far islands lie outside.
_COUNTRIES: Mapping[str, tuple[str, tuple[int, int, int, int], tuple[str, ...]]] = {
    "AT": ("AUT", (46, 50, 9, 18), ("austria", "österreich", "oostenrijk")),
    "BE": ("BEL", (49, 52, 2, 7), ("belgium", "belgië", "belgie", "belgique", "belgien")),
    "BG": ("BGR", (41, 45, 22, 29), ("bulgaria",)),
    "CH": ("CHE", (45, 48, 5, 11), ("switzerland", "schweiz", "suisse", "zwitserland")),
    "CZ": ("CZE", (48, 52, 12, 19), ("czechia", "czech republic", "česko")),
    "DE": ("DEU", (47, 56, 5, 16), ("germany", "deutschland", "duitsland", "allemagne")),
    "DK": ("DNK", (54, 58, 7, 16), ("denmark", "danmark", "denemarken", "dänemark")),
    "EE": ("EST", (57, 60, 21, 29), ("estonia",)),
    "ES": ("ESP", (27, 44, -19, 5), ("spain", "españa", "spanje", "spanien", "espagne")),
    "FI": ("FIN", (59, 71, 19, 32), ("finland", "suomi")),
    "FR": ("FRA", (41, 52, -6, 10), ("france", "frankrijk", "frankreich")),
    "GB": ("GBR", (49, 61, -9, 2), ("united kingdom", "great britain", "uk", "england", "scotland", "wales")),
    "GR": ("GRC", (34, 42, 19, 30), ("greece", "el", "hellas")),
    "HR": ("HRV", (42, 47, 13, 20), ("croatia", "hrvatska")),
    "HU": ("HUN", (45, 49, 16, 23), ("hungary", "magyarország")),
    "IE": ("IRL", (51, 56, -11, -5), ("ireland", "ierland", "irland")),
    "IT": ("ITA", (35, 48, 6, 19), ("italy", "italia", "italië", "italien", "italie")),
    "LT": ("LTU", (53, 57, 20, 27), ("lithuania",)),
    "LU": ("LUX", (49, 51, 5, 7), ("luxembourg", "luxemburg")),
    "LV": ("LVA", (55, 59, 20, 29), ("latvia",)),
    "NL": (
        "NLD",
        (50, 54, 3, 8),
        ("netherlands", "the netherlands", "nederland", "holland", "niederlande", "pays-bas"),
    ),
    "NO": ("NOR", (57, 72, 4, 32), ("norway", "norge", "noorwegen", "norwegen")),
    "PL": ("POL", (48, 55, 14, 25), ("poland", "polska", "polen")),
    "PT": ("PRT", (32, 43, -32, -6), ("portugal",)),
    "RO": ("ROU", (43, 49, 20, 30), ("romania", "românia")),
    "SE": ("SWE", (55, 70, 10, 25), ("sweden", "sverige", "zweden", "schweden")),
    "SI": ("SVN", (45, 47, 13, 17), ("slovenia", "slovenija")),
    "SK": ("SVK", (47, 50, 16, 23), ("slovakia", "slovensko")),
    "US": ("USA", (18, 72, -180, -66), ("united states", "united states of america", "u.s.a.", "u.s.")),
}
_BY_SPELLING: Mapping[str, str] = {
    spelling: code
    for code, (long_code, _, names) in _COUNTRIES.items()
    for spelling in (code.casefold(), long_code.casefold(), *names)
}


def country_code(text: str) -> str | None:
    """Return ISO 3166-1 alpha-2 for a country's code or name in some language, or None if it is not known."""
    return _BY_SPELLING.get(text.strip().casefold())


def long_country_code(code: str) -> str | None:
    """Return ISO 3166-1 alpha-3 for an alpha-2 code, or None if it is not known."""
    entry = _COUNTRIES.get(code)
    return entry[0] if entry else None


def is_inside(country: str, latitude: Decimal, longitude: Decimal) -> bool | None:
    """Whether a point lies in the box around a country; None where we have no box."""
    entry = _COUNTRIES.get(country)
    if entry is None:
        return None
    south, north, west, east = entry[1]
    return south <= latitude <= north and west <= longitude <= east
