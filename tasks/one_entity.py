"""Cleansing one entity of an extract: every share of it judged and stored, and the sum of all proven."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database.operations import clean as write
from charging.database.operations import findings as write_findings
from charging.database.operations.landing import Manifest
from charging.database.operations.quarantine import mark_decided
from charging.database.operations.rows import analyze
from charging.database.queries import landing as read
from charging.errors import CountsDisagree
from expectations.findings import Findings
from tasks.judging import (
    MODELS,
    NEVER_NEEDED,
    OWN_OF_BACK_OFFICE,
    ROWS_AT_ONCE,
    Account,
    Share,
    judge,
    landed_rows,
    shares,
)
from tasks.surroundings import Surroundings
from tasks.uncollected import uncollected
from tasks.verdicts import Together
from tasks.verdicts import told as as_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one entity."""

    entity: str
    account: dict[str, Any]
    findings: Findings
    questions: int


def cleanse_entity(
    connection: sa.Connection,
    manifest: Manifest,
    entity: str,
    surroundings: Surroundings,
    *,
    at: datetime,
    told: Mapping[str, str],
    rows_at_once: int = ROWS_AT_ONCE,
) -> Done:
    """Judge and store all rows of one entity of an extract, in place of what was stored of it before.

    Raises:
        CountsDisagree: if a row is not accounted for.
        QualityBlocked: if an expectation whose consequence is "block" is not met.
    """
    extract_id = manifest.extract_id
    write.take_back(connection, MODELS[entity], extract_id=extract_id)
    write.let_go_of_waiting(connection, extract_id=extract_id, entity=entity)
    write_findings.let_go_of_findings(connection, extract_id=extract_id, entity=entity)
    account, questions = Account(), 0
    together = Together(entity, surroundings.of(entity)[1])
    for share in _judged(connection, manifest, entity, surroundings, rows_at_once=rows_at_once):
        questions += store_share(connection, manifest, entity, share, at=at)
        account.add(share)
        together.add(share)
    settle(connection, manifest, entity, at=at)
    _require_all_stored(connection, manifest, entity, account)
    findings = together.findings()
    row = {"extract_id": extract_id, "entity": entity, **account.row(), "suite": as_told(findings), "told": dict(told)}
    write.store_account(connection, row)
    return Done(entity=entity, account=shown(manifest, row), findings=findings, questions=questions)


def store_share(connection: sa.Connection, manifest: Manifest, entity: str, share: Share, *, at: datetime) -> int:
    """Store what was made of some rows; return how many questions there are about them."""
    extract_id, cleansed = manifest.extract_id, share.cleansed
    write.store_entities(
        connection,
        share.clean,
        extract_id=extract_id,
        back_office=manifest.source if entity in OWN_OF_BACK_OFFICE else None,
    )
    write.add_quarantined(connection, share.quarantined, extract_id=extract_id, entity=entity, at=at)
    fixes = ((share.numbers[place], fix) for place, fix in zip(cleansed.fixes_at, cleansed.fixes, strict=True))
    write_findings.add_fixes(connection, fixes, extract_id=extract_id, entity=entity)
    asked = ((share.numbers[place], one) for place, one in zip(cleansed.questions_at, cleansed.questions, strict=True))
    return write_findings.add_questions(connection, asked, extract_id=extract_id, entity=entity, at=at)


def settle(connection: sa.Connection, manifest: Manifest, entity: str, *, at: datetime) -> None:
    """Bring together what was stored with what was decided before, and let older versions of the rows wait no more."""
    extract_id = manifest.extract_id
    write_findings.keep_answers(connection, extract_id=extract_id, entity=entity)
    mark_decided(connection, source=manifest.source, extract_id=extract_id, entity=entity)
    if entity == "session":
        write.withdraw(connection, back_office=manifest.source, extract_id=extract_id)
    earlier = read.chain(connection, manifest)[1:]
    if earlier:
        write.supersede(connection, extract_id=extract_id, entity=entity, earlier=earlier, at=at)
    analyze(connection, write.TABLES[MODELS[entity]])


def shown(manifest: Manifest, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account as people are told of it."""
    return {"source": manifest.source} | {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if name not in {"suite", "told"}
    }


def _judged(
    connection: sa.Connection, manifest: Manifest, entity: str, surroundings: Surroundings, *, rows_at_once: int
) -> Iterator[Share]:
    known, given = surroundings.of(entity)
    # A night's intake brings sessions alone, and a target that nobody has moved to yet has none.
    is_intake = set(manifest.row_counts) == {"session"} and not manifest.row_counts[entity]
    may_be_empty = is_intake or entity in NEVER_NEEDED or manifest.after_extract_id is not None
    read.gather_strays(connection, manifest.extract_id, entity=entity)
    sizes = read.part_sizes(connection, manifest.extract_id, entity=entity)
    has_clean = False
    every: Sequence[tuple[int, int] | None] = list(shares(sizes, at_most=rows_at_once)) or [None]
    for parts in every:
        share = judge_parts(
            connection, manifest, entity, surroundings, parts, may_be_empty=may_be_empty or len(every) > 1
        )
        has_clean = has_clean or bool(share.cleansed.clean)
        yield share
    if len(every) > 1 and not has_clean and not may_be_empty:
        judge(entity, ([], []), known, given)


def judge_parts(
    connection: sa.Connection,
    manifest: Manifest,
    entity: str,
    surroundings: Surroundings,
    parts: tuple[int, int] | None,
    *,
    may_be_empty: bool,
) -> Share:
    """Judge the rows of some parts of an entity, or all of it."""
    known, given = surroundings.of(entity)
    with uncollected():
        found = landed_rows(entity, read.landed(connection, extract_id=manifest.extract_id, entity=entity, parts=parts))
        context, settled = surroundings.of_share(entity, found[1], parts, known)
        return judge(entity, found, context, given, beside=settled, may_be_empty=may_be_empty)


def _require_all_stored(connection: sa.Connection, manifest: Manifest, entity: str, account: Account) -> None:
    """Prove by the tables themselves that every row that came is loaded, merged or set aside, and none is twice."""
    table = write.TABLES[MODELS[entity]]
    stored = connection.scalar(
        sa.select(sa.func.count()).select_from(table).where(table.c.extract_id == manifest.extract_id)
    )
    came = manifest.row_counts[entity]
    if stored != account.loaded or came != account.rows_in or came != stored + account.merged + account.quarantined:
        raise CountsDisagree(
            f"{entity}s of {manifest.extract_id}",
            rows_in=came,
            loaded=(stored or 0) + account.merged,
            quarantined=account.quarantined,
        )
