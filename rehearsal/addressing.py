"""How each supplier's stations keep the address that they dial: which configuration keys, and what they mean."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from rehearsal.suppliers import Way
from rehearsal.truth import TrueStation

WHOLE_URL_KEY: Mapping[str, str] = {
    "A": "ConnectionURL",
    "D": "ServerUrl",
    "F": "OCPPEndPoint",
    "G": "CentralSystemURI",
}
"""Suppliers with one key that holds the URL and the identity."""
HOST, PATH = "BackOffice-Host", "BackOffice-Path"
PROFILES = ("NetworkConnectionProfile1", "NetworkConnectionProfile2")
PRIORITY = "NetworkConfigurationPriority"
APN_KEYS = ("Apn", "ApnUser")
APN_URL = "CentralSystemURL"
BUILT_IN = "(built in)"
"""Where the address stands in stations that have no key for it: nobody can read or write it."""


def factory_configuration(station: TrueStation, *, url: str) -> dict[str, str]:
    """Return the address keys of a station that dials `url` (without identity)."""
    if station.way in {Way.FIRMWARE, Way.ONSITE}:
        return {BUILT_IN: f"{url}/{station.station_id}"}
    match station.supplier:
        case "B":
            parts = urlsplit(url)
            return {HOST: parts.netloc, PATH: parts.path}
        case "C":
            return {PROFILES[0]: url, PROFILES[1]: "", PRIORITY: PROFILES[0]}
        case "E":
            return dict.fromkeys(APN_KEYS, "legacy") | {APN_URL: url}
        case letter:
            return {WHOLE_URL_KEY[letter]: f"{url}/{station.station_id}"}


def addresses(station: TrueStation, configuration: Mapping[str, str]) -> tuple[str, ...]:
    """Return the URLs that the keys name, best first; only supplier C has more than one."""
    if BUILT_IN in configuration:
        return (configuration[BUILT_IN],)
    match station.supplier:
        case "B":
            path = configuration[PATH].strip("/")
            return (f"ws://{configuration[HOST]}/{path}/{station.station_id}",)
        case "C":
            slots = [slot.strip() for slot in configuration[PRIORITY].split(",")]
            named = [configuration.get(slot, "") for slot in slots]
            return tuple(f"{url.rstrip('/')}/{station.station_id}" for url in named if url)
        case "E":
            return (f"{configuration[APN_URL].rstrip('/')}/{station.station_id}",)
        case letter:
            return (configuration[WHOLE_URL_KEY[letter]],)


def switching_key(station: TrueStation) -> str:
    """Return the key whose value decides where the station goes."""
    if station.way in {Way.FIRMWARE, Way.ONSITE}:
        return BUILT_IN
    return {"B": HOST, "C": PRIORITY, "E": APN_URL}.get(station.supplier) or WHOLE_URL_KEY[station.supplier]
