"""Reading a legacy source into landing."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.columns import storable
from charging.database.connection import code_version
from charging.database.queries import landing as read
from charging.database.turns import take_turns
from charging.legacy.extract import extract
from charging.legacy.source import Source
from charging.legacy.sql import SqlSource
from charging.legacy.steve import SteveSource
from tasks import forgetting, opening
from tasks.validations import check_extract


@task(task_run_name="extract-{back_office}")
def extract_back_office(
    back_office: str, *, entities: tuple[str, ...] | None = None, delta: bool = False
) -> dict[str, Any]:
    """Land what a back-office has, or what came since its last extract; return the manifest, and whether it is new."""
    settings = configuration.load()
    with (
        opening.engine(settings) as engine,
        opening.back_office_engine(settings, back_office) as theirs,
        SteveSource(theirs, back_office) as source,
    ):
        landed = land(source, engine, entities=entities, delta=delta)
        with engine.connect() as connection:
            return landed | {"is_cleansed": read.is_cleansed(connection, landed["extract_id"])}


def land(
    source: Source,
    engine: sa.Engine,
    *,
    entities: tuple[str, ...] | None = None,
    delta: bool = False,
    tell: Callable[[str, int], None] | None = None,
) -> dict[str, Any]:
    """Land what a source has; return the manifest, and whether anything in it is new.

    A delta goes on from the latest extract that has been cleansed; where there is none, everything is read. The
    watermark of a mapping may not move when a session stops, so those that were open then come again.
    """
    after = None
    if delta:
        with engine.connect() as connection:
            after = read.latest(connection, storable(source.name), is_cleansed=True)
            if after is not None and isinstance(source, SqlSource):
                source.read_again(read.open_sessions(connection, after))
    redact = forgetting.redaction(engine)
    manifest, is_new = extract(
        source,
        engine,
        clock=system_clock,
        code_version=code_version(),
        entities=entities,
        after=after,
        redact=redact,
        tell=tell,
        settle=lambda connection, extract_id: forgetting.catch_up(connection, extract_id, since=redact),
    )
    with engine.begin() as connection:
        take_turns(connection, forgetting.FORGETTING)  # what is said of rows may name them
        warnings = check_extract(connection, manifest.extract_id, source=manifest.source, at=manifest.extracted_at)
    return {
        "extract_id": manifest.extract_id,
        "source": manifest.source,
        "schema_generation": manifest.schema_generation,
        "notes": manifest.notes,
        "row_counts": manifest.row_counts,
        "content_sha256": manifest.content_sha256,
        "file_counts": manifest.file_counts,
        "window": [
            None if edge is None else edge.isoformat() for edge in (manifest.window_from, manifest.window_until)
        ],
        "kwh": None if manifest.kwh is None else str(manifest.kwh),
        "kwh_by_month": {month: str(kwh) for month, kwh in manifest.kwh_by_month.items()},
        "watermarks": manifest.watermarks,
        "after_extract_id": manifest.after_extract_id,
        "is_new": is_new,
        "warnings": warnings,
    }
