"""Turning an extract into clean rows: rules first, then each entity's suite, then one transaction for all of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.cleansing.answers import NOBODY, Answer
from charging.clock import system_clock
from charging.database import tables
from charging.database.queries import clean as read_clean
from charging.database.queries import landing as read
from charging.database.turns import take_turns
from charging.errors import UnknownThing
from charging.legacy.source import COLUMNS
from charging.settings import Settings
from tasks import opening, verdicts
from tasks.judging import ROWS_AT_ONCE
from tasks.one_entity import cleanse_entity
from tasks.rejoining import NAMED_BY_OTHERS, rejoin
from tasks.surroundings import Surroundings
from tasks.validations import require_fit


@task(task_run_name="cleanse-{source}")
def cleanse_latest(source: str) -> dict[str, Any]:
    """Cleanse the latest extract of a source; return how rows and energy add up, and what the suites found."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        return cleanse_extract(engine, settings, _latest(engine, source))


def cleanse_extract(
    engine: sa.Engine,
    settings: Settings,
    extract_id: str,
    *,
    time_zone: str | None = None,
    currency: str | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> dict[str, Any]:
    """Cleanse one extract, entity by entity, and store all of it or nothing.

    `time_zone` and `currency` are the source's, where they are not the settings'. Tables that grow without end are
    judged in shares of about `rows_at_once` rows; the result is the same for every size of them.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
        UnknownThing: if there is no such extract.
    """
    with engine.begin() as connection:
        return cleanse_on(
            connection,
            settings,
            extract_id,
            at=system_clock(),
            time_zone=time_zone,
            currency=currency,
            rows_at_once=rows_at_once,
        )


def cleanse_on(
    connection: sa.Connection,
    settings: Settings,
    extract_id: str,
    *,
    at: datetime,
    time_zone: str | None = None,
    currency: str | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> dict[str, Any]:
    """Cleanse one extract in the caller's transaction; what was told about its source before is remembered.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
        UnknownThing: if there is no such extract.
    """
    take_turns(connection, "cleanse")  # two sources may name the same stations
    manifest = read.manifest(connection, extract_id)
    if manifest is None:
        raise UnknownThing("extract", extract_id, "extract a source first")
    require_fit(connection, extract_id, source=manifest.source, at=manifest.extracted_at)
    told = read_clean.told(connection, extract_id) | {
        name: value for name, value in (("time_zone", time_zone), ("currency", currency)) if value
    }
    beside = Surroundings(connection, settings, manifest, told)
    done = [
        cleanse_entity(connection, manifest, entity, beside, at=at, told=told, rows_at_once=rows_at_once)
        for entity in COLUMNS
        if entity in manifest.row_counts
    ]
    waiting = read_clean.quarantine_counts(connection, [(extract_id, made.entity) for made in done])
    fixes = read_clean.fix_counts(connection, extract_id).most_common()
    return {
        "extract_id": extract_id,
        "source": manifest.source,
        "accounts": [made.account for made in done],
        "quarantine": canonical.plain([dict(row) for row in waiting]),
        "fixes": [{"rule": rule, "rows": rows} for rule, rows in fixes],
        "questions": sum(made.questions for made in done),
        "warnings": [*(warning for made in done for warning in made.findings.warnings), *beside.flags],
        "suites": [verdicts.told(made.findings) for made in done],
    }


def cleanse_rows(
    engine: sa.Engine, settings: Settings, extract_id: str, *, entity: str, places: Collection[tuple[str, int]]
) -> dict[str, Any]:
    """Let rows that somebody has answered for rejoin without a full run; return the account of their entity.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
        UnknownThing: if there is no such extract, or it has never been cleansed.
    """
    with engine.begin() as connection:
        return cleanse_rows_on(connection, settings, extract_id, entity=entity, places=places, at=system_clock())


def cleanse_rows_on(
    connection: sa.Connection,
    settings: Settings,
    extract_id: str,
    *,
    entity: str,
    places: Collection[tuple[str, int]],
    stood: Mapping[tuple[str, int], Answer] = NOBODY,
    at: datetime,
) -> dict[str, Any]:
    """Judge rows again, by the file and line of their landing, in the caller's transaction; return the account.

    Clean rows, log, questions, quarantine and account are as a full run would leave them; of large tables only the
    parts are judged in which the rows stand. `stood` are the answers to them that held before. The suite's answers in
    the account stay those of the last full run.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
        UnknownThing: if there is no such extract, or it has never been cleansed.
    """
    take_turns(connection, "cleanse")
    manifest = read.manifest(connection, extract_id)
    if manifest is None or not read.is_cleansed(connection, extract_id):
        raise UnknownThing("cleansed extract", extract_id, "extract and cleanse a source first")
    account = None
    if entity not in NAMED_BY_OTHERS:
        beside = Surroundings(connection, settings, manifest, read_clean.told(connection, extract_id))
        account = rejoin(connection, manifest, entity, beside, places, stood=stood, at=at)
    if account is None:
        done = cleanse_on(connection, settings, extract_id, at=at)
        (account,) = (each for each in done["accounts"] if each["entity"] == entity)
    return account


def _latest(engine: sa.Engine, source: str) -> str:
    extract = tables.extract.c
    with engine.connect() as connection:
        found = connection.scalar(
            sa.select(extract.extract_id).where(extract.source == source).order_by(extract.extracted_at.desc()).limit(1)
        )
    if found is None:
        raise UnknownThing("extract", f"of {source}", "run the flow extract_legacy first")
    return str(found)
