"""Reading whatever legacy source a person names into landing."""

from collections.abc import Mapping
from typing import Any

from prefect import task

from charging import settings as configuration
from charging.database.queries import landing as read
from charging.legacy.named import Named, SourceKind, opened
from tasks import extraction, opening


@task(task_run_name="extract-{source[kind]}")
def extract_source(source: Mapping[str, str], *, delta: bool = False) -> dict[str, Any]:
    """Land what a source has, or what came since its last extract; return the manifest, and whether it is new."""
    told = {name: "" if value == "detected" else value for name, value in source.items() if name != "kind"}
    named = Named(kind=SourceKind(source["kind"]), **told)
    with opening.engine(configuration.load()) as engine, opened(named) as found:
        landed = extraction.land(found, engine, delta=delta)
        with engine.connect() as connection:
            return landed | {"is_cleansed": read.is_cleansed(connection, landed["extract_id"])}
