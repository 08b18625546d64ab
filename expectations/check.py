"""Ask a suite's expectations of a frame and name every row that fails."""

import importlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from charging.errors import CountsDisagree, MissingColumns, UnknownThing, UnreadableSource
from expectations import cdrs, evses, locations, sessions, stations, tokens
from expectations.expectation import Consequence, Expectation, Given
from expectations.findings import Findings, Key, Result

if TYPE_CHECKING:
    import pandas as pd

SUITES: Mapping[str, Callable[[Given], tuple[Expectation, ...]]] = {
    "locations": locations.suite,
    "stations": stations.suite,
    "evses": evses.suite,
    "tokens": tokens.suite,
    "sessions": sessions.suite,
    "cdrs": cdrs.suite,
}

SEVERITY: Mapping[Consequence, str] = {
    Consequence.BLOCK: "critical",
    Consequence.QUARANTINE: "warning",
    Consequence.WARN: "info",
}
"""Our consequences in Great Expectations' own words."""

_one_at_a_time = Lock()


def check(suite_name: str, frame: "pd.DataFrame", *, key: str, given: Given) -> Findings:
    """Ask every expectation of a suite of a frame whose rows are named by the column `key`.

    Raises:
        UnknownThing: if there is no suite of that name.
        MissingColumns: if the frame lacks a column that the suite asks about.
        TypeError: if a column of energy or money holds floats.
        UnreadableSource: if an expectation cannot be evaluated on these values.
        CountsDisagree: if Great Expectations does not name every failing row.
    """
    if suite_name not in SUITES:
        raise UnknownThing("suite", suite_name, f"choose one of {', '.join(SUITES)}")
    expectations = SUITES[suite_name](given)
    _require_columns(suite_name, frame, expectations, key)
    _refuse_floats(suite_name, frame, expectations)
    asked = [expectation for expectation in expectations if expectation.is_asked]
    with _one_at_a_time:
        answers = _ask(suite_name, frame, asked, key)
    return Findings(
        suite=suite_name,
        rows=len(frame),
        results=tuple(
            _result(suite_name, expectation, answers[expectation.expectation_id], key) for expectation in asked
        ),
        unasked=tuple(expectation.sentence for expectation in expectations if not expectation.is_asked),
    )


def _require_columns(suite_name: str, frame: "pd.DataFrame", expectations: Sequence[Expectation], key: str) -> None:
    needed = {key, *(column for expectation in expectations for column in expectation.columns)}
    available = [str(column) for column in frame.columns]
    if missing := sorted(needed.difference(available)):
        raise MissingColumns(suite_name, missing, available)


def _refuse_floats(suite_name: str, frame: "pd.DataFrame", expectations: Sequence[Expectation]) -> None:
    for column in {column for expectation in expectations if expectation.is_exact for column in expectation.columns}:
        if frame[column].dtype.kind == "f" and frame[column].notna().any():
            raise TypeError(f"{suite_name}: {column} holds floats, which are not exact: hand it in as Decimal or int")


def _ask(
    suite_name: str, frame: "pd.DataFrame", expectations: Sequence[Expectation], key: str
) -> dict[str, Mapping[str, Any]]:
    gx, batches = _great_expectations()
    suite = gx.ExpectationSuite(name=suite_name, expectations=[_in_gx_words(gx, each) for each in expectations])
    validated = batches.get_batch(batch_parameters={"dataframe": frame.reset_index(drop=True)}).validate(
        suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [key]}
    )
    return {answer.expectation_config.meta["expectation_id"]: answer for answer in validated.results}


def _in_gx_words(gx: Any, expectation: Expectation) -> Any:
    names = ("column",) if len(expectation.columns) == 1 else ("column_A", "column_B")
    return getattr(gx.expectations, expectation.asks)(
        **dict(zip(names, expectation.columns, strict=False)),
        **expectation.arguments,
        severity=SEVERITY[expectation.consequence],
        meta={"expectation_id": expectation.expectation_id, "consequence": expectation.consequence.value},
        notes=expectation.sentence,
    )


def _result(suite_name: str, expectation: Expectation, answer: Any, key: str) -> Result:
    if problem := _problem(answer.exception_info):
        raise UnreadableSource(
            suite_name,
            f"expectation {expectation.expectation_id} cannot be evaluated ({problem})",
            "see that the column holds values of one kind",
        )
    count = int(answer.result.get("unexpected_count", 0))
    keys = tuple(_plain(row[key]) for row in answer.result.get("unexpected_index_list") or ())
    if len(keys) != count:
        what = f"failing rows of {suite_name} by {expectation.expectation_id}"
        raise CountsDisagree(what, rows_in=count, loaded=0, quarantined=len(keys))
    return Result(
        expectation_id=expectation.expectation_id,
        column=", ".join(expectation.columns),
        sentence=expectation.sentence,
        consequence=expectation.consequence,
        is_met=bool(answer.success),
        unexpected_count=count,
        unexpected_keys=keys,
    )


def _problem(told: Mapping[str, Any]) -> str | None:
    # Great Expectations tells of one exception flat, but keyed by metric when a metric raised it.
    each = [told] if "raised_exception" in told else list(told.values())
    return next((str(info["exception_message"]) for info in each if info["raised_exception"]), None)


def _plain(value: Any) -> Key:
    scalar = value.item() if hasattr(value, "item") else value
    if isinstance(scalar, str | int):
        return scalar
    is_something = scalar is not None and (scalar != scalar) is False  # noqa: PLR0124 - NaN, NaT and NA differ from themselves
    return str(scalar) if is_something else None


@cache
def _great_expectations() -> tuple[Any, Any]:
    """Import Great Expectations, once, and return it with a whole-frame batch definition of an ephemeral context.

    The import takes seconds, so it waits for the first table: a worker that checks nothing never pays for it.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it tells of every temporary folder
    gx = importlib.import_module("great_expectations")
    progress = importlib.import_module("great_expectations.data_context.types.base").ProgressBarsConfig
    context = gx.get_context(mode="ephemeral")  # a file context would write its own tree, passwords included
    context.variables.progress_bars = progress(globally=False)
    asset = context.data_sources.add_pandas("rehome").add_dataframe_asset("frame")
    return gx, asset.add_batch_definition_whole_dataframe("whole")
