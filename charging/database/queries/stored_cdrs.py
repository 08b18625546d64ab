"""Reading CDRs as they were stored, exactly."""

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.reconciliation.follow_up.lateness import Arrivals
from charging.roaming.cdr import Cdr, CdrLine, CdrState, Cohort, Protocol, Side
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

Period = tuple[datetime, datetime]
_NAMES = tuple(field.name for field in fields(Cdr))
_MEASURES: dict[str, Dimension | Extreme] = {
    **{measure.value: measure for measure in Dimension},
    **{measure.value: measure for measure in Extreme},
}


def cdrs(connection: sa.Connection, partner: str, side: Side, *, period: tuple[datetime, datetime]) -> list[Cdr]:
    """Return every version of every CDR of one side whose session ended in a half-open period, by key."""
    row = tables.cdr.c
    return _read(
        connection,
        sa.select(tables.cdr).where(
            row.partner == partner, row.side == str(side), row.ended_at >= period[0], row.ended_at < period[1]
        ),
    )


def by_keys(connection: sa.Connection, partner: str, keys: Collection[str]) -> dict[str, Cdr]:
    """Return CDRs of both sides by their keys; those that are not there are left out."""
    wanted = sa.literal(sorted(keys), ARRAY(tables.cdr.c.cdr_key.type))
    chosen = sa.select(tables.cdr).where(tables.cdr.c.partner == partner, tables.cdr.c.cdr_key == sa.any_(wanted))
    return {cdr.cdr_key: cdr for cdr in _read(connection, chosen)}


def unreadable(connection: sa.Connection, partner: str, *, since: datetime) -> dict[str, str]:
    """Return why each record of the partner's could not be read that came since then, by its CDR id."""
    row = tables.rejected_cdr.c
    found = connection.execute(
        sa.select(row.cdr_id, row.reason)
        .where(row.partner == partner, row.cdr_id.is_not(None), row.rejected_at >= since)
        .order_by(row.rejected_at)
    )
    return dict(found.tuples().all())


def arrivals(connection: sa.Connection, partner: str, *, before: datetime) -> Arrivals:
    """Return how long the partner's CDRs took to come, counted by hours.

    Only of sessions that ended after it was first asked: what was there already says nothing of how it came.
    """
    row, pull = tables.cdr.c, tables.pull.c
    first = sa.select(sa.func.min(pull.pulled_at)).where(pull.partner == partner).scalar_subquery()
    seconds = sa.func.extract("epoch", row.stored_at - row.ended_at)
    hours = sa.cast(sa.func.greatest(sa.func.ceil(seconds / 3600), 0), sa.BigInteger)
    found = connection.execute(
        sa.select(hours, sa.func.count())
        .where(row.partner == partner, row.side == str(Side.THEIRS), row.ended_at >= first, row.stored_at < before)
        .group_by(hours)
    )
    return Arrivals(by_hour=dict(found.tuples().all()))


def watermark(connection: sa.Connection, partner: str, module: str) -> datetime | None:
    """Return the greatest `last_updated` up to which everything of a module was stored; None before the first pull.

    A pull that was not complete proves nothing of what it did not bring, so it moves nothing.
    """
    pull = tables.pull.c
    chosen = sa.select(sa.func.max(pull.watermark)).where(
        pull.partner == partner, pull.module == module, pull.is_complete.is_(True)
    )
    found: datetime | None = connection.scalar(chosen)
    return found


def page_hashes(connection: sa.Connection, partner: str) -> set[str]:
    """Return the hashes of every page and file that was stored of a partner."""
    page = tables.page.c
    return set(connection.scalars(sa.select(page.content_sha256).where(page.partner == partner)))


def last_taken(connection: sa.Connection, partner: str, module: str) -> datetime | None:
    """Return when a partner's module was taken in last; None before the first time."""
    pull = tables.pull.c
    chosen = sa.select(sa.func.max(pull.pulled_at)).where(pull.partner == partner, pull.module == module)
    found: datetime | None = connection.scalar(chosen)
    return found


def _read(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Cdr]:
    return [_cdr(row) for row in connection.execute(chosen.order_by(tables.cdr.c.cdr_key)).mappings()]


def _cdr(row: sa.RowMapping) -> Cdr:
    return Cdr(
        **{name: row[name] for name in _NAMES}
        | {
            "side": Side(row["side"]),
            "protocol": Protocol(row["protocol"]),
            "state": CdrState(row["state"]),
            "cohort": None if row["cohort"] is None else Cohort(row["cohort"]),
            "quality": tuple(row["quality"]),
            "session_aliases": tuple(row["session_aliases"]),
            "lines": tuple(_lines(row["lines"])),
        }
    )


def _lines(stored: Iterable[dict[str, Any]]) -> Iterable[CdrLine]:
    for line in stored:
        yield CdrLine(
            measure=_MEASURES[line["measure"]],
            started_at=datetime.fromisoformat(line["started_at"]),
            volume=Decimal(line["volume"]),
            tariff_id=line["tariff_id"],
        )
