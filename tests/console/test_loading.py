"""`rehome load` says what a person must know of the files."""

import pytest

from console.commands.load import WIDTH, lines

TOLD = {
    "target": "csv",
    "found_by": {},
    "dry_run": True,
    "by_entity": {},
    "not_taken": {},
    "verdicts": {},
    "changes": [],
    "kept": [],
    "refused": [],
    "is_settled": True,
}


@pytest.mark.parametrize(
    ("found_by", "said"),
    [
        pytest.param({}, [], id="no files"),
        pytest.param(
            {"station": "rehome_key", "token": "rehome_key"},
            ["rehome_key, the last column: by it the same row is found again in every file"],
            id="our key",
        ),
        pytest.param(
            {"socket": "all cells of a row", "token": "Tag ID"},
            ["token: the column Tag ID", "socket: whole rows only; one that reads otherwise counts as missing"],
            id="none",
        ),
    ],
)
def test_says_by_what_rows_of_files_are_found_again(found_by, said):
    shown = [line.split("  ")[-1] for line in lines(TOLD | {"found_by": found_by}) if "found again by" in line]

    assert shown == said


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
