"""SteVe's REST operations and its database, at the wire."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
import stamina

from charging.errors import BackOfficeUnavailable, StationUnreachable
from charging.ocpp.channels.lanes import Lanes
from charging.ocpp.channels.steve import SteveChannel, open_steve
from charging.secret import Secret

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waiting_between_tries():
    with stamina.set_testing(True, attempts=3):
        yield


def ask(answer, call):
    """Run one call against a SteVe that answers so; return the result and the requests."""
    requests = []

    def respond(request):
        requests.append(request)
        found = answer(len(requests)) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    async def run():
        transport = httpx.MockTransport(respond)
        url = "http://steve.example/steve/"
        lanes = Lanes(lambda _: httpx.AsyncClient(transport=transport, base_url=url), most=1)
        channel = SteveChannel("legacy", client=lanes, engine=sa.create_engine("sqlite://"), clock=lambda: NOW)
        try:
            return await call(channel)
        finally:
            await lanes.close()

    return asyncio.run(run()), requests


def task(*, success=None, error=None, exception=None):
    return {
        "taskId": 1,
        "taskFinished": True,
        "successResponses": [] if success is None else [{"chargeBoxId": "S1", "response": success}],
        "errorResponses": [] if error is None else [{"chargeBoxId": "S1", "errorCode": error, "errorDetails": None}],
        "exceptions": [] if exception is None else [{"chargeBoxId": "S1", "exceptionMessage": exception}],
    }


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        pytest.param(
            lambda channel: channel.change_configuration("S1", "Url", "ws://x"),
            "ChangeConfiguration",
            {"keyType": "CUSTOM", "customConfKey": "Url", "value": "ws://x"},
            id="ChangeConfiguration",
        ),
        pytest.param(
            lambda channel: channel.change_availability("S1", 0, "Inoperative"),
            "ChangeAvailability",
            {"connectorId": 0, "availType": "INOPERATIVE"},
            id="ChangeAvailability",
        ),
        pytest.param(lambda channel: channel.reset("S1", "Soft"), "Reset", {"resetType": "SOFT"}, id="Reset"),
        pytest.param(
            lambda channel: channel.trigger("S1", "BootNotification"),
            "TriggerMessage",
            {"triggerMessage": "BootNotification"},
            id="TriggerMessage",
        ),
    ],
)
def test_an_order_goes_out_as_steve_wants_it(call, path, body):
    status, [request] = ask(task(success="Accepted"), call)

    assert status == "Accepted"
    assert request.url == f"http://steve.example/steve/api/v1/operations/{path}"
    assert json.loads(request.content) == {"chargeBoxIdList": ["S1"]} | body


def test_configuration_holds_what_the_station_knows():
    keys = [{"key": "Url", "value": "ws://x", "readonly": False}, {"key": "Secret", "value": None}]

    found, [request] = ask(
        task(success={"configurationKeys": keys, "unknownKeys": "Nope"}),
        lambda channel: channel.get_configuration("S1", ["Url", "Secret", "Nope"]),
    )

    assert found == {"Url": "ws://x", "Secret": None}
    assert json.loads(request.content)["confKeyList"] == ["Url", "Secret", "Nope"]


def read(channel):
    return channel.get_configuration("S1", ["Url"])


def reset(channel):
    return channel.reset("S1", "Soft")


def test_a_stations_own_refusal_is_its_status():
    assert ask(task(error="NotSupported"), reset)[0] == "NotSupported"


@pytest.mark.parametrize(
    ("answer", "call", "error", "problem", "tries"),
    [
        pytest.param(task(exception="no session"), reset, StationUnreachable, "no session", 1, id="not connected"),
        pytest.param(task(), reset, StationUnreachable, "did not answer in time", 1, id="no answer"),
        pytest.param(task(error="InternalError"), read, StationUnreachable, "InternalError", 1, id="refuses to tell"),
        pytest.param(
            httpx.Response(401), reset, BackOfficeUnavailable, "status 401; see that its user", 1, id="wrong password"
        ),
        pytest.param(httpx.Response(401), read, BackOfficeUnavailable, "status 401", 1, id="a no is not asked again"),
        pytest.param(httpx.Response(503), read, BackOfficeUnavailable, "status 503", 3, id="reads are tried again"),
        pytest.param(httpx.Response(503), reset, BackOfficeUnavailable, "status 503", 1, id="orders never are"),
        pytest.param(httpx.ConnectError("x"), read, BackOfficeUnavailable, "ConnectError", 3, id="down"),
        pytest.param(httpx.ReadTimeout("x"), reset, BackOfficeUnavailable, "ReadTimeout", 1, id="answer lost"),
        pytest.param(
            httpx.Response(200, text="<html>"), reset, BackOfficeUnavailable, "cannot be understood", 1, id="no JSON"
        ),
        pytest.param(task(success=7), reset, BackOfficeUnavailable, "cannot be understood", 1, id="no status"),
        pytest.param(task(success="?"), read, BackOfficeUnavailable, "cannot be understood", 1, id="no configuration"),
    ],
)
def test_trouble_has_one_of_two_names(answer, call, error, problem, tries):
    asked = []

    def answering(number):
        asked.append(number)
        return answer

    with pytest.raises(error) as caught:
        ask(answering, call)

    assert problem in str(caught.value)
    assert len(asked) == tries


def test_a_read_that_succeeds_at_the_second_try_has_succeeded():
    found, requests = ask(
        lambda number: httpx.Response(500) if number == 1 else task(success={"configurationKeys": []}), read
    )

    assert (found, len(requests)) == ({}, 2)


SCHEMA = """
CREATE TABLE charge_box (charge_box_pk int, charge_box_id text, fw_version text, last_heartbeat_timestamp timestamp);
CREATE TABLE {evse} ({evse}_pk int, charge_box_id text, {evse}_id int);
CREATE TABLE transaction_start (
    transaction_pk int, event_timestamp timestamp, {evse}_pk int, start_timestamp timestamp
);
CREATE TABLE transaction_stop (transaction_pk int, event_timestamp timestamp);
CREATE TABLE connector_status ({evse}_pk int, status text, status_timestamp timestamp);
CREATE TABLE ocpp_tag (id_tag text);
INSERT INTO charge_box VALUES (1, 'S1', '1.0', '2026-03-01 11:00'), (2, 'S2', NULL, NULL), (3, 'S3', '2', NULL);
INSERT INTO {evse} VALUES (10, 'S1', 0), (11, 'S1', 1), (12, 'S1', 2), (31, 'S3', 1);
"""


def sightings(database_url, evse, transactions, station_ids, *, statuses=(), ahead=timedelta()):
    """Return what a SteVe with these transactions (socket, start, stop) and statuses (socket, status, instant) says.

    `ahead` is how far the stations' own clocks run ahead of SteVe's.
    """
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(SCHEMA.format(evse=evse)))
        for number, (socket, started, stopped) in enumerate(transactions, start=1):
            connection.execute(
                sa.text("INSERT INTO transaction_start VALUES (:n, :at, :socket, :theirs)"),
                {
                    "n": number,
                    "at": started.replace(tzinfo=None),
                    "socket": socket,
                    "theirs": (started + ahead).replace(tzinfo=None),
                },
            )
            if stopped:
                connection.execute(
                    sa.text("INSERT INTO transaction_stop VALUES (:n, :at)"),
                    {"n": number, "at": stopped.replace(tzinfo=None)},
                )
        for socket, status, said in statuses:
            connection.execute(
                sa.text("INSERT INTO connector_status VALUES (:socket, :status, :theirs)"),
                {"socket": socket, "status": status, "theirs": (said + ahead).replace(tzinfo=None)},
            )
    engine.dispose()

    async def run():
        login = ("user", Secret("password"))
        async with open_steve(
            "legacy", base_url="http://x", login=login, database_url=database_url, clock=lambda: NOW
        ) as channel:
            return await channel.sightings(station_ids)

    return asyncio.run(run())


def ago(**span):
    return NOW - timedelta(**span)


@pytest.mark.parametrize("evse", ["connector", "evse"])
def test_sightings_come_from_both_generations_of_the_schema(database_url, evse):
    transactions = [(11, ago(minutes=50), ago(minutes=30)), (12, ago(minutes=20), None)]

    found = sightings(database_url, evse, transactions, ["S1", "S2", "nobody"])

    assert sorted(found) == ["S1", "S2"]
    assert (found["S1"].heard_at, found["S1"].firmware, found["S1"].open_transactions) == (ago(minutes=20), "1.0", 1)
    assert (found["S2"].heard_at, found["S2"].firmware, found["S2"].open_transactions) == (None, None, 0)


@pytest.mark.parametrize(
    ("transactions", "expected"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([(31, ago(hours=1), None)], 1, id="charging"),
        pytest.param([(31, ago(hours=1), ago(minutes=1))], 0, id="stopped"),
        pytest.param([(31, ago(hours=73), None)], 0, id="a stop lost three days ago is waited for by nobody"),
        pytest.param([(31, ago(hours=9), None), (31, ago(hours=8), ago(hours=7))], 0, id="charged again since"),
    ],
)
def test_only_a_charge_that_still_runs_is_open(database_url, transactions, expected):
    assert sightings(database_url, "evse", transactions, ["S3"])["S3"].open_transactions == expected


@pytest.mark.parametrize(
    ("statuses", "ahead", "expected"),
    [
        pytest.param([(31, "Charging", ago(minutes=59))], timedelta(), 1, id="it said that it charges"),
        pytest.param([(31, "Available", ago(hours=2))], timedelta(), 1, id="it was free before it began"),
        pytest.param([(31, "Available", ago(minutes=30))], timedelta(), 0, id="it has been free since"),
        pytest.param([(31, "Unavailable", ago(minutes=1))], timedelta(), 0, id="it is out of service"),
        pytest.param([(31, "Finishing", ago(minutes=30))], timedelta(), 1, id="the cable is still in"),
        pytest.param([(32, "Available", ago(minutes=30))], timedelta(), 1, id="another connector is free"),
        pytest.param([(31, "Available", ago(hours=2))], timedelta(hours=1), 1, id="its clock runs an hour ahead"),
        pytest.param([(31, "Available", ago(minutes=5))], timedelta(minutes=10), 1, id="it speaks from the future"),
        pytest.param([(31, "Available", ago(minutes=30))], -timedelta(hours=5), 1, id="its clock is hours behind"),
    ],
)
def test_a_connector_that_says_it_is_free_has_lost_a_stop(database_url, statuses, ahead, expected):
    transactions = [(31, ago(hours=1), None)]

    found = sightings(database_url, "evse", transactions, ["S3"], statuses=statuses, ahead=ahead)

    assert found["S3"].open_transactions == expected


def test_a_database_that_is_no_steve_is_unavailable_without_a_word_of_its_password(database_url):
    async def run():
        async with open_steve(
            "target", base_url="http://x", login=("u", Secret("p")), database_url=database_url, clock=lambda: NOW
        ) as channel:
            await channel.sightings(["S1"])

    with pytest.raises(BackOfficeUnavailable, match="the target back-office did not do it: its database"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "status", "file_name"),
    [
        pytest.param(task(success="S1.zip"), "", "S1.zip", id="it names its file"),
        pytest.param(task(success=None) | {"successResponses": [{"chargeBoxId": "S1", "response": None}]}, "", None),
        pytest.param(task(error="NotImplemented"), "NotImplemented", None, id="it cannot"),
    ],
)
def test_a_log_is_asked_for_as_steve_wants_it(answer, status, file_name):
    told, [request] = ask(answer, lambda channel: channel.fetch_log("S1", "ftp://u:p@logs/in", request_number=1))

    assert (told.status, told.file_name) == (status, file_name)
    assert request.url.path.endswith("/operations/GetDiagnostics")
    assert json.loads(request.content) == {"chargeBoxIdList": ["S1"], "location": "ftp://u:p@logs/in"}
