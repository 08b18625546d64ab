"""The CDRs of a hostile partner in each version of OCPI, and the truth about them, kept apart from the wire."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Record = dict[str, Any]
VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
OWNER = "NL-EVN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of a CDR, whatever the partner says about it."""

    cdr_id: str
    energy_kwh: Decimal
    net: Decimal
    last_updated: datetime
    wire: Record | None = None
    """The whole record as it is put on the wire, where it is not made of the above."""


def draw(count: int, *, rng: Random, date_from: datetime, date_to: datetime) -> list[Truth]:
    """Return some CDRs last updated in a half-open period, the oldest first, no two at one instant."""
    step = (date_to - date_from) / (count + 1)
    return [
        Truth(
            cdr_id=f"Cdr-{rng.getrandbits(40):010X}-{number}",
            energy_kwh=Decimal(rng.randrange(1, 90_000)) / 1000,
            net=Decimal(rng.randrange(0, 5_000)) / 100,
            last_updated=(date_from + number * step).replace(microsecond=0),
        )
        for number in range(1, count + 1)
    ]


def record(truth: Truth, *, version: str) -> Record:
    """Return a CDR as it is put on the wire."""
    if truth.wire is not None:
        return truth.wire
    ended_at = truth.last_updated
    started_at = ended_at - timedelta(hours=1)
    common: Record = {
        "id": truth.cdr_id,
        "start_date_time": stamp(started_at),
        "auth_method": "WHITELIST",
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": stamp(started_at),
                "dimensions": [{"type": "ENERGY", "volume": truth.energy_kwh}, {"type": "TIME", "volume": 1}],
            }
        ],
        "total_energy": truth.energy_kwh,
        "total_time": 1,
        "last_updated": stamp(ended_at),
    }
    return common | (_of_2_1(truth, ended_at) if version == "2.1.1" else _of_2_2(truth, ended_at, version=version))


def stamp(instant: datetime) -> str:
    """Return an instant as OCPI writes it."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def by_id(truths: Iterable[Truth]) -> dict[str, Truth]:
    """Return truths by their id, in upper case as OCPI compares ids."""
    return {truth.cdr_id.upper(): truth for truth in truths}


def _of_2_1(truth: Truth, ended_at: datetime) -> Record:
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "voltage": 400,
        "amperage": 32,
        "last_updated": stamp(ended_at),
    }
    evse = {
        "uid": "CS-1*1",
        "evse_id": "NL*EVN*E1*1",
        "status": "AVAILABLE",
        "connectors": [connector],
        "last_updated": stamp(ended_at),
    }
    return {
        "stop_date_time": stamp(ended_at),
        "auth_id": "NL-ROA-C00010069",
        "location": {
            "id": "L1",
            "type": "ON_STREET",
            "address": "Kade 5",
            "city": "Zürich",
            "postal_code": "2611AB",
            "country": "NLD",
            "coordinates": {"latitude": "52.08950", "longitude": "5.11030"},
            "evses": [evse],
            "last_updated": stamp(ended_at),
        },
        "total_cost": truth.net,
    }


def _of_2_2(truth: Truth, ended_at: datetime, *, version: str) -> Record:
    country_code, party_id = OWNER.split("-", 1)
    cost = {"excl_vat": truth.net} if version == "2.2.1" else {"before_taxes": truth.net, "taxes": []}
    return {
        "country_code": country_code,
        "party_id": party_id,
        "end_date_time": stamp(ended_at),
        "session_id": f"s-{truth.cdr_id}",
        "cdr_token": {
            "country_code": "NL",
            "party_id": "ROA",
            "uid": "04A1B2C3D4E5F6",
            "type": "RFID",
            "contract_id": "NL-ROA-C00010069",
        },
        "cdr_location": {
            "id": "L1",
            "address": "Kade 5",
            "city": "Zürich",
            "country": "NLD",
            "coordinates": {"latitude": "52.08950", "longitude": "5.11030"},
            "evse_uid": "CS-1*1",
            "evse_id": "NL*EVN*E1*1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "total_cost": cost,
    }
