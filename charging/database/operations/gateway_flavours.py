"""Keeping what was learnt of types of stations, what was done to find out, and links as they come and go."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries.gateway_flavours import DRIFT
from charging.ocpp.flavours.drifting import Drift
from charging.ocpp.flavours.learning import Learnt
from charging.ocpp.flavours.stored_rows import stored_cells

_TOLD_BY = "rehome flavours"


def keep(connection: sa.Connection, rows: Sequence[Learnt], *, source: str, by: str, at: datetime) -> None:
    """Keep rows that belong together: those of one learning, or of one probe."""
    if rows:
        named = [
            {
                "vendor": row.vendor,
                "model": row.model,
                "firmware": row.firmware,
                "cells": stored_cells(row),
                "recorded_from": row.recorded_from,
                "recorded_until": row.recorded_until,
                "source": source,
                "by": by,
                "kept_at": at,
            }
            for row in rows
        ]
        connection.execute(sa.insert(tables.flavour_row), named)


def alarm(connection: sa.Connection, drifted: Sequence[Drift], *, at: datetime, since: datetime) -> int:
    """Raise an alarm for each drift that none was raised for since an instant; return how many."""
    table = tables.alarm
    told = set(connection.scalars(sa.select(table.c.problem).where(table.c.kind == DRIFT, table.c.at >= since)))
    told = {_what(problem) for problem in told}
    fresh = [str(drift) for drift in drifted if _what(str(drift)) not in told]
    if fresh:
        connection.execute(
            sa.insert(table), [{"at": at, "gateway": _TOLD_BY, "kind": DRIFT, "problem": each} for each in fresh]
        )
    return len(fresh)


def begin_probe(connection: sa.Connection, *, station_id: str, kind: str, by: str, reason: str, at: datetime) -> int:
    """Note what is about to be done to a station, before it is; return the probe's number."""
    table = tables.flavour_probe
    values = {"station_id": station_id, "kind": kind, "by": by, "reason": reason, "began_at": at}
    return int(connection.scalars(sa.insert(table).values(values).returning(table.c.probe_number)).one())


def ordered(connection: sa.Connection, probe_number: int, order_number: int) -> None:
    """Note by which order it is done."""
    table = tables.flavour_probe
    connection.execute(sa.update(table).where(table.c.probe_number == probe_number).values(order_number=order_number))


def end_probe(connection: sa.Connection, probe_number: int, *, outcome: str, at: datetime) -> None:
    """Note what came of it."""
    table = tables.flavour_probe
    connection.execute(
        sa.update(table).where(table.c.probe_number == probe_number).values(outcome=outcome, ended_at=at)
    )


def _what(problem: str) -> str:
    """Return which behaviour of which type a drift is of: the counts after it change from day to day."""
    return problem.partition(" was ")[0]
