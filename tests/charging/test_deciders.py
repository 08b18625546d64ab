import ast
from pathlib import Path

import pytest

import charging
from charging.deciders import is_named
from flows.asking import GateAnswer


@pytest.mark.parametrize(("by", "named"), [("Jo ", False), (" Joe", True), ("", False)], ids=["two", "three", "none"])
def test_takes_three_letters_for_a_name(by, named):
    assert is_named(by) is named


@pytest.mark.parametrize(("approver", "is_taken"), [("Jo", False), ("Joe", True)], ids=["two", "three"])
def test_the_form_at_the_gate_takes_the_same_names(approver, is_taken):
    least = GateAnswer.model_fields["approver"].metadata[0].min_length

    assert (len(approver) >= least) is is_taken is is_named(approver)


def test_how_long_a_name_is_stands_in_one_place():
    root = Path(charging.__file__).parents[1]
    files = (file for folder in ("charging", "tasks", "flows", "console") for file in (root / folder).rglob("*.py"))
    assigned = [
        file.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "SHORTEST_NAME" for each in node.targets)
    ]

    assert assigned == ["deciders.py"]
