"""Our expectations in Great Expectations' words, and its answers in ours."""

import importlib
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Lock, Thread
from typing import Any

from charging.errors import CountsDisagree, UnreadableSource
from expectations.expectation import Consequence, Expectation
from expectations.findings import Findings, Key, Result

SEVERITY: Mapping[Consequence, str] = {
    Consequence.BLOCK: "critical",
    Consequence.QUARANTINE: "warning",
    Consequence.WARN: "info",
}
"""Our consequences in Great Expectations' own words."""

TOGETHER = "ExpectCompoundColumnsToBeUnique"

Answers = Mapping[str, Any]
"""By the id of the expectation, what Great Expectations answered."""

one_at_a_time = Lock()
"""Great Expectations keeps batches in its context, and is not meant for two threads."""


@cache
def great_expectations() -> Any:
    """Import Great Expectations, once, without its telephone line.

    The import takes seconds, so it waits for the first table: a worker that checks nothing never pays for it.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it tells of every temporary folder
    return importlib.import_module("great_expectations")


@contextmanager
def getting_ready() -> Iterator[None]:
    """Import Great Expectations in a thread beside a block that mostly waits, and that comes before what is asked."""
    beside = Thread(target=great_expectations, name="great expectations")
    beside.start()
    try:
        yield
    finally:
        beside.join()  # a process that is about to end lets no library start


@cache
def context() -> Any:
    """Return an ephemeral context: a file context would write its own tree, passwords included."""
    gx = great_expectations()
    progress = importlib.import_module("great_expectations.data_context.types.base").ProgressBarsConfig
    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = progress(globally=False)
    return made


def gx_suite(name: str, expectations: Sequence[Expectation]) -> Any:
    """Return expectations as a suite of Great Expectations."""
    gx = great_expectations()
    return gx.ExpectationSuite(name=name, expectations=[_in_gx_words(gx, each) for each in expectations])


def by_expectation(told: Iterable[Any]) -> Answers:
    """Return the answers of a validation, by the id of the expectation."""
    return {answer.expectation_config.meta["expectation_id"]: answer for answer in told}


def validate(
    name: str, expectations: Sequence[Expectation], data: Any, engine: Any, *, result_format: Mapping[str, object]
) -> Answers:
    """Have an engine of Great Expectations ask expectations of its data; return the answers.

    Its validator is handed the data itself: as a batch of a data source, frames would first be hashed, twice, for a
    fingerprint that nobody asks for and that takes twice as long as all the answers.
    """
    validators = importlib.import_module("great_expectations.validator.validator")
    batches = importlib.import_module("great_expectations.core.batch")
    validator = validators.Validator(
        execution_engine=engine, batches=[batches.Batch(data=data)], data_context=context()
    )
    told = validator.graph_validate(
        configurations=[each.configuration for each in gx_suite(name, expectations).expectations],
        runtime_configuration={"catch_exceptions": True, "result_format": dict(result_format)},
    )
    return by_expectation(told)


def findings(
    name: str,
    expectations: Sequence[Expectation],
    *,
    rows: int,
    answers: Answers,
    failing: Callable[[Expectation], Collection[Key]],
) -> Findings:
    """Return what was found; `failing` names every row for which an expectation does not hold.

    Raises:
        UnreadableSource: if an expectation could not be evaluated.
        CountsDisagree: if not every failing row is named.
    """
    return Findings(
        suite=name,
        rows=rows,
        results=tuple(
            result(name, each, answers[each.expectation_id], failing) for each in expectations if each.is_asked
        ),
        unasked=tuple(each.sentence for each in expectations if not each.is_asked),
    )


def result(
    name: str, expectation: Expectation, answer: Any, failing: Callable[[Expectation], Collection[Key]]
) -> Result:
    """Return one answer, with the key of every failing row, in order.

    Raises:
        UnreadableSource: if the expectation could not be evaluated.
        CountsDisagree: if not every failing row is named.
    """
    if problem := _problem(answer.exception_info):
        raise UnreadableSource(
            name,
            f"expectation {expectation.expectation_id} cannot be evaluated ({problem})",
            "see that the column holds values of one kind",
        )
    count = int(answer.result.get("unexpected_count") or 0)
    keys = tuple(sorted(failing(expectation) if count else (), key=_place))
    if len(keys) != count:
        what = f"failing rows of {name} by {expectation.expectation_id}"
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


def key_of(values: Sequence[object]) -> Key:
    """Return the key of a row from the values of its key columns: itself if there is one, else all with slashes."""
    plain = [_plain(value) for value in values]
    if len(plain) == 1 or not any(value is not None for value in plain):
        return plain[0]
    return "/".join("" if value is None else str(value) for value in plain)


def _in_gx_words(gx: Any, expectation: Expectation) -> Any:
    columns: dict[str, object] = dict(zip(("column_A", "column_B"), expectation.columns, strict=False))
    if expectation.asks == TOGETHER:
        columns = {"column_list": list(expectation.columns)}
    elif len(expectation.columns) == 1:
        columns = {"column": expectation.columns[0]}
    return getattr(gx.expectations, expectation.asks)(
        **columns,
        **expectation.arguments,
        severity=SEVERITY[expectation.consequence],
        meta={"expectation_id": expectation.expectation_id, "consequence": expectation.consequence.value},
        notes=expectation.sentence,
    )


def _problem(told: Mapping[str, Any]) -> str | None:
    # Great Expectations tells of one exception flat, but keyed by metric when a metric raised it.
    each = [told] if "raised_exception" in told else list(told.values())
    return next((str(info["exception_message"]) for info in each if info["raised_exception"]), None)


def _place(key: Key) -> tuple[bool, int, str]:
    return key is not None, key if isinstance(key, int) else 0, str(key)


def _plain(value: Any) -> Key:
    scalar = value.item() if hasattr(value, "item") else value
    if isinstance(scalar, str | int):
        return scalar
    is_something = scalar is not None and (scalar != scalar) is False  # noqa: PLR0124 - NaN, NaT and NA differ from themselves
    return str(scalar) if is_something else None
