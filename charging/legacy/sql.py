"""A legacy source in any SQL database, read by a mapping file."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from charging.errors import UnreadableSource
from charging.legacy import snapshot
from charging.legacy.snapshot import Snapshot, unreadable
from charging.legacy.source import AS_EXTRACTED, INSTANTS, Inspection, LandedRow, Order, Watermark
from charging.legacy.sql_mapping import SqlMapping
from charging.legacy.sql_plan import Plan, Planner
from charging.legacy.sql_values import Writer, has_no_zone, writer


class SqlSource:
    """Reads a database as its mapping says; as a context manager, all of it as of one moment."""

    kind: Literal["sql"] = "sql"

    def __init__(self, engine: sa.Engine, mapping: SqlMapping, *, name: str | None = None) -> None:
        self._engine, self.mapping, self._name = engine, mapping, name or mapping.name
        self._snapshot = Snapshot(engine, self._name)
        self._again: Collection[str] = ()

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
        """What this source is called: the name in its mapping."""
        return self._name

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        """The mapping held against the schema that the database really has.

        Raises:
            SourceError: if the database cannot be reached, or does not understand a statement of the mapping.
        """
        try:
            planner = Planner(sa.inspect(self._engine), self._snapshot, self.mapping)
            return {entity: planner.plan(entity) for entity in self.mapping.entities}
        except SQLAlchemyError as error:
            raise unreadable(self._engine, self._name, error) from None

    def read_again(self, session_ids: Collection[str]) -> None:
        """Let a delta bring these sessions too, wherever their watermark stands: they were open when it was read.

        Raises:
            SourceError: if the mapping puts their ids into other words, so that no row can be found by them.
        """
        spec = self.mapping.entities.get("session")
        if spec is None or spec.watermark is None or not session_ids:
            return
        column = spec.columns["session_id"]
        if column.reference is None or column.values or column.otherwise is not None:
            problem = (
                "a delta cannot find the sessions that were open, as entities.session.columns.session_id is no plain"
            )
            mend = "name the column of their id there, or extract without --delta"
            raise UnreadableSource(self._name, f"{problem} column", mend)
        self._again = session_ids

    def inspect(self) -> Inspection:
        """Say what will be read, and how far each entity goes.

        Raises:
            SourceError: if the database cannot be reached, or the mapping does not fit it; every problem is named.
        """
        self._require_sound()
        notes = [f"database {self._engine.dialect.name}", f"mapping {self.mapping.name}"]
        with self._snapshot.connection() as connection:
            notes += [f"{entity}: {self.count(connection, plan)} rows" for entity, plan in self.plans.items()]
            watermarks = {
                entity: self._watermark(connection, plan) for entity, plan in self.plans.items() if plan.watermark
            }
        if self.mapping.time_zone:
            notes.append(f"times without a zone are of {self.mapping.time_zone}")
        entities = {entity: tuple(spec.columns) for entity, spec in self.mapping.entities.items()}
        return Inspection(
            source=self._name,
            kind="sql",
            schema_generation=None,
            notes=tuple(notes),
            entities=entities,
            watermarks=watermarks,
        )

    def rows(self, entity: str, *, chunk_size: int = 5000, after: str | None = None) -> Iterator[list[LandedRow]]:
        """Yield an entity's rows in the order of its key; `line` is the row's number.

        Raises:
            SourceError: if the database cannot be reached, or the mapping does not fit it.
            SettingsError: if a time carries no zone, and the mapping states none.
        """
        self._require_sound()
        plan = self.plans[entity]
        query = plan.query
        assert query is not None  # noqa: S101 - a plan without problems has one
        if after is not None and plan.watermark is not None:
            column, order, is_utc = plan.watermark
            is_new = column >= self._mark(after, order, of=column, is_utc=is_utc)
            query = query.where(sa.or_(is_new, *self._were_open(entity, plan)))
        rows = self.read(entity, query, chunk_size=chunk_size)
        while chunk := list(islice(rows, chunk_size)):
            yield chunk

    def read(self, entity: str, query: sa.Select[Any], *, chunk_size: int) -> Iterator[LandedRow]:
        """Yield what a statement of an entity's plan gives, as it lands.

        Raises:
            SourceError: if the database cannot be reached.
            SettingsError: if a time carries no zone, and the mapping states none.
        """
        spec, plan = self.mapping.entities[entity], self.plans[entity]
        writers = {
            name: writer(name, column, self.mapping, is_utc=name in plan.is_utc)
            for name, column in spec.columns.items()
        }
        told = {name: value for name, value in self._told(entity).items() if value and name not in spec.columns}
        file = spec.table or f"{self.mapping.name}: {entity}"
        for number, record in enumerate(self._snapshot.stream(query, chunk_size=chunk_size), start=1):
            values = _written(record, writers) | told
            if self.mapping.time_zone and any(has_no_zone(values.get(name)) for name in INSTANTS & values.keys()):
                values["time_zone"] = self.mapping.time_zone
            yield LandedRow(entity=entity, file=file, line=number, values=values)

    def count(self, connection: sa.Connection, plan: Plan) -> int:
        """Return how many rows an entity has."""
        assert plan.query is not None  # noqa: S101 - only sound plans are counted
        counted = sa.select(sa.func.count()).select_from(plan.query.order_by(None).subquery("counted"))
        return int(connection.scalar(counted) or 0)

    def _require_sound(self) -> None:
        problems = [problem for plan in self.plans.values() for problem in plan.problems]
        if problems:
            mend = "mend the mapping (rehome extract sql --explain shows what the database has)"
            raise UnreadableSource(self._name, "the mapping does not fit the database: " + "; ".join(problems), mend)

    def _told(self, entity: str) -> Mapping[str, str | None]:
        mapping = self.mapping
        century = None if mapping.century is None else str(mapping.century)
        told: Mapping[str, Mapping[str, str | None]] = {
            "session": {"century": century, "currency": mapping.currency, "token_kind": mapping.token_kind},
            "location": {"country": mapping.country},
            "token": {"token_kind": mapping.token_kind},
            "tariff": {"currency": mapping.currency},
        }
        return told.get(entity, {})

    def _watermark(self, connection: sa.Connection, plan: Plan) -> Watermark:
        assert plan.watermark is not None  # noqa: S101 - the caller has looked
        assert plan.query is not None  # noqa: S101 - only sound plans are asked
        column, order, is_utc = plan.watermark
        latest = plan.query.order_by(None).with_only_columns(sa.type_coerce(sa.func.max(column), sa.types.NullType()))
        highest = connection.scalar(latest)
        if isinstance(highest, datetime):
            zone = ZoneInfo("UTC" if is_utc else self.mapping.time_zone or "UTC")
            aware = highest if highest.tzinfo else highest.replace(tzinfo=zone)
            highest = aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        named = self.mapping.entities[plan.entity].watermark
        return Watermark(column=str(named), order=order, highest=snapshot.text(highest))

    def _were_open(self, entity: str, plan: Plan) -> Iterator[sa.ColumnElement[bool]]:
        if entity != "session" or not self._again or plan.key is None:
            return
        key: sa.ColumnElement[Any] = plan.key
        ids: list[Any] = sorted(self._again)
        if isinstance(key.type, sa.Integer):
            ids = sorted(int(each) for each in ids if each.isascii() and each.isdigit())
        elif not isinstance(key.type, sa.String):
            key = sa.cast(key, sa.String(255))
        # written into the statement: a database takes only so many parameters
        kind = sa.BigInteger() if isinstance(key.type, sa.Integer) else sa.String()
        yield key.in_(sa.bindparam("were_open", ids, kind, expanding=True, literal_execute=True))

    def _mark(self, after: str, order: Order, *, of: sa.ColumnElement[Any], is_utc: bool) -> object:
        if order is Order.NUMBER:
            return int(after)
        if order is Order.TEXT:
            return after
        zone = ZoneInfo("UTC" if is_utc else self.mapping.time_zone or "UTC")
        at = datetime.fromisoformat(after)
        if getattr(of.type, "timezone", False):
            return sa.literal(at, sa.DateTime(timezone=True))
        return sa.literal(at.astimezone(zone).replace(tzinfo=None), sa.DateTime())


def _written(record: Mapping[str, Any], writers: Mapping[str, Writer]) -> dict[str, str | None]:
    """Return a row's values; where one was put into other words, its own ride along."""
    values: dict[str, str | None] = {}
    for name, write in writers.items():
        value = record[name]
        values[name] = plain = write(value)
        if not isinstance(value, datetime) and plain != (own := snapshot.text(value)):  # a zone says nothing else
            values[name + AS_EXTRACTED] = own
    return values
