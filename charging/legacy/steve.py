"""A legacy source in SteVe's database."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from charging.legacy.source import COLUMNS, Inspection, LandedRow
from charging.legacy.steve_queries import QUERIES, Query
from charging.legacy.steve_schema import SteveSchema, reflect, unreadable


class SteveSource:
    """Reads a SteVe database. Statements stream, so a table of any size needs the memory of one chunk."""

    kind: Literal["steve"] = "steve"

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine, self._name = engine, name

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
        """Say which generation of the schema this is, and how many rows each table has.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        tables = [table for table in self.schema.columns if table not in {"connector_status", "user_ocpp_tag"}]
        notes = [f"database {self._engine.dialect.name}"]
        try:
            with self._engine.connect() as connection:
                for table in sorted(tables):
                    count = connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
                    notes.append(f"{table}: {count} rows")
        except SQLAlchemyError as error:
            raise unreadable(self._engine, self._name, error) from None
        notes.append("times are taken for UTC, as SteVe's server does")
        return Inspection(
            source=self._name,
            kind="steve",
            schema_generation=self.schema.generation,
            notes=tuple(notes),
            entities={entity: COLUMNS[entity] for entity in QUERIES},
        )

    def rows(self, entity: str, *, chunk_size: int = 5000, after: str | None = None) -> Iterator[list[LandedRow]]:  # noqa: ARG002
        """Yield an entity's rows in the order of their keys; `line` is the key.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        for file, query in QUERIES[entity](self.schema):
            yield from self._stream(entity, file, query, chunk_size=chunk_size)

    def _stream(self, entity: str, file: str, query: Query, *, chunk_size: int) -> Iterator[list[LandedRow]]:
        try:
            with self._engine.connect().execution_options(stream_results=True, yield_per=chunk_size) as connection:
                if connection.dialect.name in {"mysql", "mariadb"}:
                    connection.execute(sa.text("SET time_zone = '+00:00'"))  # else timestamps come in the server's zone
                for chunk in connection.execute(query).mappings().partitions():
                    yield [_landed(entity, file, row) for row in chunk]
        except SQLAlchemyError as error:
            raise unreadable(self._engine, self._name, error) from None


def _landed(entity: str, file: str, row: Mapping[Any, Any]) -> LandedRow:
    values = {str(column): _text(value) for column, value in row.items() if column != "line"}
    return LandedRow(entity=entity, file=file, line=int(row["line"]), values=values)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
