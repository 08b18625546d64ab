"""A network's places, stations, people, prices and charges.

Energy and money are `Decimal`; instants are aware and in UTC. Every key is unique inside one back-office.
"""

from collections.abc import Mapping
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
    apn: str | None
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
class Connector:
    """A socket or cable of an EVSE, in OCPI's words (`ConnectorType`, `ConnectorFormat`, `PowerType`)."""

    evse_uid: str
    connector_number: int
    standard: str | None
    format: str | None
    power_type: str | None
    max_voltage: int | None
    max_amperage: int | None
    max_power_w: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A price list: `document` is an OCPI 2.2.1 Tariff object, its numbers as text."""

    tariff_id: str
    name: str | None
    currency: str
    valid_from: datetime | None
    valid_until: datetime | None
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A person or firm that contracts are made with: personal data, kept apart from everything else."""

    customer_id: str
    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a customer pays by; tokens belong to it. `issuer` as a token's."""

    contract_id: str
    customer_id: str | None
    issuer: str | None
    tariff_id: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    is_blocked: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValue:
    """One sample of a session. `signed` is what the meter signed, byte for byte; it may stand without a value."""

    session_id: str
    sample_number: int
    """Counts the samples of one session, in the order in which the source has them."""
    sampled_at: datetime
    measurand: str
    unit: str
    phase: str | None
    location: str | None
    context: str | None
    value: Decimal | None
    signed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An EVSE that is kept free for a token."""

    reservation_id: str
    station_id: str
    connector_id: int | None
    token_uid: str | None
    session_id: str | None
    starts_at: datetime | None
    expires_at: datetime | None
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """A limit over time (OCPP 1.6 §7.8) that a back-office has left at a station, or means to."""

    profile_id: str
    station_id: str | None
    connector_id: int | None
    stack_level: int
    purpose: str
    kind: str
    recurrency: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    starts_at: datetime | None
    duration_seconds: int | None
    rate_unit: str
    periods: tuple[Mapping[str, object], ...]
    """Each with `start_period` (seconds), `limit` (in `rate_unit`, as text) and, where told, `number_phases`."""
