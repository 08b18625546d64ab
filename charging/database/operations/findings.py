"""Writing what was changed in rows, and what should still be asked about them, row by row of the landing."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Protocol, TypeVar

import sqlalchemy as sa

from charging.database import tables
from charging.database.columns import storable
from charging.database.operations import rows

_FIX = ("key", "field", "rule", "confidence", "before", "after", "evidence")
_QUESTION = ("key", "rule", "question", "owner")
_ANSWER = ("decision", "decided_by", "decided_because", "decided_at")
_ASKED = sa.table("asked", *(sa.column(name) for name in ("row_number", "rule", "question", "asked_at", *_ANSWER)))


class Change(Protocol):
    """One value that cleansing changed (see `charging.cleansing`)."""

    @property
    def key(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def before(self) -> str | None: ...
    @property
    def after(self) -> str | None: ...
    @property
    def confidence(self) -> str: ...
    @property
    def evidence(self) -> str | None: ...


class Asked(Protocol):
    """One question about a row that was loaded (see `charging.cleansing`)."""

    @property
    def key(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def owner(self) -> str: ...


Finding = TypeVar("Finding")


def let_go_of_findings(
    connection: sa.Connection, *, extract_id: str, entity: str, row_numbers: Collection[int] | None = None
) -> None:
    """Take away what is known of one entity's rows, or of some of them; remember what was asked, since when, and what
    was answered.
    """
    fix, question = tables.fix.c, tables.question.c
    fixes = [fix.extract_id == extract_id, fix.entity == entity]
    questions = [question.extract_id == extract_id, question.entity == entity]
    if row_numbers is not None:
        fixes.append(fix.row_number.in_(row_numbers))
        questions.append(question.row_number.in_(row_numbers))
    connection.execute(sa.delete(tables.fix).where(*fixes))
    connection.execute(sa.text("DROP TABLE IF EXISTS asked"))
    connection.execute(
        sa.text(
            "CREATE TEMPORARY TABLE asked (row_number bigint, rule text, question text, asked_at timestamptz, "
            "decision text, decided_by text, decided_because text, decided_at timestamptz) ON COMMIT DROP"
        )
    )
    names = [column.name for column in _ASKED.c]
    gone = sa.delete(tables.question).where(*questions).returning(*(question[name] for name in names)).cte("gone")
    moved = sa.select(*(gone.c[name] for name in names))
    connection.execute(sa.insert(_ASKED).from_select(names, moved).add_cte(gone))


def add_fixes(connection: sa.Connection, fixes: Iterable[tuple[int, Change]], *, extract_id: str, entity: str) -> None:
    """Add to the log of this extract what was changed in rows of one entity, each with the number of its row."""
    columns = ("extract_id", "entity", "row_number", "fix_number", *_FIX)
    found = (
        (extract_id, entity, row, number, *(_words(getattr(fix, name)) for name in _FIX))
        for row, number, fix in _numbered(fixes)
    )
    rows.copy(connection, tables.fix, columns, found)


def add_questions(
    connection: sa.Connection, questions: Iterable[tuple[int, Asked]], *, extract_id: str, entity: str, at: datetime
) -> int:
    """Add questions about rows of one entity; one that was asked before keeps its date and its answer."""
    columns = ("extract_id", "entity", "row_number", "question_number", "asked_at", *_QUESTION)
    found = (
        (extract_id, entity, row, number, at, *(_words(getattr(question, name)) for name in _QUESTION))
        for row, number, question in _numbered(questions)
    )
    return rows.copy(connection, tables.question, columns, found)


def keep_answers(connection: sa.Connection, *, extract_id: str, entity: str) -> None:
    """Give questions that were asked before their date and their answer again, after all have been added."""
    question, asked = tables.question.c, _ASKED.c
    connection.execute(
        sa.update(tables.question)
        .where(question.extract_id == extract_id, question.entity == entity)
        .where(question.row_number == asked.row_number, question.rule == asked.rule)
        .where(question.question == asked.question)
        .values({name: asked[name] for name in ("asked_at", *_ANSWER)})
    )


def _numbered(findings: Iterable[tuple[int, Finding]]) -> Iterator[tuple[int, int, Finding]]:
    """Number the findings of each row from 1, in their order."""
    for row, group in groupby(findings, key=itemgetter(0)):
        for number, (_, finding) in enumerate(group, start=1):
            yield row, number, finding


def _words(value: object) -> str | None:
    return None if value is None else storable(str(value))
