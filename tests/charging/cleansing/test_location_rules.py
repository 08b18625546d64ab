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
            {"latitude": "4.35700", "longitude": "52.01100"}, ("52.011", "4.357"), ["loc.swapped"], [], id="swapped"
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
        ("A &amp;amp; B", "A & B", "txt.html"),
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


@pytest.mark.parametrize(
    ("written", "padded", "questions"),
    [
        pytest.param(("52.01123", "4.35734"), ("52.01123", "4.35734"), [], id="enough"),
        pytest.param(("52.0112", "4.357"), ("52.01120", "4.35700"), [], id="too few for OCPI"),
        pytest.param(("52.01", "4.357"), ("52.01000", "4.35700"), [], id="one of them happens to end early"),
        pytest.param(("52.01", "4.36"), ("52.01000", "4.36000"), ["loc.precision"], id="a kilometre"),
        pytest.param(("52.01000", "4.36000"), ("52.01000", "4.36000"), ["loc.precision"], id="a kilometre, padded"),
        pytest.param(("52", "4"), ("52.00000", "4.00000"), ["loc.precision"], id="whole degrees"),
    ],
)
def test_coordinates_get_the_zeros_that_ocpi_wants_and_rough_ones_are_asked_about(location, written, padded, questions):
    found = location(dict(zip(("latitude", "longitude"), written, strict=True)))

    assert (str(found.clean[0].latitude), str(found.clean[0].longitude)) == padded
    assert asked(found) == questions


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        pytest.param("120700.723", "487525.501", "does it stand at 52.37453, 4.88353?", id="x and y of RD New"),
        pytest.param("487525.501", "120700.723", "does it stand at 52.37453, 4.88353?", id="y and x of RD New"),
        pytest.param("300001", "487525", "in which projection", id="beside that grid"),
    ],
)
def test_a_point_of_a_grid_is_proposed_and_not_filled_in(location, one, other, says):
    found = location({"latitude": one, "longitude": other})

    assert found.clean[0].latitude is None
    assert found.questions[0].question.startswith(says)


@pytest.mark.parametrize(
    ("row", "configured", "zone", "rules", "questions"),
    [
        pytest.param({}, None, "Europe/Amsterdam", ["loc.tz"], [], id="by its country"),
        pytest.param({}, "Europe/Amsterdam", "Europe/Amsterdam", [], [], id="as all others"),
        pytest.param({}, "Europe/Berlin", "Europe/Amsterdam", ["loc.tz"], [], id="its country's, not the others'"),
        pytest.param({"time_zone": "Europe/Berlin"}, None, "Europe/Berlin", [], [], id="told"),
        pytest.param({"time_zone": "CET+1"}, None, None, ["loc.tz"], ["loc.tz"], id="no zone of IANA"),
        pytest.param(
            {"country": "ES", "latitude": "28.10000", "longitude": "-15.40000"},
            None,
            "Atlantic/Canary",
            ["loc.tz"],
            [],
            id="an island",
        ),
        pytest.param(
            {"country": "US", "latitude": "40.71280", "longitude": "-74.00600"},
            None,
            None,
            [],
            ["loc.tz"],
            id="a country of many zones",
        ),
    ],
)
def test_a_time_zone_follows_from_the_place_or_is_asked_for(location, row, configured, zone, rules, questions):
    found = location({"time_zone": None} | row, time_zone=configured)

    assert (found.clean[0].time_zone, fixes(found)) == (zone, rules)
    assert [rule for rule in asked(found) if rule != "loc.precision"] == questions


@pytest.mark.parametrize(
    ("street", "is_asked"),
    [("kade 5.", True), ("Kade  5", True), ("KADE5", True), ("Kade 51", False)],
)
def test_an_address_is_the_same_in_other_capitals_and_punctuation(location, street, is_asked):
    found = location({}, {"location_id": "8", "street": street})

    assert ("loc.address_dup" in asked(found)) is is_asked


@pytest.mark.parametrize(
    ("name", "questions"), [("Garage Jansen 06-12345678", ["pii.note"]), ("Garage Jansen 12", []), (None, [])]
)
def test_a_name_that_holds_a_telephone_number_is_asked_about_without_repeating_it(location, name, questions):
    found = location({"name": name})

    assert asked(found) == questions
    assert "12345678" not in repr(found.questions)


def test_a_text_as_wide_as_its_column_was_not_cut_where_another_is_longer(location):
    found = location({"street": "x" * 35}, {"location_id": "8", "street": "x" * 36})

    assert asked(found) == []
