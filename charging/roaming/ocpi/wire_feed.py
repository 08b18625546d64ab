"""The fields of OCPI sessions, locations and tokens that we read, per version where they differ. Enums are open."""

import msgspec

from charging.roaming.ocpi.wire_cdr import NUMBER, CdrToken, ChargingPeriod, Coordinates, Price221, Price230
from charging.roaming.ocpi.wire_values import ABSENT


class Connector(msgspec.Struct):
    """A connector: one tariff in 2.1.1, several since."""

    id: str
    tariff_id: str | None = None
    tariff_ids: list[str] | None = None


class Evse(msgspec.Struct):
    """An EVSE."""

    uid: str
    status: str
    evse_id: str | None = None
    connectors: list[Connector] | None = None


class Location(msgspec.Struct, kw_only=True):
    """A location of any version."""

    country_code: str | None = None
    party_id: str | None = None
    id: str
    country: str
    coordinates: Coordinates | None = None
    time_zone: str | None = None
    evses: list[Evse] | None = None
    last_updated: str


class Token(msgspec.Struct, kw_only=True):
    """A token of any version: its contract is `auth_id` in 2.1.1, `contract_id` since."""

    country_code: str | None = None
    party_id: str | None = None
    uid: str
    type: str
    auth_id: str | None = None
    contract_id: str | None = None
    valid: bool
    whitelist: str
    last_updated: str


class AnySession(msgspec.Struct, kw_only=True):
    """What sessions of every version have."""

    id: str
    kwh: NUMBER
    currency: str
    charging_periods: list[ChargingPeriod] | None = None
    status: str
    last_updated: str


class UsedEvse(msgspec.Struct):
    """The EVSE of a session (2.1.1)."""

    uid: str
    evse_id: str | None = None
    connectors: list[Connector] | None = None


class UsedLocation(msgspec.Struct):
    """The location of a session (2.1.1), cut down to what is used."""

    id: str
    evses: list[UsedEvse] | None = None


class Session211(AnySession, kw_only=True):
    """A session of 2.1.1: `start_datetime`, unlike everything else in OCPI (mod_sessions)."""

    start_datetime: str
    end_datetime: str | None = None
    auth_id: str
    authorization_id: str | None = None
    location: UsedLocation
    total_cost: NUMBER = ABSENT


class Session22(AnySession, kw_only=True):
    """What sessions since 2.2 have."""

    country_code: str
    party_id: str
    start_date_time: str
    end_date_time: str | None = None
    cdr_token: CdrToken
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    connector_id: str | None = None


class Session221(Session22, kw_only=True):
    """A session of 2.2.1."""

    total_cost: Price221 | None = None


class Session230(Session22, kw_only=True):
    """A session of 2.3.0."""

    total_cost: Price230 | None = None
