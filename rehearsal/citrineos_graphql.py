"""A CitrineOS behind its Hasura, with faults that are asked for: written from its models and from Hasura's answers.

Queries and mutations are parsed and validated against the schema that Hasura would show, introspection included. What
PostgreSQL would refuse is refused, inside an HTTP 200, as Hasura does.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import graphql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rehearsal.citrineos_rows import Row, Rows, folded
from rehearsal.citrineos_schema import Column, Generation, Table, tables
from rehearsal.hasura_schema import schema_of

PATH = "/v1/graphql"
_NUMBER = re.compile(r"\d+")


class Misbehaviour(StrEnum):
    """A way of failing at every tenth row (or whichever), each time that one is written."""

    ERROR_500 = "500"
    REFUSES = "refuses"
    """HTTP 200 with errors inside."""
    STUMBLES = "stumbles"
    """Once per row, HTTP 200 with an error that passes."""
    TOO_MANY = "429"
    """Once per row, with Retry-After."""
    TRUNCATED = "truncated"
    """Once per row, it is stored, and the answer breaks off."""
    FORGETS = "forgets"
    """It gives out a number and stores nothing."""
    ROUNDS = "rounds"
    """Coordinates lose decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Which rows are met with what: each `every`-th new one, counted in the order of coming."""

    kind: Misbehaviour | None = None
    every: int = 10


class _Refusal(Exception):
    """What PostgreSQL says no to, as Hasura puts it."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class _Interrupted(Exception):
    """The request ends with another answer than GraphQL's."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("interrupted")


class CitrineOs:
    """The application. `rows` is what it holds, by table."""

    def __init__(
        self, *, secret: str = "", generation: Generation = Generation.CONNECTION_NAME, faults: Faults | None = None
    ) -> None:
        self.tables = tables(generation)
        self.rows = {name: Rows(table) for name, table in self.tables.items()}
        self.requests: Counter[str] = Counter()
        """By `query` and `mutation`."""
        self.faults = faults or Faults()
        self._secret, self._numbers = secret, Counter[str]()
        self._seen: dict[str, int] = {}
        self._warned: set[str] = set()
        self._cut = False
        self._valid: set[str] = set()
        self._schema = schema_of(self.tables, read=self._read, insert=self._insert, update=self._update)
        self.app = Starlette(routes=[Route(PATH, self._answer, methods=["POST"])])

    def add(self, table: str, **values: Any) -> Row:
        """Put a row where somebody else has put it before us."""
        stamps = {"createdAt": "2026-01-01T00:00:00+00:00", "updatedAt": "2026-01-01T00:00:00+00:00"}
        row = self._accepted(self.tables[table], stamps | values)
        self.rows[table].append(row)
        return row

    async def _answer(self, request: Request) -> Response:
        if self._secret and request.headers.get("x-hasura-admin-secret") != self._secret:
            return _failed('invalid "x-hasura-admin-secret"/"x-hasura-access-key"', "access-denied")
        asked = json.loads(await request.body())
        self.requests["mutation" if asked["query"].lstrip().startswith("mutation") else "query"] += 1
        result = self._executed(asked["query"], asked.get("variables"))
        for error in result.errors or ():
            match error.original_error:
                case _Interrupted() as ended:
                    return ended.response
                case _Refusal() as refusal:
                    return _failed(str(refusal), refusal.code)
                case _:
                    return _failed(error.message, "validation-failed")
        answer = json.dumps({"data": result.data})
        if self._cut:
            self._cut = False
            answer = answer[:-9]
        return Response(answer, media_type="application/json")

    def _executed(self, query: str, variables: Mapping[str, Any] | None) -> graphql.ExecutionResult:
        """Return what a query comes to. One that is as valid as another but for its numbers is not judged twice."""
        try:
            document = _parsed(query)
        except graphql.GraphQLError as error:
            return graphql.ExecutionResult(errors=[error])
        shape = _NUMBER.sub("0", query)
        if shape not in self._valid:
            if errors := graphql.validate(self._schema, document):
                return graphql.ExecutionResult(errors=errors)
            self._valid.add(shape)
        return graphql.execute_sync(self._schema, document, variable_values=dict(variables or {}))

    def _read(
        self, table: Table, *, where: Row | None, order_by: list[Row] | None, limit: int | None, offset: int | None
    ) -> list[Row]:
        return self.rows[table.name].found(where or {}, order_by or [], limit=limit, offset=offset or 0)

    def _insert(self, table: Table, given: Row) -> Row:
        key = f"{table.name}/{json.dumps({k: v for k, v in given.items() if not k.endswith('At')}, sort_keys=True)}"
        fault = self._fault(key)
        row = self._accepted(table, given)
        if fault is not Misbehaviour.FORGETS:
            self.rows[table.name].append(_bent(row, fault))
        return row

    def _update(self, table: Table, number: Any, given: Row) -> Row | None:
        fault = self._fault(f"{table.name}/{number}")
        row = next(iter(self.rows[table.name].of(table.number, number)), None)
        if row is not None and fault is not Misbehaviour.FORGETS:
            _check_values(table, row | given)
            self.rows[table.name].change(row, _bent(given, fault))
        return row

    def _fault(self, key: str) -> Misbehaviour | None:
        """Return what a row is stored with, or end the request where it meets with worse."""
        number = self._seen.setdefault(key, len(self._seen) + 1)
        if self.faults.kind is None or number % self.faults.every:
            return None
        is_first = key not in self._warned
        self._warned.add(key)
        match self.faults.kind:
            case Misbehaviour.ERROR_500:
                raise _Interrupted(Response("internal error", status_code=500))
            case Misbehaviour.TOO_MANY if is_first:
                raise _Interrupted(Response("slow down", status_code=429, headers={"Retry-After": "0"}))
            case Misbehaviour.REFUSES:
                raise _Refusal("invalid input syntax for this row", "data-exception")
            case Misbehaviour.STUMBLES if is_first:
                raise _Refusal("database query error", "unexpected")
            case Misbehaviour.TRUNCATED if is_first:
                self._cut = True
        return self.faults.kind

    def _accepted(self, table: Table, given: Row) -> Row:
        """Return a row as PostgreSQL would store it."""
        row = {name: given.get(name, column.default) for name, column in table.columns.items()}
        _check_values(table, row)
        for name, column in table.columns.items():
            if column.refers and row[name] is not None:
                self._check_reference(table, name, column, row[name])
        for constraint, columns in self._keys(table).items():
            self._check_unique(table, row, constraint, columns)
        if table.columns[table.number].scalar == "Int" and row[table.number] is None:
            self._numbers[table.name] += 1
            row[table.number] = self._numbers[table.name]
        return row

    def _keys(self, table: Table) -> Mapping[str, tuple[str, ...]]:
        return {f"{table.name}_pkey": (table.number,), **table.unique}

    def _check_reference(self, table: Table, name: str, column: Column, value: Any) -> None:
        other = self.tables[str(column.refers)]
        if not self.rows[other.name].of(other.number, value):
            raise _Refusal(
                f'Foreign key violation. insert or update on table "{table.name}" violates foreign key constraint '
                f'"{table.name}_{name}_fkey"',
                "constraint-violation",
            )

    def _check_unique(self, table: Table, row: Row, constraint: str, columns: tuple[str, ...]) -> None:
        ours = [folded(table, name, row[name]) for name in columns]
        if None in ours:  # PostgreSQL holds no two nulls for the same
            return
        rows, first = self.rows[table.name], columns[0]
        alike = rows.of(first, row[first]) if first in table.indexed else rows
        if any([folded(table, name, one[name]) for name in columns] == ours for one in alike):
            raise _Refusal(
                f'Uniqueness violation. duplicate key value violates unique constraint "{constraint}"',
                "constraint-violation",
            )


@lru_cache(maxsize=512)
def _parsed(query: str) -> graphql.DocumentNode:
    """Return a query's document: clients that give what varies as variables ask the same few again and again."""
    return graphql.parse(query)


def _check_values(table: Table, row: Mapping[str, Any]) -> None:
    for name, column in table.columns.items():
        value = row[name]
        if value is None and column.is_required:
            raise _Refusal(
                f'Not-NULL violation. null value in column "{name}" of relation "{table.name}" '
                "violates not-null constraint",
                "constraint-violation",
            )
        if column.length is not None and value is not None and len(value) > column.length:
            raise _Refusal(f"value too long for type character varying({column.length})", "data-exception")


def _bent(given: Row, fault: Misbehaviour | None) -> Row:
    if fault is Misbehaviour.ROUNDS and given.get("coordinates"):
        point = given["coordinates"]
        return given | {"coordinates": point | {"coordinates": [round(one, 2) for one in point["coordinates"]]}}
    return given


def _failed(message: str, code: str) -> Response:
    error = {"message": message, "extensions": {"path": "$", "code": code}}
    return Response(json.dumps({"errors": [error]}), media_type="application/json")
