"""Comparing two extracts of one source: what was created, changed and gone among what must stand still."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from charging.database import tables
from charging.database.operations.landing import Manifest
from charging.database.queries.landing import manifest
from charging.legacy.written import read

FROZEN = ("location", "station", "evse", "connector", "tariff", "contract", "token")
"""The master data. Sessions go on, and customers may still change their address."""
_LIVING: Mapping[str, frozenset[str]] = {
    "station": frozenset({"last_seen_at", "status", "registration_status", "firmware", "ocpp_protocol"}),
}
"""What stations themselves change, frozen or not."""

Content = frozenset[tuple[str, str | None]]


class Kind(StrEnum):
    """What happened to a row."""

    CREATED = "created"
    CHANGED = "changed"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that did not stand still; `before` and `after` hold the columns that differ."""

    entity: str
    key: str
    kind: Kind
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


def frozen_extract(connection: sa.Connection, *, source: str, freeze_from: datetime) -> Manifest | None:
    """Return the first full extract since the freeze began, else the last before it; None where there is none."""
    extract = tables.extract.c
    chosen = _with_stations(source).where(extract.after_extract_id.is_(None)).limit(1)
    since = chosen.where(extract.extracted_at >= freeze_from).order_by(extract.extracted_at)
    until = chosen.where(extract.extracted_at < freeze_from).order_by(extract.extracted_at.desc())
    found = connection.scalar(since) or connection.scalar(until)
    return None if found is None else manifest(connection, found)


def latest_extract(connection: sa.Connection, *, source: str) -> Manifest | None:
    """Return the latest extract that has master data: a night's intake brings sessions alone."""
    found = connection.scalar(_with_stations(source).order_by(tables.extract.c.extracted_at.desc()).limit(1))
    return None if found is None else manifest(connection, found)


def compared(frozen: Manifest, new: Manifest) -> tuple[str, ...]:
    """Return which master data two extracts both have as a whole: of a delta, what has no watermark."""
    is_delta = new.after_extract_id is not None
    return tuple(
        entity
        for entity in FROZEN
        if entity in frozen.row_counts and entity in new.row_counts and not (is_delta and entity in new.watermarks)
    )


def changes(connection: sa.Connection, *, frozen: str, new: str, entity: str) -> Iterator[Change]:
    """Yield what differs between two extracts in one entity, by key, wherever rows stand in the source."""
    one, other = (_rows(connection, extract_id, than, entity) for extract_id, than in ((frozen, new), (new, frozen)))
    for key in sorted(one.keys() | other.keys()):
        before, after = one.get(key, Counter()), other.get(key, Counter())
        left, came = list((before - after).elements()), list((after - before).elements())
        for gone, arrived in zip(left, came, strict=False):
            yield _change(entity, key, Kind.CHANGED, before=gone - arrived, after=arrived - gone)
        for gone in left[len(came) :]:
            yield _change(entity, key, Kind.VANISHED, before=gone)
        for arrived in came[len(left) :]:
            yield _change(entity, key, Kind.CREATED, after=arrived)


def _with_stations(source: str) -> sa.Select[Any]:
    extract = tables.extract.c
    has_stations = sa.type_coerce(extract.row_counts, JSONB).has_key("station")
    return sa.select(extract.extract_id).where(extract.source == source, has_stations)


def _rows(connection: sa.Connection, extract_id: str, than: str, entity: str) -> dict[str, Counter[Content]]:
    """Return the rows that an extract has and another has not just so, and those beside them, by key."""
    row, twin = tables.landed_row.c, tables.landed_row.alias("twin").c
    of_other = sa.select(twin.key).where(
        twin.extract_id == than, twin.entity == entity, twin.row_sha256 == row.row_sha256
    )
    here = sa.and_(row.extract_id == extract_id, row.entity == entity)
    moved = sa.select(row.key).where(here, ~of_other.exists())
    others = sa.select(twin.key).where(
        twin.extract_id == than,
        twin.entity == entity,
        twin.row_sha256.not_in(sa.select(row.row_sha256).where(here)),
    )
    chosen = sa.select(row.key, sa.cast(row.fields, sa.Text)).where(
        here, sa.or_(row.key.in_(moved), row.key.in_(others))
    )
    found: dict[str, Counter[Content]] = {}
    for key, text in connection.execute(chosen):
        living = _LIVING.get(entity, frozenset[str]())
        content = frozenset((name, value) for name, value in read(text).items() if name not in living)
        found.setdefault(key, Counter())[content] += 1
    return found


def _change(
    entity: str, key: str, kind: Kind, *, before: Content = frozenset(), after: Content = frozenset()
) -> Change:
    return Change(entity=entity, key=key, kind=kind, before=dict(sorted(before)), after=dict(sorted(after)))
