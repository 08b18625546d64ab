"""How far a wave is, for whoever watches."""

from collections import Counter
from collections.abc import Callable

import sqlalchemy as sa

from charging.database import tables
from charging.migration.lifecycle import FINAL

RESTING = frozenset(str(stage) for stage in FINAL)


def of_wave(plan_id: str, wave: int) -> Callable[[sa.Connection], tuple[int, int, str]]:
    """Return what reads how many stations of a wave rest, how many there are, and where the others are."""
    move = tables.move.c

    def read(connection: sa.Connection) -> tuple[int, int, str]:
        found = connection.execute(
            sa.select(move.stage, sa.func.count())
            .where(move.plan_id == plan_id, move.wave == wave)
            .group_by(move.stage)
        )
        counts: Counter[str] = Counter(dict(found.tuples().all()))
        resting = sum(number for stage, number in counts.items() if stage in RESTING)
        shown = ", ".join(f"{number} {stage}" for stage, number in sorted(counts.items()) if stage not in RESTING)
        return resting, counts.total(), shown

    return read
