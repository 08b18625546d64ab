"""A row is written once, in its own order, and known again by the hash of what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.legacy.source import LandedRow
from charging.legacy.written import read, written

TEXTS = st.text(st.characters(codec=None))


@given(values=st.dictionaries(TEXTS, st.none() | TEXTS))
def test_what_is_written_is_read_again_and_has_the_hash_of_its_row(values):
    fields, digest = written(values)

    assert read(fields.decode()) == values
    assert list(read(fields.decode())) == list(values)
    assert digest == LandedRow(entity="session", file="f", line=1, values=values).row_hash


@pytest.mark.parametrize("text", ["\0", "\ud800", "\x7f", "\u2028", "é😀", '"\\', "\x1f\b\f"])
def test_no_text_is_too_odd(text):
    fields, digest = written({"b": text, "a": None})

    assert read(fields.decode()) == {"b": text, "a": None}
    assert digest == LandedRow(entity="session", file="f", line=1, values={"a": None, "b": text}).row_hash
