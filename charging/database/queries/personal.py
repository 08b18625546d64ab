"""Reading what is a person's: always for a stated purpose, and written down in the same transaction."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import landing
from charging.network import Customer
from charging.personal.forgetting import FIELDS, Kind, compared

COUNTED = tables.customer.c.customer_id
"""By this customers may be counted, in the database, without anybody reading who they are."""


class Purpose(StrEnum):
    """What personal data may be read for."""

    BILLING_DISPUTE = "billing dispute"
    LOAD_TARGET = "load target"
    ANSWER = "answer to the person"
    FORGET = "forget"


@dataclass(slots=True, kw_only=True)
class Person:
    """Every writing, by kind, of the names by which a person is known, and the particulars that go with them."""

    names: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in Kind})
    particulars: set[str] = field(default_factory=set)

    def knows(self, kind: Kind, text: str | None) -> bool:
        """Whether a text names this person."""
        return bool(text) and compared(kind, text or "") in {compared(kind, name) for name in self.names[kind]}

    @property
    def is_nobody(self) -> bool:
        """Whether nothing was found."""
        return not any(self.names.values())


def customers(
    connection: sa.Connection, customer_ids: Collection[str] | None, *, purpose: Purpose, reader: str, at: datetime
) -> list[Customer]:
    """Return customers, all or these, and write down who read them, and what for. There is no other way to them."""
    row = tables.customer.c
    chosen = sa.select(row.customer_id, row.name, row.email, row.phone).order_by(row.customer_id)
    if customer_ids is not None:
        chosen = chosen.where(row.customer_id.in_(sorted(customer_ids)))
    found = [Customer(**each) for each in connection.execute(chosen).mappings()]
    connection.execute(
        sa.insert(tables.access).values(
            reader=reader,
            purpose=str(purpose),
            customers=len(found),
            customer_ids=[each.customer_id for each in found],
            at=at,
        )
    )
    return found


def forgotten(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Return who is to stay forgotten, as (kind, keyed hash)."""
    row = tables.forgotten.c
    return frozenset((kind, value) for kind, value in connection.execute(sa.select(row.kind, row.value_hmac)).tuples())


def person(connection: sa.Connection, kind: Kind, text: str) -> Person:
    """Return the customer of that name with contracts and tokens, as they are clean and as they were landed.

    A token leads to its contract, a contract to its customer, and the customer to all that is theirs.
    """
    found = Person()
    found.names[kind].add(text)
    rows = list(_holders(connection))
    grown = -1
    while grown != (grown := sum(map(len, found.names.values()))):
        for values in rows:
            if any(found.knows(FIELDS[name], values.get(name)) for name in FIELDS if name != "parent_uid"):
                _learn(found, values)
    _writings(connection, found)
    if not any(any(found.knows(FIELDS[name], values.get(name)) for name in FIELDS) for values in rows):
        _forget_what_nobody_has(connection, found)
    return found


def _learn(found: Person, values: dict[str, str | None]) -> None:
    for name, kind in FIELDS.items():
        if name != "parent_uid" and (text := values.get(name)):
            found.names[kind].add(text)
    if "phone" in values:
        found.particulars |= {text for name in ("name", "phone") if (text := values.get(name))}


def _holders(connection: sa.Connection) -> Iterator[dict[str, str | None]]:
    """Yield every row that says who holds what: clean ones, and landed ones that may be in quarantine."""
    for table, names in (
        (tables.customer, ("customer_id", "name", "email", "phone")),
        (tables.contract, ("contract_id", "customer_id")),
        (tables.token, ("token_uid", "contract_id")),
    ):
        for row in connection.execute(sa.select(*(table.c[name] for name in names))).mappings():
            yield dict(row)
    extracts = connection.scalars(sa.select(tables.extract.c.extract_id).order_by(tables.extract.c.extract_id)).all()
    for extract_id in extracts:
        for entity in ("customer", "contract", "token"):
            for one in landing.landed(connection, extract_id=extract_id, entity=entity):
                yield one.values


def _writings(connection: sa.Connection, found: Person) -> None:
    """Learn how sessions and reservations write the person's tokens, and by what others partners know them."""
    cdr, contracts = tables.cdr.c, {compared(Kind.CONTRACT, name) for name in found.names[Kind.CONTRACT]}
    beside = sa.select(cdr.token_uid).where(
        cdr.contract_compact.in_(sorted(contracts)),
        cdr.token_uid.is_not(None),
        cdr.token_uid.not_in(sa.select(tables.token.c.token_uid)),
    )
    found.names[Kind.TOKEN] |= {uid for uid in connection.scalars(beside.distinct()) if uid}
    for extract_id in connection.scalars(sa.select(tables.extract.c.extract_id)).all():
        for entity in ("session", "reservation"):
            written = landing.values_of(connection, extract_id, entity=entity, field="token_uid")
            found.names[Kind.TOKEN] |= {text for text in written if found.knows(Kind.TOKEN, text)}


def _forget_what_nobody_has(connection: sa.Connection, found: Person) -> None:
    """A name that no customer, contract or token has may still be a session's; else nobody is meant."""
    session = tables.session.c
    named = sorted(found.names[Kind.TOKEN])
    if not named or not connection.scalar(sa.select(sa.exists().where(session.token_uid.in_(named)))):
        found.names = {kind: set() for kind in Kind}
