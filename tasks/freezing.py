"""The freeze window: from an instant on, the legacy must not change its master data."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import canonical
from charging import settings as configuration
from charging.database.queries import freeze
from charging.errors import SettingsError, UnknownThing
from charging.settings import Settings
from tasks import opening


@task(task_run_name="freeze-{source}")
def check_freeze(source: str) -> dict[str, Any] | None:
    """Compare the latest extract with the frozen one; None where no freeze is set."""
    settings = configuration.load()
    if settings.freeze_from is None:
        return None
    with opening.engine(settings) as engine:
        return compare(engine, settings, source)


def compare(engine: sa.Engine, settings: Settings, source: str) -> dict[str, Any]:
    """Return every row of the master data that was created, changed or has vanished since the freeze began.

    `holds` says whether it stood still; None where nothing has been extracted since, so that nobody can say.

    Raises:
        SettingsError: if no freeze is set.
        UnknownThing: if nothing has been extracted of this source.
    """
    if settings.freeze_from is None:
        raise SettingsError("freeze_from", "is not set", "write the instant from which the legacy must stand still")
    with engine.connect() as connection:
        new = freeze.latest_extract(connection, source=source)
        frozen = freeze.frozen_extract(connection, source=source, freeze_from=settings.freeze_from)
        if new is None or frozen is None:
            raise UnknownThing("extract", f"of {source}", "extract it first")
        entities = freeze.compared(frozen, new)
        found = [
            change
            for entity in entities
            for change in freeze.changes(connection, frozen=frozen.extract_id, new=new.extract_id, entity=entity)
        ]
    can_say = bool(entities) and frozen.extract_id != new.extract_id and new.extracted_at >= settings.freeze_from
    return {
        "source": source,
        "freeze_from": settings.freeze_from.isoformat(),
        "frozen": frozen.extract_id,
        "extract": new.extract_id,
        "compared": list(entities),
        "counts": dict(sorted(Counter(str(change.kind) for change in found).items())),
        "changes": [canonical.plain(change) for change in found],
        "holds": not found if can_say else None,
    }
