import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import evse_id
from charging.identifiers.evse_id import Standard

ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
iso_ids = st.from_regex(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,28}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "normal", "compact"),
    [
        pytest.param("FR*A23*E45B*78C", "FR*A23*E45B*78C", "FRA23E45B78C", id="as written"),
        pytest.param("DE*AB7*E840*6487", "DE*AB7*E840*6487", "DEAB7E8406487", id="with separators"),
        pytest.param("DEAB7E8406487", "DE*AB7*E8406487", "DEAB7E8406487", id="without separators"),
        pytest.param(" nl*evn*e12*1\n", "NL*EVN*E12*1", "NLEVNE121", id="lower case and space"),
        pytest.param("\ufeffNL*EVN*E12\xa0", "NL*EVN*E12", "NLEVNE12", id="BOM and no-break space"),
        pytest.param("BE-BEC-E041503001", "BE*BEC*E041503001", "BEBECE041503001", id="OCPI 2.1.1's hyphens"),
        pytest.param("DE*DES*E*BMW*0113*2", "DE*DES*E*BMW*0113*2", "DEDESEBMW01132", id="outlet begins with *"),
        pytest.param("+49*810*000*438", "+49*810*000*438", "+49*810*000*438", id="DIN"),
        pytest.param("49*823*1234*5678", "+49*823*1234*5678", "+49*823*1234*5678", id="DIN without plus"),
    ],
)
def test_normalises(text, normal, compact):
    assert evse_id.normalise(text) == normal
    assert evse_id.compact(text) == compact


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("NL*EVN*S12", id="a station id"),
        pytest.param("NL*EVN*P12", id="a pool id"),
        pytest.param("NL*EVN*E", id="no outlet"),
        pytest.param("NL*EVN*E**", id="an outlet of separators only"),
        pytest.param("N1*EVN*E12", id="a digit in the country"),
        pytest.param("NL*EVN*E1,20E+06", id="an outlet that a spreadsheet rounded"),
        pytest.param("NL*ЕVN*E12", id="a Cyrillic look-alike"),  # noqa: RUF001 - the look-alike is the test
        pytest.param("ＮＬ*EVN*E12", id="full-width letters"),  # noqa: RUF001 - the look-alike is the test
        pytest.param("NL*EVN*Eı2", id="a dotless i, whose upper case is ASCII"),  # noqa: RUF001 - as above
        pytest.param("NL*EVN*E" + "1" * 32, id="an outlet of 32"),
        pytest.param("+49*81*438", id="a DIN operator of two digits"),
        pytest.param("+49*810*٤٣٨", id="digits that are not ASCII"),
    ],
)
def test_refuses_what_is_no_evse_id(text):
    assert evse_id.parse(text) is None


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("nl*evn*e12", "id.case"),
        (" NL*EVN*E12", "id.whitespace"),
        ("NL-EVN-E12", "id.separator_nonstandard"),
        ("NL*EVN*E1**2", "id.separator_empty_part"),
        ("UK*EVN*E12", "id.country_nonstandard"),
        ("EL*EVN*E12", "id.country_nonstandard"),
    ],
)
def test_names_what_was_unusual(text, flag):
    assert evse_id.parse(text).flags == (flag,)


def test_flags_nothing_in_an_id_as_it_should_be():
    assert evse_id.parse("NL*EVN*E12*1").flags == ()


def test_compares_ids_without_their_separators():
    assert evse_id.compact("DE*ABC*E1*23") == evse_id.compact("DE*ABC*E12*3") == "DEABCE123"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("NL*EVN*E" + "1" * 29, True, id="compact of 35"),
        pytest.param("NL*EVN*E" + "1" * 30, False, id="compact of 36"),
        pytest.param("NL*EVN*E" + "1*" * 15, False, id="separator at the end"),
        pytest.param("NL*EVN*E1**1", False, id="two separators in a row"),
        pytest.param("NL*EVN*E*1", False, id="separator first"),
        pytest.param("UK*EVN*E1", False, id="UK is not ISO 3166"),
        pytest.param("+31*123*1", False, id="DIN"),
    ],
)
def test_knows_what_every_reader_accepts(text, expected):
    assert evse_id.parse(text).is_publishable is expected


def test_converts_din_only_where_the_operator_is_paired():
    din = evse_id.parse("+49*823*1234*5678")

    assert evse_id.from_din(din, operators={"49*823": "823"}).text == "DE*823*E1234*5678"
    assert evse_id.from_din(din, operators={}) is None
    assert evse_id.from_din(din, operators={"49*823": "82345"}) is None


def test_does_not_convert_what_is_not_din():
    assert evse_id.from_din(evse_id.parse("DE*823*E1"), operators={"DE*823": "823"}) is None


@given(iso_ids)
def test_normalising_twice_changes_nothing(text):
    once = evse_id.normalise(text)

    assert once is not None
    assert evse_id.normalise(once) == once
    assert evse_id.compact(once) == evse_id.compact(text) == text.replace("*", "")


@given(st.text(max_size=45))
def test_any_text_is_an_id_or_none(text):
    parsed = evse_id.parse(text)

    assert parsed is None or (parsed.standard in Standard and evse_id.parse(parsed.text).compact == parsed.compact)
