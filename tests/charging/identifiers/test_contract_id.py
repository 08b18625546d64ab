import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import contract_id
from charging.identifiers.check_digits import din_check_digit, iso_check_digit
from charging.identifiers.contract_id import Standard

ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
iso_bodies = st.from_regex(r"[A-Z]{2}[A-Z0-9]{12}", fullmatch=True)
din_bodies = st.from_regex(r"[A-Z]{2}[A-Z0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("body", "digit"),
    [
        ("NN123ABCDEFGHI", "T"),
        ("FRXYZ123456789", "2"),
        ("ITA1B2C3E4F5G6", "4"),
        ("ESZU8WOX834H1D", "R"),
        ("PT73902837ABCZ", "Z"),
        ("DE83DUIEN83QGZ", "D"),
        ("DE83DUIEN83ZGQ", "M"),
        ("DE8AA001234567", "0"),
        ("NLTNM000122045", "U"),
        ("NLTNM012345678", "W"),
        ("NLTNM000722345", "X"),
        ("NLTNMC00122045", "K"),
        ("NLTSTC12345678", "S"),
        pytest.param("DE8AACA2B3C4D5", "L", id="OCHP prints N"),
        pytest.param("DE8AA00123A563", "M", id="OCHP prints N for this one, too"),
        pytest.param("DE8EOCAET5E4XY", "T", id="OICP prints 3"),
        pytest.param("DEDCBC12345678", "4", id="OICP prints X"),
    ],
)
def test_computes_the_iso_check_digit(body, digit):
    assert iso_check_digit(body) == digit


@pytest.mark.parametrize(
    ("body", "digit"),
    [
        ("INTNM000071", "9"),
        ("INTNM000110", "X"),
        ("INTNM000124", "0"),
        ("INTNM000114", "6"),
        ("INTNM000191", "5"),
        ("NLTNM012204", "5"),
        ("NLTNM122045", "0"),
        pytest.param("DE8EOAET5E4", "9", id="OICP prints 3"),
    ],
)
def test_computes_the_din_check_digit(body, digit):
    assert din_check_digit(body) == digit


@pytest.mark.parametrize(
    ("text", "standard", "compact", "digit"),
    [
        pytest.param("NL-TST-C12345678-S", Standard.EMI3, "NLTSTC12345678", "S", id="eMI3"),
        pytest.param("nltstc12345678s", Standard.EMI3, "NLTSTC12345678", "S", id="eMI3 without separators"),
        pytest.param("NL-TNM-000122045", Standard.ISO, "NLTNM000122045", None, id="ISO without check digit"),
        pytest.param("NL*TNM*000122045*U", Standard.ISO, "NLTNM000122045", "U", id="ISO with stars"),
        pytest.param("NL-TNM-012204-5", Standard.DIN, "NLTNM012204", "5", id="DIN"),
        pytest.param("IN*TNM*000110*X", Standard.DIN, "INTNM000110", "X", id="DIN whose digit is ten"),
        pytest.param("NLTNM012204", Standard.DIN, "NLTNM012204", None, id="DIN without check digit"),
    ],
)
def test_tells_the_standard_by_the_length(text, standard, compact, digit):
    parsed = contract_id.parse(text)

    assert (parsed.standard, parsed.compact, parsed.check_digit) == (standard, compact, digit)
    assert parsed.is_check_ok in {True, None}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("NL-TNMC00122045-K", id="hyphens at some places only"),
        pytest.param("NLTNM012204A", id="a letter for the check digit of DIN"),
        pytest.param("NL-TNM-0001220451-U", id="ten characters with hyphens"),
        pytest.param("NLTNM00012204", id="thirteen characters"),
        pytest.param("1LTNM000122045", id="a digit in the country"),
        pytest.param("NLTNM00012204é", id="not ASCII"),
    ],
)
def test_refuses_what_is_no_contract_id(text):
    assert contract_id.parse(text) is None


def test_warns_about_a_wrong_check_digit_and_still_reads_it():
    parsed = contract_id.parse("DE-8AA-CA2B3C4D5-N")

    assert parsed.compact == "DE8AACA2B3C4D5"
    assert parsed.flags == ("con.check_digit",)
    assert parsed.expected_check_digit == "L"


def test_suspects_ten_characters_where_fifteen_have_no_valid_check_digit():
    assert contract_id.parse("DE8ACC12E456L89").flags == ("con.check_digit", "contract.maybe_10char_instance")


def test_suspects_nothing_where_the_check_digit_is_right():
    assert contract_id.parse("NLTNMC00122045K").flags == ()


def test_converts_din_as_published():
    din = contract_id.parse("NL-TNM-012204-5")

    assert contract_id.din_to_emi3(din).text == "NL-TNM-C00122045-K"
    assert contract_id.din_to_iso(din).text == "NL-TNM-000122045-U"


def test_knows_one_contract_under_each_of_its_names():
    names = ["NL-TNM-012204-5", "NLTNM012204", "NL-TNM-C00122045-K", "NL-TNM-000122045-U", "nl-tnm-c00122045-x"]

    assert all(contract_id.is_same(one, other) for one in names for other in names)
    assert not contract_id.is_same("NL-TNM-012204", "NL-TNM-012205")
    assert not contract_id.is_same("nonsense", "nonsense")


def test_takes_leading_zeros_alone_for_no_proof_of_a_din_origin():
    assert contract_id.to_din(contract_id.parse("NL-TNM-000122045-U")) is None


@given(iso_bodies, st.integers(0, 13), st.sampled_from(ALNUM))
def test_the_iso_digit_detects_every_single_change(body, position, character):
    changed = body[:position] + character + body[position + 1 :]

    same_digit = iso_check_digit(changed) == iso_check_digit(body)

    assert same_digit == (changed == body)


@given(iso_bodies, st.integers(0, 12))
def test_the_iso_digit_detects_every_swap_of_neighbours(body, position):
    one, other = body[position], body[position + 1]
    changed = body[:position] + other + one + body[position + 2 :]

    assert (iso_check_digit(changed) == iso_check_digit(body)) == (one == other)


@given(din_bodies, st.integers(0, 10), st.sampled_from(ALNUM))
def test_the_din_digit_detects_every_change_of_one_digit_for_another(body, position, character):
    """Only digits: a letter takes two places in its sum, and shifts all that follow."""
    digits = body[:2] + "".join(str(ord(each) % 10) for each in body[2:])
    changed = digits[:position] + character + digits[position + 1 :]
    is_digit = position > 1 and character.isdigit()

    if is_digit:
        assert (din_check_digit(changed) == din_check_digit(digits)) == (changed == digits)


@given(din_bodies, st.integers(2, 9))
def test_the_din_digit_detects_every_swap_of_neighbouring_digits(body, position):
    digits = body[:2] + "".join(str(ord(each) % 10) for each in body[2:])
    one, other = digits[position], digits[position + 1]
    changed = digits[:position] + other + one + digits[position + 2 :]

    assert (din_check_digit(changed) == din_check_digit(digits)) == (one == other)


@given(din_bodies)
def test_din_comes_back_from_emi3(body):
    din = contract_id.parse(body + din_check_digit(body))

    assert contract_id.to_din(contract_id.din_to_emi3(din)) == din


@given(iso_bodies | din_bodies)
def test_the_text_reads_as_the_same_contract(body):
    parsed = contract_id.parse(body)

    assert contract_id.parse(parsed.text) == parsed


@given(st.text(max_size=24))
def test_any_text_is_a_contract_id_or_none(text):
    parsed = contract_id.parse(text)

    assert parsed is None or contract_id.parse(parsed.text).compact == parsed.compact
