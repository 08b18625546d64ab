"""OCPP 1.6 transaction ids: each back office hears its own, and no stop ends another driver's charge."""

import json

import pytest
from playing import (
    NOON,
    a_relay,
    call,
    charge,
    facts,
    kinds,
    meter_values,
    moved,
    result,
    rules_of,
    start,
    started,
    stop,
    to_office,
    to_station,
)

from charging.ocpp.relay.book import FIRST_OWN_ID, TransactionBook
from charging.ocpp.relay.effects import Alarm
from charging.ocpp.relay.facts import Fact, FactKind


def test_at_one_back_office_all_passes_byte_for_byte():
    relay = a_relay()

    assert to_office(relay.from_station(start(), NOON)) == [start()]
    assert to_station(relay.from_office(started(), NOON)) == [started()]
    assert to_office(relay.from_station(stop(), NOON)) == [stop()]
    found = relay.from_office(result("e"), NOON)
    assert (to_station(found), kinds(found)) == ([result("e")], ["stopped"])
    assert relay.book.open == []


def test_a_stop_of_a_charge_that_began_elsewhere_is_acknowledged_and_kept():
    relay = a_relay()
    charge(relay)
    moved(relay)

    found = relay.from_station(stop(idTag="TAG-1", reason="EVDisconnected"), NOON)

    assert (to_office(found), to_station(found)) == ([], [b'[3,"e",{}]'])
    fact = facts(found)[0]
    assert (fact.kind, fact.back_office, fact.office_transaction) == ("kept_stop", "legacy", 17)
    assert (fact.meter_start_wh, fact.meter_stop_wh, fact.reason) == (1000, 8000, "EVDisconnected")
    assert json.loads(fact.payload)["meterStop"] == 8000
    assert kinds(relay.from_station(stop("again"), NOON)) == ["replayed_stop"]


def test_meter_values_of_a_charge_that_began_elsewhere_are_acknowledged_and_kept():
    relay = a_relay()
    charge(relay)
    moved(relay)

    found = relay.from_station(meter_values(), NOON)

    assert (to_office(found), to_station(found)) == ([], [b'[3,"m",{}]'])
    assert kinds(found) == ["named", "kept_meter_values"]
    assert kinds(relay.from_station(meter_values(), NOON)) == ["kept_meter_values"]


def test_two_back_offices_that_count_alike_are_kept_apart():
    relay = a_relay()
    charge(relay, transaction=17, connector=1)
    moved(relay)
    found = charge(relay, transaction=17, connector=2, unique_id="s2")
    own = json.loads(to_station(found)[0])[2]["transactionId"]

    assert own == FIRST_OWN_ID
    assert "transaction id as the station knows it" in rules_of(found)
    assert "id_replaced" in kinds(found)
    assert to_station(relay.from_station(stop("a", transaction=17), NOON)) == [b'[3,"a",{}]']
    assert to_office(relay.from_station(meter_values(transaction=own, connector=2), NOON)) == [
        meter_values(transaction=17, connector=2)
    ]
    relay.from_office(result("m"), NOON)
    assert to_office(relay.from_station(stop("b", transaction=own), NOON)) == [stop("b", transaction=17)]


def test_a_back_office_stops_its_own_charge_and_never_anothers():
    relay = a_relay()
    charge(relay, transaction=17, connector=1)
    moved(relay)

    refused = relay.from_office(call("r", "RemoteStopTransaction", transactionId=17), NOON)
    charge(relay, transaction=17, connector=2, unique_id="s2")
    passed = relay.from_office(call("r2", "RemoteStopTransaction", transactionId=17), NOON)

    assert (to_station(refused), to_office(refused)) == ([], [b'[3,"r",{"status":"Rejected"}]'])
    assert any(isinstance(effect, Alarm) for effect in refused)
    assert to_station(passed) == [call("r2", "RemoteStopTransaction", transactionId=FIRST_OWN_ID)]


def test_a_charging_profile_finds_its_transaction():
    relay = a_relay()
    charge(relay, transaction=0)
    profile = {"chargingProfileId": 1, "transactionId": 0, "stackLevel": 0}

    found = relay.from_office(call("p", "SetChargingProfile", connectorId=1, csChargingProfiles=profile), NOON)

    assert json.loads(to_station(found)[0])[3]["csChargingProfiles"] == profile | {"transactionId": FIRST_OWN_ID}


@pytest.mark.parametrize("transaction", [0, -1])
def test_an_id_that_means_no_transaction_is_replaced_and_given_back(transaction):
    relay = a_relay()
    found = charge(relay, transaction=transaction)

    assert json.loads(to_station(found)[0])[2]["transactionId"] == FIRST_OWN_ID
    assert to_office(relay.from_station(stop(transaction=FIRST_OWN_ID), NOON)) == [stop(transaction=transaction)]


@pytest.mark.parametrize("transaction", [0, -1])
@pytest.mark.parametrize(
    ("said", "is_matched"),
    [
        pytest.param({}, True, id="fits"),
        pytest.param({"meter": 1000}, True, id="nothing charged"),
        pytest.param({"meter": 999}, False, id="the meter ran backwards"),
        pytest.param({"seconds": 0.0}, True, id="in the same instant"),
        pytest.param({"seconds": -1.0}, False, id="before its start"),
        pytest.param({"idTag": "TAG-1"}, True, id="the same token"),
        pytest.param({"idTag": "TAG-2"}, False, id="another token"),
    ],
)
def test_a_stop_without_an_id_finds_the_one_charge_that_fits(transaction, said, is_matched):
    relay = a_relay()
    charge(relay)

    found = relay.from_station(stop(transaction=transaction, **said), NOON)

    assert to_office(found) == ([stop(transaction=17, **said)] if is_matched else [])
    assert kinds(found) == ([] if is_matched else ["kept_stop"])


def test_a_stop_without_an_id_and_two_charges_that_fit_belongs_to_neither_unless_the_token_tells():
    relay = a_relay()
    charge(relay, connector=1, token="TAG-1")
    charge(relay, connector=2, token="TAG-2", transaction=18, unique_id="s2")

    assert to_office(relay.from_station(stop("a", transaction=-1, idTag="TAG-2"), NOON)) == [
        stop("a", transaction=18, idTag="TAG-2")
    ]
    relay.from_office(result("a"), NOON)
    charge(relay, connector=2, token="TAG-2", transaction=19, unique_id="s3")
    assert kinds(relay.from_station(stop("b", transaction=-1), NOON)) == ["kept_stop"]


@pytest.mark.parametrize(
    "shown", [pytest.param(start("b", connector=2, token="TAG-2", meter=7000), id="it has gone on"), meter_values("b")]
)
def test_a_stop_without_an_id_never_ends_a_charge_whose_id_the_station_has(shown):
    relay = a_relay()
    charge(relay)
    relay.from_station(shown, NOON)
    relay.from_office(b'[4,"b","InternalError","",{}]', NOON)

    found = relay.from_station(stop("e", transaction=-1, meter=9000), NOON)

    assert (to_office(found), kinds(found)) == ([], ["kept_stop"])
    assert to_office(relay.from_station(stop("own"), NOON)) == [stop("own")]


def test_a_start_told_again_shows_that_its_id_was_never_had():
    relay = a_relay()
    charge(relay)
    relay.from_station(call("h", "Heartbeat"), NOON)
    relay.from_office(result("h"), NOON)
    charge(relay, unique_id="again")

    assert to_office(relay.from_station(stop(transaction=-1), NOON)) == [stop()]


@pytest.mark.parametrize(
    ("back_office", "passes"),
    [pytest.param("legacy", True, id="where it came from"), pytest.param("target", False, id="elsewhere")],
)
def test_what_began_before_the_book_belongs_to_the_first_back_office(back_office, passes):
    relay = a_relay(back_office=back_office)

    values = relay.from_station(meter_values(transaction=99), NOON)
    relay.from_office(result("m"), NOON)
    found = relay.from_station(stop(transaction=99), NOON)

    assert bool(to_office(values)) is bool(to_office(found)) is passes
    assert kinds(values) == (["seen"] if passes else ["kept_meter_values"])
    assert kinds(found) == ([] if passes else ["kept_stop"])


def test_meter_values_outside_a_charge_pass_as_they_are():
    relay = a_relay(back_office="target")
    frame = meter_values(transaction=0)

    found = relay.from_station(frame, NOON)

    assert (to_office(found), kinds(found)) == ([frame], [])


def test_a_second_stop_with_other_facts_is_an_alarm():
    relay = a_relay()
    charge(relay)
    relay.from_station(stop(), NOON)
    relay.from_office(result("e"), NOON)

    replayed = relay.from_station(stop("e2"), NOON)
    other = relay.from_station(stop("e3", meter=9000), NOON)

    assert (kinds(replayed), to_office(replayed), to_station(replayed)) == (["replayed_stop"], [], [b'[3,"e2",{}]'])
    assert kinds(other) == ["second_stop"]
    assert any(isinstance(effect, Alarm) and effect.kind == "second_stop" for effect in other)


def test_a_replayed_start_is_relayed_and_listed_and_leaves_one_charge():
    relay = a_relay()
    charge(relay)

    found = charge(relay, unique_id="s2", transaction=18)

    assert to_office(found) == [start("s2")]
    assert kinds(found) == ["replayed_start", "superseded", "started"]
    assert [one.transaction for one in relay.book.still_open] == ["18"]


def test_a_start_replayed_to_a_back_office_that_knows_it_changes_nothing():
    relay = a_relay()
    charge(relay)

    assert kinds(charge(relay, unique_id="s2")) == ["replayed_start"]
    assert [one.transaction for one in relay.book.still_open] == ["17"]


def test_a_back_office_that_gives_one_id_to_all_is_evened_out():
    relay = a_relay()
    charge(relay, connector=1, transaction=1)
    charge(relay, connector=2, transaction=1, unique_id="s2")

    assert [(one.transaction, one.office_id) for one in relay.book.open] == [("1", 1), (str(FIRST_OWN_ID), 1)]


def test_a_refused_stop_is_kept_and_holds_no_move_up():
    relay = a_relay()
    charge(relay)
    relay.from_station(stop(), NOON)

    found = relay.from_office(b'[4,"e","InternalError","",{}]', NOON)

    assert (kinds(found), facts(found)[0].meter_stop_wh) == (["refused_stop"], 8000)
    assert relay.book.still_open == []
    assert to_office(relay.from_station(stop("e2"), NOON)) == [stop("e2")]


def test_a_refused_token_holds_no_move_up():
    relay = a_relay()
    relay.from_station(start(), NOON)

    assert kinds(relay.from_office(started(status="Blocked"), NOON)) == ["started", "refused_start"]
    assert relay.book.still_open == []


@pytest.mark.parametrize("number", ["17", '"17"', "17.0", "1.7e1"])
def test_a_number_is_found_however_it_is_written_and_all_else_stays(number):
    relay = a_relay()
    charge(relay, transaction=0)
    frame = b'[2,"x", "StopTransaction",{"reason":"Other", "transactionId" : %b ,"meterStop":8000}]'
    own = number.replace("1.7e1", "2.0e9").replace("17", str(FIRST_OWN_ID))

    found = relay.from_station(frame % own.encode(), NOON)

    assert to_office(found) == [frame % b"0"]


def test_an_escaped_key_is_found_too():
    relay = a_relay()
    charge(relay, transaction=0)
    frame = b'[2,"x","StopTransaction",{"transaction\\u0049d":2000000000,"meterStop":8000.50}]'

    assert to_office(relay.from_station(frame, NOON)) == [
        b'[2,"x","StopTransaction",{"transactionId":0,"meterStop":8000.50}]'
    ]


@pytest.mark.parametrize("transaction", [2**31 - 1, 2**62, 2**63, 10**30, -(2**62), "abc", None, 1.5, [], {}])
def test_no_id_of_a_back_office_breaks_the_book(transaction):
    relay = a_relay()
    charge(relay, transaction=transaction)
    moved(relay)

    found = relay.from_station(stop(transaction=transaction), NOON)

    assert len(to_office(found)) + len(kinds(found)) == 1


def test_the_book_is_the_same_when_it_is_read_again():
    relay = a_relay()
    said = charge(relay, transaction=0)
    moved(relay)
    said += charge(relay, connector=2, unique_id="s2")
    said += relay.from_station(stop("e", transaction=FIRST_OWN_ID), NOON)

    book = TransactionBook("legacy", facts(said))

    assert [(one.transaction, one.office_id, one.back_office) for one in book.open] == [("17", 17, "target")]
    assert book.next_own_id == relay.book.next_own_id == FIRST_OWN_ID + 1
    assert book.ended(str(FIRST_OWN_ID)) == relay.book.ended(str(FIRST_OWN_ID))
    assert book.ended(str(FIRST_OWN_ID)).back_office == "legacy"


def test_ended_transactions_are_remembered_and_in_the_end_forgotten():
    book = TransactionBook("legacy")
    for number in range(1, 18):
        book.apply(Fact(kind=FactKind.STOPPED, station_id="CS-1", back_office="legacy", transaction=str(number)))

    assert book.ended("1") is None
    assert book.ended("2") is not None


@pytest.mark.parametrize("transaction", [99, -1])
@pytest.mark.parametrize("back_office", ["legacy", "target"])
def test_a_stop_that_a_book_with_gaps_does_not_know_goes_on_and_is_called_what_it_is(transaction, back_office):
    relay = a_relay(back_office=back_office, book=TransactionBook("legacy", is_whole=False))

    assert to_office(relay.from_station(stop(transaction=transaction), NOON)) == [stop(transaction=transaction)]
    (fact,) = facts(relay.from_office(result("e"), NOON))
    assert (fact.kind, fact.back_office) == ("relayed_stop", back_office)
    assert json.loads(fact.payload)["meterStop"] == 8000
    assert "gaps" in fact.why


def test_a_stop_of_what_began_before_the_book_is_its_back_offices():
    relay = a_relay(book=TransactionBook("legacy"))
    relay.from_station(stop(transaction=99), NOON)

    assert kinds(relay.from_office(result("e"), NOON)) == ["stopped"]


@pytest.mark.parametrize("goes_on", [call("h", "Heartbeat"), meter_values()])
def test_a_station_that_has_its_charges_id_still_has_it_when_the_book_is_read_again(goes_on):
    relay = a_relay()
    said = charge(relay) + relay.from_station(goes_on, NOON)

    again = a_relay(book=TransactionBook("legacy", facts(said)))

    assert [one.is_named for one in again.book.open] == [True]
    assert kinds(again.from_station(stop(transaction=-1), NOON)) == ["kept_stop"]


@pytest.mark.parametrize("told", [[], [start("s2")]])
def test_a_station_that_never_got_its_charges_id_still_has_none_when_the_book_is_read_again(told):
    relay = a_relay()
    said = charge(relay)
    for raw in told:
        said += relay.from_station(raw, NOON) + relay.from_office(started("s2"), NOON)

    again = a_relay(book=TransactionBook("legacy", facts(said)))

    assert [one.is_named for one in again.book.open] == [False]
    assert to_office(again.from_station(stop(transaction=-1), NOON)) == [stop(transaction=17)]


def test_what_a_book_with_gaps_has_seen_takes_nothing_from_a_start_that_is_known():
    start_known = facts(charge(a_relay()))
    gapped = a_relay(back_office="target", book=TransactionBook("legacy", is_whole=False))
    seen = facts(gapped.from_station(meter_values(), NOON))

    (one,) = TransactionBook("legacy", [*start_known, *seen]).open

    assert (one.back_office, one.meter_start_wh, one.is_named) == ("legacy", 1000, True)
