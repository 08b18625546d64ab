import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import contract_id, evse_id
from charging.identifiers.explain import explain
from charging.identifiers.reading import Asked, Kind

LONG = 1_000_000


def only(text, kind=Asked.AUTO):
    (reading,) = explain(text, kind=kind).readings
    return reading


@pytest.mark.parametrize(
    ("text", "kind", "standard", "canonical", "compact"),
    [
        ("FR*A23*E45B*78C", Kind.EVSE, "ISO 15118 / eMI3", "FR*A23*E45B*78C", "FRA23E45B78C"),
        ("DEAB7E8406487", Kind.EVSE, "ISO 15118 / eMI3", "DE*AB7*E8406487", "DEAB7E8406487"),
        ("FREXGE72100HOTELGARE", Kind.EVSE, "ISO 15118 / eMI3", "FR*EXG*E72100HOTELGARE", "FREXGE72100HOTELGARE"),
        ("+49*810*000*438", Kind.EVSE, "DIN SPEC 91286", "+49*810*000*438", "+49*810*000*438"),
        ("IT*123*P456*AB789", Kind.POOL, "ISO 15118 / eMI3", "IT*123*P456*AB789", "IT123P456AB789"),
        ("NL*EVN*S12", Kind.STATION, "ISO 15118 / eMI3", "NL*EVN*S12", "NLEVNS12"),
        ("NL-TST-C12345678-S", Kind.CONTRACT, "eMI3", "NL-TST-C12345678-S", "NLTSTC12345678"),
        ("nltnm000122045u", Kind.CONTRACT, "ISO 15118", "NL-TNM-000122045-U", "NLTNM000122045"),
        ("NL-TNM-012204-5", Kind.CONTRACT, "DIN SPEC 91286", "NL-TNM-012204-5", "NLTNM012204"),
        ("04:a1:b2:c3:d4:e5:f6", Kind.TOKEN, "ISO 14443-3 uid, 7 bytes", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6"),
        ("DD17380AF8", Kind.TOKEN, "ISO 14443-3 uid, 4 bytes", "DD17380A", "DD17380A"),
        ("VID:0042", Kind.TOKEN, "idTag (OCPP)", "VID:0042", "VID:0042"),
    ],
)  # fmt: skip
def test_tells_by_itself_what_an_identifier_is(text, kind, standard, canonical, compact):
    reading = only(text)

    assert (reading.kind, reading.standard, reading.canonical, reading.compact) == (kind, standard, canonical, compact)


@pytest.mark.parametrize(
    ("text", "given_digit", "computed"),
    [
        ("DE-8AA-CA2B3C4D5-N", "N", "L"),
        ("DE-8AA-00123A563-N", "N", "M"),
        ("DE-8EO-CAet5e4XY-3", "3", "T"),
        ("DE-DCB-C12345678-X", "X", "4"),
        ("DE*8EO*Aet5e4*3", "3", "9"),
        ("DE-8AA-123A56-3", "3", "5"),
    ],
)
def test_says_which_check_digit_a_specification_printed_and_which_is_right(text, given_digit, computed):
    reading = only(text, Asked.CONTRACT)

    assert (reading.check_digit_given, reading.check_digit_computed) == (given_digit, computed)
    assert "con.check_digit" in {warning.rule for warning in reading.warnings}


def test_names_a_contract_by_its_other_standards():
    assert only("NL-TNM-012204-5").also == ("NL-TNM-C00122045-K", "NL-TNM-000122045-U")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("nl-evn-e12", {"id.case", "id.separator_nonstandard"}),
        ("\ufeff NL*EVN*E12\xa0", {"id.whitespace"}),
        ("UK*EVN*E12", {"id.country_nonstandard"}),
        ("XQ*EVN*E12", {"id.country_unknown"}),
        ("NL*EVN*E1**2", {"id.separator_empty_part"}),
        ("NL*EVN*E" + "1" * 31, {"id.outlet_too_long", "id.too_long"}),
        ("+49*810*000*438", {"id.din"}),
        ("DE8ACC12E456L89", {"con.check_digit", "contract.maybe_10char_instance"}),
        ("db:96:00:7d:30", {"tok.format", "tok.bcc"}),
        ("EDBA996", {"tok.leading_zeros"}),
        ("F6E5D4C3B2A104", {"tok.reversed"}),
        ("A1B2C3D4E5F6", {"tok.truncated"}),
        ("12345678", {"tok.decimal"}),
    ],
)
def test_gives_every_warning_its_reason(text, rules):
    reading = only(text)

    assert {warning.rule for warning in reading.warnings} == rules
    assert all(warning.reason for warning in reading.warnings)


def test_says_that_digits_may_be_decimal_and_decides_nothing():
    reading = only("12345678")

    assert reading.canonical is None
    assert reading.candidates == ("12345678", "00BC614E", "4E61BC00")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("DE8AA001234567", [Kind.CONTRACT, Kind.TOKEN], id="fourteen characters, all hexadecimal"),
        pytest.param("NL-ABC-E12345678", [Kind.EVSE, Kind.CONTRACT], id="an instance that begins with E"),
    ],
)
def test_says_when_an_identifier_reads_as_two_kinds(text, kinds):
    explained = explain(text)

    assert [reading.kind for reading in explained.readings] == kinds
    assert "--kind" in explained.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("\ufeff\xa0", "empty"),
        ("NL*ЕVN*E12", "U+0415"),  # noqa: RUF001 - the look-alike is the test
        ("ＮＬ*EVN*E12", "fullwidth"),  # noqa: RUF001 - the look-alike is the test
        ("NL*EVN*E1,20E+06", "spreadsheet"),
        ("4.1E+13", "spreadsheet"),
        ("8.93E18", "spreadsheet"),
        ("1234567.0", "spreadsheet"),
        ("NL*EVN*X12", "type letter"),
        ("NL*EVN*E", "nothing follows"),
        ("NL*EVN*E1-2", "hyphen"),
        ("N*EVN*E12", "two letters"),
        ("NL*EV*E12", "operator code"),
        ("NL*EVN*E" + "1" * 32, "too long"),
        ("+49*81*438", "DIN SPEC"),
        ("pole 7 left", "which no identifier has"),
        ("DE-8AC-C12E456L89-Y", "instance of ten"),
        ("NLTNM00012204", "13 letters and digits"),
        ("NLTNM012204A", "check digit of DIN"),
        ("NL-TNMC00122045-K", "some places only"),
        ("88A1B2C3", "cascade"),
        ("08A1B2C3", "anew"),
    ],
)
def test_says_why_a_text_is_none(text, why):
    explained = explain(text)

    assert not explained.is_id
    assert why in explained.reason


def test_takes_any_text_for_an_id_tag_when_told_that_it_is_one():
    assert only("Fleet card 7", Asked.TOKEN).canonical == "Fleet card 7"
    assert not explain("Fleet card 7").is_id


@pytest.mark.parametrize(
    "text",
    [
        "A" * LONG,
        "Z" * LONG,
        "*" * LONG,
        "NL" + "*-" * (LONG // 2),
        "0:" * (LONG // 2),
        "1" * LONG,
        "E" * LONG,
        "é" * LONG,
    ],
    ids=["hex", "letters", "stars", "separators", "bytes", "digits", "exponents", "not ASCII"],
)
@pytest.mark.parametrize("kind", list(Asked))
def test_refuses_a_text_of_a_million_characters_in_one_short_sentence(text, kind):
    explained = explain(text, kind=kind)

    assert not explained.is_id
    assert len(explained.reason) < 400


@given(st.text(max_size=60), st.sampled_from(Asked))
def test_any_text_is_explained(text, kind):
    explained = explain(text, kind=kind)

    assert explained.is_id or explained.reason
    for reading in explained.readings:
        if reading.canonical is not None:
            asked = {Kind.CONTRACT: Asked.CONTRACT, Kind.TOKEN: Asked.TOKEN}.get(reading.kind, Asked.EVSE)
            assert only(reading.canonical, asked).compact == reading.compact


@given(st.lists(st.from_regex(r"[A-B]{2}\*?[0-1]{3}\*?E[0-1]{1,3}\*?[0-1]", fullmatch=True), min_size=3, max_size=3))
def test_comparing_evse_ids_on_the_compact_form_is_an_equivalence(texts):
    one, two, three = (evse_id.compact(text) for text in texts)

    assert (one == two) == (two == one)
    assert not (one == two and two == three) or one == three
    assert evse_id.compact(one) == one


@given(st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}([A-Z0-9]{6}|[A-Z0-9]{9})", fullmatch=True))
def test_comparing_contracts_on_the_compact_form_ignores_the_check_digit(body):
    parsed = contract_id.parse(body)
    with_digit = contract_id.parse(f"{body}{parsed.expected_check_digit}")

    assert contract_id.compact(with_digit.text) == parsed.compact == body
