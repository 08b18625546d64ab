"""What is known at a gate, read from our tables. The same rows give the same evidence."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import clean, moves, roaming
from charging.migration.criteria import Evidence, Pilot, Share
from charging.migration.lifecycle import FINAL, Stage
from charging.reconciliation.verdict import SETTLED, Verdict

UNDECIDED = frozenset({str(verdict) for verdict in SETTLED} | {str(Verdict.LATE)})
"""Verdicts that are no discrepancy: what agrees, and what is not due yet."""


_IN_USE: Mapping[str, sa.Table] = {"station": tables.station, "token": tables.token}


def evidence(
    connection: sa.Connection, plan_id: str, wave: int, *, as_of: datetime, heard_at: Mapping[str, datetime]
) -> Evidence:
    """Return everything that the gate before a wave judges by; `heard_at` is what the target says of each station."""
    done = _done(connection, plan_id, wave)
    disputed = _disputed(connection)
    return Evidence(
        gate=f"{plan_id}/{wave}",
        wave=wave,
        as_of=as_of,
        quarantined_stations=in_quarantine(connection, "station"),
        quarantined_tokens=in_quarantine(connection, "token"),
        pilots=pilots(connection, plan_id, wave),
        problems=Share(count=done.get("rolled_back", 0) + done.get("to_site", 0), total=sum(done.values())),
        vetoes=(),
        connected=_connected(connection, heard_at),
        disputed_moved=disputed["moved"],
        disputed_not_moved=disputed["not_moved"],
        unnamed=_unnamed(connection, plan_id, wave),
        overdue=_overdue(connection, plan_id, wave, as_of=as_of),
        incomplete_nights=tuple(
            f"{night['partner']}: {night['incomplete_because']}"
            for night in roaming.last_nights(connection)
            if not night["is_complete"]
        ),
    )


def in_quarantine(connection: sa.Connection, entity: str) -> Share:
    """Return, of the rows that are loaded or wait, those that wait; one that two extracts set aside counts once."""
    latest = [(account["extract_id"], account["entity"]) for account in clean.accounts(connection)]
    waiting = clean.quarantine_counts(connection, [one for one in latest if one[1] == entity])
    aside = sum(row["rows"] for row in waiting)
    loaded = connection.scalar(sa.select(sa.func.count()).select_from(_IN_USE[entity]))
    return Share(count=aside, total=aside + int(loaded or 0))


def _done(connection: sa.Connection, plan_id: str, wave: int) -> Mapping[str, int]:
    """Count the stations of earlier waves that have come to rest. A drill that was ordered is no problem of theirs."""
    move = tables.move.c
    found = connection.execute(
        sa.select(move.stage, sa.func.count())
        .where(
            move.plan_id == plan_id,
            move.wave < wave,
            move.stage.in_([str(stage) for stage in FINAL]),
            ~move.station_id.in_(ordered_back(plan_id)),
        )
        .group_by(move.stage)
    )
    return dict(found.tuples().all())


def ordered_back(plan_id: str) -> sa.Select[tuple[str]]:
    """Stations that were verified and then brought back because a person said so."""
    transition = tables.transition.c
    return sa.select(transition.station_id).where(
        transition.plan_id == plan_id,
        transition.before == str(Stage.VERIFIED),
        transition.after == str(Stage.ROLLING_BACK),
    )


def pilots(connection: sa.Connection, plan_id: str, wave: int) -> tuple[Pilot, ...]:
    """Return how the pilot of each type in this wave went. The pilot itself is asked for none."""
    if wave == 0:
        return ()
    move, station = tables.move.c, tables.station.c
    kind = kind_of(tables.station)
    here = (
        sa.select(kind.label("kind"))
        .join(tables.move, move.station_id == station.station_id)
        .where(move.plan_id == plan_id, move.wave == wave)
        .distinct()
    )

    order = tables.work_order.c
    # one that was moved by hand in the end, and perhaps back, has still shown that its type does not move by itself
    by_hand = move.station_id.in_(sa.select(order.station_id).where(order.plan_id == plan_id))

    def counted(stage: Stage) -> sa.Label[int]:
        is_there = move.stage == str(stage)
        if stage is Stage.TO_SITE:
            is_there = sa.or_(is_there, sa.and_(by_hand, move.stage.in_([str(Stage.VERIFIED), str(Stage.ROLLED_BACK)])))
        else:
            is_there = sa.and_(is_there, ~by_hand)
        chosen = sa.func.count().filter(is_there, ~move.station_id.in_(ordered_back(plan_id)))
        return chosen.label(stage.value)

    drilled = sa.func.count().filter(move.station_id.in_(ordered_back(plan_id))).label("drilled")
    found = connection.execute(
        sa.select(
            kind.label("kind"),
            sa.func.count().label("planned"),
            counted(Stage.VERIFIED),
            counted(Stage.ROLLED_BACK),
            counted(Stage.TO_SITE),
            drilled,
        )
        .join(tables.move, move.station_id == station.station_id)
        .where(move.plan_id == plan_id, move.wave == 0, kind.in_(here))
        .group_by("kind")
        .order_by("kind")
    )
    return tuple(
        Pilot(
            kind=row.kind,
            planned=row.planned,
            verified=row.verified + row.drilled,
            rolled_back=row.rolled_back,
            to_site=row.to_site,
        )
        for row in found
    )


def kind_of(station: sa.Table) -> sa.ColumnElement[str]:
    """Return a station's type as a pilot names it: vendor, model and firmware."""
    return sa.func.concat_ws(" ", station.c.vendor, station.c.model, station.c.firmware)


def _connected(connection: sa.Connection, heard_at: Mapping[str, datetime]) -> Share:
    """Of the stations that are verified, those that the target has heard since they were told to come."""
    told_at = moves.moved_at(connection)
    heard = [station for station, at in told_at.items() if (last := heard_at.get(station)) is not None and last >= at]
    return Share(count=len(heard), total=len(told_at))


def _disputed(connection: sa.Connection) -> dict[str, Share]:
    """Count, over every partner's last night, discrepancies among the CDRs of moved and of not moved stations."""
    count, total = {"moved": 0, "not_moved": 0}, {"moved": 0, "not_moved": 0}
    for night in roaming.last_nights(connection):
        for cohort, verdicts in roaming.cohorts(connection, night["partner"], night["day"]).items():
            if cohort in total:
                total[cohort] += verdicts.total()
                count[cohort] += sum(number for name, number in verdicts.items() if name not in UNDECIDED)
    return {cohort: Share(count=count[cohort], total=total[cohort]) for cohort in total}


def _unnamed(connection: sa.Connection, plan_id: str, wave: int) -> tuple[str, ...]:
    move = tables.move.c
    known = [str(stage) for stage in Stage]
    return _stations(
        connection,
        sa.select(move.station_id).where(move.plan_id == plan_id, move.wave < wave, move.stage.not_in(known)),
    )


def _overdue(connection: sa.Connection, plan_id: str, wave: int, *, as_of: datetime) -> tuple[str, ...]:
    move = tables.move.c
    resting = [str(stage) for stage in FINAL]
    return _stations(
        connection,
        sa.select(move.station_id).where(
            move.plan_id == plan_id, move.wave < wave, move.stage.not_in(resting), move.deadline_at < as_of
        ),
    )


def _stations(connection: sa.Connection, chosen: sa.Select[tuple[str]]) -> tuple[str, ...]:
    return tuple(str(station) for station in connection.scalars(chosen.order_by("station_id")))
