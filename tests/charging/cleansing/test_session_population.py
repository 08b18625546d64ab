from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.cleansing.population import Facts, ModelFacts, Sample
from charging.cleansing.values import stamp

MODEL = "Alfen NG910"


def facts(**counts):
    return Facts(model_of={"CS-1": MODEL}, by_model={MODEL: ModelFacts(**counts)})


def samples(*said, session_id="1"):
    """Facts in which the meter said these registers at these times."""
    return Facts(registers_of={session_id: [Sample(stamp(at), Decimal(wh), at) for at, wh in said]})


def told(made):
    return [(fix.field, fix.before, fix.after) for fix in made.fixes]


def test_a_model_that_counts_in_kilowatt_hours_is_mended_with_its_vote(metered):
    made = metered({"meter_start_wh": "100", "meter_stop_wh": "107.5"}, facts=facts(sessions=41, too_small=41))
    assert made.clean[0].energy_kwh == Decimal("7.5")
    assert told(made) == [("meter_start_wh", "100", "100000"), ("meter_stop_wh", "107.5", "107500.0")]
    assert {fix.evidence for fix in made.fixes} == {f"41 of 41 sessions of {MODEL} are a thousand times too small"}
    assert {(fix.rule, fix.confidence) for fix in made.fixes} == {("tx.unit", "vote")}
    assert made.energy.before == made.energy.loaded + made.energy.adjusted


def test_a_session_that_does_not_do_as_its_model_does_is_set_aside(metered):
    (row,) = metered({}, facts=facts(sessions=100, too_small=99)).quarantined
    assert row.rule == "tx.unit"
    assert row.reason == f"99 of 100 sessions of {MODEL} are a thousand times too small, and this one is not"


def test_a_session_that_took_less_than_a_millisecond_says_nothing_against_its_model(metered):
    short = {"started_at": "2026-03-04T10:00:00Z", "stopped_at": "2026-03-04T10:00:00.0005Z"}
    (row,) = metered(short, facts=facts(sessions=41, too_small=41)).quarantined
    assert row.rule == "tx.impossible"


@pytest.mark.parametrize(
    ("sessions", "too_small"), [pytest.param(19, 19, id="too few"), pytest.param(100, 98, id="less than 99 %")]
)
def test_a_vote_without_a_large_majority_mends_nothing(metered, sessions, too_small):
    made = metered({"meter_stop_wh": "100007.5"}, facts=facts(sessions=sessions, too_small=too_small))
    assert made.fixes == ()
    assert made.clean[0].energy_kwh == Decimal("0.0075")


def test_an_energy_in_watt_hours_beside_registers_that_are_right_is_mended_alone(metered):
    made = metered({"energy_kwh": "7500"}, facts=facts(sessions=20, too_large=20))
    assert told(made) == [("energy_kwh", "7500", "7.500")]
    assert made.clean[0].meter_stop_wh == 107_500


@pytest.mark.parametrize(
    ("hours", "rules"),
    [pytest.param(30, [], id="as long as others"), pytest.param(31, ["tx.stuck"], id="longer than 999 of 1000")],
)
def test_a_session_that_is_longer_than_nearly_all_of_its_model_is_stuck(session, hours, rules):
    usual = facts(hours=Counter({2: 1998, 29: 3}))
    stop = f"2026-03-{4 + (10 + hours) // 24:02d}T{(10 + hours) % 24:02d}:00:00Z"
    assert session.rules({"stopped_at": stop}, facts=usual) == rules


def test_within_a_day_nothing_is_stuck(session):
    assert session.rules({"stopped_at": "2026-03-05T10:00:00Z"}, facts=facts(hours=Counter({2: 2000}))) == []
    assert session.rules({"stopped_at": "2026-03-05T10:00:01Z"}, facts=facts(hours=Counter({2: 2000}))) == ["tx.stuck"]


def test_a_missing_stop_is_what_the_meter_said_last_if_a_session_follows(metered):
    said = samples(("2026-03-04T11:00:00Z", 103_000), ("2026-03-04T11:45:00Z", 107_000))
    following = {"session_id": "2", "started_at": "2026-03-04T13:00:00Z", "stopped_at": "2026-03-04T14:00:00Z"}
    following |= {"meter_start_wh": "107200", "meter_stop_wh": "110000"}
    made = metered({"stopped_at": None, "meter_stop_wh": None}, following, facts=said)
    assert made.clean[0].stopped_at == datetime(2026, 3, 4, 11, 45, tzinfo=UTC)
    assert (made.clean[0].energy_kwh, made.clean[0].is_estimated) == (Decimal(7), True)
    assert [(each.key, each.rule) for each in made.questions] == [("1", "tx.no_stop")]


def test_a_session_that_nothing_follows_may_still_be_going_on(metered):
    said = samples(("2026-03-04T11:45:00Z", 107_000))
    assert metered.rules({"stopped_at": None, "meter_stop_wh": None}, facts=said) == ["tx.no_stop"]


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(("2026-03-04T13:30:00Z", 107_000), id="after the next one began"),
        pytest.param(("2026-03-04T09:00:00Z", 107_000), id="before it began"),
        pytest.param(("2026-03-04T11:00:00Z", 99_000), id="less than at its start"),
    ],
)
def test_a_sample_that_makes_no_sense_is_left_for_the_next_register(metered, sample):
    following = {"session_id": "2", "started_at": "2026-03-04T13:00:00Z", "stopped_at": "2026-03-04T14:00:00Z"}
    following |= {"meter_start_wh": "107200", "meter_stop_wh": "110000"}
    made = metered({"stopped_at": None, "meter_stop_wh": None}, following, facts=samples(sample))
    assert made.clean[0].energy_kwh == Decimal("7.2")


def test_registers_that_begin_at_zero_say_nothing_about_the_session_before(metered):
    following = {"session_id": "2", "started_at": "2026-03-04T13:00:00Z", "stopped_at": "2026-03-04T14:00:00Z"}
    following |= {"meter_start_wh": "0", "meter_stop_wh": "5000"}
    first = {"stopped_at": None, "meter_start_wh": "0", "meter_stop_wh": None}
    relative = facts(registers=41, from_zero=41)
    assert metered.rules(first, following, facts=relative) == ["tx.no_stop"]
    assert metered.rules(first, following, facts=replace(relative, by_model={})) == ["tx.zero"]


def test_stops_that_were_sent_again_and_never_booked_end_their_session(metered):
    stop = {"failed_stop_reason": "unknown transaction", "stopped_at": "2026-03-04T12:00:00Z"}
    made = metered({"stopped_at": None, "meter_stop_wh": None}, stop, stop)
    assert (made.merged, made.clean[0].energy_kwh, made.clean[0].is_estimated) == (2, Decimal("7.5"), True)
    assert [question.rule for question in made.questions] == ["tx.stop_failed"]


def test_a_stop_that_was_booked_after_all_is_no_second_one(metered):
    made = metered({}, {"failed_stop_reason": "already stopped"})
    assert (made.merged, made.clean[0].is_estimated, made.questions) == (1, False, ())
    assert made.energy.before == made.energy.loaded + made.energy.adjusted


def test_stops_that_differ_and_were_never_booked_are_set_aside(metered):
    stop = {"failed_stop_reason": "unknown transaction"}
    rules = metered.rules({"stopped_at": None, "meter_stop_wh": None}, stop, stop | {"meter_stop_wh": "108000"})
    assert rules == ["tx.no_stop", "tx.stop_failed", "tx.stop_failed"]


@pytest.mark.parametrize(
    ("said", "stop", "energy"),
    [
        pytest.param([103_000, 105_000, 0, 1_500], "2500", Decimal("7.5"), id="it fell to 0 and went on"),
        pytest.param([105_000], "1000", Decimal(6), id="it fell just before the end"),
        pytest.param([105_000], "1001", None, id="it fell, but not to about 0"),
        pytest.param([103_000, 0, 900, 100], "2500", None, id="it fell twice"),
        pytest.param([], "2500", None, id="nothing is known in between"),
    ],
)
def test_a_meter_that_began_anew_is_counted_on_both_sides_as_an_estimate(metered, said, stop, energy):
    known = samples(*((f"2026-03-04T10:{n:02d}:00Z", wh) for n, wh in enumerate(said, start=10)))
    made = metered({"meter_stop_wh": stop}, facts=known)
    assert [each.energy_kwh for each in made.clean] == ([] if energy is None else [energy])
    assert [row.rule for row in made.quarantined] == (["tx.neg"] if energy is None else [])
    for each in made.clean:
        assert each.is_estimated
        assert each.meter_stop_wh - each.meter_start_wh == energy * 1000
        assert [question.rule for question in made.questions] == ["tx.meter_reset"]


@pytest.mark.parametrize(
    ("said", "start"),
    [
        pytest.param([("02:20", 101_000), ("02:50", 102_000), ("02:15", 103_000)], 0, id="the clock went back after"),
        pytest.param([("02:05", 101_000), ("02:50", 102_000)], 0, id="the clock went back at once"),
        pytest.param([("02:20", 101_000)], None, id="either is possible"),
    ],
)
def test_in_the_hour_that_clocks_repeat_the_rising_register_tells(metered, said, start):
    known = samples(*((f"2026-10-25T{time}:00", wh) for time, wh in said))
    row = {"started_at": "2026-10-25T02:10:00", "stopped_at": "2026-10-25T04:30:00"}
    made = metered(row, facts=known, time_zone="Europe/Amsterdam")
    expected = [] if start is None else [datetime(2026, 10, 25, start, 10, tzinfo=UTC)]
    assert [each.started_at for each in made.clean] == expected
    assert [each.rule for each in made.quarantined] == (["tx.dst"] if start is None else [])


@pytest.mark.parametrize(
    ("column", "rules"),
    [pytest.param("energy_kwh", [], id="energy"), pytest.param("cost", ["mv.garbage"], id="money is never read so")],
)
def test_a_decimal_comma_counts_where_its_file_proves_it(session, column, rules):
    commas = Facts(decimals={"export.csv": Counter(comma=41)})
    made = session({column: "7,5", "currency": "EUR"}, facts=commas)
    assert [row.rule for row in made.quarantined] == rules
    assert [each.energy_kwh for each in made.clean] == ([] if rules else [Decimal("7.5")])


def test_a_zone_that_was_voted_on_says_how_many_prove_it(session):
    rows = [
        {
            "session_id": str(n),
            "started_at": f"2026-03-{n:02d}T11:00:00Z",
            "stopped_at": f"2026-03-{n:02d}T13:00:00Z",
            "server_started_at": f"2026-03-{n:02d}T10:00:02Z",
        }
        for n in range(1, 4)
    ]
    made = session(*rows)
    assert {fix.evidence for fix in made.fixes} == {"3 of 3 sessions of CS-1 are +01:00 off"}
    assert made.fixes[0].before == "2026-03-01T11:00:00Z"
