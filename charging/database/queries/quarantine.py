"""Reading the work list: what waits, for whom, since when, and what was decided about it before."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from charging import canonical
from charging.cleansing.answers import Answer, Choice, taken_together
from charging.cleansing.issuers import partner_of
from charging.cleansing.verdict import Owner
from charging.database import tables

LOADED = (str(Choice.RELEASED), str(Choice.CORRECTED))
"""Decisions after which a row counts as set aside no more."""
_UNIT = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are meant; what is left out restricts nothing."""

    keys: Collection[str] = ()
    owner: str | None = None
    partner: str | None = None
    """Only what this roaming partner must answer: `NL-TNM`."""
    entity: str | None = None
    rule: str | None = None
    source: str | None = None
    decision: str | None = None
    before: datetime | None = None
    """Those that came in before this instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row that was set aside, or one question about a row that was loaded."""

    key: str
    kind: str
    """`row` or `question`."""
    source: str
    extract_id: str
    entity: str
    file: str
    line: int
    row_key: str
    rule: str
    reason: str
    owner: str
    first_at: datetime
    decision: str
    decided_by: str | None
    decided_because: str | None
    decided_at: datetime | None
    row_sha256: str | None
    """Of the row as it was landed; None where it has no place of its own there."""
    fields: Mapping[str, Any]
    partner: str | None = None
    """Which roaming partner must answer, where one must."""

    @property
    def whose_turn(self) -> str:
        """The party that must answer: each roaming partner is one of its own."""
        return f"{self.owner} {self.partner}" if self.partner else self.owner

    @property
    def version(self) -> str:
        """Changes with everything that an answer may depend on."""
        seen = [self.fields, self.rule, self.reason, self.owner, self.decision, self.decided_at]
        return canonical.digest(canonical.plain(seen))[:16]


def cases(connection: sa.Connection, wanted: Wanted) -> list[Case]:
    """Return the cases of each source's present extracts, the oldest first; rows of superseded extracts are no work."""
    current = _current()
    listed = sa.union_all(_rows(current), _questions(current)).subquery()
    column = listed.c
    chosen = sa.select(listed).order_by(column.first_at, column.source, column.entity, column.file, column.line)
    for name in ("entity", "rule", "source"):
        if value := getattr(wanted, name):
            chosen = chosen.where(column[name] == value)
    if wanted.keys:
        chosen = chosen.where(column.key.in_(sorted(wanted.keys)))
    if wanted.decision:
        chosen = chosen.where(column.decision == wanted.decision)
    if wanted.before:
        chosen = chosen.where(column.first_at < wanted.before)
    found = (_placed(Case(**row)) for row in connection.execute(chosen.order_by(column.rule)).mappings())
    return [case for case in found if wanted.owner in {None, case.owner} and wanted.partner in {None, case.partner}]


def _placed(case: Case) -> Case:
    """Return the case with the partner that must answer; one that nobody is known to have issued is ours to place."""
    if case.owner != Owner.ROAMING_PARTNER:
        return case
    if partner := partner_of(case.fields):
        return replace(case, partner=partner)
    reason = f"{case.reason} (a roaming partner must answer, and the row does not say which)"
    return replace(case, owner=str(Owner.DATA_TEAM), reason=reason)


def history(connection: sa.Connection, case: Case) -> list[sa.RowMapping]:
    """Return every decision on this row, the oldest first."""
    row = tables.decision.c
    chosen = sa.select(tables.decision).where(
        row.source == case.source, row.entity == case.entity, row.row_sha256 == case.row_sha256
    )
    return list(connection.execute(chosen.order_by(row.decision_id)).mappings())


def last_decisions(connection: sa.Connection) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the last decision on each case under each rule, by the case's key, also of cases that are no more."""
    row = tables.decision.c
    chosen = (
        sa.select(tables.decision)
        .distinct(row.case_key, row.rule)
        .order_by(row.case_key, row.rule, row.decision_id.desc())
    )
    by_key: dict[str, dict[str, Mapping[str, Any]]] = {}
    for made in connection.execute(chosen).mappings():
        by_key.setdefault(made["case_key"], {})[made["rule"]] = dict(made)
    return by_key


def answers(connection: sa.Connection, *, source: str, extract_id: str, entity: str) -> dict[tuple[str, int], Answer]:
    """Return what was decided before about rows of this extract, by file and line; nearly always nothing."""
    made, landed = tables.decision.c, tables.landed_row.c
    told = sa.and_(made.source == source, made.entity == entity)
    if not connection.scalar(sa.select(sa.exists().where(told))):
        return {}
    chosen = (
        sa.select(landed.file, landed.line, made.choice, made.rule, made.reason, made.owner, made.corrections)
        .join(tables.decision, made.row_sha256 == landed.row_sha256)
        .where(told, landed.extract_id == extract_id, landed.entity == entity)
        .order_by(made.decision_id)
    )
    by_place: dict[tuple[str, int], list[Any]] = {}
    for row in connection.execute(chosen):
        by_place.setdefault((row.file, row.line), []).append(row)
    return {place: taken_together(decisions) for place, decisions in by_place.items()}


def counts(found: Sequence[Case]) -> list[dict[str, object]]:
    """Return cases counted by owner, entity, rule and decision, the most first."""
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in found:
        groups.setdefault((case.whose_turn, case.entity, case.rule, case.kind, case.decision), []).append(case)
    names = ("owner", "entity", "rule", "kind", "decision")
    ordered = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    return [
        dict(zip(names, group, strict=True))
        | {"cases": len(here), "oldest_at": min(case.first_at for case in here), "reason": here[0].reason}
        for group, here in ordered
    ]


def _current() -> sa.CTE:
    """The extracts that hold what each source says now: its latest of each entity, and what that was added to."""
    account, extract = tables.account.c, tables.extract.c
    latest = (
        sa.select(account.extract_id, account.entity)
        .join(tables.extract, extract.extract_id == account.extract_id)
        .distinct(extract.source, account.entity)
        .order_by(extract.source, account.entity, extract.extracted_at.desc())
    )
    chain = sa.select(latest.subquery()).cte("current_extract", recursive=True)
    before = (
        sa.select(extract.after_extract_id, chain.c.entity)
        .join(chain, chain.c.extract_id == extract.extract_id)
        .where(extract.after_extract_id.is_not(None))
    )
    return chain.union(before)


def _key(kind: str, *parts: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return what a person types: short, and the same whenever the row is extracted again from the same place."""
    text = sa.func.concat_ws(_UNIT, kind, *(sa.cast(part, sa.Text) for part in parts))
    digest = sa.func.encode(sa.func.sha256(sa.func.convert_to(text, "UTF8")), "hex")
    return sa.func.substr(digest, 1, 12)


def _rows(current: sa.CTE) -> sa.Select[Any]:
    row, extract, landed = tables.quarantined_row.c, tables.extract.c, tables.landed_row.c
    first = _first()
    same = {"source": extract.source, "entity": row.entity, "key": row.key, "rule": row.rule}
    here = sa.and_(
        landed.extract_id == row.extract_id,
        landed.entity == row.entity,
        landed.file == row.file,
        landed.line == row.line,
    )
    return (
        sa.select(
            _key("row", extract.source, row.entity, row.file, row.line).label("key"),
            sa.literal("row").label("kind"),
            extract.source,
            *(row.extract_id, row.entity, row.file, row.line, row.key.label("row_key"), row.rule, row.reason),
            row.owner,
            first.c.first_at,
            sa.func.coalesce(row.decision, str(Choice.WAITING)).label("decision"),
            *(row.decided_by, row.decided_because, row.decided_at, landed.row_sha256, row.fields),
        )
        .join(tables.extract, extract.extract_id == row.extract_id)
        .join(current, sa.and_(current.c.extract_id == row.extract_id, current.c.entity == row.entity))
        .join(first, sa.and_(*(first.c[name] == column for name, column in same.items())))
        .outerjoin(tables.landed_row, here)
    )


def _first() -> sa.Subquery:
    """When a row of that source, key and rule first came in, in whichever extract."""
    row, extract = tables.quarantined_row.c, tables.extract.c
    of = (extract.source, row.entity, row.key, row.rule)
    return (
        sa.select(*of, sa.func.min(row.quarantined_at).label("first_at"))
        .join(tables.extract, extract.extract_id == row.extract_id)
        .group_by(*of)
        .subquery("first")
    )


def _questions(current: sa.CTE) -> sa.Select[Any]:
    row, extract, landed = tables.question.c, tables.extract.c, tables.landed_row.c
    here = sa.and_(
        landed.extract_id == row.extract_id, landed.entity == row.entity, landed.row_number == row.row_number
    )
    return (
        sa.select(
            _key("question", extract.source, row.entity, landed.file, landed.line, row.rule).label("key"),
            sa.literal("question").label("kind"),
            extract.source,
            *(row.extract_id, row.entity, landed.file, landed.line, row.key.label("row_key"), row.rule),
            *(row.question.label("reason"), row.owner, row.asked_at.label("first_at")),
            sa.func.coalesce(row.decision, str(Choice.WAITING)).label("decision"),
            *(row.decided_by, row.decided_because, row.decided_at, landed.row_sha256, landed.fields),
        )
        .join(tables.extract, extract.extract_id == row.extract_id)
        .join(current, sa.and_(current.c.extract_id == row.extract_id, current.c.entity == row.entity))
        .join(tables.landed_row, here)
    )


def fields_of(found: Sequence[Case]) -> Iterator[str]:
    """Yield every field that rows among the cases have, once, in the order in which they come."""
    yield from dict.fromkeys(name for case in found for name in case.fields)
