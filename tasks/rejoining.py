"""Judging some rows of an extract again, with all that rules compare them with, and nothing else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.cleansing.answers import Answer
from charging.database import tables
from charging.database.operations import clean as write
from charging.database.operations import findings as write_findings
from charging.database.operations.landing import Manifest
from charging.database.queries import clean as read_clean
from charging.database.queries import landing as read
from charging.errors import CountsDisagree
from charging.legacy.parts import GROUPED_BY
from tasks.judging import Account, Share, judge, landed_rows
from tasks.one_entity import cleanse_entity, settle, shown, store_share
from tasks.surroundings import Surroundings

NAMED_BY_OTHERS = frozenset({"station", "tariff", "customer"})
"""Whether one of these is loaded decides on rows of other entities, too: then the extract is cleansed anew."""

Place = tuple[str, int]


def rejoin(
    connection: sa.Connection,
    manifest: Manifest,
    entity: str,
    surroundings: Surroundings,
    places: Collection[Place],
    *,
    stood: Mapping[Place, Answer],
    at: datetime,
) -> dict[str, Any] | None:
    """Judge these rows again, now that somebody has answered, and return the entity's account.

    `stood` are the answers to these rows that held before, where there were any.

    Of a large table only the parts are read in which the rows stand; what these came to before is taken out of the
    account, and what they come to now is put in. None is returned, and nothing has been stored, where what is stored
    is not what these rows came to with the answers that held before: then only the whole can tell.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
    """
    stored_accounts = read_clean.accounts(connection, extract_id=manifest.extract_id)
    (row,) = (each for each in stored_accounts if each["entity"] == entity)
    if entity not in GROUPED_BY:
        done = cleanse_entity(connection, manifest, entity, surroundings, at=at, told=row["told"])
        return done.account
    read.gather_strays(connection, manifest.extract_id, entity=entity)
    found = (read.part_of_row(connection, manifest.extract_id, entity=entity, place=place) for place in sorted(places))
    pairs = [
        _twice(connection, manifest, entity, surroundings, part=part, places=places, stood=stood)
        for part in sorted({part for part in found if part is not None})
    ]
    if not all(_is_stored(connection, manifest, entity, before, after) for before, after in pairs):
        return None
    account = _account(row)
    write_findings.let_go_of_findings(connection, extract_id=manifest.extract_id, entity=entity, row_numbers=())
    for before, after in pairs:
        if _content(entity, before.clean) == _stored(connection, manifest, entity, before, after):
            _replace(connection, manifest, entity, before, after, at=at)
            account.add(before, sign=-1)
            account.add(after)
    settle(connection, manifest, entity, at=at)
    stored = {name: row[name] for name in ("extract_id", "entity", "suite", "told")} | account.row()
    if account.rows_in != manifest.row_counts[entity] or account.rows_in != (
        account.loaded + account.merged + account.quarantined
    ):
        raise CountsDisagree(
            f"{entity}s of {manifest.extract_id}",
            rows_in=manifest.row_counts[entity],
            loaded=account.loaded + account.merged,
            quarantined=account.quarantined,
        )
    write.store_account(connection, stored)
    return shown(manifest, stored)


def _twice(
    connection: sa.Connection,
    manifest: Manifest,
    entity: str,
    surroundings: Surroundings,
    *,
    part: int,
    places: Collection[Place],
    stood: Mapping[Place, Answer],
) -> tuple[Share, Share]:
    """Judge a part as it was before the last was said about these places, and as it is now."""
    parts = (part, part)
    known, given = surroundings.of(entity)
    rows = landed_rows(entity, read.landed(connection, extract_id=manifest.extract_id, entity=entity, parts=parts))
    context, beside = surroundings.of_share(entity, rows[1], parts, known)
    unsaid = {place: answer for place, answer in context.answers.items() if place not in set(places)}
    before = judge(
        entity, rows, replace(context, answers=unsaid | dict(stood)), given, beside=beside, may_be_empty=True
    )
    return before, judge(entity, rows, context, given, beside=beside, may_be_empty=True)


def _replace(
    connection: sa.Connection, manifest: Manifest, entity: str, before: Share, after: Share, *, at: datetime
) -> None:
    extract_id, table = manifest.extract_id, tables.session if entity == "session" else tables.meter_value
    gone = [one.session_id for one in before.clean]
    connection.execute(sa.delete(table).where(_is_ours(table, manifest, gone)))
    places = {(row["file"], row["line"]) for row in (*before.quarantined, *after.quarantined)}
    write.let_go_of_waiting(connection, extract_id=extract_id, entity=entity, places=places)
    write_findings.let_go_of_findings(connection, extract_id=extract_id, entity=entity, row_numbers=after.numbers)
    store_share(connection, manifest, entity, after, at=at)
    write_findings.keep_answers(connection, extract_id=extract_id, entity=entity)


def _is_stored(connection: sa.Connection, manifest: Manifest, entity: str, before: Share, after: Share) -> bool:
    stored = _stored(connection, manifest, entity, before, after)
    return stored in (_content(entity, before.clean), _content(entity, after.clean))


def _stored(
    connection: sa.Connection, manifest: Manifest, entity: str, before: Share, after: Share
) -> set[tuple[object, ...]]:
    table = tables.session if entity == "session" else tables.meter_value
    ids = sorted({one.session_id for one in (*before.clean, *after.clean)})
    chosen = sa.select(*(table.c[name] for name in _columns(entity))).where(_is_ours(table, manifest, ids))
    return {tuple(row) for row in connection.execute(chosen)}


def _is_ours(table: sa.Table, manifest: Manifest, session_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.back_office == manifest.source,
        table.c.extract_id == manifest.extract_id,
        table.c.session_id == sa.any_(sa.literal(list(session_ids), sa.ARRAY(sa.Text))),
    )


def _content(entity: str, clean: Sequence[Any]) -> set[tuple[object, ...]]:
    return {tuple(getattr(one, name) for name in _columns(entity)) for one in clean}


def _columns(entity: str) -> tuple[str, ...]:
    session = ("session_id", "energy_kwh", "started_at", "stopped_at")
    return session if entity == "session" else ("session_id", "sample_number", "sampled_at", "value")


def _account(row: sa.RowMapping) -> Account:
    account = Account(**{name: row[name] for name in ("rows_in", "loaded", "merged", "quarantined")})
    if row["kwh_before"] is not None:
        account.has_energy = True
        account.kwh = {name: row[f"kwh_{name}"] for name in account.kwh}
        account.by_rule = {rule: Decimal(lost) for rule, lost in row["kwh_adjustments"].items()}
    return account
