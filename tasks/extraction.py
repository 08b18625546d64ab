"""Reading a legacy source into landing."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.connection import code_version
from charging.database.queries import landing as read
from charging.legacy.extract import extract
from charging.legacy.source import Source
from charging.legacy.steve import SteveSource
from tasks import opening


@task(task_run_name="extract-{back_office}")
def extract_back_office(back_office: str, *, entities: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Land what a back-office has; return the manifest, and whether anything in it is new."""
    settings = configuration.load()
    with opening.engine(settings) as engine, opening.back_office_engine(settings, back_office) as theirs:
        landed = land(SteveSource(theirs, back_office), engine, entities=entities)
        with engine.connect() as connection:
            return landed | {"is_cleansed": read.is_cleansed(connection, landed["extract_id"])}


def land(
    source: Source,
    engine: sa.Engine,
    *,
    entities: tuple[str, ...] | None = None,
    tell: Callable[[str, int], None] | None = None,
) -> dict[str, Any]:
    """Land what a source has; return the manifest, and whether anything in it is new."""
    manifest, is_new = extract(
        source, engine, clock=system_clock, code_version=code_version(), entities=entities, tell=tell
    )
    return {
        "extract_id": manifest.extract_id,
        "source": manifest.source,
        "schema_generation": manifest.schema_generation,
        "notes": manifest.notes,
        "row_counts": manifest.row_counts,
        "content_sha256": manifest.content_sha256,
        "is_new": is_new,
    }
