"""Flavours evened out: what a type leaves unsaid is said for it, by a named rule, towards those who are to hear it."""

import json

import pytest
from playing import (
    NOON,
    a_relay,
    call,
    charge,
    event,
    kinds,
    later,
    moved,
    result,
    rules_of,
    stamp,
    stop,
    to_office,
    to_station,
)

from charging.ocpp.flavours.flavour import SUPPLIERS, Flavour, Strictness, UserRule, of_cells
from charging.ocpp.meters import MeterLimits
from charging.ocpp.relay.effects import Alarm, Deviated, Recorded
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.rules import Rules

SAYS_NOTHING = of_cells("nothing", "000000")


def a_station(flavour, *, alike=("legacy", "target"), **more):
    rules = Rules(alike=frozenset(alike))
    return a_relay(rules=rules, memory=StationMemory(flavour), **more)


def statuses(effects):
    """(connector, status) of the StatusNotifications on their way to the back office."""
    found = [json.loads(raw) for raw in to_office(effects)]
    return [
        (frame[3].get("connectorId"), frame[3].get("status") or frame[3].get("connectorStatus"))
        for frame in found
        if frame[2] == "StatusNotification"
    ]


@pytest.mark.parametrize("letter", SUPPLIERS)
def test_each_row_of_the_table_is_evened_out_by_its_own_rules(letter):
    flavour = SUPPLIERS[letter]
    relay = a_station(flavour, is_up=False)

    on_link = relay.office_up("legacy", NOON)
    told = [json.loads(raw)[3]["requestedMessage"] for raw in to_station(on_link)]
    assert told == ([] if flavour.tells_after_link_loss else ["StatusNotification"])
    for number in range(1, relay.exchange.down.count + 1):
        relay.from_station(result(f"tag.{number}", status="Accepted"), NOON)
    late = relay.tick(later(60))
    assert [json.loads(raw)[3]["requestedMessage"] for raw in to_station(late)] == (
        [] if flavour.boots_after_link_loss else ["BootNotification"]
    )
    assert statuses(charge(relay)) == ([] if flavour.tells_after_start else [(1, "Charging")])
    if not flavour.tells_after_start:
        relay.from_office(result(f"tag.{relay.exchange.down.count}"), NOON)
    relay.from_station(stop(), NOON)
    assert statuses(relay.from_office(result("e"), NOON)) == ([] if flavour.tells_after_stop else [(1, "Available")])


def test_nothing_is_evened_out_towards_others():
    relay = a_station(SAYS_NOTHING, alike=["target"])

    assert statuses(charge(relay)) == []
    assert relay.tick(later(3600)) == []


def test_what_was_said_for_it_is_recorded_under_its_rule_and_its_answer_is_swallowed():
    relay = a_station(of_cells("x", "110111"))
    found = charge(relay)

    assert to_station(relay.from_office(result("tag.1"), NOON)) == []
    made = [effect for effect in found if isinstance(effect, Recorded) and effect.rule == "tells_after_start"]
    assert [(effect.raw_received, effect.direction.value) for effect in made] == [(b"", "to_office")]


def test_it_shares_the_one_open_call():
    relay = a_station(of_cells("x", "110111"))
    charge(relay)
    heartbeat = b'[2,"h","Heartbeat",{}]'

    assert relay.from_station(heartbeat, NOON) == []
    assert to_office(relay.from_office(result("tag.1"), NOON)) == [heartbeat]


def test_it_comes_before_what_the_station_said_later():
    relay = a_station(of_cells("x", "101111"))
    charge(relay)
    relay.from_station(stop(), NOON)
    relay.from_station(b'[2,"h","Heartbeat",{}]', NOON)

    assert statuses(relay.from_office(result("e"), NOON)) == [(1, "Available")]
    assert to_office(relay.from_office(result("tag.1"), NOON)) == [b'[2,"h","Heartbeat",{}]']


def test_finishing_comes_first_where_the_plug_is_not_known():
    relay = a_station(Flavour(name="x", tells_after_stop=False, knows_the_plug=False))
    charge(relay)
    relay.from_station(stop(), NOON)

    assert statuses(relay.from_office(result("e"), NOON)) == [(1, "Finishing")]
    assert statuses(relay.from_office(result("tag.1"), NOON)) == [(1, "Available")]


def test_a_kept_stop_frees_the_connector_at_the_new_back_office():
    relay = a_station(of_cells("x", "101111"))
    charge(relay)
    moved(relay)

    assert statuses(relay.from_station(stop(), NOON)) == [(1, "Available")]


def test_2x_has_its_own_words():
    relay = a_station(of_cells("x", "100111"), protocol="ocpp2.0.1")
    relay.from_station(event("Started", unique_id="1"), NOON)
    assert statuses(relay.from_office(result("1"), NOON)) == [(1, "Occupied")]
    relay.from_office(result("tag.1"), NOON)
    relay.from_station(event("Ended", unique_id="2", seconds=60), NOON)

    assert statuses(relay.from_office(result("2"), NOON)) == [(1, "Available")]


def test_a_station_that_boots_in_time_is_not_asked_to():
    relay = a_station(of_cells("x", "011111"))
    assert relay.next_deadline == later(60)
    relay.from_station(call("b", "BootNotification", chargePointVendor="V", chargePointModel="M"), later(59))
    relay.from_office(result("b"), later(59))

    assert relay.next_deadline is None


def test_a_boot_decides_the_flavour():
    flavours = (Flavour(name="old", vendor="ACME", models=("S*",), firmwares=("1.*",), tells_after_start=False),)
    relay = a_relay(rules=Rules(alike=frozenset({"legacy"}), flavours=flavours))
    boot = {"chargePointVendor": "Acme", "chargePointModel": "s-22"}

    for unique_id, firmware, name in (("1", "1.4", "old"), ("2", "2.0", "plain")):
        relay.from_station(call(unique_id, "BootNotification", firmwareVersion=firmware, **boot), NOON)
        relay.from_office(result(unique_id), NOON)
        assert relay.memory.flavour.name == name


def test_after_an_update_statuses_are_asked_for_and_compared():
    relay = a_station(Flavour(name="x", tells_after_firmware=False, connectors=1))

    def says(unique_id, action, **payload):
        found = relay.from_station(call(unique_id, action, **payload), NOON)
        return found + relay.from_office(result(unique_id), NOON)

    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    status = {"connectorId": 1, "errorCode": "NoError"}
    says("1", "BootNotification", firmwareVersion="1.0", **boot)
    says("2", "StatusNotification", status="Available", **status)
    says("3", "FirmwareStatusNotification", status="Downloading")
    found = says("4", "BootNotification", firmwareVersion="1.1", **boot)
    assert [json.loads(raw)[3] for raw in to_station(found) if b"Trigger" in raw] == [
        {"requestedMessage": "StatusNotification", "connectorId": 0}
    ]
    assert "tells_after_firmware" in rules_of(found)
    assert not [
        effect
        for effect in says("5", "FirmwareStatusNotification", status="Installed")
        if b"Trig" in repr(effect).encode()
    ]
    found = says("6", "StatusNotification", status="Faulted", **status)
    assert [effect.text for effect in found if isinstance(effect, Alarm)] == [
        "connector 1 was Available before the update of its firmware and is Faulted since"
    ]


@pytest.mark.parametrize(
    ("charges", "alarms"),
    [
        pytest.param([(0, 301)] * 2, 0, id="two in a row"),
        pytest.param([(0, 301)] * 3, 1, id="three in a row"),
        pytest.param([(0, 301)] * 4, 1, id="said once"),
        pytest.param([(0, 300)] * 3, 0, id="five minutes and no more"),
        pytest.param([(0, 301), (0, 301), (1, 301), (0, 301)], 0, id="one that did charge"),
    ],
)
def test_charges_with_nothing_on_the_meter_make_it_suspect(charges, alarms):
    relay = a_station(of_cells("x", "111110"))
    said = []
    for number, (energy, seconds) in enumerate(charges):
        charge(relay, transaction=number + 1, unique_id=f"s{number}", meter=number)
        frame = stop(f"e{number}", transaction=number + 1, meter=number + energy, seconds=seconds)
        said += relay.from_station(frame, NOON) + relay.from_office(result(f"e{number}"), NOON)

    assert sum(isinstance(effect, Alarm) and effect.kind == "meter_suspect" for effect in said) == alarms
    assert kinds(said).count("zero_charge") == sum(1 for charge in charges if charge == (0, 301))


def test_an_operators_own_rule_rewrites_and_both_forms_are_recorded():
    rule = UserRule(
        name="other-error",
        action="StatusNotification",
        where={"errorCode": "OtherError", "info": "0x00"},
        set={"errorCode": "NoError", "vendor.note": "evened out"},
    )
    relay = a_station(Flavour(name="x", rules=(rule,)))
    fits = call("1", "StatusNotification", connectorId=1, errorCode="OtherError", info="0x00", x=1.10)

    found = relay.from_station(fits, NOON)

    record = next(effect for effect in found if isinstance(effect, Recorded))
    assert (record.raw_received, record.rule) == (fits, "other-error")
    assert (
        record.raw_sent
        == to_office(found)[0]
        == (
            b'[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","info":"0x00","x":1.1,'
            b'"vendor":{"note":"evened out"}}]'
        )
    )
    relay.from_office(result("1"), NOON)
    other = call("2", "StatusNotification", connectorId=1, errorCode="OtherError", info="0x01")
    assert to_office(relay.from_station(other, NOON)) == [other]


def test_an_operators_own_rule_says_and_asks_after_the_answer():
    rule = UserRule(name="unlock", action="DataTransfer", status="Finishing", ask="MeterValues")
    relay = a_station(Flavour(name="x", rules=(rule,)))
    relay.from_station(call("1", "DataTransfer", vendorId="V", connectorId=2), NOON)

    found = relay.from_office(result("1", status="Accepted"), NOON)

    assert statuses(found) == [(2, "Finishing")]
    assert json.loads(to_station(found)[1])[3] == {"requestedMessage": "MeterValues", "connectorId": 2}
    assert rules_of(found) == ["unlock", "unlock"]


@pytest.mark.parametrize("strictness", Strictness)
def test_a_deviation_is_recorded_and_costs_a_frame_only_where_it_is_strict(strictness):
    relay = a_station(Flavour(name="x", strictness={"Heartbeat": strictness}))
    frame = call("1", "Heartbeat", extra=1)

    found = relay.from_station(frame, NOON)

    deviations = [effect for effect in found if isinstance(effect, Deviated)]
    assert len(deviations) == (0 if strictness is Strictness.OFF else 1)
    if strictness is Strictness.STRICT:
        assert to_office(found) == []
        assert to_station(found)[0].startswith(b'[4,"1","FormationViolation","Additional properties')
    else:
        assert to_office(found) == [frame]
        marked = ["lenient: Additional properties are not allowed ('extra' was unexpected)"]
        assert rules_of(found) == (marked if strictness is Strictness.LENIENT else [])
    assert sum(isinstance(effect, Recorded) for effect in found) == (2 if strictness is Strictness.STRICT else 1)


def test_the_other_actions_are_taken_as_the_star_says():
    flavour = Flavour(name="x", strictness={"*": Strictness.LENIENT, "Heartbeat": Strictness.OFF})

    assert flavour.strictness_of("Heartbeat") is Strictness.OFF
    assert flavour.strictness_of("StatusNotification") is Strictness.LENIENT


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
@pytest.mark.parametrize("is_watched", [True, False])
def test_a_meter_that_stands_still_is_an_alarm_once_for_each_charge(protocol, is_watched):
    relay = a_relay(rules=Rules(meters=(MeterLimits(),) if is_watched else ()), protocol=protocol)
    said = []
    for number, minutes in enumerate((0, 15, 30)):
        power = {"value": "11000", "measurand": "Power.Active.Import", "unit": "W"}
        value = {"timestamp": stamp(minutes * 60), "sampledValue": [{"value": "500"}, power]}
        if protocol == "ocpp1.6":
            frame = call(str(number), "MeterValues", connectorId=1, transactionId=17, meterValue=[value])
        else:
            more = {"transactionInfo": {"transactionId": "T"}, "evse": {"id": 1}, "eventType": "Updated"}
            frame = call(str(number), "TransactionEvent", meterValue=[value], **more)
        said += relay.from_station(frame, NOON) + relay.from_office(result(str(number)), NOON)

    alarms = [effect.text for effect in said if isinstance(effect, Alarm)]
    expected = ["connector 1, meter of a type that is not known: stuck_meter at 500 Wh"]
    assert alarms == (expected if is_watched else [])
