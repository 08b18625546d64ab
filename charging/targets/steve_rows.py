"""Reading and writing the rows of SteVe's tables that a load is about, whichever release it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_schema import SteveSchema
from charging.targets.change import Change, Plain
from charging.targets.steve_address import ADDRESS, text_of
from charging.targets.steve_plan import CONNECTOR, EVSE, LOCATION, OCPP1, STATION, TOKEN, TOPOLOGY

_INSTANTS = frozenset({"expiry_date"})
_NUMBERS = frozenset({"latitude", "longitude"})
_PLUGS = "evse_connector"
_PLUG_PK = "evse_connector_pk"

Rows = dict[str, dict[str, Plain]]


class SteveRows:
    """Rows by the key that plans use. The caller holds connection and transaction."""

    def __init__(self, schema: SteveSchema) -> None:
        self._schema = schema
        names = {entity: self._name(entity) for entity in (LOCATION, STATION, EVSE, CONNECTOR, TOKEN)}
        self._tables = {entity: schema.table(name) for entity, name in names.items() if schema.has(name)}

    def takes(self, entity: str) -> bool:
        """Whether this release has a table for the entity."""
        if entity == CONNECTOR:
            return self._schema.has(_PLUGS, "evse_pk")
        return self._schema.has(self._name(entity))

    def all(self, connection: sa.Connection, entity: str) -> Rows:
        """Return every row of an entity."""
        return self._keyed(connection, entity, sa.true())

    def like(self, connection: sa.Connection, changes: Sequence[Change]) -> Rows:
        """Return the rows that changes of one entity are about."""
        entity = changes[0].entity
        if entity == LOCATION:
            cities = {str(change.after.get("city") or "") for change in changes} - {""}
            column = self._table(entity).c.city
            return self._keyed(connection, entity, sa.or_(column.in_(sorted(cities)), column.is_(None)))
        if entity == CONNECTOR:
            return self.all(connection, entity)
        values = {change.key.rpartition("*")[0] if entity == EVSE else change.key for change in changes}
        column = self._table(entity).c["id_tag" if entity == TOKEN else "charge_box_id"]
        return self._keyed(connection, entity, column.in_(sorted(values)))

    def insert(self, connection: sa.Connection, entity: str, changes: Sequence[Change]) -> None:
        """Insert rows that are not there; what is not known of one is null."""
        rows = [self._native(connection, entity, change.after) for change in changes]
        if rows:
            columns: dict[str, object] = {name: None for row in rows for name in row}
            connection.execute(sa.insert(self._table(entity)), [columns | row for row in rows])

    def update(self, connection: sa.Connection, change: Change) -> None:
        """Bring one row to what a change says."""
        table = self._table(change.entity)
        values = self._native(connection, change.entity, change.after)
        connection.execute(sa.update(table).where(self._where(connection, change, table)).values(values))

    def _keyed(self, connection: sa.Connection, entity: str, where: sa.ColumnElement[bool]) -> Rows:
        table = self._table(entity)
        if entity == EVSE and self._schema.has(self._schema.generation, TOPOLOGY):
            where = sa.and_(where, table.c[TOPOLOGY] == OCPP1)  # OCPP 2 counts its EVSEs beside these
        found = [
            {str(name): _plain(value) for name, value in row.items()}
            for row in connection.execute(sa.select(table).where(where)).mappings()
        ]
        if entity == LOCATION:
            return {text: {ADDRESS: text} for row in found for text in [text_of(row)]}
        if entity == STATION and self._schema.has("address"):
            texts = {pk: text for text, pk in self._addresses(connection).items()} | self._texts(connection)
            found = [row | {ADDRESS: texts.get(str(row.get("address_pk")))} for row in found]
        if entity == CONNECTOR:
            uids = {str(pk): uid for uid, pk in self._evse_pks(connection).items()}
            return {f"{uids.get(str(row['evse_pk']))}#{row['connector_id']}": row for row in self._counted(found)}
        return {self._key_of(entity, row): row for row in found}

    def _counted(self, plugs: Sequence[dict[str, Plain]]) -> list[dict[str, Plain]]:
        """Return connectors with their numbers: where they have no column for it, it is their place at the EVSE."""
        if self._schema.has(_PLUGS, "connector_id"):
            return list(plugs)
        so_far: Counter[Plain] = Counter()
        counted = []
        for row in sorted(plugs, key=lambda row: int(row.get(_PLUG_PK) or 0)):
            so_far[row["evse_pk"]] += 1
            counted.append(row | {"connector_id": so_far[row["evse_pk"]]})
        return counted

    def _native(self, connection: sa.Connection, entity: str, values: Mapping[str, Plain]) -> dict[str, object]:
        """Return values as SteVe's columns want them: its timestamps have no zone, and are UTC."""
        native: dict[str, object] = {}
        for name, value in values.items():
            if name == ADDRESS and entity == STATION:
                native["address_pk"] = self._addresses(connection).get(str(value))
            elif name == "evse" and entity == CONNECTOR:
                native["evse_pk"] = self._evse_pks(connection)[str(value)]
            elif name == "connector_id" and entity == CONNECTOR and not self._schema.has(_PLUGS, name):
                continue  # its place among the EVSE's connectors says it
            elif name in _INSTANTS and isinstance(value, str):
                native[name] = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
            else:
                native[name] = Decimal(value) if name in _NUMBERS and isinstance(value, str) else value
        return native

    def _addresses(self, connection: sa.Connection) -> dict[str, str]:
        """Return the key of every address by its text; of those that say the same, the first."""
        found: dict[str, str] = {}
        for pk, text in self._texts(connection).items():
            found.setdefault(text, pk)
        return found

    def _texts(self, connection: sa.Connection) -> dict[str, str]:
        address = self._table(LOCATION)
        rows = connection.execute(sa.select(address).order_by(address.c.address_pk)).mappings()
        return {str(row["address_pk"]): text_of({str(name): _plain(v) for name, v in row.items()}) for row in rows}

    def _evse_pks(self, connection: sa.Connection) -> dict[str, int]:
        evse = self._table(EVSE)
        rows = connection.execute(sa.select(evse)).mappings()
        return {self._key_of(EVSE, row): int(row[self._schema.evse_pk]) for row in rows}

    def _key_of(self, entity: str, row: Mapping[Any, Any]) -> str:
        if entity == EVSE:
            return f"{row['charge_box_id']}*{row[self._schema.evse_number]}"
        return str(row["charge_box_id" if entity == STATION else "id_tag"])

    def _where(self, connection: sa.Connection, change: Change, table: sa.TableClause) -> sa.ColumnElement[bool]:
        if change.entity == CONNECTOR:
            row = self.all(connection, CONNECTOR)[change.key]
            names = [name for name in (_PLUG_PK, "evse_pk", "connector_id") if self._schema.has(_PLUGS, name)]
            return sa.and_(*(table.c[name] == row[name] for name in names))
        if change.entity != EVSE:
            return table.c["charge_box_id" if change.entity == STATION else "id_tag"] == change.key
        station_id, _, number = change.key.rpartition("*")
        here = sa.and_(table.c.charge_box_id == station_id, table.c[self._schema.evse_number] == int(number))
        return (
            sa.and_(here, table.c[TOPOLOGY] == OCPP1) if self._schema.has(self._schema.generation, TOPOLOGY) else here
        )

    def _name(self, entity: str) -> str:
        names = {LOCATION: "address", STATION: "charge_box", CONNECTOR: _PLUGS, TOKEN: "ocpp_tag"}
        return names.get(entity, self._schema.generation)

    def _table(self, entity: str) -> sa.TableClause:
        return self._tables[entity]


def _plain(value: object) -> Plain:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    return value if isinstance(value, int) or value is None else str(value)
