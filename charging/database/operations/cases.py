"""Writing cases, what happened to them, and what is proposed about them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging import canonical
from charging.database import tables
from charging.database.operations import rows
from charging.reconciliation.follow_up.case import Case, Happened
from charging.reconciliation.follow_up.propose import Proposal

_FIELDS = tuple(field.name for field in fields(Case))


def store(connection: sa.Connection, cases: Sequence[Case], history: Sequence[Happened]) -> None:
    """Bring cases to how they are now, and add what happened to their histories."""
    rows.upsert(connection, tables.followed_case, [_row(case) for case in cases])
    numbers = _last_numbers(connection, {entry.case_key for entry in history})
    events = []
    for entry in history:
        numbers[entry.case_key] += 1
        events.append(_event(entry, numbers[entry.case_key]))
    rows.insert_new(connection, tables.case_event, events)


def store_proposals(connection: sa.Connection, proposals: Iterable[Proposal], *, at: datetime) -> None:
    """Keep proposals; one that was made before stays as it is, and takes the place of others about the same case."""
    for one in proposals:
        row = tables.proposal.c
        connection.execute(
            sa.update(tables.proposal)
            .where(row.case_key == one.case_key, row.state == "proposed", row.proposal_id != one.proposal_id)
            .values(state="superseded")
        )
        rows.insert_new(connection, tables.proposal, [_proposal(one, at)])


def supersede(connection: sa.Connection, case_keys: Iterable[str]) -> None:
    """Take back what was proposed, and not released, about cases that have changed."""
    row = tables.proposal.c
    wanted = sa.literal(sorted(case_keys), ARRAY(row.case_key.type))
    connection.execute(
        sa.update(tables.proposal)
        .where(row.case_key == sa.any_(wanted), row.state == "proposed")
        .values(state="superseded")
    )


def release(connection: sa.Connection, proposal_ids: Sequence[str], released: Mapping[str, object]) -> None:
    """Note who let proposals go, when, and in which file."""
    row = tables.proposal.c
    connection.execute(
        sa.update(tables.proposal)
        .where(row.proposal_id.in_(list(proposal_ids)), row.state == "proposed")
        .values(state="released", **released)
    )


def _last_numbers(connection: sa.Connection, case_keys: set[str]) -> Counter[str]:
    row = tables.case_event.c
    wanted = sa.literal(sorted(case_keys), ARRAY(row.case_key.type))
    found = connection.execute(
        sa.select(row.case_key, sa.func.max(row.event_number))
        .where(row.case_key == sa.any_(wanted))
        .group_by(row.case_key)
    )
    return Counter(dict(found.tuples().all()))


def _row(case: Case) -> dict[str, object]:
    return {name: getattr(case, name) for name in _FIELDS} | {
        "state": str(case.state),
        "verdict": str(case.verdict),
        "kinds": [str(kind) for kind in case.kinds],
        "turn": str(case.turn),
        "ours_cdr_id": _cdr_id(case.ours_key),
        "theirs_cdr_id": _cdr_id(case.theirs_key),
    }


def _cdr_id(cdr_key: str | None) -> str | None:
    """Return the CDR's id, which may hold the separator itself."""
    return None if cdr_key is None else cdr_key.split("|", 3)[3].rpartition("|")[0]


def _event(entry: Happened, number: int) -> dict[str, object]:
    return {
        "case_key": entry.case_key,
        "event_number": number,
        "at": entry.at,
        "event": entry.event,
        "before": None if entry.before is None else str(entry.before),
        "after": str(entry.after),
        "verdict": str(entry.verdict),
        "money_at_risk": entry.money_at_risk,
        "by": entry.by,
        "reason": entry.reason,
    }


def _proposal(one: Proposal, at: datetime) -> dict[str, object]:
    return {
        "proposal_id": one.proposal_id,
        "case_key": one.case_key,
        "partner": one.partner,
        "kind": str(one.kind),
        "state": "proposed",
        "currency": one.currency,
        "amount": one.amount,
        "summary": one.summary,
        "evidence": canonical.plain(one.evidence),
        "made_at": at,
    }
