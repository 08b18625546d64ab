from decimal import Decimal

import pytest

from expectations.published import judge_published

LOCATION = {
    "key": "L1",
    "id": "L1",
    "name": "Stationsplein",
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "postal_code": "3511 ED",
    "country": "NLD",
    "latitude": "52.09000",
    "longitude": "5.12000",
    "time_zone": "Europe/Amsterdam",
}
EVSE = {"key": "E1", "uid": "E1", "evse_id": "NL*EVN*E1", "connectors": 1}
CONNECTOR = {
    "key": "E1#1",
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 16,
    "max_electric_power": 11000,
}


def score(**published):
    return judge_published(published)[1]


def field(scored, entity, name):
    return next(each for each in scored.fields if (each.entity, each.field) == (entity, name))


def test_gives_everything_that_is_there_and_right_the_full_score():
    scored = score(location=[LOCATION], evse=[EVSE], connector=[CONNECTOR])

    assert (scored.score, scored.completeness, scored.correctness) == (100, 100, 100)


def test_counts_what_is_missing_against_completeness_only():
    scored = score(location=[LOCATION, LOCATION | {"key": "L2", "id": "L2", "city": None}])

    assert scored.correctness == 100
    assert scored.completeness == scored.score == Decimal("93.75")  # 2 of 32 are missing
    assert (field(scored, "location", "city").filled, field(scored, "location", "city").correct) == (1, 1)


def test_counts_what_is_wrong_against_correctness_only():
    scored = score(location=[LOCATION, LOCATION | {"key": "L2", "id": "L2", "latitude": "52.09"}])

    assert scored.completeness == 100
    assert scored.correctness == scored.score == Decimal("93.75")


def test_weighs_what_ocpi_requires_twice():
    scored = score(location=[LOCATION])

    assert field(scored, "location", "city").weight == 2
    assert field(scored, "location", "postal_code").weight == 1


@pytest.mark.parametrize(("name", "bad"), [("evse_id", "Zuil 1"), ("uid", "E" * 37)])
def test_names_the_row_and_the_reason(name, bad):
    findings, _ = judge_published(
        {"evse": [EVSE, EVSE | {"key": "E2", "uid": "E2", "evse_id": "NL*EVN*E2", name: bad}]}
    )

    of_evses = next(each for each in findings if each.suite == "published.evse")
    assert list(of_evses.quarantined_keys) == ["E2"]


def test_has_no_score_where_there_is_nothing():
    scored = score()

    assert (scored.score, scored.completeness, scored.correctness) == (None, None, None)
