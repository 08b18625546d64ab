"""Rules for locations: `loc.*` and `txt.*`. Doubtful coordinates are withheld and asked about, never guessed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.places import country_code, is_inside
from charging.cleansing.values import number
from charging.cleansing.verdict import Context, Owner
from charging.cleansing.words import is_lossy, without_entities, without_mojibake
from charging.network import Location

_TEXTS = ("name", "street", "city", "postal_code")
_COLUMN_WIDTHS = frozenset({35, 50, 255})


def judge(cases: Sequence[Case], context: Context) -> list[Location]:
    """Mend, merge and set aside the locations among the cases; return those that are clean."""
    for case in cases:
        for rule in (_text, _truncated, _country, _coordinates):
            if case.is_open:
                rule(case)
    _same_id(all_open(cases))
    _same_address(all_open(cases))
    return [_location(case, context) for case in all_open(cases)]


def _text(case: Case) -> None:
    """txt.mojibake, txt.html: undo broken encodings and HTML in names and addresses."""
    repairs: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("txt.mojibake", without_mojibake),
        ("txt.html", without_entities),
    )
    for column in _TEXTS:
        for rule, mend in repairs:
            if text := case.values.get(column):
                case.repair(Repair(field=column, rule=rule, after=mend(text)))
        if is_lossy(case.values.get(column) or ""):
            case.ask("txt.mojibake", f"what should {column} be? Characters of it are lost", Owner.DATA_TEAM)


def _truncated(case: Case) -> None:
    """txt.truncated: a text that fills its column exactly may have been cut."""
    for column in _TEXTS:
        if len(case.row.values.get(column) or "") in _COLUMN_WIDTHS:
            case.ask("txt.truncated", f"was {column} cut off at the width of its column?", Owner.DATA_TEAM)


def _country(case: Case) -> None:
    """loc.country: turn every spelling of a country into ISO 3166-1 alpha-2."""
    written = case.values.get("country")
    if written is None:
        return
    code = country_code(written)
    if code is None:
        case.reject(Rejection(rule="loc.country", reason=f"{written!r} is no country that we know"))
    else:
        case.repair(Repair(field="country", rule="loc.country", after=code))


def _coordinates(case: Case) -> None:
    """loc.missing, loc.swapped, loc.sign, loc.projected: swap what is proven, withhold what is wrong."""
    texts = case.values.get("latitude"), case.values.get("longitude")
    latitude, longitude = number(texts[0]), number(texts[1])
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        _withhold(case, "loc.missing", "where does it stand? It has no coordinates")
        return
    country = case.values.get("country") or ""
    if is_inside(country, latitude, longitude) is False and is_inside(country, longitude, latitude):
        case.repair(Repair(field="latitude", rule="loc.swapped", after=texts[1]))
        case.repair(Repair(field="longitude", rule="loc.swapped", after=texts[0]))
    elif is_inside(country, latitude, -longitude) and not is_inside(country, latitude, longitude):
        _withhold(case, "loc.sign", f"is its longitude {-longitude}? {longitude} lies outside {country}")
    elif abs(latitude) > 90 or abs(longitude) > 180:
        _withhold(case, "loc.projected", f"in which projection are {latitude}, {longitude}?")
    elif is_inside(country, latitude, longitude) is False:
        _withhold(case, "loc.outside", f"where does it stand? {latitude}, {longitude} lies outside {country}")


def _withhold(case: Case, rule: str, question: str) -> None:
    for column in ("latitude", "longitude"):
        case.repair(Repair(field=column, rule=rule, after=None))
    case.ask(rule, question, Owner.NETWORK_OWNER)


def _same_id(cases: Sequence[Case]) -> None:
    """loc.dup: one id twice; the same words merge, different ones are for the owner."""
    by_id: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_id[case.key].append(case)
    for first, *others in by_id.values():
        if all(case.values == first.values for case in others):
            for case in others:
                case.merge_into(first, "loc.dup")
        else:
            for case in (first, *others):
                case.reject(Rejection(rule="loc.dup", reason="several locations have this id, and they differ"))


def _same_address(cases: Sequence[Case]) -> None:
    """loc.address_dup: one address under several ids; whether they are one site is for the owner."""
    by_address: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for case in cases:
        address = tuple((case.values.get(column) or "").casefold() for column in ("street", "postal_code", "city"))
        if address[0] and address[2]:
            by_address[address].append(case.key)
    for case in cases:
        address = tuple((case.values.get(column) or "").casefold() for column in ("street", "postal_code", "city"))
        if others := [key for key in by_address.get(address, ()) if key != case.key]:
            case.ask("loc.address_dup", f"is it the same site as {', '.join(others)}?", Owner.NETWORK_OWNER)


def _location(case: Case, context: Context) -> Location:
    values = case.values
    street, city = values.get("street") or "", values.get("city") or ""
    address = ", ".join(part for part in (street, city) if part)
    return Location(
        location_id=case.key,
        name=values.get("name") or address or case.key,
        street=street,
        city=city,
        postal_code=values.get("postal_code") or "",
        country=values.get("country") or "",
        latitude=_degrees(values.get("latitude")),
        longitude=_degrees(values.get("longitude")),
        time_zone=values.get("time_zone") or context.time_zone,
    )


def _degrees(text: str | None) -> Decimal | None:
    return number(text.strip()) if text else None
