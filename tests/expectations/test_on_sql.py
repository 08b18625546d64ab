"""What PostgreSQL says about rows is what pandas says about them, key for key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.errors import MissingColumns, UnreadableSource
from expectations.check import SUITES, ask
from expectations.expectation import (
    Consequence,
    Given,
    at_least,
    between,
    filled,
    not_after,
    one_of,
    some_rows,
    unique,
    written_as,
)
from expectations.on_sql import ask_rows
from expectations.whole_table import exactly_rows, not_wholly_empty, unique_together

AS_OF = datetime(2026, 3, 1, 4, tzinfo=UTC)
EVERYTHING = (
    some_rows("row"),
    exactly_rows("row.counted", "There are five rows.", Consequence.BLOCK, rows=5),
    filled("row.filled", "word", "Every row has a word.", Consequence.BLOCK),
    filled("row.mostly", "word", "Half of the rows have a word.", Consequence.WARN, mostly=0.5),
    unique("row.unique", "word", "No word twice.", Consequence.BLOCK),
    unique_together("row.together", ("word", "number"), "No pair twice.", Consequence.QUARANTINE),
    not_wholly_empty("row.any", "word", "Some row has a word.", Consequence.WARN),
    written_as("row.written", "word", "Words are capitals.", Consequence.QUARANTINE, pattern="[A-Z]{1,3}"),
    written_as("row.lines", "word", "Words are short.", Consequence.WARN, pattern=r"(?:.|\n){0,2}", mostly=0.8),
    one_of("row.known", "word", "Words are known.", Consequence.QUARANTINE, known={"AB", "it's", "%s", ":x"}),
    one_of("row.nothing_known", "word", "No word is known.", Consequence.WARN, known=set()),
    one_of("row.unasked", "word", "Not asked.", Consequence.WARN, known=None),
    between("row.between", "amount", "0 to 10.", Consequence.QUARANTINE, lowest=0, highest=10),
    between("row.counts", "number", "From 1.", Consequence.QUARANTINE, lowest=1),
    not_after("row.past", "at", "In the past.", Consequence.QUARANTINE, instant=AS_OF),
    at_least("row.pair", "until", "at", "Ends later.", Consequence.QUARANTINE, or_equal=False),
    at_least("row.pair_equal", "amount", "least", "Not less.", Consequence.QUARANTINE, is_exact=True),
)
"""Every kind of expectation in use."""
dirty = sa.Table(
    "dirty",
    sa.MetaData(),
    sa.Column("row", sa.Integer),
    sa.Column("word", sa.Text),
    sa.Column("number", sa.Integer),
    *(sa.Column(name, sa.Numeric) for name in ("amount", "least")),
    *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("at", "until")),
    prefixes=["TEMPORARY"],
)
words = st.one_of(
    st.none(),
    st.sampled_from(["AB", "ABCD", "it's", "%s", ":x", "", " ", "a\nb", "\n", "AB\n", "é", "\\", "'"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
)
amounts = st.one_of(
    st.none(), st.sampled_from([Decimal(0), Decimal("10.0000000000000000001")]), st.decimals(-5, 15, places=3)
)
instants = st.one_of(st.none(), st.integers(-3, 3).map(lambda hours: AS_OF + timedelta(microseconds=hours)))
tables = st.lists(
    st.fixed_dictionaries(
        {
            "word": words,
            "number": st.one_of(st.none(), st.integers(-2, 3)),
            "amount": amounts,
            "least": amounts,
            "at": instants,
            "until": instants,
        }
    ),
    max_size=12,
)


def both(engine, rows, expectations=EVERYTHING, key="row"):
    listed = [{"row": number} | row for number, row in enumerate(rows)]
    frame = pd.DataFrame({column.name: [row[column.name] for row in listed] for column in dirty.columns}, dtype=object)
    with engine.connect() as connection, connection.begin() as transaction:
        dirty.create(connection)
        if listed:
            connection.execute(sa.insert(dirty), listed)
        in_sql = ask_rows("rows", expectations, connection, sa.select(dirty), key=key)
        assert connection.scalar(sa.select(sa.func.count()).select_from(dirty)) == len(rows)  # still our transaction
        transaction.rollback()
    return in_sql, ask("rows", expectations, frame, key=key)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables)
def test_says_of_dirty_rows_what_pandas_says(engine, rows):
    in_sql, in_pandas = both(engine, rows)

    assert in_sql == in_pandas


def test_asks_every_kind_of_expectation_that_a_suite_has():
    given_all = Given(as_of=AS_OF)
    in_use = {each.asks for suite in SUITES.values() for each in suite(given_all)}

    assert in_use <= {each.asks for each in EVERYTHING}


def test_names_every_failing_row_where_great_expectations_would_name_twenty(engine):
    rows = [dict.fromkeys(("word", "number", "amount", "least", "at", "until")) | {"word": "no"} for _ in range(1500)]

    in_sql, in_pandas = both(engine, rows)

    assert in_sql == in_pandas
    assert sorted(in_sql.quarantined_keys) == list(range(1500))


def test_names_rows_by_several_columns(engine):
    rows = [
        {"word": "ab", "number": number, "amount": None, "least": None, "at": None, "until": None} for number in (1, 2)
    ]

    in_sql, in_pandas = both(engine, rows, key=("word", "number"))

    assert in_sql == in_pandas
    assert list(in_sql.quarantined_keys) == ["ab/1", "ab/2"]


def test_knows_more_values_than_a_statement_takes(engine):
    known = {f"W{number}" for number in range(70_000)}
    asked = (one_of("row.known", "word", "Words are known.", Consequence.QUARANTINE, known=known),)
    blank = dict.fromkeys(("number", "amount", "least", "at", "until"))

    in_sql, in_pandas = both(engine, [{"word": word, **blank} for word in ("W69999", "W70000", None)], asked)

    assert in_sql == in_pandas
    assert list(in_sql.quarantined_keys) == [1]


def test_leaves_the_callers_transaction_open_and_nothing_behind(engine):
    with engine.connect() as connection, connection.begin():
        dirty.create(connection)
        for _ in range(2):
            ask_rows("rows", EVERYTHING, connection, sa.select(dirty), key="row")
        left = connection.scalar(sa.text("SELECT to_regclass('rehome_set_out')::text"))
        assert left is None


def test_refuses_a_query_that_lacks_a_column(engine):
    with engine.connect() as connection, pytest.raises(MissingColumns, match="word"):
        ask_rows("rows", EVERYTHING, connection, sa.select(sa.literal(1).label("row")), key="row")


def test_refuses_floats_where_exactness_counts(engine):
    asked = (between("row.between", "amount", "0 to 10.", Consequence.QUARANTINE, lowest=0),)
    floats = sa.select(sa.literal(1).label("row"), sa.cast(1.5, sa.Double).label("amount"))

    with engine.connect() as connection, pytest.raises(TypeError, match="amount holds floats"):
        ask_rows("rows", asked, connection, floats, key="row")


def test_says_so_when_values_cannot_be_compared(engine):
    asked = (replace(between("row.between", "amount", "0.", Consequence.QUARANTINE, lowest=0), is_exact=False),)
    texts = sa.select(sa.literal(1).label("row"), sa.literal("eight").label("amount"))

    with engine.connect() as connection, pytest.raises(UnreadableSource, match=r"row\.between"):
        ask_rows("rows", asked, connection, texts, key="row")
