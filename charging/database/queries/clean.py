"""Reading the clean network and how it came to be."""

from collections import Counter
from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations.clean import TABLES
from charging.database.queries.quarantine import LOADED
from charging.network import Connector, Contract, Evse, Lane, Location, Session, Station, Tariff, Token
from charging.roaming.zones import is_zone

_TABLE_OF = {table.name: table for table in TABLES.values()}
"""The table of each entity, in whichever schema it lies."""
_IS_ASIDE = sa.func.coalesce(tables.quarantined_row.c.decision, "").not_in(LOADED)
SUITE = "suite"
"""The rule under which a row stands in quarantine that the rules let pass and an expectation did not."""


def locations(connection: sa.Connection) -> list[Location]:
    """Return every location, by id."""
    return [Location(**row) for row in _rows(connection, Location, tables.location.c.location_id)]


def stations(connection: sa.Connection) -> list[Station]:
    """Return every station, by id."""
    found = _rows(connection, Station, tables.station.c.station_id)
    return [Station(**(row | {"lane": Lane(str(row["lane"]))})) for row in found]


def time_zones(connection: sa.Connection) -> dict[str, str]:
    """Return the time zone of each station's location, by station, where one is known."""
    station, location = tables.station.c, tables.location.c
    found = connection.execute(
        sa.select(station.station_id, location.time_zone)
        .join(tables.location, location.location_id == station.location_id)
        .where(location.time_zone.is_not(None))
    )
    return {station_id: zone for station_id, zone in found.tuples() if is_zone(zone)}


def evses(connection: sa.Connection) -> list[Evse]:
    """Return every EVSE, by uid."""
    return [Evse(**row) for row in _rows(connection, Evse, tables.evse.c.evse_uid)]


def connectors(connection: sa.Connection) -> list[Connector]:
    """Return every connector, by EVSE and number."""
    connector = tables.connector.c
    return [Connector(**row) for row in _rows(connection, Connector, connector.evse_uid, connector.connector_number)]


def tariffs(connection: sa.Connection) -> list[Tariff]:
    """Return every tariff, by id."""
    return [Tariff(**row) for row in _rows(connection, Tariff, tables.tariff.c.tariff_id)]


def tokens(connection: sa.Connection) -> list[Token]:
    """Return every token, by uid."""
    return [Token(**row) for row in _rows(connection, Token, tables.token.c.token_uid)]


def contracts(connection: sa.Connection) -> list[Contract]:
    """Return every contract, by id."""
    return [Contract(**row) for row in _rows(connection, Contract, tables.contract.c.contract_id)]


def referring(connection: sa.Connection, entity: str, named: Collection[str]) -> dict[str, dict[str, int]]:
    """Return of each of these rows of an entity how many clean rows of which other entities name it, where any do.

    Each table is read once, however many rows are asked about. Rows with a key of several columns are named by none.
    """
    own = _TABLE_OF[entity]
    name, *others = own.primary_key.columns.keys()
    found: dict[str, dict[str, int]] = {}
    for table in _TABLE_OF.values():
        if others or table is own or name not in table.c:
            continue
        column = table.c[name]
        these = sa.any_(sa.literal(list(named), sa.ARRAY(sa.Text)))
        counts = sa.select(column, sa.func.count()).where(column == these).group_by(column)
        for key, number in connection.execute(counts).tuples():
            found.setdefault(key, {})[table.name] = number
    return found


def present(connection: sa.Connection, sessions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of these sessions, by back-office and id, that are clean and no estimates."""
    session = tables.session.c
    chosen = sa.select(session.back_office, session.session_id).where(
        sa.tuple_(session.back_office, session.session_id).in_(sessions), ~session.is_estimated
    )
    return set(connection.execute(chosen).tuples()) if sessions else set()


def unbilled_sessions(connection: sa.Connection, *, period: tuple[datetime, datetime]) -> list[Session]:
    """Return the sessions that stopped in a half-open period and are billed to nobody without a person's word."""
    session = tables.session.c
    is_no_claim = sa.or_(session.is_estimated, sa.not_(session.is_billable))
    chosen = sa.select(*_columns(Session)).where(
        session.stopped_at >= period[0], session.stopped_at < period[1], is_no_claim
    )
    return [Session(**row) for row in connection.execute(chosen.order_by(session.session_id)).mappings()]


def quarantine_counts(connection: sa.Connection, of: Collection[tuple[str, str]]) -> list[sa.RowMapping]:
    """Return rows of these (extract, entity) that still wait, counted by entity, rule and owner, the most first.

    A row that every extract sets aside again is counted once if one extract is asked about; `oldest_at` is when a row
    of that entity, rule and owner was first set aside in any.
    """
    row = tables.quarantined_row.c
    is_meant = sa.tuple_(row.extract_id, row.entity).in_(of)
    rows = sa.func.count().filter(is_meant)
    chosen = (
        sa.select(
            row.entity,
            row.rule,
            row.owner,
            rows.label("rows"),
            sa.func.min(row.reason).filter(is_meant).label("reason"),
            sa.func.min(row.quarantined_at).label("oldest_at"),
        )
        .where(row.decision.is_(None))
        .group_by(row.entity, row.rule, row.owner)
        .having(rows > 0)
        .order_by(sa.desc("rows"), row.entity, row.rule, row.owner)
    )
    return list(connection.execute(chosen).mappings())


def set_aside(connection: sa.Connection, extract_id: str, *, entity: str) -> list[sa.RowMapping]:
    """Return how many rows of one entity each rule set aside and nobody has let go, the most first."""
    row = tables.quarantined_row.c
    chosen = (
        sa.select(row.rule, row.owner, sa.func.count().label("rows"), sa.func.min(row.reason).label("reason"))
        .where(row.extract_id == extract_id, row.entity == entity, _IS_ASIDE)
        .group_by(row.rule, row.owner)
        .order_by(sa.desc("rows"), row.rule, row.owner)
    )
    return list(connection.execute(chosen).mappings())


def set_aside_by(
    connection: sa.Connection, extract_id: str, *, entity: str, rule: str, most: int
) -> list[sa.RowMapping]:
    """Return key and reason of rows of one entity that one rule set aside, at most so many, in order."""
    row = tables.quarantined_row.c
    chosen = (
        sa.select(row.key, row.reason)
        .where(row.extract_id == extract_id, row.entity == entity, row.rule == rule, _IS_ASIDE)
        .order_by(row.file, row.line)
        .limit(most)
    )
    return list(connection.execute(chosen).mappings())


def accounts(
    connection: sa.Connection, *, source: str | None = None, extract_id: str | None = None
) -> list[sa.RowMapping]:
    """Return, per source and entity, the account of the latest extract that has been cleansed; of all, or of one."""
    account, extract = tables.account.c, tables.extract.c
    latest = (
        sa.select(tables.account, extract.source, extract.content_sha256, extract.extracted_at)
        .join(tables.extract, extract.extract_id == account.extract_id)
        .distinct(extract.source, account.entity)
        .order_by(extract.source, account.entity, extract.extracted_at.desc())
    )
    if source:
        latest = latest.where(extract.source == source)
    if extract_id:
        latest = latest.where(extract.extract_id == extract_id)
    return list(connection.execute(latest).mappings())


def told(connection: sa.Connection, extract_id: str) -> dict[str, str]:
    """Return what was said about the source when this extract was judged: its zone, its currency."""
    account = tables.account.c
    said = connection.scalars(sa.select(account.told).where(account.extract_id == extract_id))
    return {name: value for each in said for name, value in each.items()}


def fix_counts(connection: sa.Connection, extract_id: str) -> Counter[str]:
    """Return how often each rule changed a value of this extract."""
    fix = tables.fix.c
    found = connection.execute(
        sa.select(fix.rule, sa.func.count()).where(fix.extract_id == extract_id).group_by(fix.rule)
    )
    return Counter(dict(found.tuples().all()))


def _columns(kind: type) -> list[sa.Column[object]]:
    table = TABLES[kind]
    return [table.c[field.name] for field in fields(kind)]


def _rows(connection: sa.Connection, kind: type, *order: sa.ColumnElement[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(*_columns(kind)).order_by(*order)).mappings()]
