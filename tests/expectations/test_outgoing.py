"""Rows that a target would not take are refused before they are sent, each with its reason."""

import pandas as pd
import pytest

from charging.errors import MissingColumns, UnknownThing
from expectations.outgoing.check import SUITES, check_outgoing

LOCATION = {
    "key": "LOC1",
    "country_code": "NL",
    "party_id": "EVN",
    "id": "LOC1",
    "name": "Stationsplein",
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "postal_code": "3511 ED",
    "country": "NLD",
    "latitude": "52.09000",
    "longitude": "-5.1200000",
    "time_zone": "Europe/Amsterdam",
}
EVSE = {
    "key": "1",
    "uid": "CS-1*1",
    "evse_id": "NL*EVN*E1*1",
    "status": "AVAILABLE",
    "connectors": 1,
    "connector_id": 1,
}
CONNECTOR = {
    "key": "1",
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 16,
}
TOKEN = {
    "key": "1",
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "04A1B2C3",
    "type": "RFID",
    "contract_id": "NL-TNM-C00000001-5",
    "issuer": "TNM",
    "valid": True,
    "whitelist": "ALWAYS",
}
TARIFF = {"key": "T1", "country_code": "NL", "party_id": "EVN", "id": "T1", "currency": "EUR", "elements": 1}
STATION = {"key": "CS-1", "station_id": "CS-1", "vendor": "Supplier A", "model": "A1", "serial_number": "1"}
BOX_EVSE = {"key": "CS-1*1", "evse_uid": "CS-1*1", "station_id": "CS-1", "connector_id": 1, "evse_id": "NL*EVN*E1*1"}
TAG = {"key": "04A1", "token_uid": "04A1", "parent_uid": None, "is_blocked": False}
CELLS = {"key": "1", "name": "Stationsplein", "longitude": "-5.12", "note": None}
PLACE = {"key": "LOC1", "location_id": "LOC1", "name": "Stationsplein", "latitude": 52, "longitude": 5}
GOOD = {
    "location": LOCATION,
    "evse": EVSE,
    "connector": CONNECTOR,
    "token": TOKEN,
    "tariff": TARIFF,
    "station": STATION,
}


def asked(kind, entity, *rows, **options):
    frame = pd.DataFrame([row | {"key": str(number)} for number, row in enumerate(rows)], dtype=object)
    return check_outgoing(kind, entity, frame, **options)


def good(kind, entity):
    if kind == "ocpi-2.1.1":
        old = {"contract_id": "auth_id", "max_voltage": "voltage", "max_amperage": "amperage"}
        return {old.get(name, name): value for name, value in GOOD[entity].items()}
    if kind in {"steve", "citrineos"}:
        return {"station": STATION, "evse": BOX_EVSE, "token": TAG, "location": PLACE}[entity]
    return GOOD[entity]


@pytest.mark.parametrize(("kind", "entity"), [(kind, entity) for kind, suites in SUITES.items() for entity in suites])
def test_lets_through_what_a_target_takes(kind, entity):
    found = asked(kind, entity, good(kind, entity))

    assert found.quarantined_keys == {}
    assert found.suite == f"outgoing.{kind}.{entity}"
    assert found.results


@pytest.mark.parametrize(
    ("kind", "entity", "bad", "reason"),
    [
        pytest.param("ocpi-2.2.1", "location", {"id": "L" * 37}, "at most 36", id="a long id of a location"),
        pytest.param("ocpi-2.1.1", "location", {"id": "L" * 40}, "at most 39", id="a long id in the old version"),
        pytest.param("ocpi-2.2.1", "location", {"id": "Plaça"}, "printable ASCII", id="an id beyond ASCII"),
        pytest.param("ocpi-2.2.1", "location", {"country": "NL"}, "alpha-3", id="a country of two letters"),
        pytest.param("ocpi-2.2.1", "location", {"latitude": "52.09"}, "5 to 7 decimals", id="two decimals"),
        pytest.param("ocpi-2.2.1", "location", {"longitude": "1755.12000"}, "5 to 7", id="four digits of longitude"),
        pytest.param("ocpi-2.2.1", "location", {"time_zone": "CET+1"}, "IANA", id="a time zone of nobody"),
        pytest.param("ocpi-2.2.1", "location", {"time_zone": None}, "has a time zone", id="no time zone"),
        pytest.param("ocpi-2.2.1", "location", {"city": "U" * 46}, "at most 45", id="a long city"),
        pytest.param("ocpi-2.2.1", "location", {"name": "U" * 256}, "at most 255", id="a long name"),
        pytest.param("ocpi-2.2.1", "location", {"name": "A\nB"}, "line breaks", id="a name on two lines"),
        pytest.param("ocpi-2.2.1", "evse", {"evse_id": "Zuil 1"}, "an outlet", id="an id that is none"),
        pytest.param("ocpi-2.2.1", "evse", {"connectors": 0}, "has a connector", id="an EVSE without connectors"),
        pytest.param("ocpi-2.2.1", "evse", {"connector_id": 0}, "connector 0", id="the station itself as an EVSE"),
        pytest.param("ocpi-2.2.1", "evse", {"status": "Available"}, "OCPI knows", id="a status of OCPP"),
        pytest.param("ocpi-2.2.1", "connector", {"id": "0"}, "connector 0", id="connector 0"),
        pytest.param(
            "ocpi-2.2.1", "connector", {"standard": "MCS"}, "OCPI 2.2.1 knows", id="a plug of the next version"
        ),
        pytest.param("ocpi-2.1.1", "connector", {"power_type": "AC_2_PHASE"}, "OCPI 2.1.1", id="a current of the next"),
        pytest.param("ocpi-2.2.1", "token", {"uid": "0" * 37}, "at most 36", id="a long uid"),
        pytest.param("ocpi-2.1.1", "token", {"type": "APP_USER"}, "OCPI 2.1.1 knows", id="a type of the next version"),
        pytest.param("ocpi-2.2.1", "tariff", {"currency": "€"}, "ISO 4217", id="a currency sign"),
        pytest.param("steve", "station", {"station_id": "C" * 256}, "at most 255", id="a long identity"),
        pytest.param(
            "steve", "station", {"station_id": " CS-1"}, "blanks at either end", id="an identity with a blank"
        ),
        pytest.param("steve", "token", {"token_uid": "0" * 21}, "at most 20", id="a tag of 21 characters"),
        pytest.param("steve", "evse", {"connector_id": 0}, "connector 0", id="connector 0 of SteVe"),
        pytest.param("steve", "evse", {"evse_id": "+31*123*0004*1"}, "an outlet", id="an id of DIN for SteVe"),
        pytest.param("citrineos", "evse", {"evse_id": "+31*123*0004*1"}, "an outlet", id="an id of DIN for CitrineOS"),
        pytest.param("ocpi-2.1.1", "evse", {"evse_id": "+31*123*0004*1"}, "an outlet", id="an id of DIN for a hub"),
        pytest.param("citrineos", "station", {"station_id": "C" * 37}, "at most 36", id="an identity of 37"),
        pytest.param("citrineos", "location", {"latitude": 91}, "degrees", id="a latitude beyond the pole"),
    ],
)
def test_refuses_what_a_target_would_not_take_and_says_why(kind, entity, bad, reason):
    found = asked(kind, entity, good(kind, entity) | bad)

    assert list(found.quarantined_keys) == ["0"]
    assert any(reason in sentence for sentence in found.quarantined_keys["0"])
    assert found.blocks == ()


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "\uff1d1", "-", "+31 6"],
    ids=repr,
)
def test_refuses_a_cell_that_a_spreadsheet_would_run(cell):
    found = asked("csv", "location", CELLS, CELLS | {"name": cell})

    assert list(found.quarantined_keys) == ["1"]


@pytest.mark.parametrize("cell", ["-5.12", "+31612345678", "1,5", "", "NL*EVN*E1", "a=b", "São Paulo"], ids=repr)
def test_lets_an_honest_cell_through(cell):
    assert asked("csv", "location", CELLS | {"name": cell}).quarantined_keys == {}


def test_refuses_a_cell_that_is_longer_than_the_importer_takes():
    found = asked("csv", "token", CELLS, CELLS | {"name": "Stationsplein 2"}, lengths={"name": 14})

    assert list(found.quarantined_keys) == ["1"]


def test_refuses_both_of_two_rows_with_one_key():
    found = asked("ocpi-2.2.1", "token", TOKEN, TOKEN)

    assert found.quarantined_keys == {
        "0": ("No token uid is sent twice.",),
        "1": ("No token uid is sent twice.",),
    }


def test_does_not_ask_of_a_column_that_is_not_sent():
    row = {name: value for name, value in LOCATION.items() if name != "name"}

    found = asked("ocpi-2.2.1", "location", row)

    assert found.unasked == ("The name of every location is text of at most 255 characters, without line breaks.",)


def test_refuses_a_table_without_a_column_that_every_row_must_have():
    row = {name: value for name, value in LOCATION.items() if name != "country"}

    with pytest.raises(MissingColumns, match="country"):
        asked("ocpi-2.2.1", "location", row)


@pytest.mark.parametrize(("kind", "entity"), [("ocpi-3.0", "location"), ("steve", "tariff")])
def test_refuses_a_target_or_an_entity_that_it_does_not_know(kind, entity):
    with pytest.raises(UnknownThing):
        asked(kind, entity, LOCATION)


def test_has_nothing_to_refuse_where_nothing_is_sent():
    assert check_outgoing("steve", "token", pd.DataFrame(columns=list(TAG))).quarantined_keys == {}
