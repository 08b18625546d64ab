"""The stop of the line: nothing is planned or loaded while too much stands in quarantine, unless somebody says why."""

import sqlalchemy as sa

from charging.cleansing.line_stop import LIMITS, Waiting, stopped
from charging.clock import system_clock
from charging.database.operations import quarantine as write
from charging.database.queries import gating
from charging.errors import GateClosed


def require_running(engine: sa.Engine, step: str, *, despite: str) -> None:
    """Go on where the line runs, or somebody has written why it should all the same; that is kept.

    Raises:
        GateClosed: if too much waits and nobody says why to go on.
    """
    with engine.begin() as connection:
        found = [(entity, gating.in_quarantine(connection, entity)) for entity in LIMITS]
        reasons = stopped(Waiting(entity=entity, count=share.count, total=share.total) for entity, share in found)
        if not reasons:
            return
        if not despite.strip():
            raise GateClosed(f"before {step}", [*reasons, "to go on all the same, say why (despite)"])
        write.store_despite(connection, step=step, findings=reasons, reason=despite.strip(), at=system_clock())
