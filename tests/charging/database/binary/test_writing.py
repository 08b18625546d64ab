"""What goes into PostgreSQL in its binary form is what went into it as text."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.database.binary.writing import AT_ONCE
from charging.database.columns import Document, Words, storable
from charging.database.operations import rows
from charging.roaming.frame import from_micro

TABLE = sa.Table(
    "everything",
    sa.MetaData(),
    sa.Column("number", sa.Integer),
    sa.Column("words", Words),
    sa.Column("document", Document),
    sa.Column("amount", sa.Numeric),
    sa.Column("small", sa.SmallInteger),
    sa.Column("big", sa.BigInteger),
    sa.Column("is_so", sa.Boolean),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("day", sa.Date),
)
SCHEMA = pl.Schema(
    {
        "number": pl.Int32(),
        "words": pl.String(),
        "document": pl.String(),
        "amount": pl.Int64(),
        "small": pl.Int16(),
        "big": pl.Int64(),
        "is_so": pl.Boolean(),
        "at": pl.Datetime("us", "UTC"),
        "day": pl.Date(),
    }
)
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALED = (
    st.integers(-(2**63) + 1, 2**63 - 1)
    | st.integers(-99_999_999, 99_999_999)
    | st.builds(lambda digits, power: digits * 10**power, st.integers(-999, 999), st.integers(0, 15))
)
ROW = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    *(
        st.none() | values
        for values in (
            TEXTS,
            st.lists(TEXTS.filter(lambda text: "\0" not in text), max_size=2),
            SCALED,
            st.integers(-(2**15), 2**15 - 1),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
            st.dates(FIRST.date(), LAST.date()),
        )
    ),
)


@pytest.fixture
def connection(engine):
    with engine.connect() as connection:
        for name in ("everything", "as_text"):
            TABLE.to_metadata(sa.MetaData(), name=name).create(connection)
        yield connection
        connection.rollback()


def _as_text(value):
    if isinstance(value, str):
        return storable(value)
    return value if value is None or isinstance(value, (bool, int)) else value.isoformat()


def _stored(connection, table):
    return connection.execute(sa.text(f"SELECT whole::text FROM {table} whole ORDER BY number, whole::text")).all()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(ROW, max_size=8))
def test_stores_what_text_stores(connection, written):
    connection.execute(sa.text("TRUNCATE everything, as_text"))
    frame = pl.DataFrame(
        [
            (number, words, None if document is None else json.dumps(document), *others)
            for number, words, document, *others in written
        ],
        schema=SCHEMA,
        orient="row",
    )
    rows.copy_frames(connection, TABLE, [frame])
    for number, words, document, amount, *others in written:
        said = (
            number,
            _as_text(words),
            None if document is None else json.dumps(document, ensure_ascii=False),
            None if amount is None else str(from_micro(amount)),
            *map(_as_text, others),
        )
        raw = connection.connection.driver_connection
        with raw.cursor() as cursor, cursor.copy("COPY as_text FROM STDIN") as text:
            text.write_row(said)

    assert _stored(connection, "everything") == _stored(connection, "as_text")


@pytest.mark.parametrize("amount", ["0", "0.000001", "-0.01", "9999.9999", "10000", "123456789012.345678", "-1e12"])
def test_a_number_is_exact_and_has_two_decimals_or_more(connection, amount):
    exact = Decimal(amount)
    frame = pl.DataFrame(
        {"number": [1], "amount": [int(exact.scaleb(6))]}, schema={n: SCHEMA[n] for n in ("number", "amount")}
    )
    rows.copy_frames(connection, TABLE, [frame])

    found = connection.scalar(sa.select(TABLE.c.amount))
    assert (found, -found.as_tuple().exponent >= 2) == (exact, True)


def test_frames_of_any_size_end_in_every_row(connection):
    number = pl.int_range(3 * AT_ONCE + 1, dtype=pl.Int32, eager=True).alias("number")
    frame = number.to_frame().with_columns(words=pl.col("number").cast(pl.String))
    rows.copy_frames(connection, TABLE, [frame, frame.clear(), frame.head(2)])

    count, total = connection.execute(sa.text("SELECT count(*), sum(number + words::int) FROM everything")).one()
    assert (count, total) == (frame.height + 2, 2 * (number.sum() + 1))


@pytest.mark.parametrize("frames", [[], [SCHEMA.to_frame()]], ids=["no frame", "an empty one"])
def test_nothing_is_stored_of_nothing(connection, frames):
    rows.copy_frames(connection, TABLE, frames)

    assert _stored(connection, "everything") == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("amount", pl.Series([float("nan")]), id="not a number"),
        pytest.param("amount", pl.Series([4.5]), id="a float for money"),
        pytest.param("amount", pl.Series(["4.5"]), id="a text for money"),
        pytest.param("number", pl.Series([1], dtype=pl.Int64), id="more bits than the column has"),
        pytest.param("at", pl.Series([FIRST]), id="an instant without a zone"),
        pytest.param("at", pl.Series([timedelta(1)]), id="no instant"),
        pytest.param("words", pl.Series([b"a"]), id="bytes for a text"),
    ],
)
def test_a_column_takes_its_own_values_alone(connection, name, values):
    with pytest.raises(TypeError, match=f"column {name} "):
        rows.copy_frames(connection, TABLE, [values.alias(name).to_frame()])


def test_an_error_on_the_way_stores_nothing(connection):
    good = pl.DataFrame({"number": [1]}, schema={"number": pl.Int32})
    with pytest.raises(TypeError), connection.begin_nested():
        rows.copy_frames(connection, TABLE, [good, pl.DataFrame({"number": [4.5]})])

    assert _stored(connection, "everything") == []
