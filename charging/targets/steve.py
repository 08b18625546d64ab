"""Loading places, stations, EVSEs and tokens into SteVe's database: it has no other way in for stations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby, islice
from operator import attrgetter
from typing import Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from charging.errors import BackOfficeUnavailable
from charging.legacy.steve_schema import SteveSchema, reflect
from charging.network import Token
from charging.targets.change import Action, Applied, Change, Difference, Plain
from charging.targets.compare import differing
from charging.targets.steve_address import ADDRESS, address_text
from charging.targets.steve_plan import (
    CONNECTOR,
    EVSE,
    LOCATION,
    PARENT,
    STATION,
    TOKEN,
    plan_connector,
    plan_evse,
    plan_location,
    plan_station,
    plan_token,
    refused,
)
from charging.targets.steve_rows import SteveRows
from charging.targets.steve_tags import SteveTags
from charging.targets.target import Check, let_all_pass
from charging.targets.wanted import Wanted, connector_key, key_of, plain_fields

T = TypeVar("T")
BATCH = 500
_FOLDING = frozenset({"mysql", "mariadb"})
"""Servers whose usual collations do not tell upper from lower case, nor mind spaces at the end."""

Held = Mapping[str, Mapping[str, Mapping[str, Plain]]]


class SteveTarget:
    """A SteVe database, empty or in use. Nothing is ever deleted, and no table is written but those of `entities`.

    With `tags`, tokens go through its REST API, which tells its caches; they are read back from the database.
    """

    kind: Literal["steve"] = "steve"

    def __init__(self, engine: sa.Engine, name: str = "target", *, tags: SteveTags | None = None) -> None:
        self._engine, self._name, self._tags = engine, name, tags

    @cached_property
    def schema(self) -> SteveSchema:
        """The generation of the schema that the target has.

        Raises:
            SourceError: if the database cannot be reached, or is none of SteVe's.
        """
        return reflect(self._engine, self._name)

    @cached_property
    def _rows(self) -> SteveRows:
        return SteveRows(self.schema)

    @property
    def entities(self) -> tuple[str, ...]:
        """What this release has tables for."""
        return tuple(entity for entity in (LOCATION, STATION, EVSE, CONNECTOR, TOKEN) if self._rows.takes(entity))

    def plan(self, wanted: Wanted, *, check: Check = let_all_pass) -> list[Change]:
        """Say what each row needs, in the order in which it can be applied. Nothing is written: this is the dry run."""
        held, schema = self._held(), self.schema
        has_places = self._rows.takes(LOCATION)
        texts = {one.location_id: address_text(one, schema) for one in wanted.locations} if has_places else {}
        places = self._checked(
            LOCATION,
            wanted.locations if has_places else (),
            lambda one: plan_location(one, held[LOCATION].get(texts[one.location_id]), schema=schema),
            check=check,
        )
        boxes = self._checked(
            STATION,
            wanted.stations,
            lambda one: plan_station(
                one, held[STATION].get(one.station_id), schema=schema, address=texts.get(one.location_id or "")
            ),
            check=check,
        )
        boxes = self._told_apart(boxes, held[STATION])
        coming = {change.key for change in boxes if change.action is not Action.REFUSE}
        sockets = self._checked(
            EVSE,
            [one for one in wanted.evses if one.connector_id != 0],
            lambda one: plan_evse(
                one, held[EVSE].get(one.evse_uid), schema=schema, has_station=one.station_id in coming
            ),
            check=check,
        )
        there = {change.key for change in sockets if change.action is not Action.REFUSE}
        plugs = self._checked(
            CONNECTOR,
            wanted.connectors if self._rows.takes(CONNECTOR) else (),
            lambda one: plan_connector(one, held[CONNECTOR].get(connector_key(one)), has_evse=one.evse_uid in there),
            check=check,
        )
        tags = self._checked(
            TOKEN,
            _parents_first(wanted.tokens),
            lambda one: plan_token(one, held[TOKEN].get(one.token_uid)),
            check=check,
        )
        tags = _with_parents(self._told_apart(tags, held[TOKEN]), wanted.tokens, held[TOKEN])
        return [*places, *boxes, *sockets, *plugs, *tags]

    def _checked(self, entity: str, rows: Iterable[T], plan: Callable[[T], Change], *, check: Check) -> list[Change]:
        """Plan rows of one entity; what must not be sent is refused, whatever the target has."""
        by_key = {key_of(entity, row): row for row in rows}
        reasons = check(entity, {key: plain_fields(row) for key, row in by_key.items()}) if by_key else {}
        return [refused(entity, key, reasons[key], {}) if key in reasons else plan(row) for key, row in by_key.items()]

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Make the changes, many in one transaction; one that fails keeps its error and costs itself alone.

        Raises:
            BackOfficeUnavailable: if the database cannot be reached any more. Applying the plan again is safe.
        """
        for batch in _batches(changes):
            if self._tags is not None and batch[0].entity == TOKEN:
                yield from self._tags.apply(batch)
                continue
            for change, error in zip(batch, self._errors_of(batch), strict=True):
                yield Applied(entity=change.entity, key=change.key, action=change.action, error=error)

    def verify(self, changes: Sequence[Change]) -> list[Difference]:
        """Read everything back, and return each field that reads otherwise than it should."""
        held = self._held()
        return [
            difference
            for change in changes
            if change.action is not Action.REFUSE
            for difference in differing(change, held[change.entity].get(_place_of(change)))
        ]

    def _held(self) -> Held:
        with self._connect() as connection:
            return {
                entity: self._rows.all(connection, entity) if self._rows.takes(entity) else {}
                for entity in (LOCATION, STATION, EVSE, CONNECTOR, TOKEN)
            }

    def _told_apart(self, changes: Iterable[Change], held: Mapping[str, object]) -> list[Change]:
        """Refuse what the server would take for another row, since it does not tell upper from lower case."""
        if self._engine.dialect.name not in _FOLDING:
            return list(changes)
        known = {_folded(key): key for key in held}
        told = []
        for change in changes:
            other = known.setdefault(_folded(change.key), change.key)
            if other != change.key:
                reason = f"the target does not tell it from {other}, which differs in upper and lower case only"
                told.append(replace(change, action=Action.REFUSE, reason=reason, before={}, after={}))
            else:
                told.append(change)
        return told

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
        entity = batch[0].entity
        found = self._rows.like(connection, batch)
        errors = [obstacle(change, found.get(_place_of(change))) for change in batch]
        due = {
            _place_of(change): change  # two locations may share one address
            for change, error in zip(batch, errors, strict=True)
            if error is None and change.action.is_sent and not _is_done(change, found.get(_place_of(change)))
        }
        self._rows.insert(connection, entity, [each for each in due.values() if each.action is Action.CREATE])
        for change in due.values():
            if change.action is Action.UPDATE:
                self._rows.update(connection, change)
        return errors

    def _connect(self) -> sa.Connection:
        try:
            connection = self._engine.connect()
            if connection.dialect.name in _FOLDING:  # else its timestamps are taken to be in the server's own zone
                connection.exec_driver_sql("SET time_zone = '+00:00'")
                connection.commit()
        except SQLAlchemyError as error:
            raise self._unavailable(error) from None
        return connection

    def _unavailable(self, error: SQLAlchemyError) -> BackOfficeUnavailable:
        address = self._engine.url.render_as_string(hide_password=True)
        return BackOfficeUnavailable(self._name, f"its database at {address} does not answer ({type(error).__name__})")


def obstacle(change: Change, found: Mapping[str, Plain] | None) -> str | None:
    """Return why a change cannot be made, or None; one that is made already has no obstacle."""
    if not change.action.is_sent:
        return None if change.action is Action.SAME else change.reason
    if _is_done(change, found):
        return None
    is_as_planned = found is None if change.action is Action.CREATE else found and holds(found, change.before)
    return None if is_as_planned else "it has changed at the target since the plan was made: plan again"


def holds(found: Mapping[str, Plain], values: Mapping[str, Plain]) -> bool:
    """Whether a row says all of these."""
    return all(name in found and found[name] == value for name, value in values.items())


def _is_done(change: Change, found: Mapping[str, Plain] | None) -> bool:
    return found is not None and holds(found, change.fields if change.entity == LOCATION else change.after)


def _place_of(change: Change) -> str:
    """Return by what the target's row of a change is found: an address by its text, all else by its key."""
    return str(change.fields[ADDRESS]) if change.entity == LOCATION else change.key


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


def _with_parents(changes: Iterable[Change], tokens: Iterable[Token], held: Mapping[str, object]) -> list[Change]:
    """Let a token whose parent is not there come without it: SteVe's schema would refuse it, and strand its driver.

    The next load fills the parent in, once it is there.
    """
    parents = {token.token_uid: token.parent_uid for token in tokens}
    there, told = set(held), []
    for change in changes:
        parent = parents[change.key]
        if change.action is not Action.REFUSE:
            there.add(change.key)
        is_alone = parent is not None and parent not in there and PARENT in change.after
        told.append(_alone(change, str(parent)) if is_alone else change)
    return told


def _alone(change: Change, parent: str) -> Change:
    after = {name: value for name, value in change.after.items() if name != PARENT}
    return replace(
        change,
        action=change.action if after else Action.SAME,
        reason=f"{change.reason}; without its parent {parent}, which is neither at the target nor loaded",
        before={name: value for name, value in change.before.items() if name != PARENT},
        after=after,
        fields={name: value for name, value in change.fields.items() if name != PARENT},
        no_place=(*change.no_place, PARENT),
    )


def _batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield changes of one entity at a time, in their order."""
    for _, of_entity in groupby(changes, key=attrgetter("entity")):
        while batch := list(islice(of_entity, BATCH)):
            yield batch


def _folded(key: str) -> str:
    return key.rstrip(" ").casefold()
