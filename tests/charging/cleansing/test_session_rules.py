from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.cleansing import Owner


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_loads_a_clean_session_untouched(session):
    found = session({"cost": "2.10", "currency": "EUR"})

    (clean,) = found.clean
    assert (clean.energy_kwh, clean.cost, clean.currency) == (Decimal("7.5"), Decimal("2.10"), "EUR")
    assert clean.started_at == at("2026-03-04T10:00:00Z")
    assert (clean.is_billable, clean.is_estimated) == (True, False)
    assert (found.fixes, found.questions, found.quarantined) == ((), (), ())


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param({"session_id": " "}, "row.no_key", id="no id"),
        pytest.param({"csv_shift": "2 cells"}, "csv.shift", id="cells that do not fit"),
        pytest.param({"csv_total": "true"}, "row.total", id="a sum of other rows"),
        pytest.param({"station_id": ""}, "cp.ghost", id="no station"),
        pytest.param({"connector_id": "0"}, "conn.zero", id="connector 0"),
        pytest.param({"connector_id": "left"}, "conn.number", id="a connector with a name"),
        pytest.param({"energy_kwh": "7,5"}, "mv.garbage", id="a decimal comma that nobody proved"),
        pytest.param({"energy_kwh": "NaN"}, "mv.garbage", id="NaN"),
        pytest.param({"energy_kwh": "1E3"}, "mv.garbage", id="an exponent"),
        pytest.param({"energy_kwh": None}, "mv.missing", id="no energy"),
        pytest.param({"energy_kwh": "-1"}, "tx.neg", id="negative energy"),
        pytest.param({"cost": "-2", "currency": "EUR"}, "tx.cost", id="negative cost"),
        pytest.param({"cost": "2"}, "tx.cost", id="cost in no currency"),
        pytest.param({"cost": "2", "currency": "€"}, "tx.cost", id="cost in a sign"),
        pytest.param({"started_at": "yesterday"}, "tx.time", id="no date"),
        pytest.param({"started_at": None}, "tx.time", id="no start"),
        pytest.param({"started_at": "2026-03-04 10:00:00"}, "tx.zone", id="no zone"),
        pytest.param({"started_at": "0026-03-04T10:00:00Z"}, "tx.century", id="no century"),
        pytest.param(
            {"started_at": "1970-01-01T00:00:09Z", "stopped_at": "1970-01-01T01:00:00Z"}, "tx.clock", id="1970"
        ),
        pytest.param({"stopped_at": "2026-03-04T09:59:59Z"}, "tx.impossible", id="ends before it begins"),
        pytest.param(
            {"started_at": "2027-03-04T10:00:00Z", "stopped_at": "2027-03-04T11:00:00Z"}, "tx.impossible", id="future"
        ),
        pytest.param({"stopped_at": None}, "tx.no_stop", id="no stop"),
        pytest.param({"failed_stop_reason": "unknown"}, "tx.stop_failed", id="a stop without its session"),
    ],
)
def test_sets_aside(session, row, rule):
    found = session(row)

    assert [each.rule for each in found.quarantined] == [rule]
    assert found.quarantined[0].reason
    assert found.quarantined[0].values == session.default | row
    assert (found.quarantined[0].file, found.quarantined[0].line) == ("export.csv", 2)


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        pytest.param({"stopped_at": "2026-03-04T10:01:59Z"}, [], id="zero under two minutes"),
        pytest.param({"stopped_at": "2026-03-04T10:02:00Z"}, ["tx.zero"], id="zero in two minutes"),
    ],
)
def test_judges_zero_energy_by_its_duration(session, row, rules):
    found = session({"energy_kwh": "0"} | row)

    assert [each.rule for each in found.quarantined] == rules
    if not rules:
        assert found.clean[0].is_billable is False
        assert [(fix.rule, fix.field, fix.after) for fix in found.fixes] == [("tx.zero", "is_billable", "false")]
    else:
        assert found.quarantined[0].owner is Owner.MAINTENANCE


@pytest.mark.parametrize(
    ("stopped_at", "rules"),
    [
        pytest.param("2026-03-07T10:00:00Z", [], id="72 hours"),
        pytest.param("2026-03-07T10:00:01Z", ["tx.stuck"], id="a second more"),
    ],
)
def test_asks_whether_anybody_stopped_it(session, stopped_at, rules):
    assert session.rules({"stopped_at": stopped_at}) == rules


@pytest.mark.parametrize(
    ("energy_kwh", "rules"),
    [
        pytest.param("48.4", [], id="110 % of 22 kW in two hours"),
        pytest.param("48.401", ["tx.impossible"], id="a watt-hour more"),
    ],
)
def test_knows_what_a_station_can_deliver(session, energy_kwh, rules):
    assert session.rules({"energy_kwh": energy_kwh}, max_power_kw=Decimal(22)) == rules


def test_restores_the_century_that_the_source_states_and_logs_both_times(session):
    found = session(
        {"started_at": "0014-11-18 15:40:26", "stopped_at": "0014-11-18 17:11:04", "century": "2000"},
        time_zone="America/New_York",
    )

    assert found.clean[0].started_at == at("2014-11-18T20:40:26Z")
    assert [(fix.rule, fix.before, fix.after) for fix in found.fixes] == [
        ("tx.century", "0014-11-18 15:40:26", "2014-11-18 15:40:26"),
        ("tx.century", "0014-11-18 17:11:04", "2014-11-18 17:11:04"),
    ]


@pytest.mark.parametrize(("year", "rules"), [("0099", ["tx.impossible"]), ("0100", ["tx.clock"])])
def test_restores_no_century_of_a_year_that_has_one_and_believes_no_future(session, year, rules):
    row = {"started_at": f"{year}-11-18T10:00:00Z", "stopped_at": f"{year}-11-18T11:00:00Z"}

    assert session.rules(row, century=2000) == rules


@pytest.mark.parametrize(
    ("row", "started_at"),
    [
        pytest.param(
            {"started_at": "2026-10-25 01:30:00", "stopped_at": "2026-10-25 04:00:00"},
            "2026-10-24T23:30:00Z",
            id="before",
        ),
        pytest.param(
            {"started_at": "2026-10-25 02:30:00", "duration_hours": "2.5"},
            "2026-10-25T00:30:00Z",
            id="duration: summer",
        ),
        pytest.param(
            {"started_at": "2026-10-25 02:30:00", "duration_hours": "1.5"},
            "2026-10-25T01:30:00Z",
            id="duration: winter",
        ),
        pytest.param(
            {"started_at": "2026-10-25 02:30:00", "server_started_at": "2026-10-25T01:30:05Z"},
            "2026-10-25T01:30:00Z",
            id="server",
        ),
        pytest.param({"started_at": "2026-10-25 02:30:00"}, None, id="nothing says which"),
        pytest.param(
            {"started_at": "2026-10-25 02:30:00", "duration_hours": "9"}, None, id="a duration that fits neither"
        ),
        pytest.param(
            {"started_at": "2026-03-29 02:30:00", "stopped_at": "2026-03-29 04:00:00"},
            None,
            id="an hour that is skipped",
        ),
        pytest.param(
            {"started_at": "2026-03-29 03:00:00", "stopped_at": "2026-03-29 04:00:00"},
            "2026-03-29T01:00:00Z",
            id="after it",
        ),
    ],
)
def test_resolves_the_repeated_hour_only_where_it_can_be_proven(session, row, started_at):
    found = session({"stopped_at": "2026-10-25 04:00:00"} | row, time_zone="Europe/Amsterdam")

    if started_at is None:
        assert [each.rule for each in found.quarantined] == ["tx.dst"]
    else:
        assert [each.started_at for each in found.clean] == [at(started_at)]


def test_resolves_the_repeated_hour_by_the_order_of_start_and_stop(session):
    row = {"started_at": "2026-10-25 02:50:00", "stopped_at": "2026-10-25 02:10:00", "energy_kwh": "3"}
    found = session(row, time_zone="Europe/Amsterdam")

    assert found.clean[0].stopped_at - found.clean[0].started_at == timedelta(minutes=20)
    assert {fix.rule for fix in found.fixes} == {"tx.dst"}


SERVER = {"server_started_at": "2026-03-04T10:00:02Z", "server_stopped_at": "2026-03-04T12:00:02Z"}


@pytest.mark.parametrize(
    ("row", "loaded_at"),
    [
        pytest.param({}, "2026-03-04T10:00:00Z", id="a clock that is right"),
        pytest.param(
            {"started_at": "1970-01-01T00:03:00Z", "stopped_at": "1970-01-01T02:03:00Z"},
            "2026-03-04T10:00:02Z",
            id="1970, online",
        ),
        pytest.param(
            {"started_at": "1970-01-01T00:03:00Z", "stopped_at": "1970-01-01T01:03:00Z"}, None, id="1970, offline"
        ),
        pytest.param(
            {"started_at": "2026-03-03T10:00:02Z", "stopped_at": "2026-03-03T12:00:02Z"},
            "2026-03-03T10:00:02Z",
            id="24 hours off",
        ),
        pytest.param(
            {"started_at": "2026-03-03T10:00:01Z", "stopped_at": "2026-03-03T12:00:01Z"},
            "2026-03-04T10:00:02Z",
            id="a second more",
        ),
    ],
)
def test_takes_the_servers_times_where_the_stations_clock_was_never_set(session, row, loaded_at):
    found = session(SERVER | row)

    if loaded_at is None:
        assert [each.rule for each in found.quarantined] == ["tx.clock"]
    else:
        assert [each.started_at for each in found.clean] == [at(loaded_at)]


def _day(day, *, hour, server_hour):
    return {
        "session_id": str(day),
        "started_at": f"2026-03-{day:02d}T{hour}:00:00Z",
        "stopped_at": f"2026-03-{day:02d}T{hour + 1}:00:00Z",
        "server_started_at": f"2026-03-{day:02d}T{server_hour}:00:03Z",
        "server_stopped_at": f"2026-03-{day:02d}T{server_hour + 1}:00:03Z",
    }


@pytest.mark.parametrize(
    ("hours", "fixed"),
    [
        pytest.param([11, 11, 11], 3, id="three of three"),
        pytest.param([11, 11], 0, id="two are no vote"),
        pytest.param([11, 11, 10], 0, id="two of three are no majority"),
        pytest.param([10, 10, 10], 0, id="right"),
    ],
)
def test_moves_a_station_that_keeps_local_time_by_vote(session, hours, fixed):
    found = session(*(_day(day, hour=hour, server_hour=10) for day, hour in enumerate(hours, start=1)))

    moved = [fix for fix in found.fixes if fix.rule == "tx.tz" and fix.field == "started_at"]
    assert len(moved) == fixed
    assert all(fix.confidence == "vote" for fix in moved)
    if fixed:
        assert {each.started_at.hour for each in found.clean} == {10}


def test_reads_energy_from_registers(metered):
    assert metered({}).clean[0].energy_kwh == Decimal("7.5")


@pytest.mark.parametrize(
    ("row", "rules", "energy_kwh"),
    [
        pytest.param(
            {"meter_start_wh": "999996000", "meter_stop_wh": "3500"}, [], "7.5", id="a register of 999 999.9 kWh"
        ),
        pytest.param({"meter_start_wh": "4294963296", "meter_stop_wh": "3500"}, [], "7.5", id="a register of 32 bits"),
        pytest.param({"meter_start_wh": "100000", "meter_stop_wh": "98750"}, ["tx.neg"], None, id="a little back"),
        pytest.param(
            {"meter_start_wh": "600000", "meter_stop_wh": "0"}, ["tx.neg"], None, id="back to zero from anywhere"
        ),
        pytest.param({"energy_kwh": "7.5"}, [], "7.5", id="both agree"),
        pytest.param({"energy_kwh": "7.4"}, ["mv.disagree"], None, id="both disagree"),
    ],
)
def test_judges_registers(metered, row, rules, energy_kwh):
    found = metered(row)

    assert [each.rule for each in found.quarantined] == rules
    assert [each.energy_kwh for each in found.clean] == ([Decimal(energy_kwh)] if energy_kwh else [])


def _neighbours(**middle):
    before = {"session_id": "0", "started_at": "2026-03-03T10:00:00Z", "stopped_at": "2026-03-03T11:00:00Z"}
    before |= {"meter_start_wh": "99000", "meter_stop_wh": "100000"}
    return before, middle


@pytest.mark.parametrize(
    ("middle", "rules"),
    [
        pytest.param({"meter_start_wh": "100.000", "meter_stop_wh": "107.500"}, ["tx.unit"], id="registers in kWh"),
        pytest.param(
            {"meter_start_wh": "100000", "meter_stop_wh": "100008"}, [], id="little energy, and registers in Wh"
        ),
        pytest.param({"meter_start_wh": "0", "meter_stop_wh": "8"}, [], id="a register that starts at zero each time"),
    ],
)
def test_notices_registers_in_another_unit_than_their_neighbours(metered, middle, rules):
    assert metered.rules(*_neighbours(**middle)) == rules


@pytest.mark.parametrize(
    ("other", "rules", "merged"),
    [
        pytest.param({"started_at": "2026-03-04T10:00:02Z"}, [], 1, id="two seconds later"),
        pytest.param({"started_at": "2026-03-04T10:00:03Z"}, ["tx.overlap"] * 2, 0, id="three seconds later"),
        pytest.param({"token_uid": "OTHER"}, ["tx.overlap"] * 2, 0, id="another token"),
        pytest.param({"stopped_at": None, "energy_kwh": None}, [], 1, id="one that says nothing more"),
        pytest.param({"energy_kwh": "9"}, ["tx.dup"] * 2, 0, id="another energy"),
        pytest.param({"session_id": "1"}, [], 1, id="the same row twice"),
        pytest.param({"session_id": "1", "energy_kwh": "9"}, ["tx.dup"] * 2, 0, id="one id, two energies"),
        pytest.param({"station_id": "CS-2"}, [], 0, id="another station"),
    ],
)
def test_merges_a_session_that_was_sent_twice_and_nothing_else(session, other, rules, merged):
    found = session({}, {"session_id": "2"} | other)

    assert [each.rule for each in found.quarantined] == rules
    assert found.merged == merged
    if merged:
        assert [fix.after for fix in found.fixes if fix.field == "merged_into"] == ["export.csv:2"]
        assert found.clean[0].energy_kwh == Decimal("7.5")


@pytest.mark.parametrize(
    ("other", "rules"),
    [
        pytest.param({"started_at": "2026-03-04T12:00:00Z"}, [], id="begins as the first ends"),
        pytest.param({"started_at": "2026-03-04T11:59:59Z"}, ["tx.overlap", "tx.overlap"], id="a second earlier"),
        pytest.param({"started_at": "2026-03-04T11:00:00Z", "connector_id": "2"}, [], id="at another connector"),
        pytest.param({"started_at": "2026-03-04T11:00:00Z", "connector_id": None}, [], id="nobody knows at which"),
    ],
)
def test_notices_two_vehicles_on_one_connector(session, other, rules):
    assert session.rules({}, {"session_id": "2", "stopped_at": "2026-03-04T13:00:00Z"} | other) == rules


def test_notices_every_session_inside_a_longer_one(session):
    inside = [
        {"session_id": str(n), "started_at": f"2026-03-04T10:{n}0:00Z", "stopped_at": f"2026-03-04T10:{n}5:00Z"}
        for n in (2, 3)
    ]

    assert session.rules({}, *inside) == ["tx.overlap"] * 3


@pytest.mark.parametrize(
    ("following", "stopped_at"),
    [
        pytest.param(
            {"started_at": "2026-03-04T15:00:00Z", "stopped_at": "2026-03-04T16:00:00Z"},
            "2026-03-04T15:00:00Z",
            id="next",
        ),
        pytest.param(
            {"started_at": "2026-03-07T10:00:01Z", "stopped_at": "2026-03-07T11:00:00Z"}, None, id="later than 72 hours"
        ),
        pytest.param(
            {"started_at": "2026-03-04T15:00:00Z", "stopped_at": "2026-03-04T16:00:00Z", "connector_id": "2"},
            None,
            id="at another connector",
        ),
    ],
)
def test_estimates_a_missing_stop_from_the_next_start_on_the_connector(metered, following, stopped_at):
    open_one = {"stopped_at": None, "meter_stop_wh": None}
    after = {"session_id": "2", "meter_start_wh": "107500", "meter_stop_wh": "109000"} | following
    found = metered(open_one, after)

    if stopped_at is None:
        assert [each.rule for each in found.quarantined] == ["tx.no_stop"]
        return
    first = found.clean[0]
    assert (first.is_estimated, first.stopped_at, first.energy_kwh) == (True, at(stopped_at), Decimal("7.5"))
    assert {fix.confidence for fix in found.fixes} == {"estimated"}


def test_completes_a_session_by_the_stop_that_could_not_be_booked(metered):
    failed = {"failed_stop_reason": "unknown transaction"}
    found = metered({"stopped_at": None, "meter_stop_wh": None}, failed)

    (clean,) = found.clean
    assert (clean.is_estimated, clean.energy_kwh, found.merged) == (True, Decimal("7.5"), 1)
    assert found.energy.before == found.energy.loaded + found.energy.quarantined + found.energy.adjusted


def test_sets_aside_what_was_to_complete_a_session_that_is_set_aside(metered):
    failed = {"failed_stop_reason": "unknown transaction", "meter_stop_wh": "#VALUE!"}

    assert metered.rules({"stopped_at": None, "meter_stop_wh": None}, failed) == ["mv.garbage", "mv.garbage"]


def test_does_not_overwrite_a_stop_by_one_that_could_not_be_booked(metered):
    found = metered({}, {"failed_stop_reason": "already stopped", "meter_stop_wh": "999999"})

    assert [each.rule for each in found.quarantined] == ["tx.stop_failed"]
    assert found.clean[0].energy_kwh == Decimal("7.5")


@pytest.mark.parametrize(
    ("known", "rules"), [({"CS-1"}, []), ({"CS-2"}, ["cp.ghost"]), ({"cs-1", "Cs-1"}, ["cp.ghost"]), (None, [])]
)
def test_sets_aside_a_session_of_a_station_that_the_source_does_not_list(session, known, rules):
    assert session.rules({}, station_ids=None if known is None else frozenset(known)) == rules


@pytest.mark.parametrize(
    ("row", "uid"),
    [
        ({"token_uid": "04:a1:b2:c3:d4:e5:f6"}, "04A1B2C3D4E5F6"),
        ({"token_uid": "12345678"}, "12345678"),
        ({"token_uid": "ab12cd34", "token_kind": "pseudonym"}, "ab12cd34"),
        ({"token_uid": None}, None),
    ],
)
def test_writes_a_token_as_its_own_row_has_it(session, row, uid):
    assert session(row).clean[0].token_uid == uid


@pytest.mark.parametrize(("count", "rules"), [("1", []), ("2", ["tx.multi_stop"])])
def test_logs_that_the_source_chose_between_stops(session, count, rules):
    assert [fix.rule for fix in session({"stop_count": count}).fixes] == rules


@pytest.mark.parametrize("station_id", ["cs-1", "CS-1 ", "CS-1%20"])
def test_finds_its_station_in_other_capitals_or_with_space(session, station_id):
    found = session({"station_id": station_id}, station_ids=frozenset({"CS-1"}))

    assert found.clean[0].station_id == "CS-1"
    assert [(fix.rule, fix.before, fix.after) for fix in found.fixes] == [("cp.case_space", station_id, "CS-1")]
