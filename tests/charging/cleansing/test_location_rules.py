from decimal import Decimal

import pytest


def fixes(found):
    return sorted({fix.rule for fix in found.fixes})


def asked(found):
    return [question.rule for question in found.questions]


def test_loads_a_clean_location_untouched(location):
    found = location({})

    assert (found.fixes, found.questions, found.quarantined) == ((), (), ())
    assert found.clean[0].name == "Kade 5, Delft"


@pytest.mark.parametrize(
    ("row", "place", "rules", "questions"),
    [
        pytest.param({"latitude": None}, None, ["loc.missing"], ["loc.missing"], id="half of it missing"),
        pytest.param(
            {"latitude": "0", "longitude": "0"}, None, ["loc.missing"], ["loc.missing"], id="in the Gulf of Guinea"
        ),
        pytest.param(
            {"latitude": "4.357", "longitude": "52.011"}, ("52.011", "4.357"), ["loc.swapped"], [], id="swapped"
        ),
        pytest.param({"longitude": "-4.357"}, None, ["loc.sign"], ["loc.sign"], id="west, not east"),
        pytest.param(
            {"latitude": "463000", "longitude": "155000"}, None, ["loc.projected"], ["loc.projected"], id="projected"
        ),
        pytest.param({"latitude": "48.1", "longitude": "11.5"}, None, ["loc.outside"], ["loc.outside"], id="in Munich"),
        pytest.param({"country": "JP", "latitude": "35.6"}, None, [], [], id="a country that we have no box for"),
    ],
)
def test_swaps_what_is_proven_and_withholds_what_is_wrong(location, row, place, rules, questions):
    found = location(row)

    if row.get("country") == "JP":
        assert [each.rule for each in found.quarantined] == ["loc.country"]
        return
    (clean,) = found.clean
    assert (clean.latitude, clean.longitude) == (tuple(map(Decimal, place)) if place else (None, None))
    assert (fixes(found), asked(found)) == (rules, questions)


@pytest.mark.parametrize(
    ("written", "code"), [("Nederland", "NL"), ("NLD", "NL"), ("nl", "NL"), ("The Netherlands", "NL"), ("NL", "NL")]
)
def test_writes_countries_as_iso_3166(location, written, code):
    assert location({"country": written}).clean[0].country == code


def test_turns_uk_into_gb(location):
    row = {"country": "UK", "latitude": "51.5", "longitude": "-0.1"}

    assert location(row).clean[0].country == "GB"


def test_sets_a_country_aside_that_is_none(location):
    assert location.rules({"country": "Atlantis"}) == ["loc.country"]


@pytest.mark.parametrize(
    ("broken", "mended", "rule"),
    [
        ("KÃ¶lner StraÃŸe", "Kölner Straße", "txt.mojibake"),
        ("MÃƒÂ¼hle", "Mühle", "txt.mojibake"),
        ("&#39;s-Gravenhage", "'s-Gravenhage", "txt.html"),
        ("A &amp;amp; B", "A &amp; B", "txt.html"),
    ],
)
def test_mends_texts(location, broken, mended, rule):
    found = location({"street": broken})

    assert (found.clean[0].street, fixes(found)) == (mended, [rule])


@pytest.mark.parametrize("text", ["Château", "Âge", "Ã", "Straße 5", "A & B", "AT&T", "500 €"])
def test_leaves_texts_that_are_right(location, text):
    assert location({"street": text}).fixes == ()


def test_asks_for_characters_that_are_lost(location):
    assert asked(location({"street": "K\ufffdlner Weg"})) == ["txt.mojibake"]


@pytest.mark.parametrize(
    ("length", "questions"), [(34, []), (35, ["txt.truncated"]), (36, []), (255, ["txt.truncated"])]
)
def test_asks_whether_a_text_was_cut_off(location, length, questions):
    assert asked(location({"street": "x" * length})) == questions


def test_asks_whether_two_ids_are_one_site(location):
    found = location({}, {"location_id": "8"}, {"location_id": "9", "street": "Kade 6"})

    assert [(question.rule, question.key) for question in found.questions] == [
        ("loc.address_dup", "7"),
        ("loc.address_dup", "8"),
    ]
    assert len(found.clean) == 3


@pytest.mark.parametrize(("other", "rules", "merged"), [({}, [], 1), ({"street": "Kade 6"}, ["loc.dup"] * 2, 0)])
def test_merges_a_location_that_is_listed_twice_in_the_same_words(location, other, rules, merged):
    found = location({}, other)

    assert ([row.rule for row in found.quarantined], found.merged) == (rules, merged)
