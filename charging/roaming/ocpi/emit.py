"""CDRs as OCPI JSON of one version, for a partner that lacks them. Pure.

Written from mod_cdrs of 2.1.1, 2.2.1 and 2.3.0. What the version requires and nobody here knows makes a CDR impossible
to send: it is said, and nothing is made up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec

from charging.cleansing.places import long_country_code
from charging.network import Connector, Location
from charging.roaming.cdr import Cdr, CdrLine
from charging.tariffs.tariff import Dimension

Document = dict[str, Any]
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_HOUR = Decimal(3600)
_PUBLISHED = Decimal("0.0001")  # OCPI's numbers have four decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a CDR's EVSE is, as we know it."""

    location: Location
    evse_uid: str
    connector: Connector | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsendable:
    """A CDR that cannot be written in a version of OCPI, and what is missing."""

    cdr_id: str
    missing: tuple[str, ...]


def emit(
    cdr: Cdr, *, version: str, place: Place | None, token_id: str | None, contract_id: str | None
) -> Document | Unsendable:
    """Return a CDR as an OCPI object; `token_id` and `contract_id` as they are written, not compact."""
    where = _location(cdr, version, place)
    missing = [
        *([] if place is not None else [f"the location of EVSE {cdr.evse_raw}"]),
        *(f"{name} of EVSE {cdr.evse_raw}" for name, value in where.items() if value is None),
        *(["the token"] if token_id is None else []),
        *(["the contract"] if contract_id is None else []),
        *(["an amount"] if cdr.net is None else []),
        *([] if cdr.lines else ["its measured quantities"]),
    ]
    if missing or token_id is None or contract_id is None or cdr.net is None:
        return Unsendable(cdr_id=cdr.cdr_id, missing=tuple(missing))
    if version == "2.1.1":
        return _flat(cdr, where, auth_id=contract_id)
    country_code, party_id = cdr.owner.split("-", 1)
    issuer_country, issuer_party = contract_id[:2], contract_id.replace("-", "").replace("*", "")[2:5]
    token = {
        "country_code": issuer_country,
        "party_id": issuer_party,
        "uid": token_id,
        "type": "RFID",
        "contract_id": contract_id,
    }
    return _known(
        {
            "country_code": country_code,
            "party_id": party_id,
            "id": cdr.cdr_id,
            "start_date_time": _stamp(cdr.started_at),
            "end_date_time": _stamp(cdr.ended_at),
            "session_id": cdr.session_id,
            "cdr_token": token,
            "auth_method": "WHITELIST",
            "authorization_reference": cdr.authorization_reference,
            "cdr_location": where,
            "currency": cdr.currency,
            "charging_periods": list(_periods(cdr)),
            "total_cost": _price(cdr, version),
            "total_energy": cdr.energy_kwh,
            "total_time": _hours(cdr),
            "total_parking_time": cdr.parking_hours,
            "credit": True if cdr.is_credit else None,
            "credit_reference_id": cdr.credits_cdr_id,
            "last_updated": _stamp(cdr.last_updated),
        }
    )


def as_json(documents: Iterable[Document]) -> bytes:
    """Return objects as a JSON list, a record a line, their numbers exact."""
    return b"[\n" + b",\n".join(map(_ENCODER.encode, documents)) + b"\n]\n"


def as_json_lines(documents: Iterable[Document]) -> bytes:
    """Return objects as JSON lines, their numbers exact."""
    return b"".join(_ENCODER.encode(each) + b"\n" for each in documents)


def _flat(cdr: Cdr, where: Document, *, auth_id: str) -> Document:
    """Return a CDR of 2.1.1, in which amounts are bare numbers without VAT and locations are whole."""
    return _known(
        {
            "id": cdr.cdr_id,
            "start_date_time": _stamp(cdr.started_at),
            "stop_date_time": _stamp(cdr.ended_at),
            "auth_id": auth_id,
            "auth_method": "WHITELIST",
            "location": where,
            "currency": cdr.currency,
            "charging_periods": list(_periods(cdr)),
            "total_cost": cdr.net,
            "total_energy": cdr.energy_kwh,
            "total_time": _hours(cdr),
            "total_parking_time": cdr.parking_hours,
            "last_updated": _stamp(cdr.last_updated),
        }
    )


def _location(cdr: Cdr, version: str, place: Place | None) -> Document:
    if place is None:
        return {}
    site, plug = place.location, place.connector
    coordinates = (
        {"latitude": format(site.latitude, "f"), "longitude": format(site.longitude, "f")}
        if site.latitude is not None and site.longitude is not None
        else None
    )
    stated: Document = {
        "id": site.location_id,
        "address": site.street or None,
        "city": site.city or None,
        "country": long_country_code(site.country),
        "coordinates": coordinates,
    }
    standard, shape, power = (plug.standard, plug.format, plug.power_type) if plug else (None, None, None)
    if version != "2.1.1":
        number = str(plug.connector_number) if plug else None
        return stated | {
            "evse_uid": place.evse_uid,
            "evse_id": cdr.evse_raw,
            "connector_id": number,
            "connector_standard": standard,
            "connector_format": shape,
            "connector_power_type": power,
        }
    connector = {
        "id": str(plug.connector_number),
        "standard": standard,
        "format": shape,
        "power_type": power,
        "voltage": plug.max_voltage,
        "amperage": plug.max_amperage,
        "last_updated": _stamp(cdr.last_updated),
    } if plug and None not in {standard, shape, power, plug.max_voltage, plug.max_amperage} else None  # fmt: skip
    evse: Document | None = connector and {
        "uid": place.evse_uid,
        "evse_id": cdr.evse_raw,
        "status": "UNKNOWN",
        "connectors": [connector],
        "last_updated": _stamp(cdr.last_updated),
    }
    return stated | {
        "type": "UNKNOWN",
        "postal_code": site.postal_code or None,
        "evses": [evse] if evse else None,
        "last_updated": _stamp(cdr.last_updated),
    }


def _periods(cdr: Cdr) -> Iterator[Document]:
    ordered = sorted(cdr.lines, key=_began)
    for started_at, lines in groupby(ordered, key=_began):
        here = list(lines)
        yield _known(
            {
                "start_date_time": _stamp(started_at),
                "dimensions": [{"type": str(line.measure), "volume": line.volume} for line in here],
                "tariff_id": next((line.tariff_id for line in here if line.tariff_id), None),
            }
        )


def _began(line: CdrLine) -> datetime:
    return line.started_at


def _price(cdr: Cdr, version: str) -> Document:
    if version != "2.3.0":
        return _known({"excl_vat": cdr.net, "incl_vat": cdr.gross})
    taxes = [] if cdr.gross is None or cdr.net is None else [{"name": "VAT", "amount": cdr.gross - cdr.net}]
    return {"before_taxes": cdr.net, "taxes": taxes}


def _hours(cdr: Cdr) -> Decimal:
    if cdr.total_hours is not None:
        return cdr.total_hours
    timed = [line.volume for line in cdr.lines if line.measure in {Dimension.TIME, Dimension.PARKING_TIME}]
    lasted = Decimal(int((cdr.ended_at - cdr.started_at).total_seconds())) / _HOUR
    return sum(timed, Decimal(0)) if timed else lasted.quantize(_PUBLISHED)


def _stamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _known(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
