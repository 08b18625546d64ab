"""CitrineOS's tables as Hasura shows them, in the shape of each release. Pure.

Until early 2026 a station's number is its OCPP identity; then it has a `pkId` beside it; since mid-2026 its `id` is a
number, and the identity is `ocppConnectionName`. EVSEs and connectors refer to it accordingly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from charging.errors import BackOfficeUnavailable
from charging.targets.change import Plain

ENTITIES = ("location", "station", "evse", "connector", "token")
NAMES = {
    "location": "Locations",
    "station": "ChargingStations",
    "evse": "Evses",
    "connector": "Connectors",
    "token": "Authorizations",
}
PLACE = ("name", "address", "postalCode", "city")
"""By what a location is known again: CitrineOS numbers them, and has no column for an id of ours. Countries have no
one way of writing there."""
_ASKED = {
    "location": (*PLACE, "country", "timeZone", "coordinates"),
    "station": (
        *("protocol", "chargePointVendor", "chargePointModel", "chargePointSerialNumber", "firmwareVersion"),
        *("iccid", "imsi", "locationId"),
    ),
    "evse": ("evseTypeId", "evseId", "removed"),
    "connector": (
        *("connectorId", "evseTypeConnectorId", "evseId", "type", "format", "powerType"),
        *("maximumVoltage", "maximumAmperage", "maximumPowerWatts"),
    ),
    "token": ("idToken", "idTokenType", "status", "cacheExpiryDateTime", "groupAuthorizationId"),
}
_OPTIONAL = frozenset({"removed", "timeZone", "iccid", "imsi"})
_SEVEN = Decimal("0.0000001")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: its name, the column of its own number, and the columns that are asked for."""

    name: str
    number: str
    number_type: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The tables of one CitrineOS, and how its EVSEs and connectors name their station."""

    tables: Mapping[str, Table]
    identity: str
    """The column of a station that holds its OCPP identity."""
    station_name: str
    """The column of an EVSE or a connector that holds it."""
    station_number: str | None
    """The column that holds the station's number, where it has one of its own."""


INTROSPECTION = (
    "query Shape { "
    + " ".join(
        f'{name}: __type(name: "{name}") {{ fields {{ name type {{ name ofType {{ name }} }} }} }}'
        for name in NAMES.values()
    )
    + " }"
)


def schema_of(shape: Row) -> Schema:
    """Return what Hasura's answer about its types comes to.

    Raises:
        BackOfficeUnavailable: if a table or a column that is needed is not shown.
    """
    shown = {name: _columns(shape.get(name)) for name in NAMES.values()}
    for name, columns in shown.items():
        if not columns:
            mend = "see whether Hasura tracks the table, and whether target.secret lets us see it"
            raise BackOfficeUnavailable("target", f"its GraphQL has no {name}", mend)
    stations = shown["ChargingStations"]
    is_connection = "ocppConnectionName" in stations
    station = "ocppConnectionName" if is_connection else "stationId"
    number = "pkId" if "pkId" in stations else "id"
    return Schema(
        tables={entity: _table(entity, shown, station=station, number=number) for entity in ENTITIES},
        identity="ocppConnectionName" if is_connection else "id",
        station_name=station,
        station_number="stationId" if is_connection else "stationPkId" if number == "pkId" else None,
    )


def _table(entity: str, shown: Mapping[str, Mapping[str, str]], *, station: str, number: str) -> Table:
    name = NAMES[entity]
    key = number if entity == "station" else "id"
    own: tuple[str, ...] = {
        "station": ("ocppConnectionName",) if station == "ocppConnectionName" else ("id",),
        "evse": (station,),
        "connector": (station,),
    }.get(entity, ())
    wanted = dict.fromkeys((key, *own, *_ASKED[entity]))
    missing = [column for column in (*wanted, "tenantId") if column not in shown[name] and column not in _OPTIONAL]
    if missing:
        mend = "it is older than CitrineOS 1.8, or newer than we know: load it over OCPI or by CSV"
        raise BackOfficeUnavailable("target", f"its {name} have no {', '.join(missing)}", mend)
    columns = tuple(column for column in wanted if column in shown[name])
    return Table(name=name, number=key, number_type=shown[name][key], columns=columns)


def _columns(shown: Row | None) -> dict[str, str]:
    fields = (shown or {}).get("fields") or ()
    return {one["name"]: str(one["type"]["name"] or (one["type"]["ofType"] or {}).get("name")) for one in fields}


def place_mark(row: Row) -> str:
    """Return by what a location is known again, however its letters and blanks are written."""
    return " · ".join("".join(str(row.get(name) or "").casefold().split()) for name in PLACE)


def plain(column: str, value: Any) -> Plain:
    """Return a column's value in the one way in which it is compared."""
    if value is None or value == "":
        return None
    if column == "coordinates":
        longitude, latitude = value["coordinates"][:2]
        return coordinates(Decimal(latitude), Decimal(longitude))
    if column == "cacheExpiryDateTime":
        return instant(datetime.fromisoformat(value))
    return value if isinstance(value, int | str) else str(value)


def coordinates(latitude: Decimal, longitude: Decimal) -> str:
    """Return degrees as they are compared: as many decimals as OCPI knows, without closing zeros."""
    return " ".join(_degrees(value) for value in (latitude, longitude))


def _degrees(value: Decimal) -> str:
    return format(value.quantize(_SEVEN).normalize() + 0, "f")


def instant(at: datetime) -> str:
    """Return an instant as it is compared."""
    return at.astimezone(UTC).isoformat()
