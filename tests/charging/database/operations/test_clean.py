"""What waits for somebody is kept row by row; no two of them in one place."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import clean as write
from charging.database.queries import clean as read
from charging.errors import CountsDisagree

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _row(line, **values):
    return {
        "entity": "session",
        "key": f"{line}",
        "file": "f",
        "line": line,
        "rule": "tx.zero",
        "reason": "it delivered nothing",
        "owner": "maintenance",
        "fields": {"b": "2", "a": "1"},
    } | values


def _store(engine, *rows, at=AT):
    with engine.begin() as connection:
        write.store_quarantined(connection, rows, extract_id="legacy-1", entity="session", at=at)


def _stored(engine):
    with engine.connect() as connection:
        row = tables.quarantined_row.c
        return (
            connection.execute(sa.select(row.line, row.quarantined_at, row.decision).order_by(row.line)).tuples().all()
        )


def test_keeps_the_first_date_of_those_that_still_wait(engine):
    _store(engine, _row(1), _row(2))

    _store(engine, _row(2), _row(3), at=AT + timedelta(days=1))

    assert _stored(engine) == [(2, AT, None), (3, AT + timedelta(days=1), None)]


def test_keeps_what_has_been_decided_even_where_it_is_mended(engine):
    _store(engine, _row(1), _row(2))
    with engine.begin() as connection:
        decided = sa.update(tables.quarantined_row).where(tables.quarantined_row.c.line == 1)
        connection.execute(decided.values(decision="written off", decided_at=AT))

    _store(engine, _row(1, reason="anew"))
    _store(engine)

    assert _stored(engine) == [(1, AT, "written off")]


def test_refuses_two_rows_in_one_place(engine):
    with pytest.raises(CountsDisagree, match="quarantined sessions of legacy-1, by file and line: 2 rows went in"):
        _store(engine, _row(1), _row(1, key="another"))

    assert _stored(engine) == []


def test_keeps_the_order_of_a_rows_columns(engine):
    _store(engine, _row(1))

    with engine.connect() as connection:
        assert list(connection.scalar(sa.select(tables.quarantined_row.c.fields))) == ["b", "a"]


def test_counts_what_waits_by_rule_and_owner(engine):
    _store(engine, _row(1), _row(2), _row(3, rule="cp.ghost", owner="data team"))

    with engine.connect() as connection:
        found = [
            (row["rule"], row["owner"], row["rows"])
            for row in read.quarantine_counts(connection, [("legacy-1", "session")])
        ]
        of_another = read.quarantine_counts(connection, [("legacy-2", "session"), ("legacy-1", "token")])

    assert found == [("tx.zero", "maintenance", 2), ("cp.ghost", "data team", 1)]
    assert of_another == []
