import asyncio

import pytest

from charging.errors import StationUnreachable
from rehearsal.flash import Charge, Outgoing
from rehearsal.frames import instant
from rehearsal.network import Behaviour
from rehearsal.station import LATE_SECONDS

SUPPLIERS = "ABCDEFG"


@pytest.mark.parametrize("letter", SUPPLIERS)
def test_arrives_at_the_target_by_its_recipe_and_charges_there_once(
    field, network, recipes, letter, one_of, eventually, running
):
    truth = one_of(network, letter)

    async def scenario():
        async with field(network) as f, running(f.station(truth)) as station:
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            answers = await f.move(truth, recipes)
            await eventually(lambda: f.charged, what="the live charge")
            before = station._socket
            station.lose_link()
            await eventually(lambda: station._socket not in {None, before}, what="the return")
            await eventually(lambda: truth.station_id in f.target.connected, what="the arrival")
            await f.target.call(truth.station_id, "GetConfiguration", {"key": ["HeartbeatInterval"]})
            await f.target.settle()
            stops = f.rows(f.target_engine, "SELECT transaction_pk, stop_value FROM transaction_stop")
            starts = f.rows(f.target_engine, "SELECT start_value, id_tag FROM transaction_start")
            return answers, stops, starts, f.charged

    answers, stops, starts, charged = asyncio.run(scenario())

    assert set(answers) == ({"RebootRequired"} if letter == "G" else {"Accepted"})
    assert [session.station_id for session in charged] == [truth.station_id]
    assert [stop.stop_value for stop in stops] == [str(charged[0].meter_stop_wh)]
    assert starts == [(str(charged[0].meter_start_wh), truth.live_token_uid)]


@pytest.mark.parametrize(
    ("behaviour", "answer", "is_at_target", "is_at_legacy"),
    [
        pytest.param(Behaviour.NEVER_RETURNS, "Accepted", False, False, id="never returns"),
        pytest.param(Behaviour.RETURNS_TO_LEGACY, "Accepted", False, True, id="returns to the legacy"),
        pytest.param(Behaviour.REFUSES_KEY, "Rejected", False, True, id="refuses the key"),
        pytest.param(Behaviour.FORGETS_KEY, "Accepted", False, True, id="forgets the key"),
    ],
)
def test_misbehaves_as_its_truth_says(
    field, network, recipes, one_of, eventually, running, behaviour, answer, is_at_target, is_at_legacy
):
    truth = one_of(network, "A", behaviour=behaviour)

    async def scenario():
        async with field(network) as f, running(f.station(truth)) as station:
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            answers = await f.move(truth, recipes)
            await eventually(
                lambda: station.memory.is_gone or (station.memory.dialled and not station.memory.restart),
                what="the restart",
            )
            if is_at_legacy:
                await eventually(lambda: truth.station_id in f.legacy.connected, what="the return to the legacy")
            else:
                await eventually(lambda: truth.station_id not in f.legacy.connected, what="the silence")
            return answers, truth.station_id in f.target.connected, truth.station_id in f.legacy.connected

    answers, at_target, at_legacy = asyncio.run(scenario())

    assert (answers[-1], at_target, at_legacy) == (answer, is_at_target, is_at_legacy)


def test_shows_the_old_value_of_a_key_that_it_forgot(field, network, recipes, one_of, eventually, running):
    truth = one_of(network, "A", behaviour=Behaviour.FORGETS_KEY)

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            order = {"key": "ConnectionURL", "value": f"{f.target_url}/{truth.station_id}"}
            answer = await f.legacy.call(truth.station_id, "ChangeConfiguration", order)
            read = await f.legacy.call(truth.station_id, "GetConfiguration", {"key": ["ConnectionURL"]})
            return answer["status"], read["configurationKey"][0]["value"], f"{f.legacy_url}/{truth.station_id}"

    status, value, before = asyncio.run(scenario())

    assert (status, value) == ("Accepted", before)


def test_loses_its_first_reset_and_obeys_the_second(field, network, recipes, one_of, eventually, running):
    truth = one_of(network, "A", behaviour=Behaviour.LOSES_RESET)

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            await f.move(truth, recipes)
            is_still_there = truth.station_id in f.legacy.connected
            await f.legacy.call(truth.station_id, "Reset", {"type": "Soft"})
            await eventually(lambda: truth.station_id in f.target.connected, what="the arrival")
            return is_still_there

    assert asyncio.run(scenario())


def test_returns_late_but_returns(field, network, recipes, one_of, eventually, running, monkeypatch):
    monkeypatch.setattr("rehearsal.station.LATE_SECONDS", 0.3)
    truth = one_of(network, "A", behaviour=Behaviour.RETURNS_LATE)

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            await f.move(truth, recipes)
            await eventually(lambda: truth.station_id in f.target.connected, what="the late arrival")

    asyncio.run(scenario())
    assert LATE_SECONDS > 3 * 1.5


def test_falls_back_to_its_first_slot_if_nobody_knows_it_at_the_second(
    field, network, recipes, one_of, eventually, running
):
    truth = one_of(network, "C")

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            with f.target_engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM charge_box")
            await f.move(truth, recipes)
            await eventually(lambda: truth.station_id not in f.legacy.connected, what="leaving")
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the fall-back")

    asyncio.run(scenario())


def test_ends_a_running_charge_when_it_is_drained_and_the_legacy_books_it(field, network, one_of, eventually, running):
    session = next(s for s in network.sessions if network.station_by_id[s.station_id].open_session_id == s.session_id)
    truth = network.station_by_id[session.station_id]
    query = f"SELECT stop_value FROM transaction_stop WHERE transaction_pk = {session.session_id}"

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            order = {"connectorId": 0, "type": "Inoperative"}
            answer = await f.legacy.call(truth.station_id, "ChangeAvailability", order)
            await eventually(lambda: f.rows(f.legacy_engine, query), what="the stop")
            return answer["status"], f.rows(f.legacy_engine, query)

    assert asyncio.run(scenario()) == ("Scheduled", [(str(session.meter_stop_wh),)])


def test_charges_only_once_it_is_operative_again(field, network, recipes, one_of, eventually, running):
    truth = one_of(network, "A")

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            order = {"connectorId": 0, "type": "Inoperative"}
            await f.legacy.call(truth.station_id, "ChangeAvailability", order)
            await f.move(truth, recipes)
            await eventually(lambda: truth.station_id in f.target.connected, what="the arrival")
            await f.target.call(truth.station_id, "GetConfiguration", {})
            before = list(f.charged)
            await f.target.call(truth.station_id, "ChangeAvailability", order | {"type": "Operative"})
            await eventually(lambda: f.charged, what="the charge")
            return before

    assert asyncio.run(scenario()) == []


def test_sends_an_unfinished_start_again_from_its_flash_and_is_booked_once(
    field, network, recipes, one_of, eventually, running
):
    truth = one_of(network, "A")

    async def scenario():
        async with field(network) as f:
            async with running(f.station(truth)):
                await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
                await f.move(truth, recipes)
                await eventually(lambda: f.charged, what="the charge")
            [(_, memory)] = f.flash.memories()
            told = f.charged.copy()
            # As if the answers to start and stop had come, and the power had gone before they were written down.
            again = f.station(truth, rewound(memory, told[0]))
            async with running(again):
                await eventually(lambda: len(f.charged) == 2, what="the charge's being told again")
            starts = f.rows(f.target_engine, "SELECT 1 FROM transaction_start")
            stops = f.rows(f.target_engine, "SELECT 1 FROM transaction_stop")
            return told == f.charged[1:], len(starts), len(stops)

    assert asyncio.run(scenario()) == (True, 1, 1)


def rewound(memory, session):
    memory.is_live_told = False
    memory.charges = {
        "live": Charge(
            connector_id=session.connector_id,
            id_tag=session.token_uid,
            started_at=session.started_at,
            meter_start_wh=session.meter_start_wh,
        )
    }
    start = {
        "connectorId": session.connector_id,
        "idTag": session.token_uid,
        "meterStart": session.meter_start_wh,
        "timestamp": instant(session.started_at),
    }
    stop = {"meterStop": session.meter_stop_wh, "timestamp": instant(session.stopped_at), "reason": "Local"}
    memory.outbox = [
        Outgoing(action="StartTransaction", payload=start, charge="live"),
        Outgoing(action="StopTransaction", payload=stop, charge="live"),
    ]
    return memory


def test_cannot_be_reached_while_it_restarts(field, network, one_of, eventually, running):
    truth = one_of(network, "A", restart_seconds=5.0)

    async def scenario():
        async with field(network) as f, running(f.station(truth)):
            await eventually(lambda: truth.station_id in f.legacy.connected, what="the first connection")
            await f.legacy.call(truth.station_id, "Reset", {"type": "Soft"})
            await eventually(lambda: truth.station_id not in f.legacy.connected, what="going down")
            with pytest.raises(StationUnreachable, match="no open session"):
                await f.legacy.call(truth.station_id, "Reset", {"type": "Soft"})

    asyncio.run(scenario())
