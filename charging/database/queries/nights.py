"""Which nights were judged, and which must be judged again."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.reconciliation.follow_up.lifecycle import State
from charging.reconciliation.verdict import SETTLED, Judged, Kind, Verdict
from charging.roaming.agreed_on import agreed_digest
from charging.roaming.cdr import BACK_OFFICES, Cohort, Side
from charging.roaming.partner import Partner
from charging.roaming.terms import Tier

LATE_CDRS = "CDRs came after it had been judged"
OWN_SESSIONS = "sessions of ours came, or changed, after it had been judged"
NOW_DUE = "what it waited for has not come in time"
NOW_COMPLETE = "what had not come of the partner has come"
OTHER_AGREEMENT = "what is agreed with the partner was changed"
BESIDE = "the night beside it has taken CDRs over"


def night(connection: sa.Connection, partner: str, day: date) -> dict[str, Any] | None:
    """Return a partner's night as it was judged last, if it was."""
    row = tables.reconciliation
    found = connection.execute(sa.select(row).where(row.c.partner == partner, row.c.day == day)).mappings().first()
    return dict(found) if found else None


def versions(connection: sa.Connection, partner: str, day: date) -> list[dict[str, Any]]:
    """Return every version of a night, in order."""
    row = tables.night
    chosen = sa.select(row).where(row.c.partner == partner, row.c.day == day).order_by(row.c.version)
    return [dict(each) for each in connection.execute(chosen).mappings()]


def judged(
    connection: sa.Connection, partner: str, day: date, *, numbers: Collection[int] | None = None
) -> list[Judged]:
    """Return a night's verdicts as values, in their order; all of them, or those of some numbers."""
    row = tables.verdict
    chosen = sa.select(row).where(row.c.partner == partner, row.c.day == day).order_by(row.c.verdict_number)
    if numbers is not None:
        chosen = chosen.where(row.c.verdict_number == sa.any_(sa.literal(list(numbers), ARRAY(sa.Integer()))))
    return [_judged(each) for each in connection.execute(chosen).mappings()]


def told(
    partner: str,
    day: date,
    head: Mapping[str, Any],
    *,
    judged: int,
    to_follow_up: int,
    money_at_risk: Mapping[str, Decimal],
) -> dict[str, Any]:
    """Return a night as the run, the terminal and the artifact tell it."""
    return {
        "partner": partner,
        "day": day.isoformat(),
        "judged": judged,
        "to_follow_up": to_follow_up,
        "is_complete": head["is_complete"],
        "incomplete_because": head["incomplete_because"],
        "verdicts": head["summary"]["verdicts"],
        "rejected": head["summary"]["rejected"],
        "notes": list(head["summary"].get("notes", [])),
        "money_at_risk": ", ".join(f"{amount} {currency}" for currency, amount in money_at_risk.items()),
    }


def counted(connection: sa.Connection, partner: str, day: date) -> dict[str, Any]:
    """Return how many verdicts a night has, how many must be followed up, and what is at risk by currency."""
    row = tables.verdict.c
    of_it = sa.and_(row.partner == partner, row.day == day)
    settled = [str(verdict) for verdict in SETTLED]
    numbers = sa.select(sa.func.count(), sa.func.count().filter(row.verdict.not_in(settled))).where(of_it)
    risk = sa.func.sum(row.money_at_risk)
    risks = (
        sa.select(sa.func.coalesce(row.currency, ""), risk)
        .where(of_it)
        .group_by(row.currency)
        .having(risk != 0)
        .order_by(sa.func.min(row.verdict_number))
    )
    judged, to_follow_up = connection.execute(numbers).one()
    return {
        "judged": judged,
        "to_follow_up": to_follow_up,
        "money_at_risk": dict(connection.execute(risks).tuples().all()),
    }


def late(connection: sa.Connection, partner: str) -> dict[date, str]:
    """Return the partner's nights that CDRs of theirs belong to which came after they had been judged."""
    cdr, head = tables.cdr.c, tables.reconciliation.c
    came_later = sa.exists().where(
        cdr.partner == head.partner,
        cdr.side == str(Side.THEIRS),
        cdr.ended_at >= head.period_from,
        cdr.ended_at < head.period_until,
        cdr.stored_at > head.reconciled_at,
    )
    return _days(connection, sa.select(head.day).where(head.partner == partner, came_later), LATE_CDRS)


def unlike_ours(connection: sa.Connection, partner: Partner, *, since: datetime) -> dict[date, str]:
    """Return the nights to which sessions of the partner's drivers belong that are in no CDR of ours as they are now.

    Stations that were offline tell of a charge weeks later, and a source may be corrected. A CDR of one back-office
    holds nothing of the other's, whatever its number.
    """
    session, token, cdr, head = tables.session.c, tables.token.c, tables.cdr.c, tables.reconciliation.c
    template = partner.ids.cdr or "{session_id}"
    cdr_id = sa.func.replace(sa.literal(template), "{session_id}", session.session_id)
    offices = {office: str(cohort) for cohort, office in BACK_OFFICES.items()}
    is_stored = sa.exists().where(
        cdr.partner == partner.name,
        cdr.side == str(Side.OURS),
        sa.func.upper(cdr.cdr_id) == sa.func.upper(cdr_id),  # by the index
        cdr.cdr_id == cdr_id,
        cdr.cohort.is_not_distinct_from(sa.case(offices, value=session.back_office)),
        cdr.started_at == session.started_at,
        cdr.ended_at == session.stopped_at,
        cdr.energy_kwh == session.energy_kwh,
    )
    chosen = (
        sa.select(head.day)
        .distinct()
        .join(tables.session, sa.and_(session.stopped_at >= head.period_from, session.stopped_at < head.period_until))
        .where(
            head.partner == partner.name,
            head.period_until > since,
            session.stopped_at >= since,
            session.token_uid.in_(sa.select(token.token_uid).where(token.issuer == partner.party)),
            session.is_billable.is_(True),
            session.is_estimated.is_(False),
            ~is_stored,
        )
    )
    return _days(connection, chosen, OWN_SESSIONS)


def otherwise_agreed(connection: sa.Connection, partner: Partner, *, since: datetime) -> dict[date, str]:
    """Return the nights that were judged by another agreement than the partner's is now, as far as that is known."""
    head = tables.reconciliation.c
    chosen = sa.select(head.day, head.period_until, head.agreed_sha256).where(
        head.partner == partner.name, head.period_until > since, head.agreed_sha256.is_not(None)
    )
    found = connection.execute(chosen).tuples()
    days = (day for day, until, agreed in found if agreed != agreed_digest(partner, until=until))
    return dict.fromkeys(days, OTHER_AGREEMENT)


def due(connection: sa.Connection, partner: str, *, now: datetime) -> dict[date, str]:
    """Return the nights with a case that has waited until it was due."""
    row = tables.followed_case.c
    chosen = (
        sa.select(row.day).distinct().where(row.partner == partner, row.state == str(State.WAITING), row.due_at <= now)
    )
    return _days(connection, chosen, NOW_DUE)


def incomplete(connection: sa.Connection, partner: str) -> dict[date, str]:
    """Return the nights for which not everything had come."""
    head = tables.reconciliation.c
    chosen = sa.select(head.day).where(head.partner == partner, head.is_complete.is_(False))
    return _days(connection, chosen, NOW_COMPLETE)


def unjudged(connection: sa.Connection, partner: str, *, before: datetime) -> list[tuple[datetime, datetime]]:
    """Return the half-open periods since the partner's first night that no night covers, in order."""
    head = tables.reconciliation.c
    chosen = sa.select(head.period_from, head.period_until).where(head.partner == partner, head.period_from <= before)
    gaps: list[tuple[datetime, datetime]] = []
    reached: datetime | None = None
    for start, end in connection.execute(chosen.order_by(head.period_from)).tuples():
        if reached is not None and start > reached:
            gaps.append((reached, start))
        reached = max(end, reached or end)
    return gaps


def sharing(connection: sa.Connection, partner: str, day: date, *, near: tuple[datetime, datetime]) -> dict[date, str]:
    """Return the other nights near by that still have a verdict on a CDR which this night has taken."""
    row, mine, head = tables.verdict.c, tables.verdict.alias("mine"), tables.reconciliation.c
    of_it = sa.and_(mine.c.partner == partner, mine.c.day == day)
    taken = {key: sa.select(mine.c[key]).where(of_it, mine.c[key].is_not(None)) for key in ("ours_key", "theirs_key")}
    is_taken = sa.or_(*(row[key].in_(keys) for key, keys in taken.items()))
    chosen = (
        sa.select(row.day)
        .distinct()
        .join(tables.reconciliation, sa.and_(head.partner == row.partner, head.day == row.day))
        .where(
            row.partner == partner,
            row.day != day,
            head.period_from < near[1],
            head.period_until > near[0],
            is_taken,
        )
    )
    return _days(connection, chosen, BESIDE)


def _days(connection: sa.Connection, chosen: sa.Select[tuple[date]], because: str) -> dict[date, str]:
    return dict.fromkeys(connection.scalars(chosen), because)


def _judged(row: sa.RowMapping) -> Judged:
    return Judged(
        verdict=Verdict(row["verdict"]),
        tier=Tier[row["tier"].upper()] if row["tier"] else None,
        ours_key=row["ours_key"],
        theirs_key=row["theirs_key"],
        kinds=tuple(Kind(kind) for kind in row["kinds"]),
        difference=row["difference"],
        money_at_risk=row["money_at_risk"],
        currency=row["currency"] or "",
        explanation=row["explanation"],
        next_step=row["next_step"],
        cohort=None if row["cohort"] is None else Cohort(row["cohort"]),
    )
