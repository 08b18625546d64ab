"""CitrineOS's message API and database, on real sockets, with stations of both generations behind it."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from datetime import date, timedelta

import httpx
import pytest
import stamina

from charging.clock import system_clock
from charging.errors import BackOfficeUnavailable, StationUnreachable
from charging.migration import discovery, inventory
from charging.migration.proposing import propose
from charging.migration.recipe_files import parse_recipes
from charging.migration.recipes import Address, Method
from charging.network.model import Lane, Station
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.citrineos import CitrineOsCaller, open_citrineos
from charging.ocpp.channels.citrineos_records import Records
from charging.secret import Secret
from charging.targets.citrineos_client import GraphQl
from rehearsal import device_model
from rehearsal.citrineos_running import citrineos
from rehearsal.citrineos_schema import Generation
from rehearsal.frames import CallRefused
from rehearsal.station_2 import Station2

NAME = "H 1"
PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"


@pytest.fixture(autouse=True)
def _no_waiting_between_tries():
    with stamina.set_testing(True, attempts=2):
        yield


async def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def channel_to(door, *, patience=10.0):
    async with httpx.AsyncClient(base_url=f"{door.api}/", headers={"Authorization": "Bearer t0ken"}) as http:
        with httpx.Client() as data:
            records = Records("target", GraphQl(data, door.graphql, secret=Secret("hunter2"), attempts=2), tenant=1)
            caller = CitrineOsCaller(
                "target",
                http=http,
                records=records,
                tenant=1,
                patience=timedelta(seconds=patience),
                look_every=timedelta(seconds=0.02),
            )
            yield CallingChannel(caller)


@asynccontextmanager
async def connected(folder, *, generation=Generation.CONNECTION_NAME, patience=10.0, **station):
    """A CitrineOS with one station of OCPP 2.0.1 that it has accepted."""
    async with citrineos(
        folder, [NAME, "AWAY"], clock=system_clock, token="t0ken", secret="hunter2", generation=generation
    ) as door:
        living = Station2(device_model.new_memory(NAME, url=door.ws), clock=system_clock, **station)
        running = asyncio.create_task(living.run())
        try:
            await until(lambda: door.ocpp.heard(NAME, "StatusNotification"))
            async with channel_to(door, patience=patience) as channel:
                yield door, living, channel
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def run(folder, act, **rest):
    async def scenario():
        async with connected(folder, **rest) as (door, living, channel):
            return await act(door, living, channel)

    return asyncio.run(scenario())


@pytest.mark.parametrize("generation", Generation)
def test_what_counts_is_what_the_station_answered_and_not_that_it_was_sent(tmp_path, generation):
    async def act(door, living, channel):
        found = await channel.get_configuration(NAME, [PRIORITY, "OCPPCommCtrlr.Nonsense", "Nobody.Knows"])
        refused = await channel.change_configuration(NAME, PRIORITY, "2,1")
        taken = await channel.change_configuration(NAME, "OCPPCommCtrlr.HeartbeatInterval", "60")
        return found, refused, taken, living.memory.variables["OCPPCommCtrlr", "HeartbeatInterval"]

    found, refused, taken, kept = run(tmp_path, act, generation=generation)

    assert found == {PRIORITY: "1"}
    assert (refused, taken, kept) == ("Rejected", "Accepted", "60")


def test_every_order_goes_to_its_module_and_its_answer_is_found(tmp_path):
    async def act(door, living, channel):
        profile = '{"ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppCsmsUrl": "ws://new.example", '
        profile += '"messageTimeout": 30, "securityProfile": 1, "ocppInterface": "Wired0"}'
        statuses = [
            await channel.change_configuration(NAME, "NetworkProfile.2", profile),
            await channel.change_availability(NAME, 0, "Inoperative"),
            await channel.trigger(NAME, "Heartbeat"),
            await channel.trigger(NAME, "MeterValues"),
            await channel.reset(NAME, "Soft"),
        ]
        await until(lambda: living.memory.restarts == 1)
        return statuses, [action for _, action, _ in door.ocpp.orders], living.memory

    statuses, actions, memory = run(tmp_path, act)

    assert statuses == ["Accepted", "Accepted", "Accepted", "NotImplemented", "Accepted"]
    assert actions == ["SetNetworkProfile", "ChangeAvailability", "TriggerMessage", "TriggerMessage", "Reset"]
    assert memory.url(2) == "ws://new.example"
    assert not memory.is_operative


def test_an_inventory_is_the_whole_report_in_all_its_parts(tmp_path):
    async def act(door, living, channel):
        return await inventory.take(channel, NAME, most_keys=10), door.ocpp.heard(NAME, "NotifyReport")

    found, parts = run(tmp_path, act)

    assert len(parts) > 1
    assert found.settings[PRIORITY].value == "1"
    assert found.settings["OCPPCommCtrlr.ActiveNetworkProfile"].is_read_only
    assert found.settings["SecurityCtrlr.BasicAuthPassword"].value is None


def test_a_station_of_ocpp_2_is_proposed_its_own_slots(tmp_path):
    async def act(door, living, channel):
        took = await inventory.take(channel, NAME, most_keys=10)
        return took, discovery.candidates(took, legacy=Address(url=door.ws), known=frozenset())

    took, found = run(tmp_path, act)
    station = Station(
        station_id=NAME,
        location_id=None,
        vendor="Supplier H",
        model="TwoO",
        serial_number=None,
        firmware="2.0.0",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp2.0.1",
        lane=Lane.LIVE,
        last_seen_at=None,
    )
    proposal = propose(station, found, protocol="ocpp2.0.1", on=date(2026, 3, 1))
    [recipe] = parse_recipes({"proposed.toml": proposal.text})

    assert took.settings[PRIORITY].choices == ("1", "2")
    assert (recipe.method, recipe.profile.slots, recipe.stations) == (Method.SLOT, (1, 2), (NAME,))
    assert "the standard's connection profiles, in slots 1, 2" in proposal.reason


def test_sightings_come_from_its_own_record_and_grow_with_it(tmp_path):
    async def act(door, living, channel):
        before = await channel.sightings([NAME, "AWAY", "NOBODY"])
        await living.begin_charge()
        await until(lambda: door.ocpp.heard(NAME, "TransactionEvent"))
        during = await channel.sightings([NAME])
        await living.end_charge()
        await until(lambda: len(door.ocpp.heard(NAME, "TransactionEvent")) == 2)
        await channel.reset(NAME, "Soft")
        await until(lambda: len(door.ocpp.heard(NAME, "BootNotification")) == 2)
        return before, during, await channel.sightings([NAME])

    before, during, after = run(tmp_path, act)

    assert set(before) == {NAME, "AWAY"}
    assert (before[NAME].is_connected, before[NAME].firmware, before[NAME].open_transactions) == (True, "2.0.0", 0)
    assert before[NAME].serial_number == "SN-H 1"
    assert (before["AWAY"].is_connected, before["AWAY"].heard_at, before["AWAY"].booted_at) == (None, None, None)
    assert (during[NAME].open_transactions, after[NAME].open_transactions) == (1, 0)
    assert before[NAME].heard_at < during[NAME].heard_at < after[NAME].heard_at
    assert before[NAME].booted_at < after[NAME].booted_at


@pytest.mark.parametrize(
    ("station_id", "problem"),
    [
        pytest.param("AWAY", "CitrineOS did not send Reset: Failed sending call", id="not connected"),
        pytest.param("NOBODY", "CitrineOS did not send Reset: Charging station NOBODY not found", id="not known"),
    ],
)
def test_what_was_not_sent_is_said(tmp_path, station_id, problem):
    async def act(door, living, channel):
        with pytest.raises(StationUnreachable) as caught:
            await channel.reset(station_id, "Soft")
        return str(caught.value)

    assert problem in run(tmp_path, act)


def test_a_success_without_an_answer_is_no_success(tmp_path):
    async def act(door, living, channel):
        door.ocpp.is_deaf = True
        with pytest.raises(StationUnreachable, match="CitrineOS sent Reset, and no answer of the station has come"):
            await channel.reset(NAME, "Soft")
        return living.memory.restarts

    assert run(tmp_path, act, patience=0.2) == 0


def test_an_answer_to_an_earlier_order_of_the_same_kind_is_not_taken_for_this_ones(tmp_path):
    async def act(door, living, channel):
        assert await channel.change_configuration(NAME, PRIORITY, "1") == "Accepted"
        door.ocpp.is_deaf = True
        with pytest.raises(StationUnreachable, match="no answer of the station"):
            await channel.change_configuration(NAME, PRIORITY, "1")

    run(tmp_path, act, patience=0.2)


def test_a_refusal_by_callerror_is_told_by_its_code(tmp_path):
    async def act(door, living, channel):
        async def refuse(action, payload):
            raise CallRefused("NotSupported", "not here")

        living._obey = refuse
        status = await channel.reset(NAME, "Soft")
        with pytest.raises(StationUnreachable, match="it answered GetVariables with NotSupported"):
            await channel.get_configuration(NAME, [PRIORITY])
        return status

    assert run(tmp_path, act) == "NotSupported"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"token": Secret("wrong")}, "its message API answers with status 401", id="wrong token"),
        pytest.param({"api": "http://127.0.0.1:9"}, "its message API does not answer", id="away"),
        pytest.param({"secret": Secret("wrong")}, "check target.secret", id="wrong secret"),
        pytest.param({"graphql": "http://127.0.0.1:9"}, "its GraphQL API", id="data away"),
    ],
)
def test_a_citrineos_that_does_not_do_its_part_is_named(tmp_path, changes, problem):
    async def act(door, living, channel):
        told = {"api": door.api, "graphql": door.graphql, "tenant": 1, "token": Secret("t0ken")}
        async with open_citrineos("target", **(told | {"secret": Secret("hunter2")} | changes)) as other:
            with pytest.raises(BackOfficeUnavailable) as caught:
                await other.reset(NAME, "Soft")
        return str(caught.value)

    said = run(tmp_path, act)

    assert said.startswith("the target back-office did not do it: ")
    assert problem in said


def test_what_stations_say_of_their_firmware_is_told_with_their_boots_in_order(tmp_path):
    async def act(door, living, channel):
        since = system_clock()
        for number, status in enumerate(("Downloading", "SignatureVerified")):
            payload = {"status": status, "requestId": 7}
            door.ocpp.write(NAME, "cs", json.dumps([2, f"f{number}", "FirmwareStatusNotification", payload]))
        living.memory.firmware = "2.1.0"
        await channel.trigger(NAME, "BootNotification")
        await until(lambda: len(door.ocpp.heard(NAME, "BootNotification")) == 2)
        told = {"api": door.api, "graphql": door.graphql, "tenant": 1, "token": None, "secret": Secret("hunter2")}
        async with open_citrineos("target", **told) as other:
            return await other.firmware_news([NAME, "AWAY"], since=since)

    news = run(tmp_path, act)

    assert list(news) == [NAME]
    assert [(one.said, one.booted_with, one.request_id) for one in news[NAME]] == [
        ("Downloading", None, 7),
        ("SignatureVerified", None, 7),
        (None, "2.1.0", None),
    ]


def test_a_station_really_uploads_its_log_and_says_so(tmp_path, upload_place):
    async def act(door, living, channel):
        since = system_clock()
        told = await channel.fetch_log(NAME, upload_place.url, request_number=7)
        await until(lambda: len(door.ocpp.heard(NAME, "LogStatusNotification")) == 2)
        gone = await channel.fetch_log(NAME, "ftp://nobody.example/in", request_number=8)
        await until(lambda: len(door.ocpp.heard(NAME, "LogStatusNotification")) == 4)
        api = {"api": door.api, "graphql": door.graphql, "tenant": 1, "token": None, "secret": Secret("hunter2")}
        async with open_citrineos("target", **api) as other:
            return told, gone, await other.log_news([NAME, "AWAY"], since=since)

    told, gone, news = run(tmp_path, act)

    assert (told.status, told.file_name, gone.status) == ("Accepted", "H 1.log", "Accepted")
    assert upload_place.files == {"/in/H 1.log": b"firmware 2.0.0\nrestarts 0\n"}
    assert [(one.status, one.request_number) for one in news[NAME]] == [
        ("Uploading", 7),
        ("Uploaded", 7),
        ("Uploading", 8),
        ("UploadFailure", 8),
    ]
