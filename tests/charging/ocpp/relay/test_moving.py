"""A move by route: it waits for an idle moment, never cuts, and the new back office is told what it has not heard."""

from datetime import timedelta

import pytest
from playing import NOON, a_relay, an_order, call, charge, later, result, rules_of, stop, to_office, to_station

from charging.ocpp.relay.effects import Alarm, CloseOffice, CloseStation, MoveRefused, OpenOffice, OrderAnswered
from charging.ocpp.relay.rules import Rules

GOES = [CloseOffice("the station moves to target"), OpenOffice("target")]
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def status(unique_id, word, connector=1):
    return call(unique_id, "StatusNotification", connectorId=connector, errorCode="NoError", status=word)


def triggered(number, message, **more):
    return (
        call(f"tag.{number}", "TriggerMessage", requestedMessage=message, **more)
        .replace(b" ", b"")
        .replace(b'\\"', b'"')
    )


def plain(frames):
    return [frame.replace(b", ", b",").replace(b": ", b":") for frame in frames]


def test_an_idle_station_goes_at_once_and_what_it_will_not_tell_by_itself_is_asked_for():
    relay = a_relay()

    assert relay.move_to("target", NOON) == GOES
    found = relay.office_up("target", later(1))
    assert plain(to_station(found)) == [triggered(1, "BootNotification")]
    assert rules_of(found) == ["moved"]
    asked_next = relay.from_station(result("tag.1", status="Accepted"), later(2))
    assert to_office(asked_next) == []
    assert plain(to_station(asked_next)) == [triggered(2, "StatusNotification")]
    boot = call("b", "BootNotification", **BOOT)
    assert to_office(relay.from_station(boot, later(3))) == [boot]


def test_a_station_that_will_not_boot_has_its_last_boot_and_statuses_repeated():
    relay = a_relay()
    for unique_id, frame in (("b", call("b", "BootNotification", **BOOT)), ("s", status("s", "Available"))):
        relay.from_station(frame, NOON)
        relay.from_office(result(unique_id), NOON)
    relay.move_to("target", NOON)
    relay.office_up("target", NOON)

    refused = relay.from_station(b'[4,"tag.1","NotImplemented","",{}]', NOON)

    assert [frame[:30] for frame in to_office(refused)] == [b'[2,"tag.4","BootNotification",']
    swallowed = relay.from_office(result("tag.4", status="Accepted", interval=300), NOON)
    assert to_station(swallowed) == []
    relay.from_station(result("tag.2", status="Rejected"), NOON)
    found = relay.from_station(result("tag.3", status="NotImplemented"), NOON)
    assert b'"status":"Available"' in to_office(found)[0]


@pytest.mark.parametrize(("boots", "repeated"), [(True, []), (False, [b"BootNotification"])])
def test_a_promised_boot_that_does_not_come_is_repeated(boots, repeated):
    relay = a_relay()
    relay.from_station(call("b", "BootNotification", **BOOT), NOON)
    relay.from_office(result("b", status="Accepted"), NOON)
    relay.move_to("target", NOON)
    relay.office_up("target", NOON)
    relay.from_station(result("tag.1", status="Accepted"), NOON)
    relay.from_station(result("tag.2", status="Accepted"), NOON)
    if boots:
        relay.from_station(call("b2", "BootNotification", **BOOT), later(59))
        relay.from_office(result("b2", status="Accepted"), later(59))

    found = relay.tick(later(60))

    assert [frame.split(b'"')[3] for frame in to_office(found)] == repeated
    assert rules_of(found) == ["moved"] * len(repeated)


def test_a_frame_of_the_back_office_that_was_left_goes_nowhere():
    relay = a_relay()
    relay.move_to("target", NOON)

    found = relay.from_office(call("r", "Reset", type="Hard"), NOON)

    assert (to_station(found), rules_of(found)) == ([], ["came after the link was closed"])


def test_a_charge_holds_a_move_up_until_its_stop_was_acknowledged():
    relay = a_relay()
    charge(relay)

    assert relay.move_to("target", NOON) == []
    assert not any(effect in GOES for effect in relay.from_station(stop(), NOON))
    assert relay.from_office(result("e"), NOON)[-2:] == GOES


def test_a_connector_that_says_it_charges_holds_a_move_up():
    relay = a_relay()
    relay.from_station(status("1", "SuspendedEV"), NOON)
    relay.from_office(result("1"), NOON)

    assert relay.move_to("target", NOON) == []
    relay.from_station(status("2", "Finishing"), NOON)
    assert relay.from_office(result("2"), NOON)[-2:] == GOES


def test_a_station_that_never_tells_of_a_charges_end_can_move_all_the_same():
    relay = a_relay()
    charge(relay)
    relay.from_station(status("1", "Charging"), NOON)
    relay.from_office(result("1"), NOON)
    relay.move_to("target", NOON)
    relay.from_station(stop(), NOON)

    assert relay.from_office(result("e"), NOON)[-2:] == GOES


@pytest.mark.parametrize(("seconds", "goes"), [(59.999, False), (60, True)])
def test_a_station_that_just_told_of_a_charge_may_have_more_to_tell(seconds, goes):
    relay = a_relay(rules=Rules())
    charge(relay)
    relay.from_station(stop(), NOON)
    relay.from_office(result("e"), NOON)

    assert relay.move_to("target", NOON) == []
    assert relay.next_deadline == later(60)
    assert relay.tick(later(seconds)) == (GOES if goes else [])


@pytest.mark.parametrize(("seconds", "is_refused"), [(14399.999, False), (14400, True)])
def test_a_move_that_a_charge_outlasts_is_refused_and_says_why(seconds, is_refused):
    relay = a_relay()
    charge(relay)
    relay.move_to("target", NOON)
    found = relay.tick(later(seconds))

    reason = "no idle moment came in time: transaction 17 is open"
    assert (MoveRefused("target", reason) in found) is is_refused
    assert not any(isinstance(effect, CloseOffice | CloseStation) for effect in found)
    assert relay.back_office == "legacy"


def test_an_open_call_holds_a_move_up_on_either_side():
    relay = a_relay()
    relay.from_office(call("r", "Reset", type="Soft"), NOON)
    assert relay.move_to("target", NOON) == []
    relay.order(an_order(), NOON)
    assert relay.from_station(result("r", status="Accepted"), NOON)[-2:] != GOES

    assert relay.from_station(result("tag.1"), NOON)[-2:] == GOES


def test_another_word_replaces_a_move_and_the_present_place_ends_it():
    relay = a_relay()
    charge(relay)
    relay.move_to("target", NOON)
    deadline = relay.move

    assert relay.move_to("target", later(5)) == []
    assert relay.move == deadline
    assert relay.move_to("elsewhere", later(6)) == [MoveRefused("target", "it was replaced by a move to elsewhere")]
    assert isinstance(relay.move_to("legacy", later(7))[0], MoveRefused)
    assert relay.move is None


def test_what_waits_for_a_target_that_is_not_there_goes_back_with_the_station():
    relay = a_relay()
    relay.move_to("target", NOON)
    relay.from_station(b'[2,"1","Heartbeat",{}]', NOON)

    assert relay.move_to("legacy", later(5))[-1] == OpenOffice("legacy")
    assert to_office(relay.office_up("legacy", later(6)))[0] == b'[2,"1","Heartbeat",{}]'


def test_the_answer_to_a_back_office_that_was_left_goes_nowhere():
    relay = a_relay(rules=Rules(quiet=timedelta(), station_answers=timedelta(seconds=5)))
    relay.from_office(call("r", "GetConfiguration"), NOON)
    relay.tick(later(5))
    relay.move_to("target", later(6))
    relay.office_up("target", later(7))

    found = relay.from_station(result("r", configurationKey=[]), later(8))

    assert to_office(found) == []
    assert not any(isinstance(effect, OrderAnswered) for effect in found)


def test_a_silent_station_is_said_to_be_silent():
    relay = a_relay()
    relay.from_office(call("r", "Reset", type="Soft"), NOON)

    assert any(isinstance(effect, Alarm) and effect.kind == "station_silent" for effect in relay.tick(later(60)))


def test_a_station_that_comes_to_another_back_office_than_before_is_asked_to_boot():
    relay = a_relay()
    relay.station_gone(later(1))

    found = a_relay(is_up=False, back_office="target", memory=relay.memory).office_up("target", later(2))

    assert plain(to_station(found)) == [triggered(1, "BootNotification")]
    assert to_station(a_relay(is_up=False, back_office="target", memory=relay.memory).office_up("target", NOON)) == []


def test_a_link_that_breaks_shortens_no_wait_of_a_move():
    relay = a_relay(rules=Rules(quiet=timedelta(seconds=60)))
    charge(relay)
    relay.from_station(stop(), NOON)
    relay.from_office(result("e"), NOON)
    relay.station_gone(later(5))
    again = a_relay(rules=relay.rules, book=relay.book, memory=relay.memory)

    assert again.move_to("target", later(10), since=later(-7200)) == []
    assert again.move == ("target", later(7200))
    assert again.next_deadline == later(60)
    assert again.tick(later(60)) == GOES
