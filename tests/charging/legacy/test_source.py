from charging.legacy.source import COLUMNS, REQUIRED, LandedRow


def row(**values):
    return LandedRow(entity="session", file="a.csv", line=2, values=values)


def test_the_hash_of_a_row_is_what_it_says_and_not_where_it_stands():
    one = LandedRow(entity="session", file="a.csv", line=2, values={"a": "1", "b": None})
    other = LandedRow(entity="session", file="b.csv", line=9, values={"b": None, "a": "1"})

    assert one.row_hash == other.row_hash
    assert len(one.row_hash) == 64


def test_the_hash_tells_nothing_from_empty_and_one_column_from_another():
    assert len({row(a=None).row_hash, row(a="").row_hash, row(b=None).row_hash, row(a="é").row_hash}) == 4


def test_what_an_entity_requires_is_among_its_columns():
    assert all(set(REQUIRED[entity]) <= set(columns) for entity, columns in COLUMNS.items())
