"""`rehome load` says what a person must know of the files."""

import pytest

from console.commands.load import WIDTH, lines

TOLD = {
    "target": "csv",
    "dry_run": True,
    "by_entity": {},
    "not_taken": {},
    "verdicts": {},
    "changes": [],
    "kept": [],
    "refused": [],
    "is_settled": True,
}


def test_names_the_column_that_is_no_field_of_the_importer():
    assert any("rehome_key" in line for line in lines(TOLD))
    assert not any("rehome_key" in line for line in lines(TOLD | {"target": "steve"}))


def change(**fields):
    return {"entity": "station", "key": "CS-1", "action": "create", "fields": fields}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            {"changes": [change(vendor=[None, "A"], model=[None, "B"])]},
            "            change  create station CS-1: vendor: None -> 'A', model: None -> 'B'",
            id="what fits",
        ),
        pytest.param(
            {"changes": [change(**{f"field_{number}": [None, "some text"] for number in range(9)})]},
            "            change  create station CS-1: field_0: None -> 'some text' and 8 more fields",
            id="many fields",
        ),
        pytest.param(
            {"changes": [change(**{f"field_{number}": [None, "x" * 90] for number in range(9)})]},
            "            change  create station CS-1: 9 fields",
            id="many long fields",
        ),
        pytest.param(
            {"changes": [change(note=[None, "x" * 200])]},
            f"            change  create station CS-1: note: None -> '{'x' * 21}… (180 more characters)",
            id="one long field",
        ),
        pytest.param(
            {"refused": [{"entity": "token", "key": "k" * 300, "verdict": "refused", "reason": "it is none"}]},
            None,
            id="a long key",
        ),
        pytest.param(
            {"kept": [{"entity": "token", "key": "k", "field": "note", "ours": "o" * 200, "theirs": "t" * 200}]},
            None,
            id="long values",
        ),
    ],
)
def test_keeps_every_line_within_a_terminal_and_says_how_much_is_missing(told, expected):
    shown = list(lines(TOLD | told))

    assert max(map(len, shown)) <= WIDTH
    assert expected in shown if expected else any(line.endswith("more characters)") for line in shown)
    assert ("--json" in shown[-1]) is (expected is None or " -> 'B'" not in expected)
