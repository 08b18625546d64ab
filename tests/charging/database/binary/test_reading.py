"""What is read in PostgreSQL's binary form is what is stored."""

from datetime import UTC, datetime

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import JSONB

from charging.database.binary.reading import NUMERIC, ROWS_AT_ONCE, frames
from charging.roaming.frame import fits, micro_column

FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone
KINDS = {
    "words": (sa.Text(), pl.String(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    "document": (JSONB(), pl.String(), st.sampled_from(["[]", '{"a": ["é", null]}', '"x"', "4.50"])),
    "small": (sa.SmallInteger(), pl.Int32(), st.integers(-(2**15), 2**15 - 1)),
    "whole": (sa.Integer(), pl.Int32(), st.integers(-(2**31), 2**31 - 1)),
    "big": (sa.BigInteger(), pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    "is_so": (sa.Boolean(), pl.Boolean(), st.booleans()),
    "at": (sa.DateTime(timezone=True), pl.Datetime("us", "UTC"), st.datetimes(FIRST, LAST, timezones=st.just(UTC))),
}
SCHEMA = pl.Schema({name: kind for name, (_, kind, _) in KINDS.items()})
ROW = st.tuples(*(st.none() | values for _, _, values in KINDS.values()))
NUMBER = (
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=7)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**4), max_value=10**4, places=3)
    | st.integers(-(10**13), 10**13)
    | st.builds(lambda digits, power: f"{digits}e{power}", st.integers(-9999, 9999), st.integers(-14, 25))
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "0", "0.000", "-0.0000001", "999999999999.999999"])
)


@pytest.fixture
def connection(engine):
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def _of(rows, kinds):
    """Return what selects rows of constants."""
    named = [sa.column(name, kind) for name, kind in kinds.items()]
    told = sa.values(*(sa.column(f"{column.name}_", sa.Text()) for column in named), name="told").data(rows)
    return sa.select(*(sa.cast(told.c[f"{column.name}_"], column.type).label(column.name) for column in named))


def _text(value):
    return value if value is None or isinstance(value, str) else str(value).lower()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(ROW, min_size=1, max_size=8))
def test_reads_what_is_stored(connection, stored):
    rows = [tuple(map(_text, row)) for row in stored]
    chosen = _of(rows, {name: kind for name, (kind, _, _) in KINDS.items()})
    (found,) = frames(connection, chosen, SCHEMA)

    assert found.equals(pl.DataFrame(stored, schema=SCHEMA, orient="row"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.none() | NUMBER, min_size=1, max_size=12))
def test_a_number_is_read_as_its_text_would_be(connection, stored):
    chosen = _of([(None if number is None else str(number),) for number in stored], {"number": sa.Numeric()})
    (found,) = frames(connection, chosen, pl.Schema({"number": NUMERIC}))
    texts = [None if number is None else f"{number:f}" for number in connection.scalars(chosen)]

    expected = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(
        micro_column(pl.col("text")).alias("number_micro"),
        fits(pl.col("text")).fill_null(value=True).alias("number_fits"),
    )
    assert found.equals(expected)


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 1])
def test_every_row_is_read_once(connection, count):
    number = sa.func.generate_series(1, count).column_valued("number")
    chosen = sa.select(sa.cast(number, sa.Integer), sa.cast(number % 2, sa.Text), sa.literal("100%", sa.Text))
    found = list(frames(connection, chosen, pl.Schema({"number": pl.Int32(), "odd": pl.String(), "same": pl.String()})))

    read = pl.concat([pl.DataFrame(schema={"number": pl.Int32, "odd": pl.String, "same": pl.String}), *found])
    assert read["number"].to_list() == list(range(1, count + 1))
    assert all(frame.height for frame in found)
    assert read.filter((pl.col("odd").cast(pl.Int32) != pl.col("number") % 2) | (pl.col("same") != "100%")).is_empty()


def test_a_connection_speaks_utf_8_whatever_the_server_does(connection):
    assert connection.scalar(sa.text("SHOW client_encoding")) == "UTF8"
