import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.identifiers import evse_id, group_id
from charging.identifiers.group_id import Group

group_ids = st.from_regex(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?[PS][A-Z0-9][A-Z0-9*]{0,28}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "group", "normal", "compact"),
    [
        pytest.param("IT*123*P456*AB789", Group.POOL, "IT*123*P456*AB789", "IT123P456AB789", id="OICP's pool"),
        pytest.param(
            "FREXG*P72100HOTELGARE", Group.POOL, "FR*EXG*P72100HOTELGARE", "FREXGP72100HOTELGARE", id="AFIREV"
        ),
        pytest.param("FREXGP72100", Group.POOL, "FR*EXG*P72100", "FREXGP72100", id="the French access point's form"),
        pytest.param("nl*evn*s12", Group.STATION, "NL*EVN*S12", "NLEVNS12", id="station in lower case"),
        pytest.param("NL-EVN-S12", Group.STATION, "NL*EVN*S12", "NLEVNS12", id="hyphens"),
        pytest.param(
            "NL*EVN*S" + "1" * 51, Group.STATION, "NL*EVN*S" + "1" * 51, "NLEVNS" + "1" * 51, id="eMIP's limit"
        ),
    ],
)
def test_takes_pool_and_station_ids_apart(text, group, normal, compact):
    parsed = group_id.parse(text)

    assert (parsed.group, parsed.text, parsed.compact) == (group, normal, compact)
    assert evse_id.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NL*EVN*E12", id="an EVSE id"),
        pytest.param("NL*EVN*P", id="no name"),
        pytest.param("NL*EVN*P**", id="a name of separators"),
        pytest.param("NL*EVN*P" + "1" * 32, id="a pool of 32"),
        pytest.param("NL*EVN*S" + "1" * 52, id="a station of 52"),
        pytest.param("NL*EVN*Р1", id="a Cyrillic type letter"),  # noqa: RUF001 - the look-alike is the test
    ],
)
def test_refuses_what_is_neither(text):
    assert group_id.parse(text) is None


def test_names_what_some_reader_refuses():
    assert group_id.parse("UK*EVN*S" + "1*" * 16).obstacles == (
        "id.country_nonstandard",
        "id.outlet_too_long",
        "id.separator_empty_part",
    )


@given(group_ids)
def test_reading_what_was_written_changes_nothing(text):
    once = group_id.parse(text)
    again = group_id.parse(once.text)

    assert (again.text, again.compact) == (once.text, once.compact)
    assert once.compact == text.replace("*", "")
