"""What the tables say to a gateway: where stations go, and what they are ordered."""

import asyncio
import json
from datetime import timedelta

import pytest

from charging.clock import system_clock
from charging.database.operations import gateway_frames, gateway_orders
from charging.database.operations import gateway_routes as write
from charging.database.operations.gateway_orders import Given
from charging.database.queries import gateway_routes as read
from charging.errors import RouteRefused, UnknownThing
from charging.ocpp.gateway import ordering
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice, Known, keep, recall

NOTHING = Credential(is_open=True)
HEARTBEAT = '[2,"h1","Heartbeat",{}]'


def given(station_id="CS-1", action="GetConfiguration", payload='{"key":["Url"]}', seconds=20, **more):
    now = system_clock()
    return Given(
        station_id=station_id,
        action=action,
        payload=payload,
        by="tester",
        reason="a test",
        made_at=now,
        deadline_at=now + timedelta(seconds=seconds),
        **more,
    )


def test_a_change_of_route_moves_a_station_and_back_and_is_written_down(world, parts):
    async def scenario():
        async with parts.office() as legacy, parts.office() as target:
            world.add_office("legacy", legacy.address)
            world.add_office("target", target.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                reading = asyncio.create_task(answer_all(one))
                await legacy.has("CS-1")
                world.route(["CS-1"], "target")
                await target.has("CS-1")
                await legacy.until(lambda: "CS-1" not in legacy.links)
                await one.send(HEARTBEAT)
                await target.until(lambda: HEARTBEAT in target.heard["CS-1"])
                world.route(["CS-1"], "legacy")
                await legacy.has("CS-1")
                await target.until(lambda: "CS-1" not in target.links)
                reading.cancel()
                return legacy.heard["CS-1"]

    assert HEARTBEAT not in asyncio.run(scenario())
    with world.engine.connect() as connection:
        history = read.history(connection, "CS-1")
    assert [(row["before"], row["after"], row["by"]) for row in history if row["subject"] == "station"] == [
        ("target", "legacy", "tester"),
        ("legacy", "target", "tester"),
        (None, "legacy", "tester"),
    ]


def test_a_move_waits_for_the_open_call_and_cuts_nothing(world, parts):
    async def scenario():
        async with parts.office() as legacy, parts.office() as target:
            legacy.is_silent = True
            world.add_office("legacy", legacy.address)
            world.add_office("target", target.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                link = await legacy.has("CS-1")
                await one.send(HEARTBEAT)
                await legacy.until(lambda: legacy.heard["CS-1"])
                world.route(["CS-1"], "target")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(target.has("CS-1"), 0.5)
                await link.send('[3,"h1",{}]')
                answer = await one.recv()
                await target.has("CS-1")
                return answer

    assert asyncio.run(scenario()) == '[3,"h1",{}]'


def test_a_station_whose_route_is_taken_away_is_let_go_of(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await legacy.has("CS-1")
                with world.engine.begin() as connection:
                    assert write.remove_route(connection, "CS-1", change=world.change())
                await asyncio.wait_for(one.wait_closed(), 20)
                return one.close_code

    assert asyncio.run(scenario()) == 1008


def test_an_orders_answer_returns_to_the_order_and_the_back_office_sees_neither(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                reading = asyncio.create_task(
                    answer_all(one, {"configurationKey": [{"key": "Url", "value": "ws://x"}]})
                )
                await legacy.has("CS-1")
                number = ordering.give(world.engine, given())
                outcome = await asyncio.to_thread(ordering.wait, world.engine, number, clock=system_clock)
                reading.cancel()
                return outcome, legacy.heard["CS-1"]

    outcome, heard = asyncio.run(scenario())

    assert outcome.state == "answered"
    assert outcome.payload() == {"configurationKey": [{"key": "Url", "value": "ws://x"}]}
    assert heard == []
    assert {row["rule"] for row in world.rows(parts.tables.frame)} == {"order"}
    (row,) = world.rows(parts.tables.station_order)
    assert row["sent_at"] is not None  # noted before it went: whatever comes, it is not sent again


def test_a_refusal_and_secrets_of_an_order(world, parts):
    payload = '{"key":"AuthorizationKey","value":"0123456789abcdef"}'

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await legacy.has("CS-1")
                number = ordering.give(world.engine, given(action="ChangeConfiguration", payload=payload))
                frame = json.loads(await one.recv())
                await one.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
                return frame, await asyncio.to_thread(ordering.wait, world.engine, number, clock=system_clock)

    frame, outcome = asyncio.run(scenario())

    assert frame[2:] == ["ChangeConfiguration", json.loads(payload)]
    assert outcome.state == "refused"
    assert json.loads(outcome.answer)[2] == "NotSupported"
    (order,) = world.rows(parts.tables.station_order)
    assert "0123456789abcdef" not in json.dumps(order, default=str)
    assert "0123456789abcdef" not in json.dumps(world.rows(parts.tables.frame), default=str)


def test_an_order_for_a_station_that_is_not_there_waits_for_it(world, parts):
    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            number = ordering.give(world.engine, given())
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                reading = asyncio.create_task(answer_all(one))
                outcome = await asyncio.to_thread(ordering.wait, world.engine, number, clock=system_clock)
                reading.cancel()
                return outcome

    assert asyncio.run(scenario()).state == "answered"


def test_an_order_that_nobody_takes_in_time_has_never_been_sent(world, parts):
    number = ordering.give(world.engine, given(seconds=0.05))

    assert ordering.wait(world.engine, number, clock=system_clock).state == "expired"
    (order,) = world.rows(parts.tables.station_order)
    assert order["sent_at"] is None


def test_an_order_that_was_sent_and_stays_unanswered_is_unknown_and_a_late_answer_is_still_taken(world):
    number = ordering.give(world.engine, given())
    now = system_clock()
    with world.engine.begin() as connection:
        gateway_orders.take(connection, {"CS-1": 9}, gateway="g", run=1, at=now)
        gateway_orders.sent(connection, number, unique_id="x.1", at=now)
        gateway_orders.recover(connection, gateway="g", run=2, at=now)
    before = ordering.wait(world.engine, number, clock=system_clock).state
    with world.engine.begin() as connection:
        gateway_orders.end(connection, number, state="answered", answer="{}", at=now)

    assert before == "unknown"
    assert ordering.wait(world.engine, number, clock=system_clock).state == "answered"


def test_an_order_that_was_taken_and_not_sent_is_pending_again_after_a_kill(world):
    ordering.give(world.engine, given())
    now = system_clock()
    with world.engine.begin() as connection:
        gateway_orders.take(connection, {"CS-1": 9}, gateway="g", run=1, at=now)
        gateway_orders.recover(connection, gateway="g", run=2, at=now)
        again = gateway_orders.take(connection, {"CS-1": 9}, gateway="g", run=2, at=now)

    assert [taken.station_id for taken in again] == ["CS-1"]


def test_no_two_gateways_take_one_order_and_one_key_is_one_order(world):
    first = ordering.give(world.engine, given(order_key="k"))
    second = ordering.give(world.engine, given(order_key="k"))
    now = system_clock()
    with world.engine.begin() as one, world.engine.begin() as other:
        taken = gateway_orders.take(one, {"CS-1": 9}, gateway="a", run=1, at=now)
        left = gateway_orders.take(other, {"CS-1": 9}, gateway="b", run=1, at=now)

    assert first == second
    assert (len(taken), len(left)) == (1, 0)


@pytest.mark.parametrize("address", ["http://x/{identity}", "ws://x/ocpp", "x"])
def test_a_back_office_needs_an_address_with_a_place_for_the_identity(address):
    with pytest.raises(RouteRefused, match="identity"):
        BackOffice(name="legacy", address=address)


def test_a_route_to_nowhere_is_not_set(world):
    with pytest.raises(UnknownThing, match="rehome route office"):
        world.route(["CS-1"], "nowhere")


def test_what_is_known_is_written_down_and_recalled(tmp_path):
    known = Known(
        back_offices={"legacy": BackOffice(name="legacy", address="ws://x/{identity}")},
        routes={"CS-1": "legacy"},
        origins={"CS-1": "legacy"},
        credentials={"CS-1": NOTHING},
    )
    keep(known, tmp_path / "known")

    assert recall(tmp_path / "known") == known
    assert (tmp_path / "known").stat().st_mode & 0o077 == 0
    (tmp_path / "known").write_bytes(b"\xff")
    assert recall(tmp_path / "known") is None
    assert recall(tmp_path / "absent") is None


def test_of_many_orders_those_are_taken_for_which_there_is_room_the_oldest_first(world):
    numbers = [ordering.give(world.engine, given(station_id)) for station_id in ("CS-1", "CS-1", "CS-1", "CS-2")]
    with world.engine.begin() as connection:
        taken = gateway_orders.take(connection, {"CS-1": 2, "CS-2": 1}, gateway="g", run=1, at=system_clock())

    assert [order.order_number for order in taken] == [numbers[0], numbers[1], numbers[3]]


def test_forty_orders_reach_a_station_in_order_and_none_is_given_back(world, parts, monkeypatch):
    given_back = []
    monkeypatch.setattr(gateway_orders, "give_back", lambda _, number: given_back.append(number))

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                await legacy.has("CS-1")
                for number in range(40):
                    ordering.give(world.engine, given(payload=f'{{"key":["{number}"]}}'))
                heard = []
                async with asyncio.timeout(20):
                    while len(heard) < 40:
                        call = json.loads(await one.recv())
                        heard.append(int(call[3]["key"][0]))
                        await one.send(json.dumps([3, call[1], {}]))
                return heard

    assert asyncio.run(scenario()) == list(range(40))
    assert given_back == []


def test_an_order_that_was_taken_while_the_tables_stood_still_is_sent_all_the_same(world, parts, monkeypatch):
    monkeypatch.setattr("charging.ocpp.gateway.desk._BEAT_SECONDS", 0.1)
    take, asked = gateway_orders.take, []

    def take_but_tell_nobody(*where, **how):
        found = take(*where, **how)
        asked.extend(found)
        if found and len(asked) == len(found):
            where[0].commit()
            raise TimeoutError("it took too long")
        return found

    monkeypatch.setattr(gateway_orders, "take", take_but_tell_nobody)

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                reading = asyncio.create_task(answer_all(one))
                await legacy.has("CS-1")
                number = ordering.give(world.engine, given())
                outcome = await asyncio.to_thread(ordering.wait, world.engine, number, clock=system_clock)
                reading.cancel()
                return outcome.state

    assert asyncio.run(scenario()) == "answered"
    assert len(world.rows(parts.tables.frame)) == 2


def test_days_are_made_once_and_dropped_once_they_are_past(world):
    today = system_clock().date()
    days = [today - timedelta(days=ago) for ago in (31, 30, 0)]
    with world.engine.begin() as connection:
        gateway_frames.make_days(connection, days)
        gateway_frames.make_days(connection, days)
        gone = gateway_frames.drop_days(connection, before=today - timedelta(days=30))
        left = gateway_frames.days(connection)

    assert (gone, left) == (days[:1], days[1:])


async def answer_all(station, payload=None):
    """Answer every call as a station that agrees to everything."""
    async for message in station:
        frame = json.loads(message)
        if frame[0] == 2:
            await station.send(json.dumps([3, frame[1], payload if payload is not None else {"status": "Accepted"}]))
