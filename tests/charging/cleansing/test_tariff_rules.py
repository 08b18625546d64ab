import json
from datetime import UTC, datetime

import pytest

from charging.tariffs.parse import parse


def test_prices_in_columns_become_an_ocpi_tariff_whose_amounts_are_text(tariff):
    (made,) = tariff({"flat_price": "1", "parking_price_per_hour": "2.50", "name": "Day"}).clean
    components = made.document["elements"][0]["price_components"]
    assert [(each["type"], each["price"], each["vat"]) for each in components] == [
        ("FLAT", "1", "21"),
        ("ENERGY", "0.35", "21"),
        ("PARKING_TIME", "2.50", "21"),
    ]
    assert parse(json.dumps(made.document)).tariff_id == "1"
    assert (made.name, made.currency) == ("Day", "EUR")


def test_a_document_keeps_every_digit_and_everything_else_that_it_says(tariff):
    wire = (
        '{"id": "1", "currency": "EUR", "start_date_time": "2026-01-01T00:00:00", "x": [1.10], "elements":'
        ' [{"price_components": [{"type": "ENERGY", "price": 0.350, "vat": 21.0, "step_size": 1}],'
        ' "restrictions": {"min_kwh": 1.50, "min_duration": 60, "day_of_week": ["MONDAY"]}}]}'
    )
    (made,) = tariff({"document": wire, "price_per_kwh": None}).clean
    element = made.document["elements"][0]
    assert element["price_components"][0] == {"type": "ENERGY", "price": "0.350", "vat": "21.0", "step_size": 1}
    assert element["restrictions"] == {"min_kwh": "1.50", "min_duration": 60, "day_of_week": ["MONDAY"]}
    assert made.document["x"] == ["1.10"]
    assert made.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert parse(json.dumps(made.document)).valid_from == made.valid_from


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        pytest.param({}, [], id="nothing wrong"),
        pytest.param({"price_per_kwh": "0"}, [], id="free"),
        pytest.param({"price_per_kwh": "-0.01"}, ["tariff.negative"], id="negative"),
        pytest.param({"price_per_kwh": None}, ["tariff.no_price"], id="no price"),
        pytest.param({"price_per_kwh": "0,35"}, ["tariff.price"], id="a comma"),
        pytest.param({"currency": "EUX"}, ["tariff.currency"], id="no currency of ISO 4217"),
        pytest.param({"currency": "eur"}, ["tariff.currency"], id="lower case is not corrected"),
        pytest.param({"vat_percent": "100"}, [], id="the highest VAT"),
        pytest.param({"vat_percent": "121"}, ["tariff.vat"], id="a factor, not a rate"),
        pytest.param({"valid_from": "soon"}, ["tariff.validity"], id="no date"),
        pytest.param(
            {"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"},
            ["tariff.validity"],
            id="never valid",
        ),
        pytest.param({"document": "{"}, ["tariff.unreadable"], id="broken JSON"),
        pytest.param({"document": "[]"}, ["tariff.unreadable"], id="no object"),
        pytest.param({"document": "[" * 100_000}, ["tariff.unreadable"], id="JSON that never ends"),
        pytest.param({"document": '{"id": "2"}'}, ["tariff.unreadable"], id="another tariff"),
        pytest.param({"document": '{"elements": []}'}, ["tariff.no_price"], id="no elements"),
        pytest.param({"document": '{"elements": [{"price_components": [{"type": "X"}]}]}'}, ["tariff.price"], id="X"),
        pytest.param(
            {"document": '{"elements": [{"price_components": [{"type": "X", "price": 1, "step_size": 1}]}]}'},
            ["tariff.unreadable"],
            id="no dimension of OCPI",
        ),
    ],
)
def test_a_tariff_that_cannot_be_priced_waits(tariff, row, rules):
    assert tariff.rules(row) == rules


def test_a_tariff_listed_twice_merges_only_if_the_words_are_the_same(tariff):
    assert tariff({}, {}).merged == 1
    assert tariff.rules({}, {"price_per_kwh": "0.36"}) == ["tariff.dup", "tariff.dup"]


@pytest.mark.parametrize(
    ("second_from", "rules"),
    [
        pytest.param("2026-06-01T00:00:00Z", [], id="the second begins when the first ends"),
        pytest.param("2026-05-31T23:59:59Z", ["tariff.overlap"], id="a second earlier"),
    ],
)
def test_tariffs_of_one_name_that_are_valid_at_the_same_time_are_asked_about(tariff, second_from, rules):
    made = tariff(
        {"name": "Day", "valid_until": "2026-06-01T00:00:00Z"},
        {"tariff_id": "2", "name": "day", "valid_from": second_from, "price_per_kwh": "0.50"},
    )
    assert len(made.clean) == 2
    assert [question.rule for question in made.questions] == rules


def test_tariffs_with_the_same_prices_are_counted_in_one_question_and_never_merged(tariff):
    made = tariff(*({"tariff_id": str(n), "name": f"Site {n}"} for n in range(1, 5)))
    assert (len(made.clean), made.merged) == (4, 0)
    assert [(each.key, each.question) for each in made.questions] == [
        ("1", "are these 4 tariffs one? The same prices have 2, 3, 4")
    ]


@pytest.mark.parametrize(
    ("price", "rules"),
    [
        pytest.param("0.3535", ["tariff.alike"], id="1 % more"),
        pytest.param("0.354", [], id="a little over 1 %"),
        pytest.param("0.36", [], id="3 % more"),
    ],
)
def test_tariffs_with_nearly_the_same_prices_are_asked_about(tariff, price, rules):
    assert [question.rule for question in tariff({}, {"tariff_id": "2", "price_per_kwh": price}).questions] == rules


def test_tariffs_that_price_different_things_are_not_alike(tariff):
    made = tariff({}, {"tariff_id": "2", "price_per_kwh": None, "price_per_hour": "0.35"})
    assert made.questions == ()
