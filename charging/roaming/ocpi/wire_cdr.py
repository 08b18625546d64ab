"""The fields of OCPI CDRs that we read, per version (mod_cdrs of 2.1.1, 2.2.1, 2.3.0 edition 2).

Unknown fields are allowed and enums are open. Numbers stay the token that stood on the wire, instants their text.
"""

import msgspec

from charging.roaming.ocpi.wire_values import ABSENT

NUMBER = msgspec.Raw


class Price221(msgspec.Struct):
    """An amount of money (2.2.1)."""

    excl_vat: NUMBER
    incl_vat: NUMBER = ABSENT


class Part221(msgspec.Struct):
    """A part of the cost (2.2.1), of which only the amount without VAT is read."""

    excl_vat: NUMBER


class TaxAmount(msgspec.Struct):
    """One of the taxes on an amount (2.3.0)."""

    amount: NUMBER


class Price230(msgspec.Struct):
    """An amount of money (2.3.0)."""

    before_taxes: NUMBER
    taxes: list[TaxAmount] | None = None


class Part230(msgspec.Struct):
    """A part of the cost (2.3.0), of which only the amount without taxes is read."""

    before_taxes: NUMBER


class CdrToken(msgspec.Struct):
    """Who charged (2.2.1 and later)."""

    uid: str
    contract_id: str


class Coordinates(msgspec.Struct):
    """WGS 84, as text."""

    latitude: str
    longitude: str


class CdrLocation(msgspec.Struct):
    """Where it was (2.2.1 and later)."""

    evse_id: str
    evse_uid: str | None = None
    connector_id: str | None = None
    country: str | None = None
    coordinates: Coordinates | None = None


class Connector211(msgspec.Struct):
    """The connector that was used."""

    id: str


class Evse211(msgspec.Struct):
    """The EVSE that was used."""

    uid: str
    evse_id: str | None = None
    connectors: list[Connector211] | None = None


class Location211(msgspec.Struct):
    """Where it was (2.1.1): a Location cut down to what was used."""

    evses: list[Evse211]
    country: str | None = None
    coordinates: Coordinates | None = None


class CdrDimension(msgspec.Struct):
    """A measured quantity."""

    type: str
    volume: NUMBER


class ChargingPeriod(msgspec.Struct):
    """A stretch of the session."""

    start_date_time: str
    dimensions: list[CdrDimension]
    tariff_id: str | None = None


class TariffReference(msgspec.Struct):
    """The part of an enclosed tariff that identifies it."""

    id: str
    currency: str


class AnyCdr(msgspec.Struct, kw_only=True):
    """What every version has."""

    id: str
    start_date_time: str
    currency: str
    charging_periods: list[ChargingPeriod]
    total_energy: NUMBER
    total_time: NUMBER
    total_parking_time: NUMBER = ABSENT
    last_updated: str
    session_id: str | None = None
    """Not in 2.1.1, but hubs add it there."""
    tariffs: list[TariffReference] | None = None
    remark: str | None = None


class Cdr211(AnyCdr, kw_only=True):
    """A CDR of 2.1.1: no owner in it, one id for token or contract, costs without VAT."""

    stop_date_time: str
    auth_id: str
    authorization_id: str | None = None
    """An extension of Gireve's."""
    location: Location211
    total_cost: NUMBER


class _Cdr22(AnyCdr, kw_only=True):
    country_code: str
    party_id: str
    end_date_time: str
    cdr_token: CdrToken
    cdr_location: CdrLocation
    authorization_reference: str | None = None
    invoice_reference_id: str | None = None
    credit: bool | None = None
    credit_reference_id: str | None = None


class Cdr221(_Cdr22, kw_only=True):
    """A CDR of 2.2.1."""

    total_cost: Price221
    total_fixed_cost: Part221 | None = None
    total_energy_cost: Part221 | None = None
    total_time_cost: Part221 | None = None
    total_parking_cost: Part221 | None = None
    total_reservation_cost: Part221 | None = None


class Cdr230(_Cdr22, kw_only=True):
    """A CDR of 2.3.0: amounts before taxes, and each tax by itself."""

    total_cost: Price230
    total_fixed_cost: Part230 | None = None
    total_energy_cost: Part230 | None = None
    total_time_cost: Part230 | None = None
    total_parking_cost: Part230 | None = None
    total_reservation_cost: Part230 | None = None
