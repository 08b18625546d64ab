"""Texts that repeat are told apart by all that they are, and what is made of each is made once."""

import numpy as np
import polars as pl
import pytest

from charging.roaming.ocpi import columns_interned
from charging.roaming.ocpi.columns_interned import Interned


@pytest.fixture
def asked():
    return []


@pytest.fixture
def joined(asked):
    def make(one, other):
        asked.append((one, other))
        return (f"{one}+{other}",)

    return Interned(make, {"joined": pl.String})


def laid_out(pairs):
    """Return a buffer with all texts, and where each lies; None lies nowhere."""
    buffer = "".join(text or "" for pair in pairs for text in pair).encode()
    places, at = np.full((len(pairs), 2, 2), -1, np.int32), 0
    for row, pair in enumerate(pairs):
        for part, text in enumerate(pair):
            if text is not None:
                places[row, part] = at, at + len(text)
                at += len(text)
    return np.frombuffer(buffer, np.uint8), places, np.arange(len(pairs))


def test_each_is_made_once_and_found_again_in_later_pages(joined, asked):
    first = joined.rows(*laid_out([("a", "b"), ("c", "d"), ("a", "b")]))
    later = joined.rows(*laid_out([("c", "d"), ("e", "f")]))

    assert first["joined"].to_list() == ["a+b", "c+d", "a+b"]
    assert later["joined"].to_list() == ["c+d", "e+f"]
    assert asked == [("a", "b"), ("c", "d"), ("e", "f")]


def test_where_one_text_ends_and_the_next_begins_tells_apart(joined):
    found = joined.rows(*laid_out([("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), (None, "abc")]))

    assert found["joined"].to_list() == ["ab+c", "a+bc", "abc+", "+abc", "+abc"]


def test_only_the_rows_that_are_asked_for_are_made(joined, asked):
    buffer, texts, _ = laid_out([("a", "b"), ("c", "d"), ("e", "f")])

    assert joined.rows(buffer, texts, np.array([2, 0]))["joined"].to_list() == ["e+f", "a+b"]
    assert asked == [("e", "f"), ("a", "b")]


def test_many_texts_stay_apart(joined):
    pairs = [(f"{number}", "x" * (number % 7)) for number in range(20_000)]

    found = [joined.rows(*laid_out(pairs[at : at + 3000]))["joined"] for at in range(0, len(pairs), 3000)]

    assert pl.concat(found).to_list() == [f"{one}+{other}" for one, other in pairs]
    assert joined.rows(*laid_out(pairs))["joined"].to_list() == [f"{one}+{other}" for one, other in pairs]


def test_of_too_many_it_begins_anew(joined, asked, monkeypatch):
    monkeypatch.setattr(columns_interned, "MOST", 3)

    for pairs in ([("a", "b"), ("c", "d"), ("e", "f")], [("a", "b")], [("a", "b")]):
        assert joined.rows(*laid_out(pairs))["joined"].to_list() == [f"{one}+{other}" for one, other in pairs]

    assert asked == [("a", "b"), ("c", "d"), ("e", "f"), ("a", "b")]
