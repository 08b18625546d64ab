"""Rule for time zones: `loc.tz`. A country with one zone proves it; of another, the point must."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfoNotFoundError

from charging.cleansing.case import Case, Repair
from charging.cleansing.values import number, zone_info
from charging.cleansing.verdict import Context, Owner

_ZONES: Mapping[str, str] = {
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "CH": "Europe/Zurich",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IT": "Europe/Rome",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "RO": "Europe/Bucharest",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
}
# Spain and Portugal have islands with clocks of their own, hundreds of kilometres of sea away: no border is near.
_BY_LONGITUDE: Mapping[str, tuple[tuple[int, str], ...]] = {
    "ES": ((-13, "Atlantic/Canary"), (180, "Europe/Madrid")),
    "PT": ((-24, "Atlantic/Azores"), (-14, "Atlantic/Madeira"), (180, "Europe/Lisbon")),
}


def judge_zone(case: Case, context: Context) -> None:
    """loc.tz: fill in what country and place prove; ask where several are possible, or the one that is told is none."""
    written = case.values.get("time_zone")
    if written is not None and not is_zone(written):
        case.repair(Repair(field="time_zone", rule="loc.tz", after=None))
        case.ask("loc.tz", f"in which zone is it? {written!r} is none of the IANA database", Owner.NETWORK_OWNER)
    elif written is None:
        zone = zone_of(case.values.get("country") or "", number(case.values.get("longitude")))
        if zone is not None and zone != context.time_zone:
            case.repair(Repair(field="time_zone", rule="loc.tz", after=zone))
        elif zone is None and context.time_zone is None:
            case.ask("loc.tz", "in which time zone is it?", Owner.NETWORK_OWNER)


def zone_of(country: str, longitude: Decimal | None) -> str | None:
    """Return the zone that a place has by its country, or by how far west it lies; None where that does not tell."""
    if country in _BY_LONGITUDE and longitude is not None:
        return next(zone for east, zone in _BY_LONGITUDE[country] if longitude <= east)
    return _ZONES.get(country)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether the IANA database has a zone of this name."""
    try:
        zone_info(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
