"""Reading and writing CitrineOS's rows through its GraphQL API: what is there, by our marks, and one row at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from charging.errors import BackOfficeUnavailable, PartnerRefused, PartnerUnavailable
from charging.targets.change import Action, Change, Plain
from charging.targets.citrineos_client import GraphQl
from charging.targets.citrineos_schema import INTROSPECTION, Row, Schema, Table, place_mark, plain, schema_of
from charging.targets.citrineos_wishes import EVSE_OF, GROUP, LOCATION_OF, Wish

PAGE = 500
Number = int | str
REFERENCES = {
    "station": (LOCATION_OF, "locationId", "location"),
    "connector": (EVSE_OF, "evseId", "evse"),
    "token": (GROUP, "groupAuthorizationId", "token"),
}
"""Entity: our field that names another row, the column that holds its number, and what it is."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What a table holds, by mark."""

    rows: dict[str, Row] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    marks: dict[Number, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)


class CitrineTables:
    """One tenant's tables."""

    def __init__(self, client: GraphQl, *, tenant: int) -> None:
        self._client, self._tenant = client, tenant

    @cached_property
    def schema(self) -> Schema:
        """The shape of this release's tables.

        Raises:
            BackOfficeUnavailable: if it is none that we know, or nobody answers.
        """
        return schema_of(self._read(INTROSPECTION, {}))

    def find(self, entity: str) -> Found:
        """Return every row of the tenant.

        Raises:
            BackOfficeUnavailable: if the table cannot be read.
        """
        table, found = self.schema.tables[entity], Found()
        after: Number | None = None
        while True:
            rows = self._page(table, after)
            for row in rows:
                mark, number = self._mark(entity, row), row[table.number]
                if mark in found.rows:
                    found.twice.add(mark)
                found.rows.setdefault(mark, row)
                found.numbers.setdefault(mark, number)
                found.marks[number] = mark
            if len(rows) < PAGE:
                return found
            after = rows[-1][table.number]

    def fields(self, entity: str, row: Row) -> dict[str, Plain]:
        """Return a row's own columns, each in the one way in which it is compared."""
        own = {name: plain(name, value) for name, value in row.items()}
        if entity in REFERENCES:
            own.pop(REFERENCES[entity][1], None)
        return own

    def write(
        self, wish: Wish, change: Change, *, number: Number | None, refers: Mapping[str, Number], now: datetime
    ) -> Number:
        """Create or fill in one row, and return its number.

        Raises:
            PartnerRefused: if GraphQL says no.
            PartnerUnavailable: if it does not answer.
        """
        table = self.schema.tables[wish.entity]
        values = {name: _native(name, value) for name, value in self._columns(wish, change, refers).items()}
        values["updatedAt"] = now.isoformat()
        if change.action is Action.UPDATE:
            return self._update(table, number, values)
        return self._insert(table, wish, values | {"tenantId": self._tenant, "createdAt": now.isoformat()})

    def _columns(self, wish: Wish, change: Change, refers: Mapping[str, Number]) -> dict[str, Any]:
        values: dict[str, Any] = dict(change.after)
        if wish.entity in REFERENCES:
            field_name, column, _ = REFERENCES[wish.entity]
            if values.pop(field_name, None) is not None and field_name in refers:
                values[column] = refers[field_name]
        if change.action is Action.CREATE:
            values |= self._identity(wish, refers)
        return values

    def _identity(self, wish: Wish, refers: Mapping[str, Number]) -> dict[str, Any]:
        if wish.entity == "station":
            return {self.schema.identity: wish.key}
        if wish.station is None:
            return {}
        number = self.schema.station_number
        return {self.schema.station_name: wish.station} | ({number: refers["station"]} if number else {})

    def _insert(self, table: Table, wish: Wish, values: Mapping[str, Any]) -> Number:
        mutation = (
            f"mutation Add($object: {table.name}_insert_input!) "
            f"{{ insert_{table.name}_one(object: $object) {{ {table.number} }} }}"
        )
        name = f"insert_{table.name}_one"
        answer = self._client.ask(mutation, {"object": values}, arrived=lambda: self._arrived(table, wish, values))
        return self._number(answer.get(name), table)

    def _arrived(self, table: Table, wish: Wish, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the row that an attempt before this one has left, as the answer that was lost."""
        known = {
            "location": ("name", "address", "postalCode", "city", "country"),
            "station": (self.schema.identity,),
            "evse": (self.schema.station_name, "evseTypeId"),
            "connector": (self.schema.station_name, "connectorId"),
            "token": ("idToken",),
        }[wish.entity]
        where = {name: {"_eq": values[name]} for name in ("tenantId", *known) if values.get(name) is not None}
        query = (
            f"query Arrived($where: {table.name}_bool_exp!) "
            f"{{ {table.name}(where: $where, limit: 1) {{ {table.number} }} }}"
        )
        rows = self._client.once(query, {"where": where})[table.name]
        return {f"insert_{table.name}_one": rows[0]} if rows else None

    def _update(self, table: Table, number: Number | None, values: Mapping[str, Any]) -> Number:
        name = f"update_{table.name}_by_pk"
        mutation = (
            f"mutation Fill($number: {table.number_type}!, $set: {table.name}_set_input!) "
            f"{{ {name}(pk_columns: {{{table.number}: $number}}, _set: $set) {{ {table.number} }} }}"
        )
        return self._number(self._client.ask(mutation, {"number": number, "set": values}).get(name), table)

    def _number(self, row: Row | None, table: Table) -> Number:
        if row is None:
            raise PartnerRefused("target", f"no row of {table.name} was written", "the next run looks again")
        number: Number = row[table.number]
        return number

    def _page(self, table: Table, after: Number | None) -> list[Row]:
        beyond = f", {table.number}: {{_gt: $after}}" if after is not None else ""
        asked = f", $after: {table.number_type}!" if after is not None else ""
        where, columns = f"{{tenantId: {{_eq: $tenant}}{beyond}}}", " ".join(table.columns)
        query = (
            f"query Held($tenant: Int!, $limit: Int!{asked}) {{ {table.name}("
            f"where: {where}, order_by: [{{{table.number}: asc}}], limit: $limit) {{ {columns} }} }}"
        )
        variables: dict[str, Any] = {"tenant": self._tenant, "limit": PAGE}
        rows: list[Row] = self._read(query, variables | ({"after": after} if after is not None else {}))[table.name]
        return rows

    def _mark(self, entity: str, row: Row) -> str:
        match entity:
            case "location":
                return place_mark(row)
            case "station":
                return str(row[self.schema.identity])
            case "evse":
                return f"{row[self.schema.station_name]}*{row['evseTypeId']}"
            case "connector":
                return f"{row[self.schema.station_name]}:{row['connectorId']}"
            case _:
                return str(row["idToken"]).casefold()

    def _read(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._client.ask(query, variables)
        except (PartnerRefused, PartnerUnavailable) as failure:
            raise BackOfficeUnavailable("target", f"its GraphQL says {failure.problem}", failure.mend) from failure


def _native(name: str, value: Any) -> Any:
    """Return a value as the column wants it: a point is GeoJSON, longitude first."""
    if name == "coordinates":
        latitude, longitude = (Decimal(degrees) for degrees in str(value).split())
        return {"type": "Point", "coordinates": [longitude, latitude]}
    return value
