import pytest

from charging.cleansing.population import Facts


@pytest.mark.parametrize(
    ("column", "written", "word"),
    [
        pytest.param("standard", "Type 2", "IEC_62196_T2", id="a person's word"),
        pytest.param("standard", "sType2", "IEC_62196_T2", id="OCPP 2.x's word"),
        pytest.param("standard", "iec_62196_t2_combo", "IEC_62196_T2_COMBO", id="OCPI's word in lower case"),
        pytest.param("standard", "IEC 60309-2 three 32", "IEC_60309_2_three_32", id="other separators"),
        pytest.param("format", "socket", "SOCKET", id="format"),
        pytest.param("power_type", "AC3", "AC_3_PHASE", id="power type"),
    ],
)
def test_connectors_are_described_in_the_words_of_ocpi(connector, column, written, word):
    made = connector({column: written})
    assert getattr(made.clean[0], column) == word
    assert [(fix.rule, fix.before, fix.after) for fix in made.fixes] == [("conn.words", written, word)]


def test_a_word_that_may_mean_two_things_is_withheld_and_asked_about(connector):
    made = connector({"standard": "CCS"})
    assert made.clean[0].standard is None
    assert [question.rule for question in made.questions] == ["conn.words", "conn.type"]
    assert "'CCS'" in made.questions[0].question


@pytest.mark.parametrize(
    ("written", "rating", "rules"),
    [
        pytest.param("22000", 22000, [], id="watts"),
        pytest.param("22000.0", 22000, [], id="watts with a point"),
        pytest.param("22", 22, ["conn.rating"], id="kilowatts, perhaps"),
        pytest.param("999", 999, ["conn.rating"], id="just too little to be watts"),
        pytest.param("1000", 1000, [], id="just enough to be watts"),
        pytest.param("0", None, ["conn.rating", "conn.type"], id="nothing"),
        pytest.param("22 kW", None, ["conn.rating", "conn.type"], id="a unit beside it"),
        pytest.param(None, None, ["conn.type"], id="missing"),
    ],
)
def test_a_power_is_a_whole_number_of_watts_or_is_asked_for(connector, written, rating, rules):
    made = connector({"max_power_w": written})
    assert made.clean[0].max_power_w == rating
    assert [question.rule for question in made.questions] == rules


@pytest.mark.parametrize(
    ("others", "proposal"),
    [
        pytest.param(19, "what is its standard?", id="too few others"),
        pytest.param(20, "what is its standard? 20 of 20 connectors of Alfen NG910 have IEC_62196_T2", id="enough"),
    ],
)
def test_what_all_others_of_the_model_have_is_proposed_with_its_count_and_not_filled_in(connector, others, proposal):
    rows = [{"station_id": f"CS-{n}"} for n in range(others)]
    facts = Facts(model_of={f"CS-{n}": "Alfen NG910" for n in range(others + 1)})
    made = connector(*rows, {"station_id": f"CS-{others}", "standard": None}, facts=facts)
    assert made.clean[-1].standard is None
    assert [question.question for question in made.questions] == [proposal]


@pytest.mark.parametrize(
    ("numbers", "rules"),
    [
        pytest.param(["1", "2"], [], id="without a gap"),
        pytest.param(["1", "3"], ["conn.gap"], id="2 is missing"),
        pytest.param(["2"], ["conn.gap"], id="1 is missing"),
        pytest.param(["0"], ["conn.zero"], id="0 is the station"),
        pytest.param(["x"], ["conn.number"], id="no number"),
    ],
)
def test_connectors_are_numbered_without_a_gap(connector, numbers, rules):
    assert connector.rules(*({"connector_number": number} for number in numbers)) == rules


def test_a_connector_listed_twice_merges_if_the_words_are_the_same(connector):
    assert connector({}, {}).merged == 1
    assert connector.rules({}, {"standard": "CHADEMO"}) == ["conn.dup", "conn.dup"]


def test_a_connector_of_an_unknown_station_is_set_aside(connector):
    assert connector.rules({}, station_ids=frozenset({"CS-2"})) == ["cp.ghost"]
    assert connector.rules({}, station_ids=frozenset({"CS-1"})) == []
