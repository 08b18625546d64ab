"""Locations, stations, EVSEs, tokens and sessions. Energy and money are `Decimal`; instants are aware and in UTC."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Lane(StrEnum):
    """How a station can be moved, from the first paper's question in its section 2.1."""

    LIVE = "live"
    """Seen lately: can be moved remotely."""
    OFFLINE = "offline"
    """Known, but silent for longer than the reach of any remote method."""
    FAULTED = "faulted"
    """Connected, but in a fault: repair first."""
    WAREHOUSE = "warehouse"
    """Never seen: configure before it is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The OCPI site that groups EVSEs."""

    location_id: str
    name: str
    street: str
    city: str
    postal_code: str
    country: str
    """ISO 3166-1 alpha-2."""
    latitude: Decimal | None
    longitude: Decimal | None
    time_zone: str | None
    """IANA name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """The physical box that opens one OCPP connection; `station_id` is its OCPP identity, kept byte for byte."""

    station_id: str
    location_id: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware: str | None
    iccid: str | None
    imsi: str | None
    ocpp_protocol: str | None
    lane: Lane
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evse:
    """The part of a station that serves one vehicle. `evse_uid` never changes (OCPI); `evse_id` may be remapped."""

    evse_uid: str
    station_id: str
    connector_id: int
    evse_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a driver identifies with. `issuer` is country and party of the eMSP (`NL-TNM`), None when it is our own."""

    token_uid: str
    parent_uid: str | None
    contract_id: str | None
    issuer: str | None
    is_blocked: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One charge, as the back-office that saw it recorded it."""

    session_id: str
    station_id: str
    connector_id: int | None
    location_id: str | None
    token_uid: str | None
    started_at: datetime
    stopped_at: datetime
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    energy_kwh: Decimal
    cost: Decimal | None
    currency: str | None
    is_estimated: bool
    """The stop was missing and has been derived: never billed without a person's decision."""
    is_billable: bool
    """False for a failed start: no energy within the first two minutes."""
