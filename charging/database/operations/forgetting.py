"""Putting pseudonyms where a person stood, everywhere and in one transaction, so that every sum stays what it was."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from charging.database import tables
from charging.database.columns import Document, Words, storable
from charging.database.operations import rows
from charging.database.queries.kept import EVIDENCE
from charging.database.queries.personal import Person
from charging.identifiers import contract_id
from charging.legacy.parts import key_of
from charging.personal.forgetting import Kind, Pseudonyms, Redaction, writings

NAMED: Mapping[str, Kind] = {
    "customer_id": Kind.CUSTOMER,
    "contract_id": Kind.CONTRACT,
    "contract_compact": Kind.CONTRACT,
    "token_uid": Kind.TOKEN,
    "parent_uid": Kind.TOKEN,
}
"""Columns that hold a name and nothing else."""
KEYS: Mapping[str, Kind] = {"customer": Kind.CUSTOMER, "contract": Kind.CONTRACT, "token": Kind.TOKEN}
"""What the column `key` names, by the entity beside it."""
SHORTEST_IN_TEXT = 8
"""A shorter name is looked for where a name stands, and not inside of other text."""
_OURS = ("vault", "landing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """What stands for what, exactly and inside of text."""

    exact: Mapping[Kind, Mapping[str, str]]
    inside: re.Pattern[str] | None
    by_text: Mapping[str, str]

    @property
    def in_text(self) -> list[str]:
        """What is looked for inside of text."""
        return [name for name in self.by_text if len(name) >= SHORTEST_IN_TEXT and not name.isdecimal()]

    def text(self, written: str) -> str:
        """Return a text in which the person stands no more."""
        if self.inside is None:
            return written
        return self.inside.sub(lambda found: self.by_text[found[0].casefold()], written)


def replacing(person: Person, pseudonyms: Pseudonyms) -> Replacing:
    """Return what is put in the place of everything by which a person is known."""
    exact = {
        kind: {text: pseudonyms.of(kind, text) for name in sorted(names) for text in sorted(writings(kind, name))}
        for kind, names in person.names.items()
    }
    by_text = {name.casefold(): stand_in for names in exact.values() for name, stand_in in names.items()}
    by_text |= dict.fromkeys((text.casefold() for text in person.particulars), "(forgotten)")
    looked_for = sorted(
        (name for name in by_text if len(name) >= SHORTEST_IN_TEXT and not name.isdecimal()), key=len, reverse=True
    )
    pattern = "|".join(re.escape(name) for name in looked_for)
    inside = re.compile(rf"(?<![0-9A-Za-z])(?:{pattern})(?![0-9A-Za-z])", re.IGNORECASE) if looked_for else None
    return Replacing(exact=exact, inside=inside, by_text=by_text)


def replace_everywhere(
    connection: sa.Connection, given: Replacing, redaction: Redaction, *, at: datetime
) -> dict[str, int]:
    """Put pseudonyms in every place; return how many rows were changed, by table and column."""
    done = Counter({"vault.customer": _customers(connection, given)})
    done.update(replace_landed(connection, redaction, at=at))
    done.update(_set_aside(connection, redaction))
    for table in tables.metadata.sorted_tables:
        if table.schema not in _OURS:
            done.update(_names(connection, table, given))
            done.update(_texts(connection, table, given))
    _accesses(connection, given)
    return {place: changed for place, changed in sorted(done.items()) if changed}


def replace_landed(
    connection: sa.Connection, redaction: Redaction, *, at: datetime | None, extract_id: str | None = None
) -> dict[str, int]:
    """Redact landed rows, all or those of one extract; return how many were changed, by entity.

    `at` marks rows of which more was kept before; rows that nobody has seen yet need no mark.
    """
    row, done = tables.landed_row.c, {}
    for entity in ("customer", "contract", "token", "session", "reservation"):
        chosen = sa.select(row.extract_id, row.row_number, row.fields).where(row.entity == entity)
        if extract_id is not None:
            chosen = chosen.where(row.extract_id == storable(extract_id))
        marks = []
        for of_extract, number, fields in connection.execute(chosen, execution_options={"yield_per": 5_000}):
            if (values := redaction(entity, fields)) is not fields:
                at_row = {"of_extract": of_extract, "of_row": number}
                marks.append(at_row | {"key": key_of(entity, values), "fields": values, "forgotten_at": at})
        changed = sa.update(tables.landed_row).where(
            row.entity == entity, row.extract_id == sa.bindparam("of_extract"), row.row_number == sa.bindparam("of_row")
        )
        for start in range(0, len(marks), rows.CHUNK):
            connection.execute(changed, marks[start : start + rows.CHUNK])
        done[f"landing.landed_row ({entity})"] = len(marks)
    return done


def totals(connection: sa.Connection) -> dict[str, str]:
    """Return how many rows every table has, and what their energy and money come to: no forgetting may change it."""
    found: dict[str, str] = {}
    for table in tables.metadata.sorted_tables:
        if table.name in {"access", "forgotten", "forget_request"}:
            continue
        sums = [
            sa.func.coalesce(sa.func.sum(column), 0).label(column.name)
            for column in table.columns
            if isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Float)
        ]
        row = connection.execute(sa.select(sa.func.count().label("rows"), *sums).select_from(table)).mappings().one()
        found |= {f"{table.schema}.{table.name}.{name}": str(value) for name, value in row.items()}
    return found


def _customers(connection: sa.Connection, given: Replacing) -> int:
    row, changed = tables.customer.c, 0
    for name, stand_in in given.exact[Kind.CUSTOMER].items():
        gone = dict.fromkeys(("name", "email", "phone"))
        changed += connection.execute(
            sa.update(tables.customer).where(row.customer_id == name).values(customer_id=stand_in, **gone)
        ).rowcount
    return changed


def _set_aside(connection: sa.Connection, redaction: Redaction) -> dict[str, int]:
    table, changed = tables.quarantined_row, 0
    row = table.c
    place = ("extract_id", "entity", "file", "line")
    for found in connection.execute(sa.select(*(row[name] for name in place), row.fields)).all():
        if (values := redaction(found.entity, found.fields)) is not found.fields:
            here = (row[name] == getattr(found, name) for name in place)
            connection.execute(sa.update(table).where(*here).values(fields=dict(values)))
            changed += 1
    return {"quarantine.quarantined_row.fields": changed}


def _names(connection: sa.Connection, table: sa.Table, given: Replacing) -> dict[str, int]:
    done: dict[str, int] = {}
    for column in table.columns:
        kinds = {None: NAMED[column.name]} if column.name in NAMED else {}
        if column.name in {"key", "row_key"} and "entity" in table.c:
            kinds = dict(KEYS)  # type: ignore[assignment]
        for entity, kind in kinds.items():
            for name, full in given.exact[kind].items():
                stand_in = (contract_id.compact(full) or full) if column.name == "contract_compact" else full
                here = [column == name] if entity is None else [column == name, table.c.entity == entity]
                changed = connection.execute(sa.update(table).where(*here).values({column.name: stand_in})).rowcount
                done[f"{table.schema}.{table.name}.{column.name}"] = (
                    done.get(f"{table.schema}.{table.name}.{column.name}", 0) + changed
                )
    return done


def _texts(connection: sa.Connection, table: sa.Table, given: Replacing) -> dict[str, int]:
    """Replace inside of text and documents; PostgreSQL finds the cells."""
    if given.inside is None:
        return {}
    done = {}
    for column in _texts_of(table):
        written = sa.cast(column, sa.Text)
        may_hold = sa.or_(*(written.icontains(json.dumps(name)[1:-1], autoescape=True) for name in given.in_text))
        keys = list(table.primary_key.columns)
        found = connection.execute(sa.select(*keys, column.label("written")).where(may_hold)).all()
        changed = 0
        for row in found:
            after = _replaced(row.written, given)
            if after != row.written:
                here = (key == getattr(row, key.name) for key in keys)
                connection.execute(sa.update(table).where(*here).values({column.name: after}))
                changed += 1
        done[f"{table.schema}.{table.name}.{column.name}"] = changed
    return done


def _texts_of(table: sa.Table) -> Iterator[sa.Column[Any]]:
    for column in table.columns:
        if isinstance(column.type, Words | Document | JSON) and (str(table), column.name) not in EVIDENCE:
            yield column


def _replaced(value: Any, given: Replacing) -> Any:
    match value:
        case str():
            return given.text(value)
        case dict():
            return {given.text(key): _replaced(entry, given) for key, entry in value.items()}
        case list():
            return [_replaced(entry, given) for entry in value]
        case _:
            return value


def _accesses(connection: sa.Connection, given: Replacing) -> None:
    row = tables.access.c
    names = given.exact[Kind.CUSTOMER]
    for access_id, ids in connection.execute(sa.select(row.access_id, row.customer_ids)).tuples().all():
        if after := [names.get(each, each) for each in ids]:
            connection.execute(sa.update(tables.access).where(row.access_id == access_id).values(customer_ids=after))


def store_forgotten(
    connection: sa.Connection, person: Person, pseudonyms: Pseudonyms, *, request: str, at: datetime
) -> None:
    """Remember by keyed hash what is to stay forgotten."""
    found = {
        (str(kind), pseudonyms.hash_of(kind, text)): pseudonyms.of(kind, text)
        for kind, names in person.names.items()
        for name in names
        for text in sorted(writings(kind, name))
    }
    rows.insert_new(
        connection,
        tables.forgotten,
        [
            {"kind": kind, "value_hmac": value, "pseudonym": stand_in, "request": request, "forgotten_at": at}
            for (kind, value), stand_in in found.items()
        ],
    )


def store_request(
    connection: sa.Connection, *, request: str, by: str, reason: str, places: Mapping[str, int], at: datetime
) -> None:
    """Write down that somebody was forgotten, and beside each extract that its hash is that of what came."""
    rows.upsert(
        connection,
        tables.forget_request,
        [{"request": request, "decided_by": by, "reason": reason, "places": dict(places), "at": at}],
    )
    landed, extract = tables.landed_row.c, tables.extract.c
    note = f"a person was forgotten since ({request}): the hash is that of what came"
    touched = sa.select(landed.extract_id).where(landed.forgotten_at == at)
    for extract_id, notes in connection.execute(
        sa.select(extract.extract_id, extract.notes).where(extract.extract_id.in_(touched))
    ).tuples():
        connection.execute(
            sa.update(tables.extract).where(extract.extract_id == extract_id).values(notes=[*notes, note])
        )
