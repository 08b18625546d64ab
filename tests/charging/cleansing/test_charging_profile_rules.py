import pytest


@pytest.mark.parametrize(
    ("periods", "read"),
    [
        pytest.param('[{"start_period": 0, "limit": "16"}]', [{"start_period": 0, "limit": "16"}], id="our words"),
        pytest.param(
            '[{"startPeriod": 0, "limit": 16.10, "numberPhases": 3}, {"startPeriod": 60, "limit": 0}]',
            [{"start_period": 0, "limit": "16.10", "number_phases": 3}, {"start_period": 60, "limit": "0"}],
            id="OCPP's words, and every digit",
        ),
        pytest.param(
            '[{"start_period": 0, "limit": "16", "number_phases": null}]',
            [{"start_period": 0, "limit": "16"}],
            id="no phases",
        ),
    ],
)
def test_periods_are_read_without_losing_a_digit(profile, periods, read):
    assert [dict(each) for each in profile({"periods": periods}).clean[0].periods] == read


@pytest.mark.parametrize(
    "periods",
    [
        pytest.param(None, id="none"),
        pytest.param("[]", id="an empty list"),
        pytest.param("{}", id="no list"),
        pytest.param("[1]", id="a number"),
        pytest.param("[" * 100_000, id="JSON that never ends"),
        pytest.param('[{"start_period": 60, "limit": "16"}]', id="nothing at second 0"),
        pytest.param('[{"start_period": 0, "limit": "16"}, {"start_period": 0, "limit": "8"}]', id="two at once"),
        pytest.param('[{"start_period": 0, "limit": "-1"}]', id="less than nothing"),
        pytest.param('[{"start_period": 0, "limit": "NaN"}]', id="no number"),
        pytest.param('[{"start_period": 0, "limit": "16", "number_phases": 4}]', id="four phases"),
    ],
)
def test_periods_that_cannot_be_obeyed_are_set_aside(profile, periods):
    assert profile.rules({"periods": periods}) == ["profile.periods"]


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        pytest.param({}, [], id="nothing wrong"),
        pytest.param({"recurrency": "daily", "purpose": "txprofile"}, [], id="other capitals"),
        pytest.param({"purpose": "Whatever"}, ["profile.words"], id="no purpose of OCPP 1.6"),
        pytest.param({"kind": None}, ["profile.words"], id="no kind"),
        pytest.param({"rate_unit": "kW"}, ["profile.words"], id="no unit of OCPP 1.6"),
        pytest.param({"recurrency": "Monthly"}, ["profile.words"], id="no recurrency of OCPP 1.6"),
        pytest.param({"stack_level": None}, ["profile.level"], id="no stack level"),
        pytest.param({"stack_level": "-1"}, ["profile.level"], id="a level below nothing"),
        pytest.param({"duration_seconds": "1.5"}, ["profile.level"], id="half a second"),
        pytest.param({"valid_from": "soon"}, ["profile.times"], id="no instant"),
        pytest.param(
            {"valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}, ["profile.times"], id="order"
        ),
    ],
)
def test_a_profile_speaks_ocpp(profile, row, rules):
    assert profile.rules(row) == rules


def test_a_profile_lies_ready_for_any_station_but_not_for_an_unknown_one(profile):
    assert profile.rules({}, station_ids=frozenset({"CS-1"})) == []
    assert profile.rules({"station_id": "CS-2"}, station_ids=frozenset({"CS-1"})) == ["cp.ghost"]


def test_a_profile_listed_twice_merges_only_if_the_words_are_the_same(profile):
    assert profile({}, {}).merged == 1
    assert profile.rules({}, {"rate_unit": "W"}) == ["profile.dup", "profile.dup"]
