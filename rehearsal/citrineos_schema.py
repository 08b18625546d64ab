"""The tables of CitrineOS that hold its network, as its models and migrations describe them, in three generations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Generation(StrEnum):
    """How stations are numbered."""

    NAMED = "named"
    """`ChargingStations.id` is the OCPP identity."""
    PK_ID = "pkId"
    """`pkId` is the number, `id` the identity."""
    CONNECTION_NAME = "ocppConnectionName"
    """`id` is the number, `ocppConnectionName` the identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the scalar that Hasura shows, and what PostgreSQL asks of a value."""

    scalar: str
    length: int | None = None
    is_required: bool = False
    default: Any = None
    refers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table. `number` is the primary key, which counts by itself where it is an Int."""

    name: str
    columns: Mapping[str, Column]
    number: str = "id"
    unique: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked_by: str = ""
    """A column beside those of its keys by which rows are asked for."""

    @property
    def indexed(self) -> frozenset[str]:
        """The columns that rows are looked up by, of those that compare as they are written."""
        names = {self.number, self.asked_by, *(columns[0] for columns in self.unique.values())}
        return frozenset(name for name in names & self.columns.keys() if self.columns[name].scalar in {"Int", "String"})


def tables(generation: Generation) -> dict[str, Table]:
    """Return the tables of one generation, by name."""
    network = (_locations(), _stations(generation), _evses(generation), _connectors(generation), _authorizations())
    every = (*network, _messages(generation), _transactions(generation))
    return {table.name: table for table in every}


def _text(length: int = 255, *, required: bool = False, default: str | None = None) -> Column:
    return Column(scalar="String", length=length, is_required=required, default=default)


def _number(*, required: bool = False, refers: str | None = None) -> Column:
    return Column(scalar="Int", is_required=required, refers=refers)


_STAMPS = {
    "tenantId": Column(scalar="Int", is_required=True, default=1),
    "createdAt": Column(scalar="timestamptz", is_required=True),
    "updatedAt": Column(scalar="timestamptz", is_required=True),
}
_ID = Column(scalar="Int")


def _locations() -> Table:
    words = dict.fromkeys(("name", "address", "city", "postalCode", "state", "country", "parkingType"), _text())
    columns = {
        "id": _ID,
        **words,
        "publishUpstream": Column(scalar="Boolean", default=True),
        "timeZone": _text(default="UTC"),
        "facilities": Column(scalar="jsonb"),
        "openingHours": Column(scalar="jsonb"),
        "coordinates": Column(scalar="geometry"),
    }
    return Table(name="Locations", columns=columns | _STAMPS)


def _stations(generation: Generation) -> Table:
    identity = _text(36, required=True)
    own = {
        Generation.NAMED: {"id": identity},
        Generation.PK_ID: {"pkId": _ID, "id": identity},
        Generation.CONNECTION_NAME: {"id": _ID, "ocppConnectionName": identity},
    }[generation]
    short, middle = ("chargePointVendor", "chargePointModel", "iccid", "imsi"), ("meterType", "meterSerialNumber")
    lengths = {
        **dict.fromkeys(short, 20),
        **dict.fromkeys(("chargePointSerialNumber", "chargeBoxSerialNumber", *middle), 25),
        "firmwareVersion": 50,
    }
    columns = {
        **own,
        "isOnline": Column(scalar="Boolean"),
        "protocol": _text(),
        **{name: _text(length) for name, length in lengths.items()},
        "coordinates": Column(scalar="geometry"),
        "use16StatusNotification0": Column(scalar="Boolean", default=True),
        "locationId": _number(refers="Locations"),
    }
    name = "ocppConnectionName" if generation is Generation.CONNECTION_NAME else "id"
    unique = {} if generation is Generation.NAMED else {f"ChargingStations_{name}_tenantId_key": (name, "tenantId")}
    number = "pkId" if generation is Generation.PK_ID else "id"
    return Table(name="ChargingStations", number=number, columns=columns | _STAMPS, unique=unique)


def _of_station(generation: Generation) -> tuple[dict[str, Column], str]:
    """Return the columns that name a station, and the one of them that unique keys begin with."""
    refers = "ChargingStations"
    match generation:
        case Generation.NAMED:
            named = Column(scalar="String", length=36, is_required=True, refers=refers)
            return {"stationId": named}, "stationId"
        case Generation.PK_ID:
            return {"stationId": _text(required=True), "stationPkId": _number(refers=refers)}, "stationPkId"
        case _:
            return {"ocppConnectionName": _text(required=True), "stationId": _number(refers=refers)}, "stationId"


def _evses(generation: Generation) -> Table:
    own, first = _of_station(generation)
    columns = {
        "id": _ID,
        **own,
        "evseTypeId": _number(),
        "evseId": _text(),
        "physicalReference": _text(),
        "removed": Column(scalar="Boolean"),
    }
    unique = {f"{first}_evseTypeId": (first, "evseTypeId")}
    return Table(name="Evses", columns=columns | _STAMPS, unique=unique)


def _connectors(generation: Generation) -> Table:
    own, first = _of_station(generation)
    columns = {
        "id": _ID,
        **own,
        "evseId": _number(required=True, refers="Evses"),
        "connectorId": _number(required=True),
        "evseTypeConnectorId": _number(required=True),
        "status": _text(default="Unknown"),
        "errorCode": _text(default="NoError"),
        **dict.fromkeys(("type", "format", "powerType", "info", "vendorId"), _text()),
        **dict.fromkeys(("maximumAmperage", "maximumVoltage", "maximumPowerWatts", "tariffId"), _number()),
    }
    unique = {
        f"{first}_connectorId": (first, "connectorId"),
        "evseId_evseTypeConnectorId": ("evseId", "evseTypeConnectorId"),
    }
    return Table(name="Connectors", columns=columns | _STAMPS, unique=unique)


def _authorizations() -> Table:
    columns = {
        "id": _ID,
        "idToken": Column(scalar="citext", is_required=True),
        "idTokenType": _text(),
        "status": _text(),
        "cacheExpiryDateTime": Column(scalar="timestamptz"),
        "chargingPriority": _number(),
        "language1": _text(),
        "concurrentTransaction": Column(scalar="Boolean", default=False),
        "realTimeAuth": _text(),
        "groupAuthorizationId": _number(refers="Authorizations"),
    }
    return Table(name="Authorizations", columns=columns | _STAMPS, unique={"idToken_type": ("idToken", "idTokenType")})


def _messages(generation: Generation) -> Table:
    """Frames, as they were sent and received; of a station that is not known, too."""
    named = "ocppConnectionName" if generation is Generation.CONNECTION_NAME else "stationId"
    columns = {
        "id": _ID,
        named: _text(required=True),
        **dict.fromkeys(("correlationId", "origin", "protocol", "action"), _text()),
        "message": Column(scalar="jsonb"),
        "timestamp": Column(scalar="timestamptz"),
    }
    return Table(name="OCPPMessages", columns=columns | _STAMPS, asked_by=named)


def _transactions(generation: Generation) -> Table:
    named = "ocppConnectionName" if generation is Generation.CONNECTION_NAME else "stationId"
    columns = {
        "id": _ID,
        named: _text(required=True),
        "transactionId": _text(required=True),
        "isActive": Column(scalar="Boolean"),
    }
    return Table(name="Transactions", columns=columns | _STAMPS, asked_by=named)
