"""Writing cases, what happened to them, and what is proposed about them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging import canonical
from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import rows
from charging.reconciliation.follow_up.case import Case, Happened
from charging.reconciliation.follow_up.propose import Proposal

_CASE = (*(field.name for field in fields(Case)), "turn", "ours_cdr_id", "theirs_cdr_id")
_EVENT = ("event_number", *(field.name for field in fields(Happened)))
_DOCUMENT = msgspec.json.Encoder()


def store(connection: sa.Connection, cases: Sequence[Case], history: Sequence[Happened]) -> None:
    """Bring cases to how they are now, and add what happened to their histories. A first night may open many."""
    rows.copy_or_bring(connection, tables.followed_case, _CASE, (_row(case) for case in cases))
    numbers = _last_numbers(connection, {entry.case_key for entry in history})
    rows.copy_new(connection, tables.case_event, _EVENT, _events(history, numbers))


def store_proposals(connection: sa.Connection, proposals: Sequence[Proposal], *, at: datetime) -> None:
    """Keep proposals; one that was made before stays as it is, and takes the place of others about the same case."""
    row = tables.proposal.c
    made = {one.case_key: one.proposal_id for one in proposals}
    cases, ids = (sa.literal(list(each), ARRAY(row.case_key.type)) for each in (made, made.values()))
    connection.execute(
        sa.update(tables.proposal)
        .where(row.case_key == sa.any_(cases), row.state == "proposed", row.proposal_id != sa.all_(ids))
        .values(state="superseded")
    )
    rows.insert_new(connection, tables.proposal, (_proposal(one, at) for one in proposals))


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


def _row(case: Case) -> tuple[object, ...]:
    derived = {
        "kinds": rows.as_jsonb(_DOCUMENT.encode([str(kind) for kind in case.kinds])),
        "turn": str(case.turn),
        "ours_cdr_id": _cdr_id(case.ours_key),
        "theirs_cdr_id": _cdr_id(case.theirs_key),
    }
    return tuple(_plain(derived[name] if name in derived else getattr(case, name)) for name in _CASE)


def _plain(value: object) -> object:
    return storable(str(value)) if isinstance(value, str) else value


def _cdr_id(cdr_key: str | None) -> str | None:
    """Return the CDR's id, which may hold the separator itself."""
    return None if cdr_key is None else cdr_key.split("|", 3)[3].rpartition("|")[0]


def _events(history: Iterable[Happened], numbers: Counter[str]) -> Iterator[tuple[object, ...]]:
    for entry in history:
        numbers[entry.case_key] += 1
        yield (numbers[entry.case_key], *(_plain(getattr(entry, name)) for name in _EVENT[1:]))


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
