"""Writing down what was finished and what was published."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows


def store_step(connection: sa.Connection, *, run: str, step: str, result: Mapping[str, object], at: datetime) -> None:
    """Write that a run has finished a step, and with what result."""
    rows.upsert(connection, tables.step, [{"run": run, "step": step, "result": dict(result), "finished_at": at}])


def store_report(
    connection: sa.Connection, *, name: str, kind: str, path: str, content_sha256: str, at: datetime
) -> None:
    """Write that a report was published, where, and the hash of its bytes."""
    rows.upsert(
        connection,
        tables.report,
        [{"name": name, "kind": kind, "path": path, "content_sha256": content_sha256, "published_at": at}],
    )
