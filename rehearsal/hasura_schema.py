"""The GraphQL schema that Hasura shows for tables: its naming, its arguments and its scalars."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)

from rehearsal.citrineos_schema import Table

_SCALARS: Mapping[str, GraphQLScalarType] = {
    "Int": GraphQLInt,
    "String": GraphQLString,
    "Boolean": GraphQLBoolean,
    **{name: GraphQLScalarType(name) for name in ("timestamptz", "geometry", "citext", "jsonb")},
}
_ORDER = GraphQLEnumType("order_by", {"asc": "asc", "desc": "desc"})
_COMPARISONS = {
    name: GraphQLInputObjectType(
        f"{name}_comparison_exp",
        {
            "_eq": GraphQLInputField(scalar),
            "_gt": GraphQLInputField(scalar),
            "_in": GraphQLInputField(GraphQLList(GraphQLNonNull(scalar))),
            "_is_null": GraphQLInputField(GraphQLBoolean),
        },
    )
    for name, scalar in _SCALARS.items()
}


def schema_of(
    tables: Mapping[str, Table], *, read: Callable[..., Any], insert: Callable[..., Any], update: Callable[..., Any]
) -> GraphQLSchema:
    """Return the schema of these tables; what is asked of one ends in one of the three functions."""
    queries: dict[str, GraphQLField] = {}
    mutations: dict[str, GraphQLField] = {}
    for name, table in tables.items():
        row = _row(table)
        queries[name] = _reading(table, row, read)
        mutations[f"insert_{name}_one"] = _inserting(table, row, insert)
        mutations[f"update_{name}_by_pk"] = _updating(table, row, update)
    return GraphQLSchema(
        query=GraphQLObjectType("query_root", queries), mutation=GraphQLObjectType("mutation_root", mutations)
    )


def _row(table: Table) -> GraphQLObjectType:
    fields = {
        name: GraphQLField(
            GraphQLNonNull(_SCALARS[column.scalar])
            if column.is_required or name == table.number
            else _SCALARS[column.scalar]
        )
        for name, column in table.columns.items()
    }
    return GraphQLObjectType(table.name, fields)


def _reading(table: Table, row: GraphQLObjectType, read: Callable[..., Any]) -> GraphQLField:
    conditions = GraphQLInputObjectType(
        f"{table.name}_bool_exp",
        lambda: {
            "_and": GraphQLInputField(GraphQLList(GraphQLNonNull(conditions))),
            **{name: GraphQLInputField(_COMPARISONS[column.scalar]) for name, column in table.columns.items()},
        },
    )
    order = GraphQLInputObjectType(
        f"{table.name}_order_by", {name: GraphQLInputField(_ORDER) for name in table.columns}
    )

    def resolve(_root: object, _info: object, **asked: Any) -> Any:
        return read(table, **{name: asked.get(name) for name in ("where", "order_by", "limit", "offset")})

    return GraphQLField(
        GraphQLNonNull(GraphQLList(GraphQLNonNull(row))),
        args={
            "where": GraphQLArgument(conditions),
            "order_by": GraphQLArgument(GraphQLList(GraphQLNonNull(order))),
            "limit": GraphQLArgument(GraphQLInt),
            "offset": GraphQLArgument(GraphQLInt),
        },
        resolve=resolve,
    )


def _inserting(table: Table, row: GraphQLObjectType, insert: Callable[..., Any]) -> GraphQLField:
    given = GraphQLInputObjectType(f"{table.name}_insert_input", _inputs(table))

    def resolve(_root: object, _info: object, **asked: Any) -> Any:
        return insert(table, asked["object"])

    return GraphQLField(row, args={"object": GraphQLArgument(GraphQLNonNull(given))}, resolve=resolve)


def _updating(table: Table, row: GraphQLObjectType, update: Callable[..., Any]) -> GraphQLField:
    scalar = _SCALARS[table.columns[table.number].scalar]
    key = GraphQLInputObjectType(
        f"{table.name}_pk_columns_input", {table.number: GraphQLInputField(GraphQLNonNull(scalar))}
    )
    given = GraphQLInputObjectType(f"{table.name}_set_input", _inputs(table))

    def resolve(_root: object, _info: object, **asked: Any) -> Any:
        return update(table, asked["pk_columns"][table.number], asked.get("_set") or {})

    arguments = {"pk_columns": GraphQLArgument(GraphQLNonNull(key)), "_set": GraphQLArgument(given)}
    return GraphQLField(row, args=arguments, resolve=resolve)


def _inputs(table: Table) -> dict[str, GraphQLInputField]:
    return {name: GraphQLInputField(_SCALARS[column.scalar]) for name, column in table.columns.items()}
