"""What a PATCH makes of an object, and what a new EVSE or connector makes of its location. Pure."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


def merged(before: Json, given: Json, *, module: str, version: str) -> Json:
    """Return an object with the fields of a PATCH in it; what is not said stays, and a list replaces a list.

    Charging periods are the exception: since 2.2 those of a PATCH are added to the session's (mod_sessions). Some send
    all of them again; one that begins when another does takes its place, so that both come to the same.
    """
    made = {**before, **given}
    if module == "sessions" and version != "2.1.1" and isinstance(given.get("charging_periods"), list):
        periods: dict[object, Any] = {}
        for number, period in enumerate([*_list(before, "charging_periods"), *given["charging_periods"]]):
            begins = period.get("start_date_time") if isinstance(period, dict) else None
            periods[begins or number] = period
        made["charging_periods"] = list(periods.values())
    return made


def with_part(whole: Json, given: Json, *, tables: Sequence[str], parts: Sequence[str], is_patch: bool) -> Json | None:
    """Return an object with a part of it put or patched, and `last_updated` passed on to all that it is a part of.

    None if the part belongs to one that is not there, or is to be patched and is not there (mod_locations).
    """
    table, name = tables[0], "uid" if tables[0] == "evses" else "id"
    others = _list(whole, table)
    place = next((at for at, one in enumerate(others) if _is(one, name, parts[0])), None)
    made: Json | None
    if len(parts) > 1:
        made = (
            with_part(others[place], given, tables=tables[1:], parts=parts[1:], is_patch=is_patch)
            if (place is not None)
            else None
        )
    elif place is None:
        made = None if is_patch else given
    else:
        made = {**others[place], **given} if is_patch else given
    if made is None:
        return None
    kept = [*others[:place], made, *others[place + 1 :]] if place is not None else [*others, made]
    return {**whole, table: kept, "last_updated": given["last_updated"]}


def _list(whole: Json, name: str) -> list[Any]:
    found = whole.get(name)
    return found if isinstance(found, list) else []


def _is(one: object, name: str, key: str) -> bool:
    return isinstance(one, dict) and str(one.get(name)).upper() == key.upper()
