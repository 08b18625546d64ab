"""Sessions, locations and tokens of a partner's feed, in all versions."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.roaming.feed import FeedConnector
from charging.roaming.ocpi.parse import UnreadablePage
from charging.roaming.ocpi.parse_feed import parse_locations, parse_tokens
from charging.roaming.ocpi.parse_sessions import parse_sessions

SESSION = {
    "country_code": "NL",
    "party_id": "EVN",
    "id": "S-1",
    "start_date_time": "2026-11-01T12:00:00Z",
    "kwh": 41.12,
    "cdr_token": {"uid": "04A1B2C3D4E5F6", "type": "RFID", "contract_id": "NL-ROA-C00010069"},
    "location_id": "L1",
    "evse_uid": "3256",
    "connector_id": "1",
    "currency": "EUR",
    "charging_periods": [
        {"start_date_time": "2026-11-01T12:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 120}]},
        {"start_date_time": "2026-11-01T12:10:00Z", "dimensions": [{"type": "ENERGY", "volume": 41000}]},
    ],
    "status": "ACTIVE",
    "last_updated": "2026-11-01T13:00:00Z",
}
SESSION_211 = {
    "id": "S-1",
    "start_datetime": "2026-11-01T12:00:00Z",
    "end_datetime": "2026-11-01T13:00:00Z",
    "kwh": 10,
    "auth_id": "NL-ROA-C00010069",
    "location": {"id": "L1", "evses": [{"uid": "3256", "evse_id": "BE-BEC-E041503001", "connectors": [{"id": "1"}]}]},
    "currency": "EUR",
    "total_cost": "2.50",
    "status": "COMPLETED",
    "last_updated": "2026-11-01T13:00:00Z",
}


def one(parse, record, **how):
    parsed = parse(json.dumps([record]).encode(), partner="roa", **how)
    assert not parsed.rejected, parsed.rejected
    return parsed.records[0]


def test_reads_a_running_session():
    session = one(parse_sessions, SESSION)

    assert (session.owner, session.session_id, session.status) == ("NL-EVN", "S-1", "ACTIVE")
    assert (session.started_at, session.ended_at) == (datetime(2026, 11, 1, 12, tzinfo=UTC), None)
    assert (session.token_uid, session.contract_compact, session.evse_uid) == (
        "04A1B2C3D4E5F6",
        "NLROAC00010069",
        "3256",
    )


def test_the_wh_of_the_official_session_sample_are_told_from_kwh():
    session = one(parse_sessions, SESSION)

    assert session.energy_kwh == Decimal("41.12")
    assert [line.volume for line in session.lines] == [Decimal("0.12"), Decimal(41)]
    assert session.quality == ("unit.energy_wh",)


def test_reads_a_session_of_2_1_1():
    session = one(parse_sessions, SESSION_211, version="2.1.1", owner="BE-BEC")

    assert (session.owner, session.token_uid, session.contract_compact) == ("BE-BEC", None, "NLROAC00010069")
    assert (session.evse_uid, session.evse_compact, session.connector_id) == ("3256", "BEBECE041503001", "1")
    assert (session.net, session.gross) == (Decimal("2.50"), None)
    assert session.quality == ("id.separator_nonstandard", "number.as_text")


def test_the_cost_of_a_session_of_2_3_0_is_before_taxes():
    cost = {"before_taxes": 10, "taxes": [{"name": "VAT", "amount": 2.1}]}

    session = one(parse_sessions, SESSION | {"total_cost": cost}, version="2.3.0")

    assert (session.net, session.gross) == (Decimal(10), Decimal("12.1"))


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "1970-1-1T00:00:00Z"], ids=["the year 9999", "1970"])
def test_an_unknown_end_is_none_yet(end):
    session = one(parse_sessions, SESSION | {"end_date_time": end})

    assert session.ended_at is None
    assert "time.unknown" in session.quality


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": ""}, id="no id"),
        pytest.param({"kwh": -1}, id="negative energy"),
        pytest.param({"kwh": "much"}, id="no number"),
        pytest.param({"end_date_time": "2026-11-01T11:00:00Z"}, id="ends before it starts"),
        pytest.param({"cdr_token": None}, id="nobody"),
    ],
)
def test_a_malformed_session_costs_itself_and_says_why(changes):
    parsed = parse_sessions(json.dumps([SESSION, SESSION | changes]).encode(), partner="roa")

    assert [session.session_id for session in parsed.records] == ["S-1"]
    assert parsed.rejected[0].reason
    assert len(parsed) == 2


LOCATION = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "LOC1",
    "country": "BE",
    "coordinates": {"latitude": "3.729944", "longitude": "51.047599"},
    "time_zone": "Europe/Brussels",
    "evses": [
        {
            "uid": "3256",
            "evse_id": "BE*BEC*E1",
            "status": "AVAILABLE",
            "connectors": [{"id": "1", "tariff_ids": ["A"]}],
        },
        {"uid": "3257", "status": "removed", "connectors": [{"id": "1", "tariff_id": "B"}]},
    ],
    "last_updated": "2026-11-01T13:00:00Z",
}


def test_reads_a_location_down_to_its_tariffs():
    location = one(parse_locations, LOCATION)

    assert (location.owner, location.location_id, location.time_zone) == ("BE-BEC", "LOC1", "Europe/Brussels")
    assert [(evse.evse_uid, evse.evse_compact, evse.status) for evse in location.evses] == [
        ("3256", "BEBECE1", "AVAILABLE"),
        ("3257", None, "REMOVED"),
    ]
    assert [evse.connectors for evse in location.evses] == [
        (FeedConnector(connector_id="1", tariff_ids=("A",)),),
        (FeedConnector(connector_id="1", tariff_ids=("B",)),),
    ]


def test_the_place_of_the_official_samples_is_seen_to_be_swapped():
    assert one(parse_locations, LOCATION).quality == ("coords.swapped", "location.country_alpha2")


def test_a_location_of_2_1_1_names_no_owner():
    assert one(parse_locations, {**LOCATION, "country_code": None, "party_id": None}, version="2.1.1").owner is None


TOKEN = {
    "country_code": "NL",
    "party_id": "ROA",
    "uid": "04a1b2c3d4e5f6",
    "type": "RFID",
    "contract_id": "nl-roa-c00010069",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": "2026-11-01T13:00:00Z",
}


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_ids_of_a_token_are_compared_in_capitals(version):
    token = one(parse_tokens, TOKEN, version=version)

    assert (token.issuer, token.token_uid, token.contract_compact) == ("NL-ROA", "04A1B2C3D4E5F6", "NLROAC00010069")
    assert (token.is_valid, token.whitelist, token.quality) == (True, "ALLOWED", ("id.case",))


def test_the_contract_of_a_token_of_2_1_1_is_its_auth_id():
    old = {key: value for key, value in TOKEN.items() if key not in {"country_code", "party_id", "contract_id"}}

    token = one(parse_tokens, old | {"auth_id": "NL-ROA-C00010069"}, version="2.1.1")

    assert (token.issuer, token.contract_compact) == (None, "NLROAC00010069")


@pytest.mark.parametrize("parse", [parse_sessions, parse_locations, parse_tokens])
def test_a_page_that_is_no_list_is_refused(parse):
    with pytest.raises(UnreadablePage):
        parse(b"{}", partner="roa")


@pytest.mark.parametrize("parse", [parse_sessions, parse_locations, parse_tokens])
def test_a_version_that_we_do_not_know_is_refused(parse):
    with pytest.raises(ValueError, match=r"2\.0"):
        parse(b"[]", partner="roa", version="2.0")
