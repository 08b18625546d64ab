"""Where the whole migration and the last nights stand, in numbers that add up."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database import tables


def of(connection: sa.Connection) -> dict[str, Any]:
    """Return the overview: stations by stage, rows in and out, CDRs by verdict, money at risk, reports."""
    return {
        "stations": stations(connection),
        "rows": rows(connection),
        "nights": nights(connection),
        "reports": [
            dict(row)
            for row in connection.execute(
                sa.select(tables.report.c.name, tables.report.c.kind, tables.report.c.path).order_by(
                    tables.report.c.name
                )
            ).mappings()
        ],
    }


def stations(connection: sa.Connection) -> dict[str, int]:
    """Return how many stations of the latest plan are in which stage. One that waits for somebody is "on_hold"."""
    move = tables.move.c
    latest = sa.select(tables.plan.c.plan_id).order_by(tables.plan.c.planned_at.desc()).limit(1).scalar_subquery()
    shown = sa.case((sa.and_(move.wave.is_(None), move.stage == "planned"), "on_hold"), else_=move.stage)
    found = connection.execute(
        sa.select(shown.label("shown"), sa.func.count()).where(move.plan_id == latest).group_by("shown")
    )
    return dict(sorted(found.tuples().all()))


def rows(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return, per source and entity, rows in, loaded, merged and quarantined, of the latest cleansed extract."""
    account, extract = tables.account.c, tables.extract.c
    names = ("entity", "rows_in", "loaded", "merged", "quarantined", "kwh_before", "kwh_loaded")
    chosen = (
        sa.select(
            extract.source,
            *(account[name] for name in (*names, "kwh_quarantined", "kwh_adjusted", "kwh_adjustments")),
        )
        .join(tables.extract, extract.extract_id == account.extract_id)
        .distinct(extract.source, account.entity)
        .order_by(extract.source, account.entity, extract.extracted_at.desc())
    )
    return [dict(row) for row in connection.execute(chosen).mappings()]


def nights(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return, per partner, the last night: verdicts counted, money at risk by currency, and whether it is complete."""
    night = tables.reconciliation.c
    chosen = (
        sa.select(tables.reconciliation).distinct(night.partner).order_by(night.partner, night.reconciled_at.desc())
    )
    return [_night(connection, dict(row)) for row in connection.execute(chosen).mappings()]


def _night(connection: sa.Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    verdict = tables.verdict.c
    here = sa.and_(verdict.partner == row["partner"], verdict.day == row["day"])
    counts = connection.execute(
        sa.select(verdict.verdict, sa.func.count()).where(here).group_by(verdict.verdict).order_by(verdict.verdict)
    )
    money = connection.execute(
        sa.select(verdict.currency, sa.func.sum(verdict.money_at_risk)).where(here).group_by(verdict.currency)
    )
    risks: dict[str, Decimal] = {
        str(currency): amount for currency, amount in money.tuples() if currency is not None and amount
    }
    return {
        "partner": row["partner"],
        "day": row["day"],
        "is_complete": row["is_complete"],
        "incomplete_because": row["incomplete_because"],
        "verdicts": dict(counts.tuples().all()),
        "money_at_risk": risks,
    }
