"""Text that a spreadsheet would calculate goes out as text and comes back byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.work_list.formulas import neutralised, restored

TEXTS = st.text() | st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "'", "''"]), st.text()
)


@given(TEXTS)
def test_what_was_neutralised_is_restored(text):
    assert restored(neutralised(text)) == text


@given(TEXTS)
def test_nothing_begins_as_a_formula_does(text):
    assert not neutralised(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", ["plain", "", "a=b", "1-2", "a'"])
def test_leaves_what_is_no_formula(text):
    assert neutralised(text) == text == restored(text)


def test_leaves_an_apostrophe_that_a_person_typed():
    assert restored("'s-Hertogenbosch") == "'s-Hertogenbosch"
