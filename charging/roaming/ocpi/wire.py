"""The fields of OCPI 2.2.1 that we read (mod_cdrs, transport_and_format). Unknown ones are allowed, enums are open."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec


class Envelope(msgspec.Struct):
    """What every answer is wrapped in; `data` stays as it stood on the wire."""

    status_code: int
    data: msgspec.Raw = msgspec.Raw(b"null")
    status_message: str | None = None


class Version(msgspec.Struct):
    """One line of the versions endpoint."""

    version: str
    url: str


class Endpoint(msgspec.Struct):
    """One line of the version details."""

    identifier: str
    url: str
    role: str = ""


class VersionDetails(msgspec.Struct):
    """The endpoints of one version."""

    version: str
    endpoints: list[Endpoint]


class Role(msgspec.Struct):
    """A party that a platform speaks for."""

    country_code: str
    party_id: str
    role: str


class Credentials(msgspec.Struct):
    """Who the other side is. Its `token` is on purpose not read."""

    url: str
    roles: list[Role]


class Price(msgspec.Struct):
    """An amount of money."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


class CdrToken(msgspec.Struct):
    """Who charged."""

    uid: str
    contract_id: str


class Coordinates(msgspec.Struct):
    """WGS 84, as text."""

    latitude: str
    longitude: str


class CdrLocation(msgspec.Struct):
    """Where it was."""

    evse_id: str
    coordinates: Coordinates | None = None


class CdrDimension(msgspec.Struct):
    """A measured quantity."""

    type: str
    volume: Decimal


class ChargingPeriod(msgspec.Struct):
    """A stretch of the session."""

    start_date_time: datetime
    dimensions: list[CdrDimension]
    tariff_id: str | None = None


class TariffReference(msgspec.Struct):
    """The part of an enclosed tariff that identifies it."""

    id: str
    currency: str


class OcpiCdr(msgspec.Struct):
    """A CDR."""

    country_code: str
    party_id: str
    id: str
    start_date_time: datetime
    end_date_time: datetime
    cdr_token: CdrToken
    cdr_location: CdrLocation
    currency: str
    charging_periods: list[ChargingPeriod]
    total_cost: Price
    total_energy: Decimal
    total_time: Decimal
    last_updated: datetime
    session_id: str | None = None
    authorization_reference: str | None = None
    tariffs: list[TariffReference] = []
    total_fixed_cost: Price | None = None
    total_energy_cost: Price | None = None
    total_time_cost: Price | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    credit: bool | None = None
    credit_reference_id: str | None = None
    remark: str | None = None


def as_utc(instant: datetime) -> datetime:
    """OCPI's timestamps are UTC whether they say so or not (types, DateTime); a stated offset is respected."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
