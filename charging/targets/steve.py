"""Loading stations, EVSEs and tokens into SteVe's database: it has no other way in for stations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from charging.errors import BackOfficeUnavailable
from charging.legacy.steve_schema import SteveSchema, reflect
from charging.network import Evse, Station, Token
from charging.targets.change import Action, Applied, Change, Difference, Plain
from charging.targets.steve_plan import EVSE, STATION, TOKEN, is_same, plan_evse, plan_station, plan_token, wanted

BATCH = 500
_INSTANTS = frozenset({"expiry_date"})

Held = Mapping[str, Mapping[str, Plain]]


class SteveTarget:
    """A SteVe database, empty or in use. `plan` reads, `apply` writes, `verify` reads back."""

    def __init__(self, engine: sa.Engine, name: str = "target") -> None:
        self._engine, self._name = engine, name

    @cached_property
    def schema(self) -> SteveSchema:
        """The generation of the schema that the target has.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        return reflect(self._engine, self._name)

    def plan(self, stations: Iterable[Station], evses: Iterable[Evse], tokens: Iterable[Token]) -> list[Change]:
        """Say what each row needs, in the order in which it can be applied. Nothing is written: this is the dry run."""
        held = self._held()
        boxes = [plan_station(station, held[STATION].get(station.station_id)) for station in stations]
        coming = {change.key for change in boxes if change.action is not Action.REFUSE}
        sockets = [
            plan_evse(evse, held[EVSE].get(evse.evse_uid), schema=self.schema, has_station=evse.station_id in coming)
            for evse in evses
            if evse.connector_id != 0
        ]
        tags = [plan_token(token, held[TOKEN].get(token.token_uid)) for token in _parents_first(tokens)]
        return [*boxes, *sockets, *tags]

    def apply(self, changes: Iterable[Change]) -> list[Applied]:
        """Make the changes, many in one transaction; one that fails keeps its error and costs itself alone.

        Raises:
            BackOfficeUnavailable: if the database cannot be reached any more. Applying the plan again is safe.
        """
        return [
            Applied(entity=change.entity, key=change.key, action=change.action, error=error)
            for batch in _batches(changes)
            for change, error in zip(batch, self._errors_of(batch), strict=True)
        ]

    def verify(self, stations: Iterable[Station], evses: Iterable[Evse], tokens: Iterable[Token]) -> list[Difference]:
        """Read everything back, and return each field that reads otherwise than it should."""
        held = self._held()
        differences = []
        things: list[Station | Evse | Token] = [*stations, *(each for each in evses if each.connector_id), *tokens]
        for thing in things:
            entity, key, fields = wanted(thing, self.schema)
            found = held[entity].get(key)
            if found is None:
                differences.append(Difference(entity=entity, key=key, field="", expected=key, found=None))
                continue
            differences += [
                Difference(entity=entity, key=key, field=field, expected=value, found=found[field])
                for field, value in fields.items()
                if not is_same(field, value, found[field])
            ]
        return differences

    def _held(self) -> dict[str, dict[str, dict[str, Plain]]]:
        with self._connect() as connection:
            return {
                entity: {self._key_of(entity, row): _plain_row(row) for row in self._rows(connection, entity)}
                for entity in (STATION, EVSE, TOKEN)
            }

    def _errors_of(self, batch: Sequence[Change]) -> list[str | None]:
        """Make changes of one entity; where the database refuses them together, each half is tried by itself."""
        try:
            with self._connect() as connection, connection.begin():
                return self._write(connection, batch)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise self._unavailable(error) from None
            if len(batch) == 1:
                return [str(error.orig).strip().splitlines()[0]]
        middle = len(batch) // 2
        return self._errors_of(batch[:middle]) + self._errors_of(batch[middle:])

    def _write(self, connection: sa.Connection, batch: Sequence[Change]) -> list[str | None]:
        """Look first, then act: what is already so stays, and what has changed since the plan is left alone."""
        table = self._table(batch[0].entity)
        found = self._found(connection, batch)
        errors = [_obstacle(change, found.get(change.key)) for change in batch]
        due = [
            change
            for change, error in zip(batch, errors, strict=True)
            if error is None and not _holds(found.get(change.key, {}), change.after)
        ]
        created = [change.after for change in due if change.action is Action.CREATE]
        if created:
            columns = {name: None for after in created for name in after}  # what is not known of a row is null
            connection.execute(sa.insert(table), [columns | _native(after) for after in created])
        for change in due:
            if change.action is Action.UPDATE:
                here = self._where(change, table)
                connection.execute(sa.update(table).where(here).values(_native(change.after)))
        return errors

    def _found(self, connection: sa.Connection, batch: Sequence[Change]) -> dict[str, dict[str, Plain]]:
        entity, table = batch[0].entity, self._table(batch[0].entity)
        column = table.c["id_tag" if entity == TOKEN else "charge_box_id"]
        values = {change.key.rpartition("*")[0] if entity == EVSE else change.key for change in batch}
        rows = connection.execute(sa.select(table).where(column.in_(sorted(values)))).mappings()
        return {self._key_of(entity, row): _plain_row(row) for row in rows}

    def _connect(self) -> sa.Connection:
        try:
            return self._engine.connect()
        except SQLAlchemyError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: SQLAlchemyError) -> BackOfficeUnavailable:
        address = self._engine.url.render_as_string(hide_password=True)
        return BackOfficeUnavailable(self._name, f"its database at {address} does not answer ({type(error).__name__})")

    def _table(self, entity: str) -> sa.TableClause:
        return self.schema.table({STATION: "charge_box", EVSE: self.schema.generation, TOKEN: "ocpp_tag"}[entity])

    def _rows(self, connection: sa.Connection, entity: str) -> Sequence[sa.RowMapping]:
        return connection.execute(sa.select(self._table(entity))).mappings().all()

    def _key_of(self, entity: str, row: Mapping[Any, Any]) -> str:
        if entity == EVSE:
            return f"{row['charge_box_id']}*{row[self.schema.evse_number]}"
        return str(row["charge_box_id" if entity == STATION else "id_tag"])

    def _where(self, change: Change, table: sa.TableClause) -> sa.ColumnElement[bool]:
        if change.entity == EVSE:
            station_id, _, number = change.key.rpartition("*")
            return sa.and_(table.c.charge_box_id == station_id, table.c[self.schema.evse_number] == int(number))
        return table.c["charge_box_id" if change.entity == STATION else "id_tag"] == change.key


def _parents_first(tokens: Iterable[Token]) -> list[Token]:
    """Return the tokens so that each comes after its parent, to which SteVe's schema ties it."""
    every = list(tokens)
    parents = {token.token_uid: token.parent_uid for token in every}

    def depth(token: Token) -> int:
        seen: set[str] = set()
        parent = token.parent_uid
        while parent is not None and parent not in seen:
            seen.add(parent)
            parent = parents.get(parent)
        return len(seen)

    return sorted(every, key=depth)


def _batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield changes of one entity at a time, in their order."""
    for _, of_entity in groupby(changes, key=attrgetter("entity")):
        while batch := list(islice(of_entity, BATCH)):
            yield batch


def _obstacle(change: Change, found: Mapping[str, Plain] | None) -> str | None:
    """Return why a change cannot be made, or None; one that is made already has no obstacle."""
    if change.action is Action.REFUSE:
        return change.reason
    if change.action is Action.SAME or (found is not None and _holds(found, change.after)):
        return None
    is_as_planned = found is None if change.action is Action.CREATE else found and _holds(found, change.before)
    return None if is_as_planned else "it has changed at the target since the plan was made: plan again"


def _holds(found: Mapping[str, Plain], values: Mapping[str, Plain]) -> bool:
    return all(name in found and found[name] == value for name, value in values.items())


def _plain_row(row: Mapping[Any, Any]) -> dict[str, Plain]:
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: object) -> Plain:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    return value if isinstance(value, int) or value is None else str(value)


def _native(values: Mapping[str, Plain]) -> dict[str, object]:
    """Return values as SteVe's columns want them: its timestamps have no zone, and are UTC."""
    return {
        name: datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
        if name in _INSTANTS and isinstance(value, str)
        else value
        for name, value in values.items()
    }
