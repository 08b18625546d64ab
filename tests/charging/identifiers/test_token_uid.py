import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import token_uid
from charging.identifiers.token_uid import Doubt

cards = st.binary(min_size=4, max_size=4) | st.binary(min_size=7, max_size=7) | st.binary(min_size=10, max_size=10)


@pytest.mark.parametrize(
    ("text", "canonical", "rules"),
    [
        pytest.param("04A1B2C3D4E5F6", "04A1B2C3D4E5F6", (), id="seven bytes"),
        pytest.param("1A2B3C4D5E6F70", "1A2B3C4D5E6F70", (), id="the hub's example"),
        pytest.param("ED0BA996", "ED0BA996", (), id="four bytes"),
        pytest.param("ed0ba996", "ED0BA996", ("tok.format",), id="lower case"),
        pytest.param("ED:0B:A9:96", "ED0BA996", ("tok.format",), id="colons"),
        pytest.param("ed-0b-a9-96", "ED0BA996", ("tok.format",), id="hyphens"),
        pytest.param("ED 0B A9 96", "ED0BA996", ("tok.format",), id="spaces"),
        pytest.param("0xED0BA996", "ED0BA996", ("tok.format",), id="0x"),
        pytest.param("DD17380AF8", "DD17380A", ("tok.bcc",), id="block check character"),
        pytest.param("DB96007D30", "DB96007D", ("tok.bcc",), id="another one"),
        pytest.param("db:96:00:7d:30", "DB96007D", ("tok.format", "tok.bcc"), id="both"),
    ],
)
def test_canonicalises_a_card(text, canonical, rules):
    found = token_uid.canonicalise(text)

    assert (found.canonical, found.doubt, found.rules) == (canonical, None, rules)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        pytest.param("4.1E+13", Doubt.EXCEL, id="rounded by a spreadsheet"),
        pytest.param("4,1E+13", Doubt.EXCEL, id="with a decimal comma"),
        pytest.param("8.93E18", Doubt.EXCEL, id="without a plus"),
        pytest.param("1234567.0", Doubt.EXCEL, id="made a float"),
        pytest.param("12345678", Doubt.DECIMAL, id="eight digits are hexadecimal, or decimal"),
        pytest.param("3976964502", Doubt.DECIMAL, id="ten decimal digits"),
        pytest.param("7365887390543728", Doubt.DECIMAL, id="sixteen decimal digits"),
        pytest.param("DBA996", Doubt.ZEROS_DROPPED, id="six digits"),
        pytest.param("A1B2C3D4E5F", Doubt.ZEROS_DROPPED, id="eleven digits"),
        pytest.param("DD17380AF9", Doubt.ZEROS_DROPPED, id="ten digits without a check character"),
        pytest.param("EDBA996", Doubt.ZEROS_DROPPED, id="seven digits"),
        pytest.param("A1B2C3D4E5F60", Doubt.ZEROS_DROPPED, id="thirteen digits"),
        pytest.param("F6E5D4C3B2A104", Doubt.REVERSED, id="the maker's byte stands last"),
        pytest.param("A1B2C3D4E5F6", Doubt.TRUNCATED, id="six bytes"),
        pytest.param("88A1B2C3", Doubt.CASCADE_TAG, id="a cascade tag"),
        pytest.param("08A1B2C3", Doubt.RANDOM_UID, id="drawn anew each time"),
        pytest.param("88A1B2C358", Doubt.CASCADE_TAG, id="a cascade tag under a check character"),
        pytest.param("A" * 21, Doubt.LENGTH, id="21 hexadecimal digits"),
        pytest.param("driver-of-the-month-11", Doubt.LENGTH, id="22 characters of text"),
        pytest.param("04А1B2C3", Doubt.NOT_ASCII, id="a Cyrillic look-alike"),  # noqa: RUF001 - the look-alike is the test
    ],
)
def test_names_the_doubt_and_guesses_nothing(text, doubt):
    found = token_uid.canonicalise(text)

    assert (found.canonical, found.doubt) == (None, doubt)
    assert token_uid.REASONS[doubt]


@pytest.mark.parametrize(
    ("text", "known", "canonical"),
    [
        pytest.param("7365887390543728", "1A2B3C4D5E6F70", "1A2B3C4D5E6F70", id="decimal"),
        pytest.param("3976964503", "ED0BA696", None, id="decimal of another card"),
        pytest.param("3976964502", "ED0BA996", "ED0BA996", id="decimal of four bytes"),
        pytest.param("3976964502", "96A90BED", "96A90BED", id="decimal of the reversed bytes"),
        pytest.param("12345678", "12345678", "12345678", id="digits that are hexadecimal after all"),
        pytest.param("EDBA996", "ED0BA996", "ED0BA996", id="a lost inner zero"),
        pytest.param("DBA996", "00DBA996", "00DBA996", id="lost leading zeros"),
        pytest.param("F6E5D4C3B2A104", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6", id="reversed"),
        pytest.param("F6E5D4C3B2A104", "F6E5D4C3B2A104", "F6E5D4C3B2A104", id="not reversed after all"),
        pytest.param("A1B2C3D40000", "A1B2C3D4", "A1B2C3D4", id="four bytes read as six"),
        pytest.param("04A1B2C3D4E5", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6", id="the last byte cut off"),
        pytest.param("96A90BED", "ED0BA996", "ED0BA996", id="four bytes whose reverse is known"),
        pytest.param("88A1B2C3", "88A1B2C3", "88A1B2C3", id="half a uid that the issuer knows"),
        pytest.param("08A1B2C3", "08A1B2C3", None, id="drawn anew each time, whoever knows it"),
    ],
)
def test_resolves_a_doubt_by_the_issuers_list_only(text, known, canonical):
    assert token_uid.canonicalise(text, known={known}).canonical == canonical


def test_joins_no_prefix_that_two_cards_have():
    assert token_uid.canonicalise("04A1B2C3D4E5", known={"04A1B2C3D4E5F6", "04A1B2C3D4E5F7"}).canonical is None


def test_leaves_a_doubt_that_the_issuers_list_answers_twice():
    found = token_uid.canonicalise("3976964502", known={"ED0BA996", "96A90BED"})

    assert found.canonical is None
    assert set(found.candidates) >= {"ED0BA996", "96A90BED"}


@pytest.mark.parametrize("text", ["VID:0042", "REMOTE", "Fleet card 7", "CAFE", "1c8a1f0e-52a1-4b7e-9d5c-5f0a3f3d2b11"])
def test_keeps_what_is_no_card_as_it_is(text):
    found = token_uid.canonicalise(text)

    assert found.canonical == text
    assert found.is_virtual


def test_takes_no_card_for_virtual():
    assert not token_uid.canonicalise("04A1B2C3D4E5F6").is_virtual


@given(st.text(max_size=40) | cards.map(bytes.hex))
def test_canonicalising_twice_changes_nothing(text):
    once = token_uid.canonicalise(text)

    assert (once.canonical is None) == (once.doubt is not None)
    if once.canonical is not None:
        again = token_uid.canonicalise(once.canonical)
        assert (again.canonical, again.rules) == (once.canonical, ())


@given(cards, st.sampled_from([":", "-", " ", ""]))
def test_the_way_of_writing_makes_no_difference(card, separator):
    plain = token_uid.canonicalise(card.hex().upper())
    written = token_uid.canonicalise(card.hex(separator) if separator else "0x" + card.hex())

    assert (written.canonical, written.doubt) == (plain.canonical, plain.doubt)


@given(st.binary(min_size=4, max_size=4))
def test_a_block_check_character_is_recognised_on_any_card_but_a_doubtful_one(card):
    check = card[0] ^ card[1] ^ card[2] ^ card[3]
    found = token_uid.canonicalise(card.hex() + f"{check:02x}")
    plain = token_uid.canonicalise(card.hex())

    assert found.canonical in {plain.canonical, None}
    assert found.doubt in {plain.doubt, Doubt.DECIMAL}
