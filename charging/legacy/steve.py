"""A legacy source in SteVe's database."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self

import sqlalchemy as sa

from charging.legacy import snapshot
from charging.legacy.snapshot import Snapshot
from charging.legacy.source import COLUMNS, Inspection, LandedRow, Order, Watermark
from charging.legacy.steve_queries import QUERIES
from charging.legacy.steve_reading import Reading
from charging.legacy.steve_schema import SteveSchema, reflect

_LINKS = frozenset({"connector_status", "user_ocpp_tag", "charging_schedule_period", "connector_charging_profile"})
"""Tables whose rows come as a part of another row."""


class SteveSource:
    """Reads a SteVe database; as a context manager, all of it as of one moment.

    Statements stream, so a table of any size needs the memory of one chunk.
    """

    kind: Literal["steve"] = "steve"

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._snapshot = Snapshot(engine, name)

    def __enter__(self) -> Self:
        """Hold one moment of the database, so that everything read belongs together.

        Raises:
            SourceError: if the database cannot be reached.
        """
        self._snapshot.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go of that moment."""
        self._snapshot.__exit__(kind, error, at)

    @property
    def name(self) -> str:
        """What this back-office is called."""
        return self._name

    @cached_property
    def schema(self) -> SteveSchema:
        """The generation of the schema that the database has.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        return reflect(self._engine, self._name)

    def inspect(self) -> Inspection:
        """Say which generation of the schema this is, how many rows each table has, and how far each entity goes.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        readings = {entity: tuple(read(self.schema)) for entity, read in QUERIES.items()}
        present = {entity: found for entity, found in readings.items() if found}
        with self._snapshot.connection() as connection:
            notes = tuple(self._notes(connection))
            watermarks = {
                entity: _watermark(connection, found)
                for entity, found in present.items()
                if all(reading.since for reading in found)
            }
        return Inspection(
            source=self._name,
            kind="steve",
            schema_generation=self.schema.generation,
            notes=notes,
            entities={entity: COLUMNS[entity] for entity in COLUMNS if entity in present},
            watermarks=watermarks,
        )

    def _notes(self, connection: sa.Connection) -> Iterator[str]:
        yield f"database {connection.dialect.name}"
        for table in sorted(set(self.schema.columns) - _LINKS):
            count = connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
            yield f"{table}: {count} rows"
        if self.schema.has("connector_meter_value"):
            sample = self.schema.table("connector_meter_value")
            outside = sa.select(sa.func.count()).select_from(sample).where(sample.c.transaction_pk.is_(None))
            yield f"connector_meter_value: {connection.scalar(outside)} rows belong to no transaction and are not read"
        yield "times are taken for UTC, as SteVe's server does"

    def rows(self, entity: str, *, chunk_size: int = 5000, after: str | None = None) -> Iterator[list[LandedRow]]:
        """Yield an entity's rows in the order of their keys; `line` is the key, or the row's number without one.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        readings = tuple(QUERIES[entity](self.schema))
        instant = None if after is None or not all(reading.since for reading in readings) else _instant(after)
        for reading in readings:
            rows = self._rows(entity, reading, chunk_size=chunk_size, after=instant)
            while chunk := list(islice(rows, chunk_size)):
                yield chunk

    def _rows(self, entity: str, reading: Reading, *, chunk_size: int, after: datetime | None) -> Iterator[LandedRow]:
        query = reading.query
        if after is not None and reading.since is not None:
            query = query.where(reading.since(sa.literal(after, sa.DateTime())))
        records = self._snapshot.stream(query, chunk_size=chunk_size)
        for number, record in enumerate(records if reading.fold is None else reading.fold(records), start=1):
            yield _landed(entity, reading.file, number, record)


def _watermark(connection: sa.Connection, readings: tuple[Reading, ...]) -> Watermark:
    marks = [mark for reading in readings for mark in reading.marks]
    latest = (
        connection.scalar(sa.select(sa.func.max(sa.column(column))).select_from(sa.table(table)))
        for table, column in marks
    )
    found = [_text(instant) for instant in latest if isinstance(instant, datetime)]
    highest = max((_full(each) for each in found if each is not None), default=None)
    return Watermark(
        column=", ".join(f"{table}.{column}" for table, column in marks), order=Order.INSTANT, highest=highest
    )


def _full(instant: str) -> str:
    """Return an instant with all six digits of its second, so that text order is the order in time."""
    return datetime.fromisoformat(instant).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(watermark: str) -> datetime:
    """Return what a watermark says as SteVe keeps it: UTC, without a zone."""
    return datetime.fromisoformat(watermark).astimezone(UTC).replace(tzinfo=None)


def _landed(entity: str, file: str, number: int, row: Mapping[str, Any]) -> LandedRow:
    said = dict(row)
    line = int(said.pop("line", number))
    for column, value in said.items():
        kind = type(value)
        if kind is datetime and value.tzinfo is None:
            said[column] = f"{value.isoformat()}Z"  # in UTC, as SteVe's server means it
        elif kind is int:
            said[column] = str(value)
        elif kind is not str and value is not None:
            said[column] = _text(value)
    return LandedRow(entity=entity, file=file, line=line, values=said)


def _text(value: object) -> str | None:
    """Return a value as text; instants are UTC, as SteVe's server means them."""
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return snapshot.text(value)
