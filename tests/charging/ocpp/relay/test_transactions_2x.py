"""OCPP 2.x transactions: every frame passes as it is; what reaches the wrong back office is found and listed."""

import pytest
from playing import NOON, a_relay, event, facts, kinds, moved, result, rules_of, to_office, to_station

from charging.ocpp.relay.facts import Fact


@pytest.fixture
def relay():
    return a_relay(protocol="ocpp2.0.1")


def said(relay, kind, unique_id, **more):
    """Send an event and have it acknowledged; all that followed."""
    frame = event(kind, unique_id=unique_id, **more)
    asked = relay.from_station(frame, NOON)
    answered = relay.from_office(result(unique_id), NOON)
    assert (to_office(asked), to_station(answered)) == ([frame], [result(unique_id)])
    assert rules_of(asked + answered) == []
    return asked + answered


def test_a_charge_from_start_to_end(relay):
    assert kinds(said(relay, "Started", "1")) == ["started"]
    assert kinds(said(relay, "Updated", "2")) == []
    assert [one.transaction for one in relay.book.still_open] == ["T-1"]
    assert kinds(said(relay, "Ended", "3", seconds=60)) == ["stopped"]
    assert relay.book.still_open == []


def test_an_end_whose_start_went_elsewhere_is_listed(relay):
    said(relay, "Started", "1")
    moved(relay)

    found = facts(said(relay, "Ended", "2", seconds=60))

    assert [fact.kind.value for fact in found] == ["ended_without_start", "stopped"]
    assert "it began at legacy" in found[0].why


def test_an_end_without_any_start_is_listed(relay):
    assert kinds(said(relay, "Ended", "1")) == ["ended_without_start", "stopped"]


def test_a_charge_that_is_first_heard_of_in_the_middle_is_open(relay):
    assert kinds(said(relay, "Updated", "1")) == ["seen"]
    assert kinds(said(relay, "Updated", "2")) == []
    assert [one.transaction for one in relay.book.still_open] == ["T-1"]


def test_replayed_history_is_listed(relay):
    said(relay, "Started", "1")
    assert kinds(said(relay, "Started", "2")) == ["replayed_start"]
    said(relay, "Ended", "3", seconds=60)
    assert kinds(said(relay, "Ended", "4", seconds=60)) == ["replayed_stop"]
    assert kinds(said(relay, "Ended", "5", seconds=61)) == ["second_stop"]
    assert kinds(said(relay, "Started", "6")) == ["replayed_start"]


def test_a_refused_end_is_kept(relay):
    said(relay, "Started", "1")
    relay.from_station(event("Ended", unique_id="2", seconds=60), NOON)

    found = relay.from_office(b'[4,"2","InternalError","",{}]', NOON)

    assert kinds(found) == ["refused_stop"]
    assert '"Ended"' in facts(found)[0].payload
    assert relay.book.still_open == []


@pytest.mark.parametrize("transaction", [None, "", "x" * 500, 7, {}])
def test_no_id_of_a_station_breaks_the_book(relay, transaction):
    for number, kind in enumerate(("Started", "Updated", "Ended", "Ended")):
        for fact in facts(said(relay, kind, str(number), transaction=transaction)):
            assert isinstance(fact, Fact)
