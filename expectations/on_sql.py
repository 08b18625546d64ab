"""Ask expectations of rows that stay in PostgreSQL, in the caller's own transaction, whatever their number."""

import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from charging.database.operations import set_out
from expectations import answers
from expectations.check import KeyColumns, require_columns
from expectations.expectation import Expectation
from expectations.findings import Findings, Key


def ask_rows(
    name: str, expectations: Sequence[Expectation], connection: sa.Connection, rows: sa.Select[Any], *, key: KeyColumns
) -> Findings:
    """Ask expectations of what a query returns, as it is now, uncommitted rows of this transaction included.

    The rows are set out in a temporary table, and Great Expectations' SQL engine is lent this very connection. Of a
    thousand failing rows it names twenty unless it is told how many there are: so it is asked for the counts first,
    then for the rows of each expectation that has any.

    Raises:
        MissingColumns: if the query lacks a column that is asked about.
        TypeError: if a column of energy or money holds floats.
        UnreadableSource: if an expectation cannot be evaluated on these values.
        CountsDisagree: if Great Expectations does not name every failing row.
    """
    keys = [key] if isinstance(key, str) else list(key)
    asked = [expectation for expectation in expectations if expectation.is_asked]
    require_columns(name, rows.selected_columns.keys(), asked, keys)
    known = {each.expectation_id: (each.columns[0], _values(each)) for each in asked if _has_values(each)}
    together = {each.expectation_id: each.columns for each in asked if each.asks == answers.TOGETHER}
    with answers.one_at_a_time, set_out.set_out(connection, rows, known=known, together=together):
        _refuse_floats(name, asked, set_out.floats(connection))
        engine = _lent(connection)
        rows_found = set_out.count(connection)
        counted = _validate(engine, name, [_as_set_out(each) for each in asked], _counts())

        def failing(expectation: Expectation) -> Collection[Key]:
            count = int(counted[expectation.expectation_id].result["unexpected_count"])
            told = _validate(engine, name, [_as_set_out(expectation)], _every_row(keys, count))
            listed = told[expectation.expectation_id].result.get("unexpected_index_list") or ()
            return [answers.key_of([row[column] for column in keys]) for row in listed]

        found = answers.findings(name, expectations, rows=rows_found, answers=counted, failing=failing)
    return replace(found, engine="PostgreSQL")


def _validate(
    engine: Any, name: str, expectations: Sequence[Expectation], result_format: Mapping[str, object]
) -> answers.Answers:
    data = importlib.import_module("great_expectations.execution_engine.sqlalchemy_batch_data")
    # By its name, not by a query: of a query all rows would be fetched, only to see its columns.
    rows = data.SqlAlchemyBatchData(execution_engine=engine, table_name=set_out.NAME, create_temp_table=False)
    return answers.validate(name, expectations, rows, engine, result_format=result_format)


def _counts() -> dict[str, object]:
    return {"result_format": "SUMMARY", "partial_unexpected_count": 0}


def _every_row(keys: Sequence[str], count: int) -> dict[str, object]:
    return {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": list(keys),
        "partial_unexpected_count": count + 1,  # its cap; one more would be seen, and would not add up
    }


def _as_set_out(expectation: Expectation) -> Expectation:
    """Return the expectation as it is asked of the rows set out: of the column that was made for it, if one was.

    Of several columns together, Great Expectations' own count and list disagree in SQL where a value is missing.
    """
    made = (expectation.expectation_id,)
    if expectation.asks == answers.TOGETHER:
        return replace(expectation, asks="ExpectColumnValuesToBeUnique", columns=made, arguments={})
    if _has_values(expectation):
        return replace(expectation, columns=made, arguments={**expectation.arguments, "value_set": ["true"]})
    return expectation


def _has_values(expectation: Expectation) -> bool:
    return "value_set" in expectation.arguments


def _values(expectation: Expectation) -> Sequence[str]:
    values = expectation.arguments["value_set"]
    assert isinstance(values, list)  # noqa: S101 - one_of makes it
    return values


def _refuse_floats(name: str, expectations: Sequence[Expectation], floats: Collection[str]) -> None:
    exact = {column for expectation in expectations if expectation.is_exact for column in expectation.columns}
    for column in sorted(exact.intersection(floats)):
        raise TypeError(f"{name}: {column} holds floats, which are not exact: let the column be numeric")


def _lent(connection: sa.Connection) -> Any:
    """Return an engine of Great Expectations that speaks over this connection, and cannot end its transaction."""
    engines = importlib.import_module("great_expectations.execution_engine")
    raw = connection.connection.dbapi_connection
    lent = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: raw, poolclass=sa.StaticPool, pool_reset_on_return=None
    )
    lent.dialect.colspecs = {**lent.dialect.colspecs, sa.Float: _Bound}
    for ending in ("do_commit", "do_rollback", "do_close", "do_terminate"):
        setattr(lent.dialect, ending, _leave_alone)
    return engines.SqlAlchemyExecutionEngine(engine=lent, create_temp_table=False)


class _Bound(sa.Numeric[Any]):
    """A bound, exact: Great Expectations hands it over as a float, and PostgreSQL would compare it as one."""

    render_bind_cast = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's own signature
        """Return what turns a whole float into a decimal."""
        return lambda value: None if value is None else Decimal(value)


def _leave_alone(_raw: object) -> None:
    """The transaction is the caller's to end."""
