"""Opening a legacy source by what a person names: a back-office, a database with its mapping, a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from charging import settings as configuration
from charging.errors import SettingsError, SourceNotFound
from charging.legacy import mapping as mappings
from charging.legacy import sql_engine, sql_mapping
from charging.legacy.archive import Archive
from charging.legacy.csv_file import CsvSource
from charging.legacy.source import Source
from charging.legacy.sql import SqlSource
from charging.legacy.steve import SteveSource
from charging.legacy.steve_export import SteveExport, is_export
from charging.legacy.zip_file import ZipSource


class SourceKind(StrEnum):
    """What kind of thing is read."""

    STEVE = "steve"
    SQL = "sql"
    CSV = "csv"
    ZIP = "zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a person says about a source. What is left empty is detected, or not needed."""

    kind: SourceKind
    back_office: str = "legacy"
    path: str = ""
    mapping: str = ""
    database: str = ""
    """A reference (`env:LEGACY_URL`), never an address with its password."""
    time_zone: str = ""
    date_order: str = ""
    decimal: str = ""
    encoding: str = ""


@contextmanager
def opened(named: Named, home: Path | None = None) -> Iterator[Source]:
    """Yield the source; a database is held at one moment until the end of the block.

    Raises:
        SourceError: if it cannot be read, or a mapping file is not valid.
        SettingsError: if something is not named that its kind needs.
    """
    match named.kind:
        case SourceKind.STEVE:
            with _steve(named, home) as source:
                yield source
        case SourceKind.SQL:
            with sql(named) as read, read as source:
                yield source
        case SourceKind.CSV:
            yield csv(named)
        case SourceKind.ZIP:
            archive = Archive(_file(named))
            try:
                yield of_archive(named, archive)
            finally:
                archive.close()


@contextmanager
def sql(named: Named) -> Iterator[SqlSource]:
    """Yield a database with its mapping, before any moment of it is held.

    Raises:
        SourceError: if it cannot be reached, or the mapping file is not valid.
        SettingsError: if the mapping or the database is not named.
    """
    if not named.mapping:
        raise SettingsError("mapping", "is needed for a database", "name a mapping file in TOML (--mapping)")
    if not named.database:
        raise SettingsError("database", "is needed", "name a reference to its address: --database env:LEGACY_URL")
    mapping = sql_mapping.load(Path(named.mapping))
    place = configuration.database_address(named.database, setting="database")
    engine = sql_engine.connect(place, name=mapping.name)
    try:
        yield SqlSource(engine, mapping)
    finally:
        engine.dispose()


def csv(named: Named) -> CsvSource:
    """Return a file that can be read to its end.

    Raises:
        SourceError: if it cannot, or if the mapping file is not valid.
        SettingsError: if its times carry no zone, and none was given.
    """
    source = CsvSource(
        _file(named),
        mapping=mappings.load(Path(named.mapping)) if named.mapping else None,
        time_zone=named.time_zone or None,
        date_order=named.date_order or None,
        decimal=named.decimal or None,
        encoding=named.encoding or None,
    )
    source.inspect()
    return source


def of_archive(named: Named, archive: Archive) -> Source:
    """Return what is in a ZIP: SteVe's own export, or files by their mapping or their headers.

    Raises:
        SourceError: if it cannot be read, or if the mapping file is not valid.
        SettingsError: if its times carry no zone, and none was given.
    """
    source: Source
    if not named.mapping and is_export(archive):
        source = SteveExport(archive)
    else:
        source = ZipSource(
            archive,
            mappings=mappings.load_several(Path(named.mapping)) if named.mapping else None,
            time_zone=named.time_zone or None,
            date_order=named.date_order or None,
            decimal=named.decimal or None,
            encoding=named.encoding or None,
        )
    source.inspect()
    return source


def currency_of(source: Source) -> str | None:
    """Return the currency that a source's mapping states for all of it."""
    match source:
        case CsvSource() | SqlSource():
            return source.mapping.currency
        case ZipSource():
            return source.currency
        case _:
            return None


@contextmanager
def _steve(named: Named, home: Path | None) -> Iterator[SteveSource]:
    settings = configuration.load(home)
    reference = settings.back_office(named.back_office).database
    place = configuration.database_address(reference, setting=f"{named.back_office}.database")
    engine = sql_engine.connect(place, name=named.back_office)
    try:
        with SteveSource(engine, named.back_office) as source:
            yield source
    finally:
        engine.dispose()


def _file(named: Named) -> Path:
    path = Path(named.path)
    if not named.path:
        raise SettingsError("path", f"is needed for a {named.kind.upper()} file", "name the file")
    if path.is_dir():
        raise SourceNotFound(named.path, "it is a folder: name a file in it")
    return path
