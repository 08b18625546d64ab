import pytest

from charging.errors import SourceNotFound, UnreadableSource
from charging.legacy import mapping

GOOD = """
name = "depot"
entity = "session"
[culture]
time_zone = "Europe/Amsterdam"
century = 2000
currency = "EUR"
[units]
meter = "kWh"
[columns.session]
session_id = "Nr"
station_id = "Paal"
started_at = "Van"
stopped_at = "Tot"
energy_kwh = "kWh"
"""


def load(tmp_path, text):
    file = tmp_path / "depot.toml"
    file.write_text(text, encoding="utf-8")
    return mapping.load(file)


def test_reads_a_mapping_file(tmp_path):
    found = load(tmp_path, GOOD)

    assert (found.name, found.entity, found.time_zone, found.century) == ("depot", "session", "Europe/Amsterdam", 2000)
    assert found.columns["session"]["station_id"] == "Paal"
    assert (found.energy_unit, found.meter_unit, found.currency) == ("kWh", "kWh", "EUR")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        pytest.param("Europe/Amsterdam", "Amsterdam", "key culture.time_zone is 'Amsterdam'.*IANA", id="zone"),
        pytest.param("Europe/Amsterdam", "Europe", "key culture.time_zone is 'Europe'", id="half a zone"),
        pytest.param("century = 2000", "century = 20", "key culture.century is 20; write 2000", id="century"),
        pytest.param('"EUR"', '"euro"', "key culture.currency is 'euro'", id="currency"),
        pytest.param('"kWh"\n[col', '"MWh"\n[col', "key units.meter is 'MWh'; write one of 'kWh', 'Wh'", id="unit"),
        pytest.param('"Paal"', "7", "key columns.session.station_id is 7; write a text", id="no text"),
        pytest.param(
            "station_id", "station", "key columns.session.station is unknown; known are session_id", id="typo"
        ),
        pytest.param('stopped_at = "Tot"', "", "key columns.session.stopped_at is missing", id="missing column"),
        pytest.param('energy_kwh = "kWh"', "", "key columns.session.energy_kwh is missing", id="no energy"),
        pytest.param("[columns.session]", "[columns.token]", "key columns.session is missing", id="no table"),
        pytest.param("[units]", "[unit]", "key unit is unknown", id="unknown table"),
        pytest.param('name = "depot"', "name = ", "is no TOML", id="no TOML"),
    ],
)
def test_names_the_file_the_key_and_the_mend(tmp_path, before, after, message):
    assert before in GOOD

    with pytest.raises(UnreadableSource, match=message) as caught:
        load(tmp_path, GOOD.replace(before, after))
    assert "depot.toml" in str(caught.value)


def test_says_that_there_is_no_such_file(tmp_path):
    with pytest.raises(SourceNotFound, match=r"nothing\.toml"):
        mapping.load(tmp_path / "nothing.toml")


def test_ships_mappings_that_are_valid_and_states_no_zone_that_nobody_knows():
    shipped = {each.name: each for each in mapping.shipped()}

    assert shipped["workplace"].time_zone is None
    assert shipped["workplace"].century == 2000


def test_recognises_a_file_by_all_of_its_columns(tmp_path):
    found = load(tmp_path, GOOD)

    assert found.recognises(["Nr", "Paal", "Van", "Tot", "kWh", "Extra"])
    assert not found.recognises(["Nr", "Paal", "Van", "Tot"])
