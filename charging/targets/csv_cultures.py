"""How an importer wants its CSV: delimiter, decimals, dates, headers, and what one row is. Pure.

The presets say what is published of an importer and no more: what a portal asks in a wizard, a person answers there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from charging.target_settings import CsvFolder

TRAPS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula, at its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """One importer's way of writing."""

    delimiter: str = ","
    decimal: str = "."
    dates: str = "%Y-%m-%dT%H:%M:%SZ"
    has_bom: bool = False
    max_rows: int | None = None
    has_key: bool = True
    """Whether the last column is the key by which a row is found again; some importers refuse a column too many."""
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What one row of a file is (`location`, `station`, `evse`, `socket`, `token`), and its header for each field."""
    required: frozenset[str] = frozenset()
    """The fields without which the importer takes no row."""

    def written(self, value: object) -> str:
        """Return a value as the importer reads it; a text that a spreadsheet would run is kept from it."""
        match value:
            case None:
                return ""
            case bool():
                return "1" if value else "0"
            case datetime():
                return value.strftime(self.dates)
            case int() | Decimal():
                return format(value, "f" if isinstance(value, Decimal) else "d").replace(".", self.decimal)
            case _:
                text = str(value)
                return f"'{text}" if text.startswith(TRAPS) else text


_LOCATION = ("location_id", "name", "street", "postal_code", "city", "country", "latitude", "longitude", "time_zone")
_STATION = ("station_id", "location_id", "vendor", "model", "serial_number", "firmware", "iccid", "imsi", "apn")
_EVSE = ("evse_uid", "station_id", "connector_id", "evse_id")
_SOCKET = ("socket", *_EVSE, "standard", "format", "power_type", "max_voltage", "max_amperage", "max_power_w")
_TOKEN = ("token_uid", "parent_uid", "contract_id", "issuer", "is_blocked", "expires_at")


def _plainly(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: name for name in names}


PRESETS: Mapping[str, Culture] = {
    "plain": Culture(
        rows={
            "location": _plainly(_LOCATION),
            "station": _plainly(_STATION),
            "socket": _plainly(_SOCKET),
            "evse": _plainly(_EVSE),
            "token": _plainly(_TOKEN),
        }
    ),
    # Owner, billing contact, rate and EMP are chosen in its wizard.
    "be-energised": Culture(
        delimiter=";",
        rows={
            "token": {
                "token_uid": "Tag ID",
                "contract_id": "Card number",
                "expires_at": "Expires at",
                "is_active": "Active",
            }
        },
        required=frozenset({"token_uid"}),
    ),
    # It finds a location by name, address and zip, never by an id, and an update cannot clear a field.
    "greenflux": Culture(
        delimiter=";",
        decimal=",",
        dates="%d-%m-%Y %H:%M",
        rows={
            "station": {
                "station_id": "Charge station",
                "serial_number": "Serial number",
                "vendor": "Vendor",
                "model": "Model",
                "name": "Location name",
                "street": "Address",
                "postal_code": "Zip",
                "city": "City",
                "country": "Country",
                "latitude": "Latitude",
                "longitude": "Longitude",
            }
        },
    ),
    # One row for each socket; its charge point identifier is the serial number. Errors come by mail.
    "monta": Culture(
        rows={
            "socket": {
                "serial_number": "Charge point identifier",
                "name": "Charge point name",
                "vendor": "Brand",
                "model": "Model",
                "connector_id": "Connector",
                "max_power_kw": "Max kW",
                "street": "Address",
                "postal_code": "Zip",
                "city": "City",
                "country": "Country",
                "latitude": "Latitude",
                "longitude": "Longitude",
            }
        },
        required=frozenset({"serial_number"}),
    ),
}


def of(table: CsvFolder) -> Culture:
    """Return the preset that a table names, with what the table says otherwise.

    Raises:
        KeyError: if there is no such preset.
    """
    preset = PRESETS[table.culture]
    culture = replace(
        preset,
        delimiter=table.delimiter or preset.delimiter,
        decimal=table.decimal or preset.decimal,
        dates=table.dates or preset.dates,
        has_bom=preset.has_bom if table.has_bom is None else table.has_bom,
        max_rows=table.max_rows or preset.max_rows,
        has_key=table.has_key,
    )
    if not table.headers:
        return culture
    chosen = {
        what: {name: table.headers[name] for name in headers if name in table.headers}
        for what, headers in culture.rows.items()
    }
    return replace(culture, rows={what: headers for what, headers in chosen.items() if headers})
