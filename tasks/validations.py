"""Asking suites of what was landed and is sent, and writing down what they said."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from charging.database.operations.validations import store_validation
from charging.database.queries import validations as read
from charging.errors import QualityBlocked
from charging.network.personal import masked
from expectations.findings import Findings, Key, Result
from expectations.landed import check_landing

MOST_KEYS = 1_000
"""So many failing rows of one expectation are named in its record; the count is of all of them."""


def check_extract(connection: sa.Connection, extract_id: str, *, source: str, at: datetime) -> list[str]:
    """Ask of a landed extract, once, whether it is fit to be cleansed; return what it warns of.

    What was said is stored, also where it blocks: `require_fit` is what stops.
    """
    if not read.has_landing(connection, extract_id):
        for findings in check_landing(connection, extract_id):
            store(connection, findings, run=extract_id, stage="landing", source=source, at=at)
    return [
        str(result["shortfall"])
        for _, results in read.landing_blocks(connection, extract_id)
        for result in results
        if result["consequence"] == "warn" and not result["is_met"]
    ]


def require_fit(connection: sa.Connection, extract_id: str, *, source: str, at: datetime) -> None:
    """Refuse to cleanse an extract that was not read rightly.

    Raises:
        QualityBlocked: if an expectation of its landed rows blocks.
    """
    check_extract(connection, extract_id, source=source, at=at)
    for suite, results in read.landing_blocks(connection, extract_id):
        blocks = [
            str(result["shortfall"]) for result in results if result["consequence"] == "block" and not result["is_met"]
        ]
        if blocks:
            raise QualityBlocked(suite, blocks)


def store(
    connection: sa.Connection,
    findings: Findings,
    *,
    run: str,
    stage: str,
    source: str,
    at: datetime,
    score: Mapping[str, object] | None = None,
) -> None:
    """Write down what a suite said, with the keys of failing rows; those that tell of a person are masked."""
    entity = findings.suite.rpartition(".")[2]
    store_validation(
        connection,
        {
            "run": run,
            "suite": findings.suite,
            "stage": stage,
            "source": source,
            "engine": findings.engine,
            "rows": findings.rows,
            "set_aside": len(findings.quarantined_keys),
            "results": [_told(result, "" if stage == "landing" else entity) for result in findings.results],
            "unasked": list(findings.unasked),
            "score": score,
            "asked_at": at,
        },
    )


def store_all(
    connection: sa.Connection, every: Iterable[Findings], *, run: str, stage: str, source: str, at: datetime
) -> None:
    """Write down what several suites said in one run."""
    for findings in every:
        store(connection, findings, run=run, stage=stage, source=source, at=at)


def _told(result: Result, entity: str) -> dict[str, object]:
    shown = tuple(_key(entity, key) for key in result.unexpected_keys)
    return {
        "expectation": result.expectation_id,
        "column": result.column,
        "sentence": result.sentence,
        "consequence": str(result.consequence),
        "is_met": result.is_met,
        "unexpected": result.unexpected_count,
        "keys": list(shown[:MOST_KEYS]),
        "shortfall": replace(result, unexpected_keys=shown).shortfall,
    }


def _key(entity: str, key: Key) -> str:
    return "" if key is None else masked(entity, str(key))
