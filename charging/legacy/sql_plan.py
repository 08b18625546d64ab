"""A mapping held against the schema that a database really has: what is found, what is missing, what will be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import TypeEngine

from charging.legacy.secret_words import is_secret
from charging.legacy.snapshot import MARIADB, Snapshot
from charging.legacy.source import INSTANTS, REQUIRED, Order
from charging.legacy.sql_mapping import Reference, SqlEntity, SqlMapping

Type = TypeEngine[Any] | None
_MARIADB_TIMESTAMP = 7
"""The driver's number of TIMESTAMP, which comes in the session's zone: UTC. A DATETIME comes as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one entity will be read. With problems there is no statement."""

    entity: str
    tables: tuple[str, ...]
    types: Mapping[str, str]
    """Per canonical column: the type of the legacy's column."""
    is_utc: frozenset[str]
    """The canonical columns whose instants the database keeps in UTC without saying so."""
    problems: tuple[str, ...]
    query: sa.Select[Any] | None
    watermark: tuple[sa.ColumnElement[Any], Order, bool] | None
    """The column by which a delta is told, how it compares, and whether its instants are UTC."""
    key: sa.ColumnElement[Any] | None
    """The column that holds the first of what makes a row distinct; None where it is the same text for every row."""


class Planner:
    """Holds the entities of a mapping against one database."""

    def __init__(self, inspector: sa.Inspector, snapshot: Snapshot, mapping: SqlMapping) -> None:
        self._inspector, self._snapshot, self._mapping = inspector, snapshot, mapping
        self._dialect = inspector.dialect.name

    def plan(self, entity: str) -> Plan:
        """Return how an entity will be read, with everything that stands against it."""
        spec, problems = self._mapping.entities[entity], list[str]()
        at = f"entities.{entity}"
        tables = self._statement(spec) if spec.statement is not None else self._tables(spec, at, problems)
        found_by: dict[str, sa.ColumnElement[Any]] = {}
        columns, types, is_utc = list[sa.ColumnElement[Any]](), dict[str, str](), set[str]()
        for name, column in spec.columns.items():
            if column.reference is None:
                columns.append(sa.literal(column.constant).label(name))
                types[name] = "constant"
                continue
            found = _find(tables, spec, column.reference, f"{at}.columns.{name}", problems)
            if found is not None:
                found_by[name] = found
                columns.append(sa.type_coerce(found, sa.types.NullType()).label(name))  # as the driver has it
                types[name] = _shown(found.type)
                if self._keeps_utc(found.type):
                    is_utc.add(name)
                elif name in INSTANTS and column.unit is None and self._needs_zone(found.type, column.time_zone):
                    zone = 'write time_zone under [culture], or beside the column: { column = "…", time_zone = "…" }'
                    problems.append(f"{at}.columns.{name}: {column.reference} carries no zone: {zone}")
        keys = [_find(tables, spec, key, f"{at}.key", problems) for key in spec.key]
        mark = None if spec.watermark is None else _find(tables, spec, spec.watermark, f"{at}.watermark", problems)
        query = (
            None if problems else self._query(spec, tables, columns).order_by(*(key for key in keys if key is not None))
        )
        return Plan(
            entity=entity,
            tables=(spec.table, *(join.table for join in spec.joins))
            if spec.table
            else ("a statement of the mapping",),
            types=types,
            is_utc=frozenset(is_utc),
            problems=tuple(dict.fromkeys(problems)),
            query=query,
            watermark=None if mark is None else self._watermark(mark),
            key=found_by.get(REQUIRED[entity][0]),
        )

    def _tables(self, spec: SqlEntity, at: str, problems: list[str]) -> dict[str, sa.FromClause]:
        assert spec.table is not None  # noqa: S101 - the mapping has a table or a statement
        named = [(spec.alias, spec.table, f"{at}.table")]
        named += [(join.alias, join.table, f"{at}.joins[{number}].table") for number, join in enumerate(spec.joins)]
        return {
            alias: found for alias, name, key in named if (found := self._table(name, alias, key, problems)) is not None
        }

    def _table(self, name: str, alias: str, key: str, problems: list[str]) -> sa.FromClause | None:
        schema, _, bare = name.rpartition(".")
        try:
            columns = self._inspector.get_columns(bare, schema=schema or None)
        except NoSuchTableError:
            there = (
                *self._inspector.get_table_names(schema=schema or None),
                *self._inspector.get_view_names(schema=schema or None),
            )
            problems.append(f"{key}: there is no table {name!r}{_meant(bare, there)}")
            return None
        typed = (sa.column(column["name"], column["type"]) for column in columns)
        return sa.table(bare, *typed, schema=schema or None).alias(alias)

    def _statement(self, spec: SqlEntity) -> dict[str, sa.FromClause]:
        """Ask the database which columns a statement of the mapping has; nothing is read."""
        assert spec.statement is not None  # noqa: S101 - the caller has seen it
        asked = sa.text(f"SELECT * FROM ({_plain(spec.statement)}) AS statement WHERE 1 = 0")
        with self._snapshot.connection() as connection, connection.execute(asked) as result:
            described = list(result.cursor.description or []) if result.cursor is not None else []
        columns = [
            sa.column(each[0], sa.TIMESTAMP() if self._dialect in MARIADB and each[1] == _MARIADB_TIMESTAMP else None)
            for each in described
        ]
        return {"statement": sa.text(_plain(spec.statement)).columns(*columns).subquery("statement")}

    def _query(
        self, spec: SqlEntity, tables: Mapping[str, sa.FromClause], columns: list[sa.ColumnElement[Any]]
    ) -> sa.Select[Any]:
        source = tables[spec.alias]
        for join in spec.joins:
            right, problems = tables[join.alias], list[str]()
            sides = [(right.c.get(its), _find(tables, spec, other, "", problems)) for its, other in join.on.items()]
            on = sa.and_(*(its == other for its, other in sides if its is not None and other is not None))
            source = sa.join(source, right, on, isouter=not join.is_inner)
        query = sa.select(*columns).select_from(source)
        return query if spec.where is None else query.where(sa.text(f"({_plain(spec.where)})"))

    def _watermark(self, column: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], Order, bool]:
        if isinstance(column.type, sa.Integer):
            return column, Order.NUMBER, False
        if isinstance(column.type, sa.DateTime) and self._dialect != "sqlite":  # which keeps them as text
            return column, Order.INSTANT, self._keeps_utc(column.type)
        collation = {"postgresql": "C", "sqlite": "BINARY"}.get(self._dialect, "utf8mb4_bin")
        return (
            sa.collate(sa.cast(column, sa.Text) if self._dialect == "postgresql" else column, collation),
            Order.TEXT,
            False,
        )

    def _keeps_utc(self, kind: Type) -> bool:
        return self._dialect in MARIADB and isinstance(kind, sa.TIMESTAMP)

    def _needs_zone(self, kind: Type, stated: str | None) -> bool:
        is_zoneless = isinstance(kind, sa.DateTime) and not kind.timezone and self._dialect != "sqlite"
        return is_zoneless and (stated or self._mapping.time_zone) is None


def _find(
    tables: Mapping[str, sa.FromClause], spec: SqlEntity, reference: Reference, at: str, problems: list[str]
) -> sa.ColumnElement[Any] | None:
    alias = reference.alias or spec.alias
    table = tables.get(alias)
    if table is None:
        if alias not in {spec.alias, *(join.alias for join in spec.joins)}:
            problems.append(f"{at}: {reference} names {alias!r}, which is neither the table nor joined to it")
        return None
    if reference.name in table.c:
        return table.c[reference.name]
    there = [name for name in table.c.keys() if not is_secret(name)]  # noqa: SIM118 - a collection of columns
    problems.append(f"{at}: {alias} has no column {reference.name!r}{_meant(reference.name, there)}")
    return None


def _meant(name: str, there: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(name, there, n=3, cutoff=0.5)
    listed = ", ".join(close or sorted(there)[:12])
    return f"; {'did you mean' if close else 'there are'} {listed}" if listed else ""


def _plain(statement: str) -> str:
    """Return a statement in which a colon is a colon, and no parameter."""
    return statement.replace("\\", "\\\\").replace(":", r"\:")


def _shown(kind: Type) -> str:
    return "as it comes" if kind is None or isinstance(kind, sa.types.NullType) else str(kind)
