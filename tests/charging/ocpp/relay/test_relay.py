"""One station's relay: what passes, in which order, and what does not pass."""

from datetime import timedelta

import pytest
from playing import NOON, a_relay, an_order, later, rules_of

from charging.ocpp.relay.effects import (
    Alarm,
    CloseOffice,
    CloseStation,
    MoveRefused,
    OpenOffice,
    OrderAnswered,
    OrderSent,
    Outcome,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.rules import Rules

HEARTBEAT = b'[2,"1","Heartbeat",{}]'
STATUS = b'[2,"2","StatusNotification",{"connectorId":1}]'
RESET = b'[2,"r","Reset",{"type":"Soft"}]'


def sent(effects):
    return [effect for effect in effects if isinstance(effect, ToStation | ToOffice)]


def test_a_call_and_its_answer_pass_byte_for_byte_after_they_were_recorded():
    relay = a_relay()
    call, answer = b'[ 2, "1",  "Heartbeat",\n{} ]', b'[3,"1",{"currentTime":"2026-11-02T12:00:00Z"}]'

    up, down = relay.from_station(call, NOON), relay.from_office(answer, NOON)

    assert [type(effect) for effect in up + down] == [Recorded, ToOffice, Recorded, ToStation]
    assert (up[0].raw_sent, up[1].raw, down[0].raw_sent, down[1].raw) == (call, call, answer, answer)
    assert (down[0].action, down[0].rule) == ("Heartbeat", "")


def test_a_second_call_waits_for_the_answer_to_the_first():
    relay = a_relay()

    assert sent(relay.from_station(HEARTBEAT, NOON)) == [ToOffice(HEARTBEAT)]
    assert relay.from_station(STATUS, NOON) == []
    assert sent(relay.from_office(b'[3,"1",{}]', NOON)) == [ToStation(b'[3,"1",{}]'), ToOffice(STATUS)]


def test_calls_that_wait_go_in_the_order_in_which_they_came():
    relay = a_relay()
    up = [b'[2,"%d","Heartbeat",{}]' % number for number in range(4)]
    down = [b'[2,"%d","Reset",{"type":"Soft"}]' % number for number in range(4)]
    for call in up:
        relay.from_station(call, NOON)
    for call in down:
        relay.from_office(call, NOON)

    answers = [b'[3,"%d",{}]' % number for number in range(4)]
    to_office = [sent(relay.from_office(answer, NOON)) for answer in answers]
    to_station = [sent(relay.from_station(answer, NOON)) for answer in answers]

    assert [after[-1] for after in to_office[:3]] == [ToOffice(call) for call in up[1:]]
    assert [after[-1] for after in to_station[:3]] == [ToStation(call) for call in down[1:]]


def test_an_order_takes_turns_with_the_back_office_and_its_answer_stays_here():
    relay = a_relay()
    relay.from_office(RESET, NOON)

    assert relay.order(an_order(), NOON) == []
    turn = relay.from_station(b'[3,"r",{"status":"Accepted"}]', NOON)
    answer = relay.from_station(b'[3,"tag.1",{"configurationKey":[]}]', NOON)

    assert OrderSent("7", "tag.1") in turn
    assert sent(turn) == [
        ToOffice(b'[3,"r",{"status":"Accepted"}]'),
        ToStation(b'[2,"tag.1","GetConfiguration",{"key":["a"]}]'),
    ]
    assert sent(answer) == []
    assert OrderAnswered("7", Outcome.ANSWERED, b'{"configurationKey":[]}') in answer


def test_a_station_is_let_go_when_its_back_office_stays_away():
    relay = a_relay(is_up=False)

    assert relay.from_station(HEARTBEAT, NOON) == []
    assert relay.next_deadline == later(20)
    assert not any(isinstance(effect, CloseStation) for effect in relay.tick(later(19.999)))
    assert CloseStation(1013, "the back office is away") in relay.tick(later(20))


def test_what_was_asked_on_a_lost_link_is_asked_again_on_the_next():
    relay = a_relay()
    relay.from_station(HEARTBEAT, NOON)
    relay.office_down(later(1))

    found = relay.office_up("legacy", later(5))

    assert sent(found) == [ToOffice(HEARTBEAT)]
    assert rules_of(found) == ["asked again on a new link"]


def test_a_call_that_breaks_each_link_is_asked_twice_and_then_costs_the_stations_link():
    relay = a_relay()
    found = relay.from_station(HEARTBEAT, NOON)
    for second in range(1, 10):
        relay.office_down(later(second))
        found += relay.office_up("legacy", later(second + 0.5))
        if any(isinstance(effect, CloseStation) for effect in found):
            break

    assert sent(found) == [ToOffice(HEARTBEAT)] * 2
    assert found[-1] == CloseStation(1013, "the back office breaks its link")
    assert [effect.kind for effect in found if isinstance(effect, Alarm)] == ["office_breaks"]


def test_a_call_keeps_its_first_deadline_on_the_next_link():
    relay = a_relay()
    relay.from_station(HEARTBEAT, NOON)
    relay.office_down(later(50))
    relay.office_up("legacy", later(51))

    assert relay.next_deadline == later(60)
    relay.office_down(later(59))
    assert sent(relay.office_up("legacy", later(60))) == []


@pytest.mark.parametrize("nth", [4, 5])
def test_a_row_of_bad_frames_closes_the_link_and_a_good_one_breaks_the_row(nth):
    relay = a_relay()
    found = [relay.from_station(b"nonsense", NOON) for _ in range(nth)][-1]

    assert any(isinstance(effect, CloseStation) for effect in found) is (nth == 5)


def test_a_bad_frame_with_an_id_is_answered():
    found = a_relay().from_station(b'[2,"1","Heartbeat"]', NOON)

    assert sent(found) == [ToStation(b'[4,"1","FormationViolation","it is a CALL without an action and an object",{}]')]


def test_a_move_waits_for_an_idle_moment():
    relay = a_relay()
    relay.from_station(HEARTBEAT, NOON)

    assert relay.move_to("target", NOON) == []
    assert relay.from_office(b'[3,"1",{}]', NOON)[-2:] == [
        CloseOffice("the station moves to target"),
        OpenOffice("target"),
    ]


def test_a_move_that_finds_no_idle_moment_is_refused():
    relay = a_relay(rules=Rules(drain=timedelta(seconds=30)))
    relay.from_station(HEARTBEAT, NOON)
    relay.move_to("target", NOON)

    found = relay.tick(later(30))

    assert MoveRefused("target", "no idle moment came in time: the back office has not answered Heartbeat") in found
    assert any(isinstance(effect, Alarm) for effect in found)


def test_an_order_that_is_no_call_is_not_sent():
    order = Order(order_id="7", action="Reset", payload=b'{}],["', expires_at=later(60))

    found = a_relay().order(order, NOON)

    assert [effect.kind for effect in found if isinstance(effect, Alarm)] == ["bad_order"]
    assert found[1:] == [OrderAnswered("7", Outcome.EXPIRED, b"")]


@pytest.mark.parametrize(("seconds", "outcome"), [(9, None), (10, Outcome.EXPIRED)])
def test_an_order_whose_turn_comes_too_late_is_not_sent(seconds, outcome):
    relay = a_relay()
    relay.from_office(RESET, NOON)
    relay.order(Order(order_id="7", action="Reset", payload=b"{}", expires_at=later(10)), NOON)

    found = relay.tick(later(seconds))

    assert found == ([OrderAnswered("7", outcome, b"")] if outcome else [])


def test_an_answer_that_comes_late_still_reaches_its_order_once():
    relay = a_relay()
    relay.order(an_order("7"), NOON)
    assert OrderAnswered("7", Outcome.UNKNOWN, b"") in relay.tick(later(60))
    answer = b'[3,"tag.1",{"configurationKey":[]}]'

    assert relay.from_station(answer, later(61))[-1] == OrderAnswered("7", Outcome.ANSWERED, b'{"configurationKey":[]}')
    assert rules_of(relay.from_station(answer, later(62))) == ["an answer that nobody asked for"]


def test_a_full_queue_refuses_a_call_of_the_back_office_and_lets_a_stations_link_go():
    relay = a_relay(rules=Rules(queue_limit=1))
    for unique_id in (b"1", b"2"):
        relay.from_office(b'[2,"%b","Reset",{}]' % unique_id, NOON)
        relay.from_station(b'[2,"%b","Heartbeat",{}]' % unique_id, NOON)

    refused = relay.from_office(b'[2,"3","Reset",{}]', NOON)
    closed = relay.from_station(b'[2,"3","Heartbeat",{}]', NOON)

    assert sent(refused) == [ToOffice(b'[4,"3","GenericError","too many calls wait for this station",{}]')]
    assert CloseStation(1013, "too many calls at once") in closed
    assert rules_of(relay.from_station(b'[2,"4","Heartbeat",{}]', NOON)) == ["came after the link was given up"]


def test_a_call_that_is_repeated_before_its_answer_goes_on_once():
    relay = a_relay()
    relay.from_station(HEARTBEAT, NOON)

    assert rules_of(relay.from_station(HEARTBEAT, NOON)) == ["call repeated while its answer is awaited"]
    assert sent(relay.from_office(b'[3,"1",{}]', NOON)) == [ToStation(b'[3,"1",{}]')]


def test_bad_frames_of_a_back_office_have_its_link_opened_anew():
    relay = a_relay()
    found = [relay.from_office(b"nonsense", NOON) for _ in range(5)][-1]

    assert found[-2:] == [CloseOffice("too many bad frames"), OpenOffice("legacy")]


def test_an_order_that_was_sent_is_unknown_once_the_station_leaves_and_one_that_waited_is_unsent():
    relay = a_relay()
    relay.order(an_order("7"), NOON)
    relay.order(an_order("8"), NOON)

    found = relay.station_gone(NOON)

    assert OrderAnswered("7", Outcome.UNKNOWN, b"") in found
    assert OrderAnswered("8", Outcome.UNSENT, b"") in found
