"""Mapping files: which column of an export means what, and in which culture its values are written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from charging.errors import SourceNotFound
from charging.legacy.mapping_keys import Keys, document
from charging.legacy.source import COLUMNS, REQUIRED, RIDE_ALONG

_ENERGY_UNITS = ("kWh", "Wh")
_CULTURE = ("time_zone", "date_order", "century", "decimal", "currency", "country")
_FORMAT = ("encoding", "delimiter")
_OWN = ("entity", "columns", "culture", "units", "tokens", "format")
DATE_ORDERS = ("ymd", "dmy", "mdy")
DECIMALS = (".", ",")
TOKEN_KINDS = ("card", "pseudonym")
NAME_ENERGY = "name the column of the energy, or {}.meter_start_wh and meter_stop_wh"


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


def load_several(path: Path) -> dict[str, FileMapping]:
    """Read a mapping file for a ZIP: under `files`, a mapping for each file by its name or pattern (`sessions_*.csv`).

    What stands beside `files` (culture, units, tokens, format) holds for all of them. Without `files`, the mapping is
    of every file.

    Raises:
        SourceNotFound: if there is none at that path.
        UnreadableSource: if it is not valid; the sentence names the file, the key and the mend.
    """
    if not path.is_file():
        raise SourceNotFound(str(path), "name a mapping file in TOML (--mapping)")
    said = document(path)
    if "files" not in said:
        return {"*": _Reader(path.name, said).mapping()}
    shared = {key: value for key, value in said.items() if key != "files"}
    keys = Keys(path.name)
    files = keys.table(said, "files", tuple(said["files"]) if isinstance(said["files"], dict) else ())
    return {
        pattern: _Reader(
            f'{path.name} [files."{pattern}"]', _merged(shared, keys.table(files, pattern, _OWN))
        ).mapping()
        for pattern in files
    }


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says itself, and of everything else what is said for all."""
    merged = {**shared, **own}
    for key in ("culture", "units", "tokens", "format"):
        tables = [each[key] for each in (shared, own) if key in each]
        if len(tables) == 2 and all(isinstance(table, dict) for table in tables):
            merged[key] = {**tables[0], **tables[1]}
    return merged


def _parse(file: Traversable | Path) -> FileMapping:
    return _Reader(file.name, document(file)).mapping()


class _Reader:
    """Makes a mapping of what a file says."""

    def __init__(self, file: str, said: Mapping[str, Any]) -> None:
        self._file, self._said, self._keys = file, said, Keys(file)

    def mapping(self) -> FileMapping:
        keys, said = self._keys, self._said
        keys.only(said, ("name", "entity", "columns", "culture", "units", "tokens", "format"), at="")
        culture, units = keys.table(said, "culture", _CULTURE), keys.table(said, "units", ("energy", "meter"))
        tokens, layout = keys.table(said, "tokens", ("kind",)), keys.table(said, "format", _FORMAT)
        entity = keys.one_of(said, "entity", tuple(COLUMNS), default="session", at="")
        return FileMapping(
            name=keys.text(said, "name", at="") or Path(self._file).stem,
            entity=entity or "session",
            columns=self._columns(entity or "session"),
            time_zone=keys.zone(culture, "time_zone", at="culture."),
            date_order=keys.one_of(culture, "date_order", DATE_ORDERS, at="culture."),
            century=keys.century(culture),
            decimal=keys.one_of(culture, "decimal", DECIMALS, at="culture."),
            currency=keys.code(culture, "currency", length=3),
            country=keys.code(culture, "country", length=2),
            energy_unit=keys.one_of(units, "energy", _ENERGY_UNITS, at="units.") or "kWh",
            meter_unit=keys.one_of(units, "meter", _ENERGY_UNITS, at="units.") or "Wh",
            token_kind=keys.one_of(tokens, "kind", TOKEN_KINDS, at="tokens."),
            encoding=keys.text(layout, "encoding", at="format."),
            delimiter=keys.one_of(layout, "delimiter", (",", ";", "\t", "|"), at="format."),
        )

    def _columns(self, entity: str) -> dict[str, dict[str, str]]:
        keys = self._keys
        tables = keys.table(self._said, "columns", tuple(COLUMNS))
        if entity not in tables:
            raise keys.refuse(
                f"columns.{entity}", "is missing", f"say which column is which: {REQUIRED[entity][0]} = …"
            )
        columns: dict[str, dict[str, str]] = {}
        for name in tables:
            at = f"columns.{name}."
            table = keys.table(tables, name, COLUMNS[name] + RIDE_ALONG[name], at="columns.")
            columns[name] = {key: keys.text(table, key, at=at) or "" for key in table}
            for required in REQUIRED[name]:
                if not columns[name].get(required):
                    raise keys.refuse(f"{at}{required}", "is missing", "name the column of the file that holds it")
        if "session" in columns and not has_energy(columns["session"]):
            raise keys.refuse("columns.session.energy_kwh", "is missing", NAME_ENERGY.format("columns.session"))
        return columns


def has_energy(session: Collection[str]) -> bool:
    """Whether the columns of a session say what it delivered, as energy or as two readings of the meter."""
    return "energy_kwh" in session or {"meter_start_wh", "meter_stop_wh"} <= set(session)
