from fractions import Fraction

import pytest

from charging.tariffs.parse import UnreadableTariff, parse, parse_all

TEXT = '{"id": "T", "currency": "EUR", "elements": [{"price_components": [%s]}]}'
COMPONENT = '{"type": "ENERGY", "price": %s, "step_size": 1}'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("0.1", Fraction(1, 10), id="a number that no float can hold"),
        pytest.param("0.12345678901234567890123", Fraction(12345678901234567890123, 10**23), id="many digits"),
        pytest.param('"0.39"', Fraction(39, 100), id="a string"),
        pytest.param("1e-2", Fraction(1, 100), id="an exponent"),
    ],
)
def test_keeps_every_digit_of_a_price(written, meant):
    assert parse(TEXT % (COMPONENT % written)).elements[0].components[0].price == meant


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT % "", id="no components"),
        pytest.param(TEXT % (COMPONENT % '"NaN"'), id="not a number"),
        pytest.param(TEXT % (COMPONENT % "1E+999999"), id="absurdly large"),
        pytest.param(TEXT % (COMPONENT % '"1,20"'), id="a decimal comma"),
        pytest.param(TEXT % '{"type": "RESERVATION_TIME", "price": 1, "step_size": 1}', id="no tariff dimension"),
        pytest.param('{"id": "T", "currency": "EUR", "elements": []}', id="no elements"),
        pytest.param("[", id="truncated"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param("[" * 100_000, id="too deep"),
    ],
)
def test_refuses_what_is_no_tariff(text):
    with pytest.raises(UnreadableTariff):
        parse(text)


def test_reads_a_list_and_overlooks_unknown_fields():
    tariff = (TEXT % (COMPONENT % "1")).replace('"id"', '"energy_mix": {"is_green_energy": true}, "id"')

    assert [found.tariff_id for found in parse_all(f"[{tariff}, {tariff}]")] == ["T", "T"]
