"""A legacy source in a ZIP of delimited files: each by its mapping, or recognised by its header."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

from charging.errors import MissingColumns, UnreadableSource
from charging.legacy.archive import Archive
from charging.legacy.csv_file import CsvSource
from charging.legacy.mapping import FileMapping
from charging.legacy.source import COLUMNS, Inspection, LandedRow


class ZipSource:
    """Reads the CSV files of one archive. A mapping of several files says by name which is which."""

    kind: Literal["csv"] = "csv"

    def __init__(
        self,
        archive: Archive,
        *,
        mappings: Mapping[str, FileMapping] | None = None,
        time_zone: str | None = None,
        date_order: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self._archive, self._mappings, self._time_zone = archive, mappings, time_zone
        self._date_order, self._decimal, self._encoding = date_order, decimal, encoding

    @property
    def name(self) -> str:
        """The file's name."""
        return self._archive.path.name

    @property
    def currency(self) -> str | None:
        """The one currency that the mappings state."""
        stated = {source.mapping.currency for source in self._sources[0].values()}
        return stated.pop() if len(stated) == 1 else None

    def inspect(self) -> Inspection:
        """Say which files are read, how, and which are not.

        Raises:
            SourceError: if a file cannot be read, or none is known.
            SettingsError: if times carry no zone, and none was given.
        """
        sources, unread = self._sources
        notes = [f"{name}: {note}" for name, source in sources.items() for note in source.inspect().notes]
        notes += [f"{name} is not read: {why}" for name, why in unread.items()]
        found = {
            entity: tuple(dict.fromkeys(column for _, columns in held for column in columns))
            for entity in COLUMNS
            if (held := self._holding(entity))
        }
        return Inspection(source=self.name, kind="csv", schema_generation=None, notes=tuple(notes), entities=found)

    def rows(
        self,
        entity: str,
        *,
        chunk_size: int = 5000,
        after: str | None = None,  # noqa: ARG002
    ) -> Iterator[list[LandedRow]]:
        """Yield the rows of an entity, file by file.

        Raises:
            SourceError: if a file cannot be read, or none is known.
            SettingsError: if times carry no zone, and none was given.
        """
        for source, _ in self._holding(entity):
            yield from source.rows(entity, chunk_size=chunk_size)

    def _holding(self, entity: str) -> list[tuple[CsvSource, tuple[str, ...]]]:
        """Return the files that an entity is read from: those that are of it, else those that imply it."""
        sources = self._sources[0].values()
        own = [source for source in sources if source.mapping.entity == entity]
        return [
            (source, tuple(source.mapping.columns[entity]))
            for source in own or sources
            if entity in source.mapping.columns
        ]

    @cached_property
    def _sources(self) -> tuple[dict[str, CsvSource], dict[str, str]]:
        sources: dict[str, CsvSource] = {}
        unread = dict.fromkeys(self._archive.others, "it is no CSV file")
        for name, path in self._archive.files.items():
            mapping = self._mapping(name)
            if self._mappings is not None and mapping is None:
                unread[name] = "the mapping does not name it"
                continue
            source = self._source(path, mapping)
            try:
                source.inspect()
            except MissingColumns as error:
                if mapping is not None or len(self._archive.files) == 1:
                    raise
                unread[name] = str(error)
            else:
                sources[name] = source
        if not sources:
            why = "; ".join(f"{name}: {why}" for name, why in unread.items())
            raise UnreadableSource(self.name, f"none of its files is known ({why})", "name a mapping file (--mapping)")
        return sources, unread

    def _mapping(self, name: str) -> FileMapping | None:
        named = self._mappings or {}
        bare = PurePosixPath(name).name
        return next((mapping for pattern, mapping in named.items() if fnmatch(bare, pattern)), None)

    def _source(self, path: Path, mapping: FileMapping | None) -> CsvSource:
        return CsvSource(
            path,
            mapping=mapping,
            time_zone=self._time_zone,
            date_order=self._date_order,
            decimal=self._decimal,
            encoding=self._encoding,
        )
