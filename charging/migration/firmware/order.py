"""The call by which a station is told to fetch an image, in each version of OCPP. Pure.

OCPP 1.6 §6.55 UpdateFirmware; the 1.6 security whitepaper's SignedUpdateFirmware; OCPP 2.0.1 and 2.1 L01.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

STATUSES = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
"""By which calls a station tells how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """From where an image is fetched, and what proves that it is the maker's."""

    location: str
    """A URL that stations can reach; it may hold a password, and is a secret then."""
    signature: str = ""
    """Base64, as the maker gives it; empty: not signed."""
    signing_certificate: str = ""
    """PEM."""
    retries: int = 3
    retry_seconds: int = 300


def order_key(campaign_id: str, station_id: str, attempt: int) -> str:
    """Return the name of one order: given twice, it is the same order."""
    return f"firmware:{campaign_id}:{station_id}:{attempt}"


def request_id(key: str) -> int:
    """Return the number by which a station names this order in its statuses: the same for the same order."""
    return crc32(key.encode()) & 0x7FFFFFFF


def call(fetch: Fetch, *, generation: str, key: str, at: datetime) -> tuple[str, Mapping[str, object]]:
    """Return the action and the payload that have the image fetched at once."""
    when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    retrying: dict[str, object] = {"retries": fetch.retries, "retryInterval": fetch.retry_seconds}
    if generation == "1" and not fetch.signature:
        return "UpdateFirmware", {"location": fetch.location, "retrieveDate": when} | retrying
    image = {"location": fetch.location, "retrieveDateTime": when}
    if fetch.signature:
        image |= {"signature": fetch.signature, "signingCertificate": fetch.signing_certificate}
    action = "SignedUpdateFirmware" if generation == "1" else "UpdateFirmware"
    return action, {"requestId": request_id(key), "firmware": image} | retrying
