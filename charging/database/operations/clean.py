"""Writing what cleansing found: rows that are right, and rows that wait for somebody."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from charging import canonical
from charging.database import tables
from charging.database.columns import Document, Words, storable, storable_document
from charging.database.operations import rows
from charging.database.queries.quarantine import LOADED
from charging.errors import CountsDisagree
from charging.legacy.written import written
from charging.network import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)

Entity = (
    Location
    | Station
    | Evse
    | Connector
    | Tariff
    | Customer
    | Contract
    | Token
    | Session
    | MeterValue
    | Reservation
    | ChargingProfile
)

TABLES: Mapping[type[Entity], sa.Table] = {
    Location: tables.location,
    Station: tables.station,
    Evse: tables.evse,
    Connector: tables.connector,
    Tariff: tables.tariff,
    Customer: tables.customer,
    Contract: tables.contract,
    Token: tables.token,
    Session: tables.session,
    MeterValue: tables.meter_value,
    Reservation: tables.reservation,
    ChargingProfile: tables.charging_profile,
}


_ASIDE = ("entity", "key", "file", "line", "rule", "reason", "owner")
_WAITED = sa.table("waited", sa.column("file"), sa.column("line"), sa.column("quarantined_at"))


def store_entities(
    connection: sa.Connection, values: Iterable[Entity], *, extract_id: str, back_office: str | None = None
) -> None:
    """Bring the clean rows of these entities to these values. Sessions and their samples also say whose they are."""
    by_kind: dict[type[Entity], list[Entity]] = {}
    for one in values:
        by_kind.setdefault(type(one), []).append(one)
    told = (extract_id,) if back_office is None else (extract_id, back_office)
    for kind, chosen in by_kind.items():
        table, names = TABLES[kind], [field.name for field in fields(kind)]
        columns = (*names, *("extract_id", "back_office")[: len(told)])
        found = ((*row, *told) for row in _as_rows(table, names, chosen))
        store = rows.copy_or_bring if _has_rows(connection, table, back_office=back_office) else rows.copy
        store(connection, table, columns, found)


def take_back(connection: sa.Connection, kind: type[Entity], *, extract_id: str) -> None:
    """Take away the clean rows that an earlier cleansing of this extract has made."""
    table = TABLES[kind]
    connection.execute(sa.delete(table).where(table.c.extract_id == extract_id))


def store_quarantined(
    connection: sa.Connection,
    quarantined: Sequence[Mapping[str, Any]],
    *,
    extract_id: str,
    entity: str,
    at: datetime,
) -> None:
    """Make one entity's quarantine of this extract exactly these rows.

    A row that was there before keeps the date it came in, and its decision where somebody has taken one; one that was
    let go and is set aside all the same waits again.

    Raises:
        CountsDisagree: if two of them say that they stand in the same place: one would be lost.
    """
    let_go_of_waiting(connection, extract_id=extract_id, entity=entity)
    add_quarantined(connection, quarantined, extract_id=extract_id, entity=entity, at=at)


def let_go_of_waiting(
    connection: sa.Connection, *, extract_id: str, entity: str, places: Collection[tuple[str, int]] | None = None
) -> None:
    """Empty one entity's quarantine of what waits there undecided, or of some places, and remember since when."""
    row = tables.quarantined_row.c
    here = [row.extract_id == extract_id, row.entity == entity, row.decision.is_(None)]
    if places is not None:
        here.append(sa.tuple_(row.file, row.line).in_([(storable(file), line) for file, line in places]))
    connection.execute(sa.text("DROP TABLE IF EXISTS waited"))
    connection.execute(
        sa.text("CREATE TEMPORARY TABLE waited (file text, line bigint, quarantined_at timestamptz) ON COMMIT DROP")
    )
    gone = sa.delete(tables.quarantined_row).where(*here).returning(row.file, row.line, row.quarantined_at).cte("gone")
    moved = sa.select(gone.c.file, gone.c.line, gone.c.quarantined_at)
    connection.execute(sa.insert(_WAITED).from_select(["file", "line", "quarantined_at"], moved).add_cte(gone))


def add_quarantined(
    connection: sa.Connection,
    quarantined: Sequence[Mapping[str, Any]],
    *,
    extract_id: str,
    entity: str,
    at: datetime,
) -> None:
    """Set rows aside, after `let_go_of_waiting`.

    Raises:
        CountsDisagree: if one of them says that it stands where another does: one would be lost.
    """
    what = f"quarantined {entity}s of {extract_id}, by file and line"
    places = {(one["file"], one["line"]) for one in quarantined}
    if len(places) != len(quarantined):
        raise CountsDisagree(what, rows_in=len(quarantined), loaded=0, quarantined=len(places))
    columns = ("extract_id", "quarantined_at", *_ASIDE, "fields")
    found = (
        (extract_id, at, *(_words(one[name]) for name in _ASIDE), written(one["fields"])[0]) for one in quarantined
    )
    with rows.arriving(connection, tables.quarantined_row, columns, found) as (held, number):
        row = tables.quarantined_row.c
        same = sa.and_(_WAITED.c.file == held.c.file, _WAITED.c.line == held.c.line)
        since = sa.func.coalesce(_WAITED.c.quarantined_at, held.c.quarantined_at)
        chosen = [since if name == "quarantined_at" else held.c[name] for name in columns]
        statement = insert(tables.quarantined_row).from_select(
            list(columns), sa.select(*chosen).select_from(sa.outerjoin(held, _WAITED, same))
        )
        is_let_go = row.decision.in_(LOADED)
        anew: dict[str, Any] = {name: statement.excluded[name] for name in ("key", "rule", "reason", "owner", "fields")}
        anew |= dict.fromkeys(("decision", "decided_by", "decided_because", "decided_at"), sa.null())
        changed = {name: sa.case((is_let_go, value), else_=row[name]) for name, value in anew.items()}
        key = [column.name for column in tables.quarantined_row.primary_key]
        done = connection.execute(
            statement.on_conflict_do_update(index_elements=key, set_=changed, where=row.decision.is_not(None)),
            execution_options={"preserve_rowcount": True},
        )
        if done.rowcount != number:
            raise CountsDisagree(what, rows_in=number, loaded=0, quarantined=done.rowcount)


def withdraw(connection: sa.Connection, *, back_office: str, extract_id: str) -> None:
    """Take away the older version of sessions that this extract has set aside: what waits is not clean beside it."""
    session, row = tables.session.c, tables.quarantined_row.c
    waiting = sa.select(row.key).where(row.extract_id == extract_id, row.entity == "session", ~is_let_go())
    connection.execute(
        sa.delete(tables.session).where(
            session.back_office == back_office, session.extract_id != extract_id, session.session_id.in_(waiting)
        )
    )


def is_let_go() -> sa.ColumnElement[bool]:
    """Whether somebody has let a row go that was set aside."""
    return sa.func.coalesce(tables.quarantined_row.c.decision, "").in_(LOADED)


def supersede(
    connection: sa.Connection, *, extract_id: str, entity: str, earlier: Collection[str], at: datetime
) -> None:
    """Let rows of earlier extracts wait no more that this one has brought anew."""
    row, landed = tables.quarantined_row.c, tables.landed_row.c
    anew = sa.select(landed.key).where(landed.extract_id == extract_id, landed.entity == entity)
    connection.execute(
        sa.update(tables.quarantined_row)
        .where(row.extract_id.in_(earlier), row.entity == entity, row.decision.is_(None), row.key.in_(anew))
        .values(
            decision="superseded", decided_by="rehome", decided_because=f"{extract_id} brought it anew", decided_at=at
        )
    )


def store_account(connection: sa.Connection, account: Mapping[str, object]) -> None:
    """Store how one entity's rows and energy add up."""
    rows.upsert(connection, tables.account, [account])


def _as_rows(table: sa.Table, names: Sequence[str], values: Sequence[Entity]) -> Iterator[Sequence[object]]:
    """Yield values as COPY takes them; nearly all of them go as they are."""
    read: Callable[[object], tuple[object, ...]] = attrgetter(*names)
    words = [place for place, name in enumerate(names) if isinstance(table.c[name].type, Words)]
    documents = [place for place, name in enumerate(names) if isinstance(table.c[name].type, Document)]
    for one in values:
        row: Sequence[object] = read(one)
        odd = [place for place in words if not _is_plain(row[place])]
        if odd or documents:
            mended = list(row)
            for place in odd:
                mended[place] = _words(row[place])
            for place in documents:
                mended[place] = None if row[place] is None else _document(row[place])
            row = mended
        yield row


def _is_plain(value: object) -> bool:
    return value is None or (type(value) is str and value.isascii() and "\0" not in value)


def _words(value: object) -> object:
    """Return a text as PostgreSQL takes it; a member of a closed set is the text that it is."""
    if isinstance(value, StrEnum):
        return value.value
    return storable(value) if isinstance(value, str) else value


def _document(value: object) -> bytes:
    return rows.as_jsonb(msgspec.json.encode(storable_document(canonical.plain(value))))


def _has_rows(connection: sa.Connection, table: sa.Table, *, back_office: str | None) -> bool:
    where = [] if back_office is None else [table.c.back_office == back_office]
    return bool(connection.scalar(sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table).where(*where)))))
