import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.cleansing.words import has_particulars, without_mojibake

LATIN = "abcdefghijklmnopqrstuvwxyzäöüßéèêëçñåøæ ÄÖÜÉ'-"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bel 06-12345678", True),
        ("+31 6 1234 5678", True),
        ("jan@example.nl", True),
        ("NL91 ABNA 0417 1643 00", True),
        ("kenteken AB-12-C", True),
        ("kenteken 12-ABC-3", True),
        ("NL-TNM-C00122045-K", False),
        ("card 1234", False),
        ("pool 0042", False),
    ],
)
def test_recognises_particulars_of_persons(text, expected):
    assert has_particulars(text) is expected


@given(st.text(LATIN, max_size=40), st.sampled_from(["latin-1", "cp1252"]))
def test_undoes_broken_encoding(text, encoding):
    try:
        broken = text.encode().decode(encoding)
    except UnicodeDecodeError:
        return

    assert without_mojibake(broken) == text


@given(st.text(max_size=60))
def test_mending_twice_changes_nothing(text):
    once = without_mojibake(text)

    assert without_mojibake(once) == once
