"""Meters that say nothing or always the same, told from those that have nothing to say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.ocpp.meters import MeterLimits, Reading, Suspicion, Watched, limits_of, readings, watch

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def told(*rows, limits=None):
    """Each row: minutes, register in Wh, power in W."""
    watched, found = Watched(), []
    for minutes, register, power in rows:
        reading = Reading(
            at=NOON + timedelta(minutes=minutes),
            register_wh=None if register is None else Decimal(register),
            power_w=None if power is None else Decimal(power),
        )
        suspicion = watch(watched, reading, limits or MeterLimits())
        if suspicion:
            found.append((minutes, suspicion.value))
    return found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([(0, 0, 11000), (1, 0, 11000)], [], id="183 Wh: less than two steps"),
        pytest.param([(0, 0, 11000), (2, 0, 11000)], [(2, "zero_meter")], id="0 though 367 Wh passed"),
        pytest.param([(0, 0, 499), (60, 0, 499)], [], id="0 while only the station itself draws"),
        pytest.param([(0, 0, 500), (24, 0, 500)], [(24, "zero_meter")], id="0 at 500 W, exactly two steps"),
        pytest.param([(0, 5, 11000), (9.9, 5, 11000)], [], id="still, not yet long enough"),
        pytest.param([(0, 5, 11000), (10, 5, 11000)], [(10, "stuck_meter")], id="still for ten minutes"),
        pytest.param([(0, 5, 11000), (10, 5, 0), (20, 5, 0)], [(10, "stuck_meter")], id="said once"),
        pytest.param([(0, 5, 0), (60, 5, 0)], [], id="a full battery"),
        pytest.param([(0, 5, None), (60, 5, None)], [], id="no power told"),
        pytest.param([(0, 5, 11000), (9, 105, 11000), (18, 105, 11000)], [], id="it moved in between"),
        pytest.param([(0, 500, 11000), (1, 499, 11000)], [(1, "backward_meter")], id="backwards"),
        pytest.param([(5, 500, 11000), (4, 400, 11000)], [], id="out of order"),
        pytest.param([(0, 0, 11000), (5, None, 11000), (6, 0, 11000)], [(6, "zero_meter")], id="power told apart"),
    ],
)
def test_a_meter_is_suspect_only_when_energy_must_have_passed(rows, found):
    assert told(*rows) == found


def test_a_register_that_begins_each_charge_at_0_has_time():
    limits = MeterLimits(is_per_charge=True)

    assert told((0, 0, 11000), (9, 0, 11000), limits=limits) == []
    assert told((0, 0, 11000), (10, 0, 11000), limits=limits) == [(10, "zero_meter")]


def test_each_type_of_meter_has_its_own_limits():
    limits = (MeterLimits(meter_type="ACME EM*", still_for=timedelta(minutes=30)), MeterLimits(meter_type="*"))

    assert limits_of(limits, "acme em24").still_for == timedelta(minutes=30)
    assert limits_of(limits, "other").still_for == timedelta(minutes=10)
    assert limits_of((), "other") == MeterLimits()


@pytest.mark.parametrize(
    ("sample", "register", "power"),
    [
        pytest.param({"value": "1500"}, 1500, None, id="plain 1.6"),
        pytest.param({"value": "1.5", "unit": "kWh"}, 1500, None, id="kWh"),
        pytest.param({"value": "11", "measurand": "Power.Active.Import", "unit": "kW"}, None, 11000, id="kW"),
        pytest.param({"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}, 1500, None, id="2.x"),
        pytest.param({"value": "500", "phase": "L1"}, None, None, id="one phase's part"),
        pytest.param({"value": "500", "location": "Body"}, None, None, id="elsewhere"),
        pytest.param({"value": "abc"}, None, None, id="no number"),
        pytest.param({"value": "NaN"}, None, None, id="not a number"),
        pytest.param({"value": "1", "unit": "Amp"}, None, None, id="another unit"),
        pytest.param({}, None, None, id="nothing"),
    ],
)
def test_readings_are_in_watts_and_watt_hours(sample, register, power):
    found = readings([{"timestamp": "2026-11-02T12:00:00Z", "sampledValue": [sample]}])

    assert [(one.register_wh, one.power_w) for one in found] == [(register, power)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["timestamp", "sampledValue", "value", "unit", "measurand", "unitOfMeasure", "multiplier", "phase"]
            ),
            inner | st.just("2026-11-02T12:00:00Z"),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_no_payload_raises(value):
    watched = Watched()
    for reading in readings(value):
        found = watch(watched, reading, MeterLimits())
        assert found is None or isinstance(found, Suspicion)
