"""Mapping files: which column of an export means what, and in which culture its values are written."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from charging.errors import SourceNotFound, UnreadableSource
from charging.legacy.source import COLUMNS, REQUIRED, RIDE_ALONG

_ENERGY_UNITS = ("kWh", "Wh")
_CULTURE = ("time_zone", "date_order", "century", "decimal", "currency", "country")
_FORMAT = ("encoding", "delimiter")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """How to read one kind of file. Whatever is None is detected from the file itself."""

    name: str
    entity: str
    """What one line of the file is; the other entities are implied by it."""
    columns: Mapping[str, Mapping[str, str]]
    """Per entity: canonical column to the file's own column."""
    time_zone: str | None = None
    date_order: str | None = None
    century: int | None = None
    """Where years came without one: what to add to them."""
    decimal: str | None = None
    currency: str | None = None
    country: str | None = None
    energy_unit: str = "kWh"
    meter_unit: str = "Wh"
    token_kind: str | None = None
    """`pseudonym` where drivers are numbered: then no rule for card numbers applies."""
    encoding: str | None = None
    delimiter: str | None = None

    def recognises(self, header: Collection[str]) -> bool:
        """Whether a file with this header has every column that the mapping names."""
        return all(column in header for columns in self.columns.values() for column in columns.values())


def shipped() -> tuple[FileMapping, ...]:
    """Return the mappings that come with rehome."""
    folder = resources.files("charging.legacy") / "mappings"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(_parse(file) for file in files)


def load(path: Path) -> FileMapping:
    """Read a mapping file.

    Raises:
        SourceNotFound: if there is none at that path.
        UnreadableSource: if it is not valid; the sentence names the file, the key and the mend.
    """
    if not path.is_file():
        raise SourceNotFound(str(path), "name a mapping file in TOML (--mapping)")
    return _parse(path)


def _parse(file: Traversable | Path) -> FileMapping:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableSource(file.name, f"it is no TOML ({error})", "mend it at that place") from None
    return _Reader(file.name, document).mapping()


class _Reader:
    """Takes a mapping file apart, key by key."""

    def __init__(self, file: str, document: dict[str, Any]) -> None:
        self._file, self._document = file, document

    def mapping(self) -> FileMapping:
        self._only(self._document, ("name", "entity", "columns", "culture", "units", "tokens", "format"), at="")
        culture, units = self._table("culture", _CULTURE), self._table("units", ("energy", "meter"))
        tokens, layout = self._table("tokens", ("kind",)), self._table("format", _FORMAT)
        entity = self._one_of(self._document, "entity", tuple(COLUMNS), default="session", at="")
        return FileMapping(
            name=self._text(self._document, "name", at="") or Path(self._file).stem,
            entity=entity or "session",
            columns=self._columns(entity or "session"),
            time_zone=self._zone(culture),
            date_order=self._one_of(culture, "date_order", ("ymd", "dmy", "mdy"), at="culture."),
            century=self._century(culture),
            decimal=self._one_of(culture, "decimal", (".", ","), at="culture."),
            currency=self._code(culture, "currency", length=3),
            country=self._code(culture, "country", length=2),
            energy_unit=self._one_of(units, "energy", _ENERGY_UNITS, at="units.") or "kWh",
            meter_unit=self._one_of(units, "meter", _ENERGY_UNITS, at="units.") or "Wh",
            token_kind=self._one_of(tokens, "kind", ("card", "pseudonym"), at="tokens."),
            encoding=self._text(layout, "encoding", at="format."),
            delimiter=self._one_of(layout, "delimiter", (",", ";", "\t", "|"), at="format."),
        )

    def _columns(self, entity: str) -> dict[str, dict[str, str]]:
        tables = self._table("columns", tuple(COLUMNS))
        if entity not in tables:
            raise self._refuse(
                f"columns.{entity}", "is missing", f"say which column is which: {REQUIRED[entity][0]} = …"
            )
        columns: dict[str, dict[str, str]] = {}
        for name, table in tables.items():
            at = f"columns.{name}."
            if not isinstance(table, dict):
                raise self._refuse(f"columns.{name}", "is no table", f"write [columns.{name}]")
            self._only(table, COLUMNS[name] + RIDE_ALONG[name], at=at)
            columns[name] = {key: self._text(table, key, at=at) or "" for key in table}
            for required in REQUIRED[name]:
                if not columns[name].get(required):
                    raise self._refuse(f"{at}{required}", "is missing", "name the column of the file that holds it")
        self._require_energy(columns)
        return columns

    def _require_energy(self, columns: Mapping[str, Mapping[str, str]]) -> None:
        session = columns.get("session")
        if (
            session is not None
            and "energy_kwh" not in session
            and not {"meter_start_wh", "meter_stop_wh"} <= set(session)
        ):
            mend = "name the column of the energy, or columns.session.meter_start_wh and meter_stop_wh"
            raise self._refuse("columns.session.energy_kwh", "is missing", mend)

    def _table(self, key: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        table = self._document.get(key, {})
        if not isinstance(table, dict):
            raise self._refuse(key, "is no table", f"write [{key}]")
        self._only(table, allowed, at=f"{key}.")
        return table

    def _only(self, table: Mapping[str, Any], allowed: tuple[str, ...], *, at: str) -> None:
        for key in table:
            if key not in allowed:
                raise self._refuse(f"{at}{key}", "is unknown", f"known are {', '.join(allowed)}")

    def _text(self, table: Mapping[str, Any], key: str, *, at: str) -> str | None:
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self._refuse(f"{at}{key}", f"is {value!r}", "write a text in quotes")
        return value

    def _one_of(
        self, table: Mapping[str, Any], key: str, allowed: tuple[str, ...], *, at: str, default: str | None = None
    ) -> str | None:
        value = table.get(key, default)
        if value is None:
            return None
        if value not in allowed:
            raise self._refuse(f"{at}{key}", f"is {value!r}", f"write one of {', '.join(map(repr, allowed))}")
        return str(value)

    def _zone(self, culture: Mapping[str, Any]) -> str | None:
        zone = self._text(culture, "time_zone", at="culture.")
        if zone is not None and not is_time_zone(zone):
            raise self._refuse("culture.time_zone", f"is {zone!r}", "write an IANA name such as 'Europe/Amsterdam'")
        return zone

    def _century(self, culture: Mapping[str, Any]) -> int | None:
        century = culture.get("century")
        if century is not None and century not in {1900, 2000}:
            raise self._refuse("culture.century", f"is {century!r}", "write 2000")
        return century

    def _code(self, table: Mapping[str, Any], key: str, *, length: int) -> str | None:
        value = self._text(table, key, at="culture.")
        if value is not None and not (len(value) == length and value.isascii() and value.isalpha() and value.isupper()):
            raise self._refuse(f"culture.{key}", f"is {value!r}", f"write {length} capital letters (ISO)")
        return value

    def _refuse(self, key: str, problem: str, mend: str) -> UnreadableSource:
        return UnreadableSource(f"mapping file {self._file}", f"key {key} {problem}", mend)


def is_time_zone(name: str) -> bool:
    """Whether the IANA database knows the name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name, such as Europe
        return False
    return True
