"""Ask a suite's expectations of a frame and name every row that fails."""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charging.errors import MissingColumns, UnknownThing
from expectations import (
    answers,
    cdrs,
    charging_profiles,
    connectors,
    contracts,
    customers,
    evses,
    locations,
    meter_values,
    reservations,
    sessions,
    stations,
    tariffs,
    tokens,
)
from expectations.expectation import Expectation, Given
from expectations.findings import Findings, Key

if TYPE_CHECKING:
    import pandas as pd

SUITES: Mapping[str, Callable[[Given], tuple[Expectation, ...]]] = {
    "locations": locations.suite,
    "stations": stations.suite,
    "evses": evses.suite,
    "connectors": connectors.suite,
    "tariffs": tariffs.suite,
    "customers": customers.suite,
    "contracts": contracts.suite,
    "tokens": tokens.suite,
    "sessions": sessions.suite,
    "meter_values": meter_values.suite,
    "reservations": reservations.suite,
    "charging_profiles": charging_profiles.suite,
    "cdrs": cdrs.suite,
}

KeyColumns = str | Sequence[str]
"""The column that tells rows apart, or several that do so together."""


def check(suite_name: str, frame: "pd.DataFrame", *, key: KeyColumns, given: Given) -> Findings:
    """Ask every expectation of a suite of a frame whose rows are named by the column `key`, or by several.

    Raises:
        UnknownThing: if there is no suite of that name.
        MissingColumns: if the frame lacks a column that the suite asks about.
        TypeError: if a column of energy or money holds floats.
        UnreadableSource: if an expectation cannot be evaluated on these values.
        CountsDisagree: if Great Expectations does not name every failing row.
    """
    return ask(suite_name, suite(suite_name, given), frame, key=key)


def suite(suite_name: str, given: Given) -> tuple[Expectation, ...]:
    """Return the expectations of a suite.

    Raises:
        UnknownThing: if there is no suite of that name.
    """
    if suite_name not in SUITES:
        raise UnknownThing("suite", suite_name, f"choose one of {', '.join(SUITES)}")
    return SUITES[suite_name](given)


def ask(name: str, expectations: Sequence[Expectation], frame: "pd.DataFrame", *, key: KeyColumns) -> Findings:
    """Ask expectations of a frame, in pandas.

    Raises:
        MissingColumns: if the frame lacks a column that is asked about.
        TypeError: if a column of energy or money holds floats.
        UnreadableSource: if an expectation cannot be evaluated on these values.
        CountsDisagree: if Great Expectations does not name every failing row.
    """
    keys = [key] if isinstance(key, str) else list(key)
    asked = [expectation for expectation in expectations if expectation.is_asked]
    require_columns(name, [str(column) for column in frame.columns], asked, keys)
    _refuse_floats(name, frame, asked)
    with answers.one_at_a_time:
        engine, data = _lent(frame.reset_index(drop=True))
        told = {"result_format": "COMPLETE", "unexpected_index_column_names": keys}
        found = answers.validate(name, asked, data, engine, result_format=told)

    def failing(expectation: Expectation) -> Collection[Key]:
        listed = found[expectation.expectation_id].result.get("unexpected_index_list") or ()
        return [answers.key_of([row[column] for column in keys]) for row in listed]

    return answers.findings(name, expectations, rows=len(frame), answers=found, failing=failing)


def require_columns(
    name: str, available: Sequence[str], expectations: Sequence[Expectation], keys: Sequence[str]
) -> None:
    """Refuse a table that lacks a column that is asked about.

    Raises:
        MissingColumns: if it does.
    """
    needed = {*keys, *(column for expectation in expectations for column in expectation.columns)}
    if missing := sorted(needed.difference(available)):
        raise MissingColumns(name, missing, list(available))


def _refuse_floats(name: str, frame: "pd.DataFrame", expectations: Sequence[Expectation]) -> None:
    for column in {column for expectation in expectations if expectation.is_exact for column in expectation.columns}:
        if frame[column].dtype.kind == "f" and frame[column].notna().any():
            raise TypeError(f"{name}: {column} holds floats, which are not exact: hand it in as Decimal or int")


def _lent(frame: "pd.DataFrame") -> tuple[Any, Any]:
    """Return an engine of Great Expectations, and a frame as it takes one."""
    answers.context()  # before anything else of it is imported
    engines = importlib.import_module("great_expectations.execution_engine")
    data = importlib.import_module("great_expectations.execution_engine.pandas_batch_data")
    engine = engines.PandasExecutionEngine()
    return engine, data.PandasBatchData(engine, frame)
