"""Reading nights and their verdicts."""

from collections import Counter
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database import tables


def last_nights(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return each partner's last night; an earlier one that was judged again since is not the last."""
    night = tables.reconciliation
    chosen = sa.select(night).distinct(night.c.partner).order_by(night.c.partner, night.c.day.desc())
    return [dict(row) for row in connection.execute(chosen).mappings()]


def cohorts(connection: sa.Connection, partner: str, day: object) -> dict[str, Counter[str]]:
    """Return, for one night, how often each verdict was given in each cohort ("moved", "not_moved", "unknown")."""
    verdict = tables.verdict.c
    found = connection.execute(
        sa.select(sa.func.coalesce(verdict.cohort, "unknown"), verdict.verdict, sa.func.count())
        .where(verdict.partner == partner, verdict.day == day)
        .group_by(verdict.cohort, verdict.verdict)
    )
    counted: dict[str, Counter[str]] = {}
    for cohort, name, number in found.tuples():
        counted.setdefault(cohort, Counter())[name] = number
    return counted


def money_at_risk(connection: sa.Connection, partner: str, day: object) -> dict[tuple[str, str], Decimal]:
    """Return, for one night, the money at risk by cohort and currency."""
    verdict = tables.verdict.c
    found = connection.execute(
        sa.select(sa.func.coalesce(verdict.cohort, "unknown"), verdict.currency, sa.func.sum(verdict.money_at_risk))
        .where(verdict.partner == partner, verdict.day == day)
        .group_by(verdict.cohort, verdict.currency)
    )
    return {(cohort, currency): amount for cohort, currency, amount in found.tuples()}


def verdicts(connection: sa.Connection, partner: str, day: object) -> list[dict[str, Any]]:
    """Return a night's verdicts, each with what both CDRs say, those with most money at risk first."""
    verdict, cdr = tables.verdict, tables.cdr
    sides = {side: cdr.alias(side) for side in ("ours", "theirs")}
    names = ("cdr_id", "started_at", "energy_kwh", "net", "currency", "evse_raw", "token_uid", "contract_compact")
    chosen = sa.select(
        verdict, *(sides[side].c[name].label(f"{side}_{name}") for side in sides for name in names)
    ).where(verdict.c.partner == partner, verdict.c.day == day)
    joined: Any = verdict
    for side, table in sides.items():
        key = verdict.c[f"{side}_key"]
        joined = joined.outerjoin(
            table, sa.and_(table.c.partner == verdict.c.partner, table.c.side == side, table.c.cdr_key == key)
        )
    ordered = chosen.select_from(joined).order_by(verdict.c.money_at_risk.desc(), verdict.c.verdict_number)
    return [dict(row) for row in connection.execute(ordered).mappings()]
