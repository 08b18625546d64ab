from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.cleansing.population import Facts

COMMAS = Facts(decimals={"export.csv": Counter(comma=41, either=3)})
MIXED = Facts(decimals={"export.csv": Counter(comma=41, point=1)})


def test_a_bare_number_is_the_register_in_watt_hours(meter_value):
    (made,) = meter_value({}).clean
    assert (made.measurand, made.unit) == ("Energy.Active.Import.Register", "Wh")
    assert (made.value, made.signed) == (Decimal(100_000), None)


def test_a_value_keeps_its_unit_and_every_digit(meter_value):
    (made,) = meter_value({"value": "12.340", "unit": "kWh"}).clean
    assert (str(made.value), made.unit) == ("12.340", "kWh")


def test_what_a_meter_signed_stays_byte_for_byte(meter_value):
    signed = ' OCMF|{"FV":"1.0", "RV": 12,5}|{"SD":"3045"} \n'
    made = meter_value({"value": signed, "format": "SignedData"})
    assert (made.clean[0].signed, made.clean[0].value) == (signed, None)
    assert made.fixes == ()


def test_a_million_characters_are_kept_if_signed_and_set_aside_if_not(meter_value):
    text = "A" * 1_000_000
    assert meter_value({"value": text, "format": "SignedData"}).clean[0].signed == text
    (row,) = meter_value({"value": text}).quarantined
    assert row.rule == "mv.garbage"
    assert len(row.reason) < 100


@pytest.mark.parametrize(
    ("value", "facts", "read", "rules"),
    [
        pytest.param("12,5", COMMAS, Decimal("12.5"), [], id="all decimals of the file have a comma"),
        pytest.param("12,5", MIXED, None, ["mv.garbage"], id="one has a point"),
        pytest.param("12,5", Facts(), None, ["mv.garbage"], id="nothing is known of the file"),
        pytest.param("1.234,5", COMMAS, None, ["mv.garbage"], id="and a separator of thousands"),
        pytest.param("12,5,1", COMMAS, None, ["mv.garbage"], id="two commas"),
        pytest.param("NaN", COMMAS, None, ["mv.garbage"], id="NaN"),
        pytest.param("1E5", COMMAS, None, ["mv.garbage"], id="an exponent"),
        pytest.param(None, COMMAS, None, ["mv.garbage"], id="nothing"),
        pytest.param(" 12 ", COMMAS, Decimal(12), [], id="space around it"),
    ],
)
def test_a_decimal_comma_counts_only_where_its_file_proves_it(meter_value, value, facts, read, rules):
    made = meter_value({"value": value}, facts=facts)
    assert [each.value for each in made.clean] == ([] if read is None else [read])
    assert [row.rule for row in made.quarantined] == rules


def test_a_comma_that_was_read_says_how_many_prove_it(meter_value):
    (fix,) = meter_value({"value": "12,5"}, facts=COMMAS).fixes
    assert (fix.before, fix.after, fix.confidence) == ("12,5", "12.5", "vote")
    assert fix.evidence == "41 of 41 numbers with decimals in export.csv have a decimal comma"


@pytest.mark.parametrize(
    ("measurand", "unit", "rules"),
    [
        pytest.param("Energy.Active.Import.Interval", "Wh", [], id="energy"),
        pytest.param("Energy.Reactive.Import.Register", "varh", [], id="reactive energy"),
        pytest.param("SoC", "Percent", [], id="state of charge"),
        pytest.param("Voltage", "V", [], id="voltage"),
        pytest.param("Power.Active.Import", None, ["mv.unit"], id="power: W or kW"),
        pytest.param("Temperature", None, ["mv.unit"], id="temperature"),
    ],
)
def test_a_unit_that_is_not_said_is_the_standards_or_asked_for(meter_value, measurand, unit, rules):
    made = meter_value({"measurand": measurand, "unit": None})
    assert [each.unit for each in made.clean] == ([] if unit is None else [unit])
    assert [row.rule for row in made.quarantined] == rules


def test_a_sample_outside_any_session_is_set_aside(meter_value):
    assert meter_value.rules({"session_id": None}) == ["mv.orphan"]
    assert meter_value.rules({}, session_ids=frozenset({"2"})) == ["mv.orphan"]
    assert meter_value.rules({}, session_ids=frozenset({"1"})) == []


def test_samples_are_numbered_by_session_as_the_source_has_them(meter_value):
    made = meter_value({}, {"session_id": "2"}, {"value": "x"}, {})
    assert [(each.session_id, each.sample_number) for each in made.clean] == [("1", 1), ("2", 1), ("1", 3)]
    assert [row.key for row in made.quarantined] == ["1*2"]


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        pytest.param(["02:15", "02:45", "02:15", "02:45"], [0, 0, 1, 1], id="the clock goes back between them"),
        pytest.param(["01:50", "02:15", "03:05"], [-1, None, 2], id="either would be in order"),
        pytest.param(["02:50", "02:10", "03:05"], [0, 1, 2], id="one step back proves both"),
    ],
)
def test_in_the_hour_that_clocks_repeat_the_order_of_samples_tells(meter_value, times, hours):
    rows = [{"sampled_at": f"2026-10-25T{time}:00"} for time in times]
    made = meter_value(*rows, time_zone="Europe/Amsterdam")
    assert [row.rule for row in made.quarantined] == ["tx.dst" for hour in hours if hour is None]
    told = [datetime(2026, 10, 25, hour, tzinfo=UTC) if hour >= 0 else None for hour in hours if hour is not None]
    assert [each.sampled_at.replace(minute=0) if each.sampled_at.day == 25 else None for each in made.clean] == told


@pytest.mark.parametrize(
    ("written", "rules"),
    [
        pytest.param("2026-03-04T10:00:00", ["mv.time"], id="no zone"),
        pytest.param("yesterday", ["mv.time"], id="no time"),
        pytest.param(None, ["mv.time"], id="nothing"),
    ],
)
def test_a_sample_without_an_instant_is_set_aside(meter_value, written, rules):
    assert meter_value.rules({"sampled_at": written}) == rules
