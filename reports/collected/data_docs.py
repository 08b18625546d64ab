"""What suites said, run by run, read from accounts, quarantine and the record of validations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database.queries import validations as read
from charging.network.personal import masked
from charging.settings import Settings
from reports.data_docs import Asked, DataDocs, Failing, FieldScore, Score, Validation
from reports.formats import spaced
from reports.render import safe_name

MOST_KEYS = 1_000
_SAID = {
    ("outgoing", "quarantine"): "refuse",
    ("published", "quarantine"): "warn",
    ("feed", "quarantine"): "warn",
}
"""What sets a row aside refuses it where it is about to be sent, and warns where it is only judged."""

Row = sa.RowMapping


def data_docs(connection: sa.Connection, settings: Settings) -> DataDocs | None:
    """Return what was asked in the latest runs, as many as the settings say; None where nothing ever was."""
    runs = read.runs(connection)
    kept, older = runs[: settings.data_docs_runs], runs[settings.data_docs_runs :]
    found = (*_recorded(connection, settings, kept), *_cleansed(connection, settings, kept))
    if not found:
        return None
    return DataDocs(
        network=settings.operator,
        time_zone=settings.time_zone,
        validations=found,
        older_folders=tuple(safe_name(run) for run in older),
    )


def _recorded(connection: sa.Connection, settings: Settings, runs: Sequence[str]) -> Iterator[Validation]:
    for row in read.validations(connection, runs):
        asked = _unmet_first(_asked(result, row["stage"]) for result in row["results"])
        yield Validation(
            **_place(settings, row["run"], row["suite"]),
            stage=row["stage"],
            source=row["source"],
            engine=row["engine"],
            rows=row["rows"],
            set_aside=row["set_aside"],
            as_of=row["asked_at"],
            asked=asked,
            unasked=tuple(row["unasked"]),
            failing=tuple(_failing(asked)),
            score=_score(row["score"]),
        )


def _cleansed(connection: sa.Connection, settings: Settings, runs: Sequence[str]) -> Iterator[Validation]:
    for row in read.cleansed(connection, runs):
        suite, entity = row["suite"], row["entity"]
        asked = _unmet_first(_asked(result, "clean") for result in suite["results"])
        set_aside, aside = read.set_aside(connection, row["run"], entity=entity, most=MOST_KEYS)
        yield Validation(
            **_place(settings, row["run"], f"clean.{entity}"),
            stage="clean",
            source=row["source"],
            engine="pandas",
            rows=suite["rows"],
            set_aside=set_aside,
            as_of=row["extracted_at"],
            asked=asked,
            unasked=tuple(suite["unasked"]),
            failing=tuple(
                Failing(key=masked(entity, key), sentence=spaced(reason), consequence="quarantine")
                for key, reason in aside
            ),
        )


def _place(settings: Settings, run: str, suite: str) -> dict[str, Any]:
    return {
        "network": settings.operator,
        "time_zone": settings.time_zone,
        "run": run,
        "run_folder": safe_name(run),
        "suite": suite,
        "page": f"{safe_name(suite.replace('.', '-'))}.html",
    }


def _unmet_first(asked: Iterable[Asked]) -> tuple[Asked, ...]:
    return tuple(sorted(asked, key=lambda each: each.is_met))


def _asked(result: Mapping[str, Any], stage: str) -> Asked:
    return Asked(
        expectation_id=result["expectation"],
        column=result["column"],
        sentence=spaced(result["sentence"]),
        consequence=_SAID.get((stage, result["consequence"]), result["consequence"]),
        is_met=result["is_met"],
        unexpected_count=result["unexpected"],
        keys=tuple(result.get("keys", ())),
    )


def _failing(asked: Sequence[Asked]) -> Iterator[Failing]:
    for each in asked:
        if not each.is_met:
            for key in each.keys:
                yield Failing(key=key, sentence=each.sentence, consequence=each.consequence)


def _score(told: Mapping[str, Any] | None) -> Score | None:
    if told is None:
        return None
    return Score(
        score=_decimal(told["score"]),
        completeness=_decimal(told["completeness"]),
        correctness=_decimal(told["correctness"]),
        of_all=_decimal(told["of_all"]),
        fields=tuple(FieldScore(**field) for field in told["fields"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
