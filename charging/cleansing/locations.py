"""Rules for locations: `loc.*`, `txt.*` and `pii.note`."""

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from charging.cleansing.case import Case, Rejection, Repair, all_open
from charging.cleansing.coordinates import judge_coordinates
from charging.cleansing.places import country_code
from charging.cleansing.references import judge_duplicates
from charging.cleansing.texts import judge_texts, judge_truncated
from charging.cleansing.values import number
from charging.cleansing.verdict import Context, Owner
from charging.cleansing.words import has_particulars
from charging.cleansing.zones import judge_zone
from charging.network import Location

_TEXTS = ("name", "street", "city", "postal_code")
_ADDRESS = ("street", "postal_code", "city")


def judge(cases: Sequence[Case], context: Context) -> list[Location]:
    """Mend, merge and set aside the locations among the cases; return those that are clean."""
    for case in all_open(cases):
        judge_texts(case, _TEXTS)
        _particulars(case)
        _country(case)
        judge_coordinates(case)
        judge_zone(case, context)
    judge_truncated(all_open(cases), _TEXTS)
    judge_duplicates(all_open(cases), "loc.dup")
    _same_address(all_open(cases))
    return [_location(case, context) for case in all_open(cases)]


def _particulars(case: Case) -> None:
    """pii.note: a name that anybody may read holds somebody's number or address."""
    if has_particulars(case.values.get("name") or ""):
        question = "what may it be called in public? Its name holds somebody's telephone number, address or plate"
        case.ask("pii.note", question, Owner.NETWORK_OWNER)


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


def _same_address(cases: Sequence[Case]) -> None:
    """loc.address_dup: one address under several ids; whether they are one site is for the owner."""
    by_address: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for case in cases:
        by_address[_address(case)].append(case.key)
    for case in cases:
        street, _, city = address = _address(case)
        others = [key for key in by_address[address] if key != case.key]
        if street and city and others:
            case.ask("loc.address_dup", f"is it the same site as {', '.join(others)}?", Owner.NETWORK_OWNER)


def _address(case: Case) -> tuple[str, ...]:
    """Return an address without what people write in different ways: capitals, space and punctuation."""
    return tuple(re.sub(r"[\W_]+", "", case.values.get(column) or "").casefold() for column in _ADDRESS)


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
