"""An extract that was not read rightly is stopped before it is cleansed."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.errors import QualityBlocked, UnknownThing
from charging.legacy.extract import extract
from expectations.landed import check_landing

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
ENGINES = [pytest.param(1_000, id="in pandas"), pytest.param(0, id="in PostgreSQL")]
SESSION = {
    "session_id": "1",
    "station_id": "CS-1",
    "connector_id": "1",
    "token_uid": "04A1",
    "started_at": "2026-02-01T10:00:00Z",
    "stopped_at": "2026-02-01T11:00:00+00:00",
    "energy_kwh": "7.5",
}


@pytest.fixture
def landed(engine, listed):
    def land(**entities):
        return extract(listed(**entities), engine, clock=lambda: AT, code_version="test")[0].extract_id

    return land


def sessions(count, **values):
    return [SESSION | {"session_id": str(number)} | values for number in range(count)]


def found(engine, extract_id, most):
    with engine.connect() as connection:
        checked = check_landing(connection, extract_id, most_in_pandas=most)
    return {findings.suite: findings for findings in checked}


@pytest.mark.parametrize("most", ENGINES)
def test_has_nothing_to_say_about_a_good_extract(engine, landed, most):
    extract_id = landed(location=[{"location_id": "L1"}], session=sessions(3))

    checked = found(engine, extract_id, most)

    assert list(checked) == ["landing.location", "landing.session"]
    assert [each.sentence for findings in checked.values() for each in findings.results if not each.is_met] == []


@pytest.mark.parametrize("most", ENGINES)
@pytest.mark.parametrize(
    ("values", "block"),
    [
        pytest.param({"session_id": None}, "column session_id", id="no ids"),
        pytest.param({"station_id": "  "}, "column station_id", id="blank stations"),
    ],
)
def test_blocks_what_cannot_be_read(engine, landed, most, values, block):
    checked = found(engine, landed(session=sessions(3, **values)), most)["landing.session"]

    assert any(block in each for each in checked.blocks)
    with pytest.raises(QualityBlocked, match=block):
        checked.require_no_blocks()


@pytest.mark.parametrize("most", ENGINES)
@pytest.mark.parametrize(
    ("values", "warning"),
    [
        pytest.param({"energy_kwh": None}, "column energy_kwh", id="a column that is wholly empty"),
        pytest.param({"started_at": "1 Feb 2026, 10 am"}, "started_at are dates", id="dates that are none"),
        pytest.param({"started_at": "0014-12-31T10:00:00"}, "started_at lie in years", id="years without a century"),
        pytest.param({"stopped_at": "2027-01-01T00:00:00Z"}, "stopped_at lie in years", id="a year to come"),
        pytest.param({"stopped_at": None}, "have a stopped_at", id="a required field that is empty"),
        pytest.param({"session_id": "7"}, "came twice", id="one key for all rows"),
    ],
)
def test_warns_of_what_cleansing_will_meet(engine, landed, most, values, warning):
    checked = found(engine, landed(session=sessions(3, **values)), most)["landing.session"]

    assert checked.blocks == ()
    assert any(warning in each for each in checked.warnings)


@pytest.mark.parametrize("most", ENGINES)
def test_names_the_rows_by_their_number(engine, landed, most):
    rows = sessions(3)
    rows[1] |= {"session_id": "2"}

    checked = found(engine, landed(session=rows), most)["landing.session"]

    twice = next(each for each in checked.results if each.expectation_id == "landing.session.key_once")
    assert twice.unexpected_keys == (2, 3)


@pytest.mark.parametrize("most", ENGINES)
def test_blocks_an_extract_of_which_rows_have_gone(engine, landed, most):
    extract_id = landed(session=sessions(3))
    row = tables.landed_row.c
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.landed_row).where(row.extract_id == extract_id, row.row_number == 2))

    checked = found(engine, extract_id, most)["landing.session"]

    assert checked.blocks == ("There are as many rows as the manifest says. It does not hold.",)


@pytest.mark.parametrize("most", ENGINES)
def test_asks_an_empty_table_only_whether_it_should_be_empty(engine, landed, most):
    checked = found(engine, landed(session=[]), most)["landing.session"]

    assert [each.is_met for each in checked.results] == [True]


@pytest.mark.parametrize("most", ENGINES)
@pytest.mark.parametrize("word", ["a\0b", "a\ud800b", "a\\u0000b", "\\", "a\\\0b", "😀\0"], ids=ascii)
def test_reads_what_postgresql_cannot_hold(engine, landed, most, word):
    checked = found(engine, landed(session=sessions(3, token_uid=word)), most)["landing.session"]

    assert checked.warnings == checked.blocks == ()


def test_says_the_same_in_pandas_and_in_postgresql(engine, landed):
    rows = [
        SESSION | {"session_id": str(number % 5), "started_at": started, "token_uid": token}
        for number, (started, token) in enumerate(
            (started, token)
            for started in ("2026-02-01T10:00:00Z", "2026-02-01 10:00", "yesterday", "1970-01-01T00:00:00Z", None, " ")
            for token in (None, "", "\t", "04A1", "a\nb", "\0")
        )
    ]
    extract_id = landed(session=rows, location=[{"location_id": None}, {"location_id": "L"}])

    assert found(engine, extract_id, 0) == found(engine, extract_id, 1_000)


def test_refuses_an_extract_that_does_not_exist(engine):
    with engine.connect() as connection, pytest.raises(UnknownThing):
        check_landing(connection, "nobody")
