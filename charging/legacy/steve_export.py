"""SteVe's own Data Export, a ZIP of `<table>.csv`: put into a small database, and read as any SteVe."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import sqlalchemy as sa

from charging.cleansing.verdict import SHIFTED
from charging.legacy.archive import Archive
from charging.legacy.csv_encoding import detect_encoding
from charging.legacy.csv_text import detect_delimiter, read_header, records
from charging.legacy.secret_words import is_secret
from charging.legacy.source import COLUMNS, Inspection, LandedRow
from charging.legacy.steve import SteveSource
from charging.legacy.steve_schema import OPTIONAL, REQUIRED_TABLES

_NULL = "NULL"
_NUMBERS = frozenset({"connector_id", "evse_id", "max_active_transaction_count", "start_period_in_seconds"})
_TIMES = ("timestamp", "_datetime", "_date", "valid_from", "valid_to", "start_schedule", "updated_at")
_ENTITIES: Mapping[str, str] = {
    "address": "location",
    "charge_box": "station",
    "connector": "evse",
    "evse": "evse",
    "evse_connector": "connector",
    "user": "customer",
    "ocpp_tag": "token",
    "transaction_start": "session",
    "transaction_stop": "session",
    "transaction_stop_failed": "session",
    "connector_meter_value": "meter_value",
    "reservation": "reservation",
    "charging_profile": "charging_profile",
    "charging_schedule_period": "charging_profile",
}
"""What a broken line of each table is a broken row of."""


def is_export(archive: Archive) -> bool:
    """Whether a ZIP is SteVe's own export."""
    tables = {PurePosixPath(name).stem for name in archive.files}
    return tables.issuperset(REQUIRED_TABLES) and bool(tables & {"evse", "connector"})


class SteveExport(SteveSource):
    """Reads SteVe's export. Lines that cannot be told apart come as rows that say so, after the others."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive  # kept: its folder goes when it goes
        engine = sa.create_engine(f"sqlite:///{archive.folder / 'steve.db'}")
        sa.event.listen(engine, "connect", _speak)
        self._broken: list[LandedRow] = []
        self._unread = [*archive.others]
        with engine.begin() as connection:
            for name, path in archive.files.items():
                table = PurePosixPath(name).stem
                if table in {*REQUIRED_TABLES, *OPTIONAL, "evse", "connector"}:
                    self._load(connection, table, path)
                else:
                    self._unread.append(name)
        super().__init__(engine, archive.path.name)

    def inspect(self) -> Inspection:
        """Say which generation of the schema this is, and how many rows each table has. An export has no deltas.

        Raises:
            SourceError: if it cannot be read.
        """
        found = super().inspect()
        notes = [note.replace("database sqlite", "a ZIP of SteVe's own export") for note in found.notes]
        notes += [f"{len(self._broken)} lines cannot be told apart into cells"] if self._broken else []
        notes += [f"{name} is not read" for name in self._unread]
        notes.append("the text NULL is read as nothing: the export writes both alike")
        entities = {*found.entities, *(row.entity for row in self._broken)}
        return Inspection(
            source=found.source,
            kind="steve",
            schema_generation=found.schema_generation,
            notes=tuple(notes),
            entities={entity: COLUMNS[entity] for entity in COLUMNS if entity in entities},
        )

    def rows(
        self,
        entity: str,
        *,
        chunk_size: int = 5000,
        after: str | None = None,  # noqa: ARG002
    ) -> Iterator[list[LandedRow]]:
        """Yield an entity's rows in the order of their keys, and then its broken lines.

        Raises:
            SourceError: if it cannot be read.
        """
        for chunk in super().rows(entity, chunk_size=chunk_size):
            yield [_shortened(row) for row in chunk]
        broken = (row for row in self._broken if row.entity == entity)
        while chunk := list(islice(broken, chunk_size)):
            yield chunk

    def _load(self, connection: sa.Connection, table: str, path: Path) -> None:
        encoding = detect_encoding(path).name
        delimiter = detect_delimiter(path, encoding)
        header = read_header(path, encoding, delimiter)
        kept = [(place, name) for place, name in enumerate(header) if not is_secret(name)]
        typed = [sa.Column(name, sa.Integer if _is_number(name) else sa.Text) for _, name in kept]
        target = sa.Table(table, sa.MetaData(), *typed)
        target.create(connection)
        found = self._values(table, path, records(path, encoding=encoding, delimiter=delimiter, header=header), kept)
        while chunk := list(islice(found, 5000)):
            connection.execute(sa.insert(target), chunk)
        for name in ("transaction_pk", "event_timestamp"):
            if name in header:
                connection.execute(sa.schema.CreateIndex(sa.Index(f"{table}_{name}", target.c[name])))

    def _values(
        self, table: str, path: Path, found: Iterator[Any], kept: list[tuple[int, str]]
    ) -> Iterator[dict[str, object]]:
        for record in found:
            problem, values = record.problem, dict[str, object]()
            if problem is None:
                values = {name: _value(name, record.cells[place]) for place, name in kept}
                wrong = next(
                    (name for name, value in values.items() if _is_number(name) and isinstance(value, str)), None
                )
                problem = None if wrong is None else f"{wrong} is {values[wrong]!r}, and should be a whole number"
            if problem is None:
                yield values
            elif table in _ENTITIES:
                said: dict[str, str | None] = {SHIFTED: problem, "raw": record.raw}
                entity = _ENTITIES[table]
                self._broken.append(LandedRow(entity=entity, file=path.name, line=record.line, values=said))


def _is_number(column: str) -> bool:
    return column.endswith("_pk") or column in _NUMBERS


def _value(column: str, text: str) -> object:
    if text == _NULL:
        return None
    if _is_number(column):
        return int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else text
    return _instant(text) if column.endswith(_TIMES) else text


def _instant(text: str) -> str:
    """Return an instant in UTC with six digits, so that SQLite puts instants in order; no date stays as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shortened(row: LandedRow) -> LandedRow:
    """Return a row with its instants as a SteVe's own database gives them."""
    values = {
        name: value.removesuffix(".000000Z") + "Z" if value is not None and value.endswith(".000000Z") else value
        for name, value in row.values.items()
    }
    return LandedRow(entity=row.entity, file=row.file, line=row.line, values=values)


def _speak(raw: Any, _record: object) -> None:
    """Teach SQLite the one function of our statements that it may lack."""
    raw.create_function("concat", -1, lambda *parts: "".join(str(part) for part in parts if part is not None))
