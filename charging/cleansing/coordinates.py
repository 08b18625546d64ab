"""Rules for coordinates: `loc.missing`, `.swapped`, `.sign`, `.precision`, `.projected`, `.outside`.

What is proven is mended; what is doubtful is withheld and asked about, never guessed.
"""

from decimal import Decimal

from charging.cleansing.case import Case, Repair
from charging.cleansing.grids import from_rd
from charging.cleansing.places import is_inside
from charging.cleansing.values import number
from charging.cleansing.verdict import Owner

_FEWEST_DECIMALS = 5
"""OCPI's own number: `-?[0-9]{1,2}\\.[0-9]{5,7}`."""
_ROUGH_BELOW = 3
"""Two decimals are a kilometre."""
_COLUMNS = ("latitude", "longitude")


def judge_coordinates(case: Case) -> None:
    """Swap and pad what is proven, withhold what is wrong."""
    latitude, longitude = (number(case.values.get(column)) for column in _COLUMNS)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        _withhold(case, "loc.missing", "where does it stand? It has no coordinates")
        return
    country = case.values.get("country") or ""
    if is_inside(country, latitude, longitude) is False and is_inside(country, longitude, latitude):
        _swap(case)
    elif is_inside(country, latitude, -longitude) and not is_inside(country, latitude, longitude):
        _withhold(case, "loc.sign", f"is its longitude {-longitude}? {longitude} lies outside {country}")
    elif abs(latitude) > 90 or abs(longitude) > 180:
        _withhold(case, "loc.projected", _question_on_grid(latitude, longitude))
    elif is_inside(country, latitude, longitude) is False:
        _withhold(case, "loc.outside", f"where does it stand? {latitude}, {longitude} lies outside {country}")
    _precision(case)


def _swap(case: Case) -> None:
    written = [case.values.get(column) for column in _COLUMNS]
    for column, after in zip(_COLUMNS, reversed(written), strict=True):
        case.repair(Repair(field=column, rule="loc.swapped", after=after))


def _question_on_grid(one: Decimal, other: Decimal) -> str:
    """loc.projected: propose the point on the globe where the numbers fit a grid that we know."""
    for x, y in ((one, other), (other, one)):
        if (point := from_rd(x, y)) is not None:
            latitude, longitude = (round(part, 5) for part in point)
            return f"does it stand at {latitude}, {longitude}? {x}, {y} look like RD New (EPSG:28992)"
    return f"in which projection are {one}, {other}?"


def _precision(case: Case) -> None:
    """loc.precision: OCPI wants five decimals, so zeros are added; fewer than three say where the town is.

    A number with its zeros is the same number: nothing is lost, and nothing is gained.
    """
    written = {column: case.values.get(column) or "" for column in _COLUMNS}
    decimals = {column: len(text.partition(".")[2]) for column, text in written.items() if text}
    for column, count in decimals.items():
        if count < _FEWEST_DECIMALS:
            point = "" if "." in written[column] else "."
            padded = f"{written[column]}{point}{'0' * (_FEWEST_DECIMALS - count)}"
            case.repair(Repair(field=column, rule="loc.precision", after=padded))
    significant = [len(text.partition(".")[2].rstrip("0")) for text in written.values() if text]
    if significant and max(significant) < _ROUGH_BELOW:
        question = f"where exactly does it stand? {', '.join(written.values())} may be a kilometre away"
        case.ask("loc.precision", question, Owner.NETWORK_OWNER)


def _withhold(case: Case, rule: str, question: str) -> None:
    for column in _COLUMNS:
        case.repair(Repair(field=column, rule=rule, after=None))
    case.ask(rule, question, Owner.NETWORK_OWNER)
