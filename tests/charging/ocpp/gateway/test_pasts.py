"""What a gateway knows of a station's charges when it comes: whatever the tables or its own journal have of them."""

import asyncio
import json

import msgspec
import pytest

from charging.ocpp.gateway import entries
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.journal import Journal, Place
from charging.ocpp.gateway.pasts import Pasts
from charging.ocpp.relay.facts import Fact, FactKind

NOTHING = Credential(is_open=True)


def fact(kind, transaction="7", back_office="legacy"):
    return Fact(kind=kind, station_id="CS-1", back_office=back_office, transaction=transaction)


def journalled(folder, *facts):
    """Write facts as a former run did; return where each ends."""
    journal = Journal(folder, segment_bytes=4096)
    try:
        return [
            journal.append(entries.encode(entries.Fact(0, "CS-1", "legacy", each.kind, msgspec.json.encode(each))))
            for each in facts
        ]
    finally:
        journal.close()


def opened(past):
    return [transaction.transaction for transaction in past[0].open]


@pytest.mark.parametrize(
    ("is_stored", "found"), [pytest.param(True, [], id="stored"), pytest.param(False, ["7"], id="not stored")]
)
def test_a_charge_that_ended_elsewhere_is_not_reopened_by_what_the_journal_still_has(tmp_path, is_stored, found):
    started, stopped = fact(FactKind.STARTED), fact(FactKind.STOPPED)
    (place,) = journalled(tmp_path, started)
    pasts = Pasts(tmp_path)

    stored = place if is_stored else Place(0, 0)
    pasts.learn({"CS-1": [started, stopped] if is_stored else []}, ["CS-1"], {"CS-1": "legacy"}, stored)

    assert opened(pasts.of("CS-1", "legacy")) == found


def test_a_past_that_could_not_be_read_is_read_when_the_station_comes_again(tmp_path):
    (place,) = journalled(tmp_path, fact(FactKind.STARTED, "7"))
    pasts = Pasts(tmp_path)

    book, memory = pasts.of("CS-1", "legacy")
    pasts.note(Place(place.segment, place.offset + 1), fact(FactKind.STARTED, "8"))
    assert (book.is_whole, opened((book, memory))) == (False, ["7"])
    assert pasts.unread(["CS-1"], ()) == ["CS-1"]

    pasts.learn({"CS-1": [fact(FactKind.STARTED, "6")]}, ["CS-1"], {"CS-1": "legacy"}, None)
    again = pasts.of("CS-1", "legacy")
    assert (again[0].is_whole, opened(again), again[1] is memory) == (True, ["6", "7", "8"], True)
    assert (pasts.unread(["CS-1"], ()), pasts.unread(["CS-1"], {"CS-1"})) == ([], ["CS-1"])
    pasts.doubt("CS-1")
    assert pasts.unread(["CS-1"], ()) == ["CS-1"]


def test_what_is_in_the_tables_for_sure_is_not_remembered_for_ever(tmp_path):
    (place,) = journalled(tmp_path, fact(FactKind.STARTED))
    pasts = Pasts(tmp_path)
    (tmp_path / f"{place.segment:010d}.segment").unlink()

    pasts.note(Place(place.segment + 1, 8), fact(FactKind.STARTED, "8"))

    assert opened(pasts.of("CS-1", "legacy")) == ["8"]


def test_what_the_tables_have_is_forgotten_of_stations_that_are_known_and_kept_of_the_others(tmp_path):
    first, second = journalled(tmp_path, fact(FactKind.STARTED, "7"), fact(FactKind.STARTED, "8"))
    pasts = Pasts(tmp_path)
    pasts.settle(second)
    assert opened(pasts.of("CS-1", "legacy")) == ["7", "8"], "it has not come: the tables may be away when it does"

    pasts.learn({"CS-1": [fact(FactKind.STARTED, "7")]}, ["CS-1"], {"CS-1": "legacy"}, first)
    pasts.settle(first)
    pasts.learn({"CS-1": [fact(FactKind.STARTED, "7")]}, ["CS-1"], {"CS-1": "legacy"}, None)
    assert opened(pasts.of("CS-1", "legacy")) == ["7", "8"], "the tables have only the first"

    pasts.settle(second)
    pasts.learn({"CS-1": []}, ["CS-1"], {"CS-1": "legacy"}, None)
    assert opened(pasts.of("CS-1", "legacy")) == []


def test_a_station_that_goes_from_one_gateway_to_another_and_back_stops_its_charge_where_it_began(world, parts):
    stop = {"transactionId": 7, "meterStop": 9, "timestamp": "2026-11-02T13:00:00Z"}
    start = {"connectorId": 1, "idTag": "T", "meterStart": 1, "timestamp": "2026-11-02T12:00:00Z"}

    async def scenario():
        async with parts.office() as target:
            target.answers["StartTransaction"] = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
            world.add_office("legacy", target.address)
            world.add_office("target", target.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            world.route(["CS-1"], "target")
            async with parts.gateway(world.plan("g1")) as first, parts.gateway(world.plan("g2")) as second:
                for opened, action, payload in (
                    (first, "Heartbeat", {}),
                    (second, "StartTransaction", start),
                    (first, "StopTransaction", stop),
                ):
                    async with parts.station(opened.ports[0], "CS-1", secret=None) as one:
                        await one.send(json.dumps([2, action, action, payload]))
                        async with asyncio.timeout(20):
                            while json.loads(await one.recv())[1] != action:
                                pass
                    await world.until(lambda: all(row["closed_at"] for row in world.rows(parts.tables.link)))
            return [json.loads(frame)[2] for frame in target.heard["CS-1"] if json.loads(frame)[0] == 2]

    assert asyncio.run(scenario()) == ["Heartbeat", "StartTransaction", "StopTransaction"]
    rows = world.rows(parts.tables.transaction_fact, order_by=parts.tables.transaction_fact.c.fact_number)
    assert [row["kind"] for row in rows] == ["started", "stopped"]


def test_what_is_kept_is_stored_as_the_back_offices_whose_charge_it_is(world, parts):
    values = {"connectorId": 1, "transactionId": 99, "meterValue": []}

    async def scenario():
        async with parts.office() as target:
            world.add_office("legacy", target.address)
            world.add_office("target", target.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            world.route(["CS-1"], "target")
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await one.send(json.dumps([2, "m", "MeterValues", values]))
                async with asyncio.timeout(20):
                    await one.recv()

    asyncio.run(scenario())

    (row,) = world.rows(parts.tables.transaction_fact)
    assert (row["kind"], row["back_office"]) == ("kept_meter_values", "legacy")
