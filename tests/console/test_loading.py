"""`rehome load` says what a person must know of the files."""

from console.commands.load import lines


def test_names_the_column_that_is_no_field_of_the_importer():
    told = {
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

    assert any("rehome_key" in line for line in lines(told))
    assert not any("rehome_key" in line for line in lines(told | {"target": "steve"}))
