"""A legacy source in a delimited file: one kind of row, and the entities that its rows imply."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

from charging.cleansing.verdict import PLAIN_NUMBER, SHIFTED, TOTAL
from charging.errors import MissingColumns, SettingsError, UnreadableSource
from charging.legacy.csv_encoding import Encoding, detect_encoding
from charging.legacy.csv_text import Record, detect_delimiter, read_header, records
from charging.legacy.csv_total import is_total
from charging.legacy.culture import Evidence, iso_instant, plain_number
from charging.legacy.mapping import FileMapping, shipped
from charging.legacy.mapping_keys import is_time_zone
from charging.legacy.source import (
    AS_EXTRACTED,
    COLUMNS,
    INSTANTS,
    NUMBERS,
    REQUIRED,
    RIDE_ALONG,
    Inspection,
    LandedRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Everything that must be known before a row of the file can be read."""

    encoding: Encoding
    delimiter: str
    header: tuple[str, ...]
    mapping: FileMapping
    decimal: str
    date_order: str
    time_zone: str | None
    row_count: int


class CsvSource:
    """Reads one delimited file. Without a mapping, one that rehome knows is recognised by the file's header."""

    kind: Literal["csv"] = "csv"

    def __init__(
        self,
        path: Path,
        *,
        mapping: FileMapping | None = None,
        time_zone: str | None = None,
        date_order: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self._path, self._given, self._time_zone = path, mapping, time_zone
        self._date_order, self._decimal, self._encoding = date_order, decimal, encoding

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def mapping(self) -> FileMapping:
        """The mapping by which the file is read.

        Raises:
            SourceError: if the file cannot be read, or no mapping fits it.
            SettingsError: if its times carry no zone, and none was given.
        """
        return self._layout.mapping

    def inspect(self) -> Inspection:
        """Say how the file is read, and which entities are in it.

        Raises:
            SourceError: if the file cannot be read, or no mapping fits it.
            SettingsError: if its times carry no zone, and none was given.
        """
        layout = self._layout
        origin = "given" if self._given else "recognised by the header"
        notes = (
            layout.encoding.note,
            f"delimiter {layout.delimiter!r}",
            f"decimal mark {layout.decimal!r}, date order {layout.date_order}",
            f"time zone {layout.time_zone}" if layout.time_zone else "every time carries its zone",
            f"mapping {layout.mapping.name} ({origin})",
            f"{layout.row_count} rows",
        )
        entities = {
            entity: tuple(layout.mapping.columns[entity]) for entity in COLUMNS if entity in layout.mapping.columns
        }
        return Inspection(source=self.name, kind="csv", schema_generation=None, notes=notes, entities=entities)

    def rows(self, entity: str, *, chunk_size: int = 5000, after: str | None = None) -> Iterator[list[LandedRow]]:  # noqa: ARG002
        """Yield the rows of an entity; an implied one once, with the line that first named it.

        Raises:
            SourceError: if the file cannot be read, or no mapping fits it.
            SettingsError: if its times carry no zone, and none was given.
        """
        if entity not in self._layout.mapping.columns:
            return
        rows = self._every_row() if entity == self._layout.mapping.entity else self._implied(entity)
        while chunk := list(islice(rows, chunk_size)):
            yield chunk

    def _every_row(self) -> Iterator[LandedRow]:
        layout, entity = self._layout, self._layout.mapping.entity
        mapped = set(layout.mapping.columns[entity].values())
        others = [(place, name) for place, name in enumerate(layout.header) if name not in mapped]
        read, required = self._reader(entity), self._required(entity)
        for record in self._records(layout):
            if record.problem is not None:
                values: dict[str, str | None] = {SHIFTED: record.problem, "raw": record.raw}
            elif is_total(record.cells, required):
                values = {TOTAL: "true", "raw": record.raw.rstrip("\r\n")}
            else:
                values = {name: record.cells[place] for place, name in others}
                values |= read(record.cells)
            yield LandedRow(entity=entity, file=self.name, line=record.line, values=values)

    def _implied(self, entity: str) -> Iterator[LandedRow]:
        """Yield each distinct thing that the rows name. One that two rows describe differently comes twice."""
        seen: set[tuple[str | None, ...]] = set()
        read, required = self._reader(entity), self._required(self._layout.mapping.entity)
        for record in self._records(self._layout):
            if record.problem is not None or is_total(record.cells, required):
                continue
            values = read(record.cells)
            distinct = tuple(values.values())
            if distinct in seen or not all(values[key] for key in REQUIRED[entity]):
                continue
            seen.add(distinct)
            yield LandedRow(entity=entity, file=self.name, line=record.line, values=values)

    def _required(self, entity: str) -> tuple[int, ...]:
        """Return where the cells stand without which a record of an entity is none."""
        columns = self._layout.mapping.columns[entity]
        return tuple(self._layout.header.index(columns[name]) for name in REQUIRED[entity] if name in columns)

    def _records(self, layout: _Layout) -> Iterator[Record]:
        name, delimiter = layout.encoding.name, layout.delimiter
        return records(self._path, encoding=name, delimiter=delimiter, header=layout.header)

    def _reader(self, entity: str) -> Callable[[tuple[str, ...]], dict[str, str | None]]:
        """Return what turns the cells of a record into the canonical columns of an entity."""
        layout = self._layout
        columns = layout.mapping.columns[entity]
        places = [(column, layout.header.index(name)) for column, name in columns.items()]
        told = {column: value for column, value in _told(entity, layout).items() if value and column not in columns}

        def read(cells: tuple[str, ...]) -> dict[str, str | None]:
            values: dict[str, str | None] = {}
            for column, place in places:
                text = cells[place]
                plain = _plain(column, text, layout)
                values[column] = plain or None
                if plain != text:
                    values[column + AS_EXTRACTED] = text
            return values | told

        return read

    @cached_property
    def _layout(self) -> _Layout:
        """Read the whole file once, and decide by its own values how it is to be read."""
        given = self._given
        encoding = detect_encoding(self._path, stated=self._encoding or (given.encoding if given else None))
        delimiter = (given.delimiter if given else None) or detect_delimiter(self._path, encoding.name)
        header = read_header(self._path, encoding.name, delimiter)
        mapping = given or _recognise(self.name, header)
        if missing := _missing(mapping, header):
            raise MissingColumns(self.name, missing, header)
        time_zone = self._time_zone or mapping.time_zone
        if time_zone is not None and not is_time_zone(time_zone):
            raise SettingsError("time_zone", f"is {time_zone!r}", "write an IANA name such as Europe/Amsterdam")
        evidence = Evidence(source=self.name)
        row_count = self._survey(evidence, mapping, header, encoding=encoding.name, delimiter=delimiter)
        if not row_count:
            raise UnreadableSource(self.name, "it has a header and no rows", "export it again")
        if evidence.zoneless and time_zone is None:
            raise SettingsError(
                "time_zone",
                f"is needed for {self.name}, whose times carry no zone ({evidence.zoneless})",
                "pass --time-zone, for example Europe/Amsterdam, or write time_zone under [culture] in a mapping file",
            )
        if stated := self._date_order or mapping.date_order:
            evidence.require_order(stated)
        return _Layout(
            encoding=encoding,
            delimiter=delimiter,
            header=header,
            mapping=mapping,
            decimal=self._decimal or mapping.decimal or evidence.decimal(),
            date_order=stated or evidence.date_order(),
            time_zone=time_zone if evidence.zoneless else None,
            row_count=row_count,
        )

    def _survey(
        self, evidence: Evidence, mapping: FileMapping, header: tuple[str, ...], *, encoding: str, delimiter: str
    ) -> int:
        columns = [(name, header.index(of)) for table in mapping.columns.values() for name, of in table.items()]
        instants = sorted({place for name, place in columns if name in INSTANTS})
        numbers = sorted({place for name, place in columns if name in NUMBERS})
        row_count = 0
        for record in records(self._path, encoding=encoding, delimiter=delimiter, header=header):
            row_count += 1
            if record.problem is not None:
                continue
            for place in instants:
                evidence.see_instant(record.cells[place], line=record.line, column=header[place])
            for place in numbers:
                evidence.see_number(record.cells[place], line=record.line)
        return row_count


def _recognise(source: str, header: tuple[str, ...]) -> FileMapping:
    """Return the shipped mapping that fits the header, or one that takes canonical column names for what they say."""
    for mapping in shipped():
        if mapping.recognises(header):
            return mapping
    columns = {
        entity: {column: column for column in names + RIDE_ALONG[entity] if column in header}
        for entity, names in COLUMNS.items()
        if set(REQUIRED[entity]) <= set(header)
    }
    if not columns:
        raise MissingColumns(source, [name for name in REQUIRED["session"] if name not in header], header)
    return FileMapping(name="canonical column names", entity=list(columns)[-1], columns=columns)


def _missing(mapping: FileMapping, header: tuple[str, ...]) -> list[str]:
    columns = (column for table in mapping.columns.values() for column in table.values())
    return sorted({column for column in columns if column not in header})


def _told(entity: str, layout: _Layout) -> Mapping[str, str | None]:
    """Return what the mapping says about every row of an entity."""
    mapping = layout.mapping
    if entity == "session":
        century = None if mapping.century is None else str(mapping.century)
        return {
            "time_zone": layout.time_zone,
            "century": century,
            "currency": mapping.currency,
            "token_kind": mapping.token_kind,
        }
    return {"location": {"country": mapping.country}, "token": {"token_kind": mapping.token_kind}}.get(entity, {})


def _plain(column: str, text: str, layout: _Layout) -> str:
    """Return a number or an instant in plain notation; every other text as it is."""
    if column in INSTANTS:
        return iso_instant(text, date_order=layout.date_order)
    if column in NUMBERS:
        return _in_canonical_unit(column, plain_number(text, decimal=layout.decimal), layout.mapping)
    return text


def _in_canonical_unit(column: str, text: str, mapping: FileMapping) -> str:
    """Move the decimal point where the file has Wh for our kWh, or kWh for our Wh; digits stay what they are."""
    is_energy = column == "energy_kwh" and mapping.energy_unit == "Wh"
    is_meter = column in {"meter_start_wh", "meter_stop_wh"} and mapping.meter_unit == "kWh"
    if not (is_energy or is_meter) or not PLAIN_NUMBER.fullmatch(text):
        return text
    return f"{Decimal(text).scaleb(-3 if is_energy else 3):f}"
