"""Rows are written so that a second run ends in the same rows, however many they are and whatever they hold."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.columns import storable, storable_values
from charging.database.operations import rows

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _reports(count, *, first=0, **values):
    return [
        {"name": f"r{number:05}", "kind": "progress", "path": "p", "content_sha256": "0", "published_at": AT} | values
        for number in range(first, first + count)
    ]


def _all(engine):
    with engine.connect() as connection:
        return list(connection.execute(sa.select(tables.report).order_by(tables.report.c.name)).mappings())


@pytest.mark.parametrize("count", [0, 1, rows.CHUNK, rows.CHUNK + 1])
def test_upsert_brings_them_to_these_values(engine, count):
    for path in ("first", "second"):
        with engine.begin() as connection:
            rows.upsert(connection, tables.report, _reports(count, path=path))

    assert [row["path"] for row in _all(engine)] == ["second"] * count


def test_insert_new_leaves_what_is_there(engine):
    with engine.begin() as connection:
        rows.insert_new(connection, tables.report, _reports(1, path="first"))
        rows.insert_new(connection, tables.report, _reports(2, path="second"))

    assert [row["path"] for row in _all(engine)] == ["first", "second"]


def test_replace_makes_a_scope_exactly_these(engine):
    with engine.begin() as connection:
        rows.insert_new(connection, tables.report, _reports(2, kind="progress"))
        rows.insert_new(connection, tables.report, _reports(2, first=5, kind="gate pack"))
        rows.replace(connection, tables.report, {"kind": "progress"}, _reports(1, first=9))

    assert [row["name"] for row in _all(engine)] == ["r00005", "r00006", "r00009"]


def test_copy_counts_what_it_wrote_and_is_part_of_the_transaction(engine):
    columns = ("name", "kind", "path", "content_sha256", "published_at")
    with engine.connect() as connection:
        written = rows.copy(connection, tables.report, columns, (list(one.values()) for one in _reports(3)))
        connection.rollback()

    assert written == 3
    assert _all(engine) == []


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfffy", "\0\ud800"])
def test_hold_what_postgresql_cannot_as_a_replacement(engine, text):
    with engine.begin() as connection:
        rows.upsert(connection, tables.report, _reports(1, path=text))
        rows.insert_new(
            connection, tables.step, [{"run": text, "step": "s", "result": {text: [text]}, "finished_at": AT}]
        )

    assert _all(engine)[0]["path"] == storable(text)
    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.step).where(tables.step.c.run == text)).mappings().one()
    assert found["result"] == {storable(text): [storable(text)]}


@pytest.mark.parametrize("text", ["", "plain", "é😀\ud7a3\ue000", "\x01\x7f\ufffe"])
def test_hold_every_other_text_as_it_is(engine, text):
    with engine.begin() as connection:
        rows.upsert(connection, tables.report, _reports(1, path=text))

    assert _all(engine)[0]["path"] == text
    assert storable_values({"a": text, "b": None}) == {"a": text, "b": None}


def test_keep_none_and_replace_what_is_odd_in_a_row_of_values():
    assert storable_values({"a": "x\0", "b": None, "c": "y"}) == {"a": "x\ufffd", "b": None, "c": "y"}


def test_analyze_tells_the_planner_how_many_there_are(engine):
    with engine.begin() as connection:
        rows.upsert(connection, tables.report, _reports(7))
        rows.analyze(connection, tables.report)

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT reltuples FROM pg_class WHERE oid = 'evidence.report'::regclass")) == 7
