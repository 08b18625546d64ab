"""What types of stations do, held against what they were recorded to do. Reads recorded frames, and raises alarms."""

from datetime import timedelta
from itertools import groupby
from typing import Any

from prefect import task

from charging.clock import system_clock
from charging.database.operations import gateway_flavours as write
from charging.database.queries import gateway_flavours as read
from charging.ocpp.flavours.drifting import drifts
from charging.ocpp.flavours.learning import learn
from charging.ocpp.flavours.seeing import Seeing
from tasks import opening

_AGAIN = timedelta(days=7)
"""How long an alarm of a drift is not repeated."""


@task(task_run_name="watch-flavours")
def watch(days: int) -> dict[str, Any]:
    """Return what has drifted within so many days, and how many alarms were raised for it."""
    now = system_clock()
    since = now - timedelta(days=days)
    with opening.engine() as engine:
        with engine.connect() as connection:
            kinds, kept = read.types(connection), read.in_force(connection)
            seeing = Seeing(kept)
            told = groupby(read.recording(connection, since=since, until=now), key=lambda one: one[0])
            met = {(one.type.vendor, one.type.model) for one in seeing.through(told, kinds, now)}
        drifted = drifts(kept, learn(seeing.later, since=since, until=now))
        with engine.begin() as connection:
            alarms = write.alarm(connection, drifted, at=now, since=now - _AGAIN)
    known = {(row.vendor, row.model) for row in kept}
    return {
        "observed": len(seeing.later),
        "types": len(known),
        "drifts": [str(drift) for drift in drifted],
        "alarms": alarms,
        "unknown": sorted(" ".join(kind).strip() or "no type is told" for kind in met - known),
    }
