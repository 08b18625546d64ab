"""Mapping files of statements: which column of a partner's list means what, in which units and culture."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charging.errors import SourceNotFound
from charging.legacy.mapping import DATE_ORDERS, DECIMALS
from charging.legacy.mapping_keys import Keys, Table, document

NUMBERS = ("energy_kwh", "net", "gross", "parking_hours", "total_hours", "meter_start_kwh", "meter_end_kwh")
INSTANTS = ("started_at", "ended_at", "charging_started_at", "charging_ended_at", "last_updated")
TEXTS = (
    "cdr_id",
    "session_id",
    "authorization_reference",
    "owner",
    "evse_id",
    "evse_uid",
    "connector_id",
    "token_uid",
    "contract_id",
    "driver",
    "currency",
    "tariff_id",
    "invoice_id",
    "credits_cdr_id",
    "is_credit",
)
COLUMNS = (*TEXTS, *INSTANTS, "duration", *NUMBERS)
ENERGY_UNITS = ("kWh", "Wh")
DURATION_UNITS = ("hh:mm:ss", "h", "min", "s")
DRIVERS = ("either", "uid", "contract")
_EITHER_OF = (
    (("cdr_id", "session_id"), "name the column of an id"),
    (("started_at",), "name the column of the start"),
    (("ended_at", "duration"), "name the column of the end, or of the duration"),
    (("energy_kwh",), "name the column of the energy"),
    (("evse_id", "evse_uid"), "name the column of the EVSE"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMapping:
    """How to read one kind of statement. Whatever is None is detected from the file itself."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    """Ours to theirs; several are put together with a space: a date in one column and a time in another."""
    time_zone: str | None = None
    """Of times that say none."""
    date_order: str | None = None
    decimal: str | None = None
    has_plain_numbers: bool = False
    """Whether every number is written as `1234.5`: nobody has said what another mark in it would be."""
    currency: str | None = None
    """Where no column says it."""
    energy_unit: str = "kWh"
    duration_unit: str = "hh:mm:ss"
    driver: str = "either"
    """What the column `driver` holds: a card's uid, a contract, or either, told by its form."""
    encoding: str | None = None
    delimiter: str | None = None

    def missing(self, header: Collection[str]) -> list[str]:
        """Return the columns that a file with this header lacks."""
        return sorted({name for names in self.columns.values() for name in names if name not in header})


def load(path: Path) -> StatementMapping:
    """Read a mapping file.

    Raises:
        SourceNotFound: if there is none at that path.
        UnreadableSource: if it is not valid; the sentence names the file, the key and the mend.
    """
    if not path.is_file():
        raise SourceNotFound(str(path), "name a mapping file in TOML (files.mapping in the partner file)")
    return of_values(document(path), file=path.name)


def of_values(said: Mapping[str, Any], *, file: str) -> StatementMapping:
    """Return the mapping that the values of a file describe.

    Raises:
        UnreadableSource: if it is not valid; the sentence names the file, the key and the mend.
    """
    keys = Keys(file)
    keys.only(said, ("name", "columns", "culture", "units", "ids", "format"), at="")
    culture = keys.table(said, "culture", ("time_zone", "date_order", "decimal", "currency"))
    units, ids = keys.table(said, "units", ("energy", "duration")), keys.table(said, "ids", ("driver",))
    layout = keys.table(said, "format", ("encoding", "delimiter"))
    columns = _columns(keys, keys.table(said, "columns", COLUMNS))
    currency = keys.code(culture, "currency", length=3)
    if "currency" not in columns and currency is None:
        raise keys.refuse(
            "columns.currency", "is missing", 'name its column, or write currency = "EUR" under [culture]'
        )
    return StatementMapping(
        name=keys.text(said, "name", at="") or Path(file).stem,
        columns=columns,
        time_zone=keys.zone(culture, "time_zone", at="culture."),
        date_order=keys.one_of(culture, "date_order", DATE_ORDERS, at="culture."),
        decimal=keys.one_of(culture, "decimal", DECIMALS, at="culture."),
        currency=currency,
        energy_unit=keys.one_of(units, "energy", ENERGY_UNITS, at="units.") or "kWh",
        duration_unit=keys.one_of(units, "duration", DURATION_UNITS, at="units.") or "hh:mm:ss",
        driver=keys.one_of(ids, "driver", DRIVERS, at="ids.") or "either",
        encoding=keys.text(layout, "encoding", at="format."),
        delimiter=keys.one_of(layout, "delimiter", (",", ";", "\t", "|"), at="format."),
    )


def canonical(header: Collection[str]) -> StatementMapping:
    """Return the mapping of a file whose columns bear our own names; its times are UTC, its numbers plain."""
    return StatementMapping(
        name="our own column names",
        columns={name: (name,) for name in COLUMNS if name in header},
        time_zone="UTC",
        date_order="ymd",
        decimal=".",
        has_plain_numbers=True,
    )


def lacking(columns: Collection[str]) -> tuple[str, str] | None:
    """Return the first thing that no CDR can be without and these columns do not say, with the mend; None if none."""
    found = next((each for each in _EITHER_OF if not set(each[0]) & set(columns)), None)
    return None if found is None else (" or ".join(found[0]), found[1])


def _columns(keys: Keys, table: Table) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for key, stated in table.items():
        names = stated if isinstance(stated, list) else [stated]
        if not names or any(not isinstance(name, str) or not name for name in names):
            raise keys.refuse(f"columns.{key}", f"is {stated!r}", "write a column's name, or a list of names")
        columns[key] = tuple(names)
    if (found := lacking(columns)) is not None:
        raise keys.refuse(f"columns.{found[0]}", "is missing", found[1])
    return columns
