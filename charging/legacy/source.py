"""What every legacy source gives: rows of canonical columns and text values, exactly as extracted."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Literal, Protocol

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "location": (
        *("location_id", "name", "street", "city", "postal_code", "country"),
        *("latitude", "longitude", "time_zone"),
    ),
    "station": (
        *("station_id", "location_id", "vendor", "model", "serial_number", "firmware", "iccid", "imsi", "apn"),
        *("ocpp_protocol", "last_seen_at", "status"),
    ),
    "evse": ("station_id", "connector_id", "evse_id"),
    "connector": (
        *("station_id", "connector_id", "connector_number", "standard", "format", "power_type"),
        *("max_voltage", "max_amperage", "max_power_w"),
    ),
    "tariff": (
        *("tariff_id", "name", "currency", "valid_from", "valid_until", "document"),
        *("flat_price", "price_per_kwh", "price_per_hour", "parking_price_per_hour", "vat_percent"),
    ),
    "customer": ("customer_id", "name", "email", "phone", "note"),
    "contract": ("contract_id", "customer_id", "issuer", "tariff_id", "valid_from", "valid_until", "is_blocked"),
    "token": ("token_uid", "parent_uid", "contract_id", "issuer", "is_blocked", "expires_at", "note"),
    "session": (
        *("session_id", "station_id", "connector_id", "location_id", "token_uid"),
        *("started_at", "stopped_at", "server_started_at", "server_stopped_at"),
        *("meter_start_wh", "meter_stop_wh", "energy_kwh", "cost", "currency"),
        *("stop_reason", "event_actor", "stop_count"),
    ),
    "meter_value": (
        *("session_id", "station_id", "connector_id", "sampled_at", "value", "unit"),
        *("measurand", "context", "format", "phase", "location"),
    ),
    "reservation": (
        *("reservation_id", "station_id", "connector_id", "token_uid", "session_id"),
        *("starts_at", "expires_at", "status"),
    ),
    "charging_profile": (
        *("profile_id", "station_id", "connector_id", "stack_level", "purpose", "kind", "recurrency"),
        *("valid_from", "valid_until", "starts_at", "duration_seconds", "rate_unit", "periods"),
    ),
}
"""The canonical columns of each entity, in the order in which entities are extracted.

`connector_id` is the EVSE's number at its station, as OCPP 1.6 calls it; `connector_number` counts the sockets and
cables of one EVSE. A tariff is an OCPI `document`, or its prices in columns. `value` of a meter value is text: where
its format is `SignedData` it is kept byte for byte. `periods` of a charging profile is a JSON list.
"""

RIDE_ALONG: Mapping[str, tuple[str, ...]] = dict.fromkeys(COLUMNS, ()) | {
    "token": ("token_kind", "owner_count"),
    "session": ("time_zone", "century", "duration_hours", "failed_stop_reason", "token_kind"),
}
"""Columns beside the canonical ones that cleansing understands where a source has them."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "location": ("location_id",),
    "station": ("station_id",),
    "evse": ("station_id", "connector_id"),
    "connector": ("station_id", "connector_id", "connector_number"),
    "tariff": ("tariff_id",),
    "customer": ("customer_id",),
    "contract": ("contract_id",),
    "token": ("token_uid",),
    "session": ("session_id", "station_id", "started_at", "stopped_at"),
    "meter_value": ("session_id", "sampled_at", "value"),
    "reservation": ("reservation_id", "station_id"),
    "charging_profile": ("profile_id",),
}
"""Without these an entity cannot be read at all. The first of them are also what makes a row of it distinct."""

AS_EXTRACTED = "_as_extracted"
"""Where a source rewrote a value into plain notation, its own text rides along under this suffix."""

INSTANTS = frozenset(
    {
        *("started_at", "stopped_at", "server_started_at", "server_stopped_at", "last_seen_at", "expires_at"),
        *("valid_from", "valid_until", "sampled_at", "starts_at"),
    }
)
NUMBERS = frozenset(
    {
        *("latitude", "longitude", "meter_start_wh", "meter_stop_wh", "energy_kwh", "cost", "duration_hours"),
        *("flat_price", "price_per_kwh", "price_per_hour", "parking_price_per_hour", "vat_percent"),
        *("max_voltage", "max_amperage", "max_power_w"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedRow:
    """One row as it came, with the place it came from. `line` is a line of the file, or the row's number in a table."""

    entity: str
    file: str
    line: int
    values: Mapping[str, str | None]

    @property
    def row_hash(self) -> str:
        """SHA-256 over the canonical JSON of the values: what the row says, wherever it stands."""
        text = json.dumps(dict(self.values), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


class Order(StrEnum):
    """How two watermarks compare. Both are text; an extract keeps the highest as it was said, and hands it back."""

    NUMBER = "number"
    """A whole number in decimal digits: compared as numbers (`9` comes before `10`), never as text."""
    INSTANT = "instant"
    """`2026-03-01T12:00:00.000000Z`: UTC, always six digits of a second, so that text order is the order in time."""
    TEXT = "text"
    """Compared code point by code point, as Python's `<` and PostgreSQL's collation "C" do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far an entity goes in its source. `highest` is None while it has no rows."""

    column: str
    """The source's own column, or columns."""
    order: Order
    highest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a look at a source found, before anything is extracted."""

    source: str
    kind: Literal["steve", "sql", "csv"]
    schema_generation: str | None
    notes: tuple[str, ...]
    entities: Mapping[str, tuple[str, ...]]
    """The columns that each entity will have."""
    watermarks: Mapping[str, Watermark] = field(default_factory=dict)
    """The entities of which a delta can be read. Any other is always read whole: nothing in it tells what is new."""


class Source(Protocol):
    """A legacy source. Reading it changes nothing in it."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Literal["steve", "sql", "csv"]: ...

    def inspect(self) -> Inspection:
        """Say what there is. Watermarks are as of this moment: whatever is written later is read again by a delta.

        Raises:
            SourceError: if the source cannot be read.
        """
        ...

    def rows(self, entity: str, *, chunk_size: int = 5000, after: str | None = None) -> Iterator[list[LandedRow]]:
        """Yield an entity's rows in chunks, in a stable order and in bounded memory.

        With `after`, a watermark that an earlier inspection said, only rows at or beyond it: those that stand exactly
        at it come again, since others may have joined them there. A delta never tells what has been deleted. Where
        the inspection has no watermark of the entity, `after` changes nothing, and every row comes.
        """
        ...
