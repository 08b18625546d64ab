"""Writing down what was decided about rows that were set aside. What has been written is never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging.cleansing.answers import Choice
from charging.database import tables
from charging.database.operations import rows
from charging.database.queries.quarantine import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one case, by whom, and why."""

    case: Case
    choice: Choice
    by: str
    because: str
    corrections: Mapping[str, str | None] = field(default_factory=dict)


def store_decisions(connection: sa.Connection, decisions: Sequence[Decision], *, via: str, at: datetime) -> None:
    """Add decisions to the history, and write each beside its case as it stands."""
    history = [
        {
            "case_key": one.case.key,
            "source": one.case.source,
            "entity": one.case.entity,
            "row_sha256": one.case.row_sha256,
            "extract_id": one.case.extract_id,
            "file": one.case.file,
            "line": one.case.line,
            "key": one.case.row_key,
            "rule": one.case.rule,
            "reason": one.case.reason,
            "owner": one.case.owner,
            "choice": str(one.choice),
            "corrections": dict(one.corrections),
            "decided_by": one.by,
            "decided_because": one.because,
            "decided_via": via,
            "decided_at": at,
        }
        for one in decisions
    ]
    for start in range(0, len(history), rows.CHUNK):
        connection.execute(sa.insert(tables.decision), history[start : start + rows.CHUNK])
    for table, found in ((tables.quarantined_row, "row"), (tables.question, "question")):
        if marks := [_mark(one, at=at) for one in decisions if one.case.kind == found]:
            connection.execute(_beside(table), marks)


def _mark(one: Decision, *, at: datetime) -> dict[str, object]:
    """Return what stands beside a case; beside one that was taken back nothing does, so that it waits."""
    is_open = one.choice is Choice.WAITING
    said = {
        "decision": None if is_open else str(one.choice),
        "decided_by": None if is_open else one.by,
        "decided_because": None if is_open else one.because,
        "decided_at": None if is_open else at,
    }
    return said | {
        "of_extract": one.case.extract_id,
        "of_entity": one.case.entity,
        "at_file": one.case.file,
        "at_line": one.case.line,
        "by_rule": one.case.rule,
    }


def _beside(table: sa.Table) -> sa.Update:
    """Return what writes a decision beside its case: a row by its place, a question by the place of its row."""
    extract_id, entity = _bound("of_extract"), _bound("of_entity")
    file, line, rule = _bound("at_file"), _bound("at_line"), _bound("by_rule")
    here = sa.update(table).where(table.c.extract_id == extract_id, table.c.entity == entity, table.c.rule == rule)
    said = {name: _bound(name) for name in ("decision", "decided_by", "decided_because", "decided_at")}
    if table is tables.quarantined_row:
        return here.where(table.c.file == file, table.c.line == line).values(said)
    landed = tables.landed_row.c
    number = sa.select(landed.row_number).where(
        landed.extract_id == extract_id, landed.entity == entity, landed.file == file, landed.line == line
    )
    return here.where(table.c.row_number == number.scalar_subquery()).values(said)


def _bound(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name)


def mark_decided(connection: sa.Connection, *, source: str, extract_id: str, entity: str) -> None:
    """Write beside what came again what was decided about it before: rows that stay out, questions with an answer."""
    made, landed = tables.decision.c, tables.landed_row.c
    row, question = tables.quarantined_row.c, tables.question.c
    names = ("choice", "decided_by", "decided_because", "decided_at")
    place = (landed.file, landed.line, landed.row_number)
    here = (made.source == source, made.entity == entity, landed.extract_id == extract_id, landed.entity == entity)
    told = sa.select(*place, made.rule, *(made[name] for name in names)).join(
        tables.landed_row, landed.row_sha256 == made.row_sha256
    )
    last = told.where(*here).distinct(*place).order_by(*place, made.decision_id.desc()).subquery()
    under = (
        told.where(*here).distinct(*place, made.rule).order_by(*place, made.rule, made.decision_id.desc()).subquery()
    )
    connection.execute(
        sa.update(tables.quarantined_row)
        .where(row.extract_id == extract_id, row.entity == entity, row.file == last.c.file, row.line == last.c.line)
        .where(last.c.choice == str(Choice.DISCARDED))
        .values(_said(last))
    )
    connection.execute(
        sa.update(tables.question)
        .where(question.extract_id == extract_id, question.entity == entity, question.decision.is_(None))
        .where(question.row_number == under.c.row_number, question.rule == under.c.rule)
        .where(under.c.choice.in_([str(Choice.RELEASED), str(Choice.DISCARDED)]))
        .values(_said(under))
    )


def _said(found: sa.Subquery) -> dict[str, Any]:
    return {
        "decision": found.c.choice,
        "decided_by": found.c.decided_by,
        "decided_because": found.c.decided_because,
        "decided_at": found.c.decided_at,
    }


def store_despite(connection: sa.Connection, *, step: str, findings: Sequence[str], reason: str, at: datetime) -> None:
    """Write down that a step went on although too much stood in quarantine."""
    connection.execute(sa.insert(tables.despite).values(step=step, findings=list(findings), reason=reason, at=at))
