"""Rows that are found by an index are those that are found by looking at every row, in the same order."""

from itertools import product

import pytest

from rehearsal.citrineos_rows import Rows
from rehearsal.citrineos_schema import Generation, tables

TABLES = tables(Generation.CONNECTION_NAME)
NAMED = "ocppConnectionName"


def messages():
    table = TABLES["OCPPMessages"]
    rows, blank = Rows(table), dict.fromkeys(table.columns)
    for number in range(1, 31):
        at = f"2026-11-20T12:{number % 7:02}:00+00:00"
        rows.append(blank | {"id": number, NAMED: f"S{number % 3}", "action": "AB"[number % 2], "timestamp": at})
    return rows


CONDITIONS = [
    ({}, lambda _: True),
    ({NAMED: {"_eq": "S1"}}, lambda row: row[NAMED] == "S1"),
    ({NAMED: {"_in": ["S1"]}}, lambda row: row[NAMED] == "S1"),
    ({NAMED: {"_in": ["S1", "S2", "nobody"]}}, lambda row: row[NAMED] != "S0"),
    ({NAMED: {"_in": []}}, lambda _: False),
    ({NAMED: {"_eq": "S1"}, "id": {"_gt": 12}}, lambda row: row[NAMED] == "S1" and row["id"] > 12),
    ({"id": {"_gt": 12}, "action": {"_eq": "A"}}, lambda row: row["id"] > 12 and row["action"] == "A"),
    (
        {"_and": [{NAMED: {"_eq": "S2"}}, {"action": {"_eq": "B"}}]},
        lambda row: row[NAMED] == "S2" and row["action"] == "B",
    ),
    ({"timestamp": {"_gt": "2026-11-20T13:03:00+01:00"}}, lambda row: row["id"] % 7 > 3),
    ({"correlationId": {"_is_null": True}}, lambda _: True),
    ({"correlationId": {"_eq": "x"}}, lambda _: False),
]
ORDERS = [
    ([], lambda row: row["id"]),
    ([{"id": "asc"}], lambda row: row["id"]),
    ([{"id": "desc"}], lambda row: -row["id"]),
    ([{"timestamp": "desc"}, {"id": "asc"}], lambda row: (-(row["id"] % 7), row["id"])),
]


@pytest.mark.parametrize(("condition", "order"), product(CONDITIONS, ORDERS))
def test_finds_what_looking_at_every_row_finds(condition, order):
    rows, (where, is_wanted), (order_by, key) = messages(), condition, order
    wanted = sorted(filter(is_wanted, rows), key=key)

    for limit, offset in ((None, 0), (3, 0), (3, 2), (0, 0)):
        assert rows.found(where, order_by, limit=limit, offset=offset) == wanted[offset:][:limit]


def test_what_was_changed_or_taken_out_is_found_as_it_is():
    rows = messages()

    rows.change(rows[0], {NAMED: "S9"})
    del rows[20:]

    assert [row["id"] for row in rows.of(NAMED, "S9")] == [1]
    assert [row["id"] for row in rows.of(NAMED, "S1")] == [4, 7, 10, 13, 16, 19]
    assert rows.of(NAMED, "S7") == ()
