"""A maker's tool as a real program: what it answers, and everything that can go wrong with it."""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from charging.errors import StationUnreachable
from charging.ocpp.channels.by_station import ByStation, RouteByAddress
from charging.ocpp.channels.script import ScriptChannel
from charging.ocpp.channels.tool import Question, Tool, schemas
from charging.secret import Secret

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HONEST = """
import json, pathlib, sys
asked = json.load(sys.stdin)
store = pathlib.Path("store.json")
held = json.loads(store.read_text()) if store.exists() else {"url": "wss://old.example"}
if asked["operation"] == "write":
    held[asked["key"]] = asked["value"]
    store.write_text(json.dumps(held))
    print(json.dumps({"status": "Accepted"}))
else:
    print(json.dumps({"status": "Accepted", "values": {key: held[key] for key in asked["keys"] if key in held}}))
"""


class Office:
    """A back-office to which a station is connected, or not."""

    def __init__(self, *, is_connected=True):
        self.is_connected, self.asked = is_connected, []

    async def get_configuration(self, station_id, keys):
        self.asked.append(("get_configuration", tuple(keys)))
        if not self.is_connected:
            raise StationUnreachable(station_id, "no connection here")
        return {"HeartbeatInterval": "900"}

    def __getattr__(self, name):
        async def ask(*arguments):
            self.asked.append((name, *arguments))
            return {} if name == "sightings" else name

        return ask


@pytest.fixture
def make_tool(tmp_path):
    runs = []

    def made(program, **rest):
        file = tmp_path / "tool.py"
        file.write_text(program)
        command = rest.pop("command", [sys.executable, str(file)])
        return Tool(name="easee", command=command, clock=lambda: NOW, keep=runs.append, folder=tmp_path, **rest)

    made.runs = runs
    return made


def ask(tool, *, timeout_seconds=20.0, **question):
    asked = Question(**({"version": 1, "operation": "read", "station_id": "S1", "keys": ("url",)} | question))
    return asyncio.run(tool.ask(asked, timeout_seconds=timeout_seconds))


def test_a_write_is_read_back_through_the_tool(make_tool):
    channel = ScriptChannel(make_tool(HONEST), Office(), timeout_seconds=20)

    async def scenario():
        before = await channel.get_configuration("S1", ["url", "nonsense"])
        status = await channel.change_configuration("S1", "url", "wss://new.example")
        return before, status, await channel.get_configuration("S1", ["url"])

    assert asyncio.run(scenario()) == ({"url": "wss://old.example"}, "Accepted", {"url": "wss://new.example"})


def test_what_the_tool_knows_is_no_proof_that_the_station_is_here(make_tool):
    channel = ScriptChannel(make_tool(HONEST), Office(is_connected=False), timeout_seconds=20)

    with pytest.raises(StationUnreachable, match="no connection here"):
        asyncio.run(channel.get_configuration("S1", ["url"]))

    assert make_tool.runs == [], "the tool was not even asked"


def test_all_else_goes_through_the_back_office(make_tool):
    office = Office()
    channel = ByStation(Office(), {"S1": ScriptChannel(make_tool(HONEST), office, timeout_seconds=20)})

    async def scenario():
        await channel.change_availability("S1", 0, "Inoperative")
        await channel.reset("S1", "Soft")
        await channel.trigger("S1", "Heartbeat")

    asyncio.run(scenario())

    assert office.asked == [
        ("change_availability", "S1", 0, "Inoperative"),
        ("reset", "S1", "Soft"),
        ("trigger", "S1", "Heartbeat"),
    ]


def test_each_station_has_its_own_channel_and_all_share_one_look():
    direct, other = Office(), Office()
    channel = ByStation(direct, {"S2": other})

    async def scenario():
        await channel.get_configuration("S1", ["a"])
        await channel.change_configuration("S2", "k", "v")
        await channel.sightings(["S1", "S2"])

    asyncio.run(scenario())

    assert other.asked == [("change_configuration", "S2", "k", "v")]
    assert direct.asked == [("get_configuration", ("a",)), ("sightings", ["S1", "S2"])]


def test_a_station_with_a_witness_of_its_own_is_seen_by_it_alone():
    direct, gateway = Office(), Office()

    async def seen(office, name, station_ids):
        office.asked.append(("sightings", list(station_ids)))
        return dict.fromkeys(station_ids, name)

    direct.sightings = lambda those: seen(direct, "office", those)
    gateway.sightings = lambda those: seen(gateway, "gateway", those)
    channel = ByStation(direct, {"S2": gateway}, witnesses={"S2": gateway})

    assert asyncio.run(channel.sightings(["S1", "S2", "S3"])) == {"S1": "office", "S2": "gateway", "S3": "office"}
    assert (direct.asked, gateway.asked) == ([("sightings", ["S1", "S3"])], [("sightings", ["S2"])])


def test_a_route_is_written_by_name_and_read_as_the_address_that_recipes_know():
    class Gateway(Office):
        def __init__(self):
            super().__init__()
            self.route = "legacy"

        async def get_configuration(self, station_id, keys):
            assert station_id == "S1"
            return {key: self.route if key == "route" else "900" for key in keys}

        async def change_configuration(self, station_id, key, value):
            assert station_id == "S1"
            self.asked.append((key, value))
            self.route = value if key == "route" else self.route
            return "Accepted"

    gateway = Gateway()
    names = {"wss://old.example/ocpp/": "legacy", "wss://new.example/ocpp": "target"}
    channel = RouteByAddress(gateway, names, key="route")

    async def scenario():
        before = await channel.get_configuration("S1", ["route", "HeartbeatInterval"])
        await channel.change_configuration("S1", "route", "wss://new.example/ocpp")
        await channel.change_configuration("S1", "Url", "wss://new.example/ocpp")
        after = await channel.get_configuration("S1", ["route"])
        gateway.route = "a third"
        return before, after, await channel.get_configuration("S1", ["route"])

    before, after, third = asyncio.run(scenario())

    assert before == {"route": "wss://old.example/ocpp", "HeartbeatInterval": "900"}
    assert gateway.asked == [("route", "target"), ("Url", "wss://new.example/ocpp")]
    assert (after, third) == ({"route": "wss://new.example/ocpp"}, {"route": "a third"})


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        pytest.param(
            "import sys; sys.exit('the cloud is away')", "it ended with status 1 (the cloud is away)", id="fails"
        ),
        pytest.param("print('done')", "its answer cannot be understood", id="no JSON"),
        pytest.param("pass", "its answer cannot be understood", id="nothing"),
        pytest.param('print(\'{"status": "Great"}\')', "its answer cannot be understood", id="a status of its own"),
        pytest.param('print(\'{"state": "Accepted"}\')', "its answer cannot be understood", id="another field"),
        pytest.param(
            'print(\'{"status": "Unreachable", "message": "offline in the cloud"}\')',
            "says: offline in the cloud",
            id="cannot tell",
        ),
        pytest.param("while True: print('x' * 10_000)", "it said more than 1 MB", id="never stops talking"),
        pytest.param(
            "import sys\nwhile True: print('x' * 10_000, file=sys.stderr)",
            "it said more than 1 MB",
            id="nor complaining",
        ),
    ],
)
def test_whatever_is_no_answer_is_unknown_and_kept(make_tool, program, problem):
    with pytest.raises(StationUnreachable) as caught:
        ask(make_tool(program))

    assert f"the tool easee: {problem}" in str(caught.value) or f"the tool easee {problem}" in str(caught.value)
    assert [run.tool for run in make_tool.runs] == ["easee"]


def test_a_program_that_is_not_there_is_named(make_tool):
    with pytest.raises(StationUnreachable, match="it cannot be started: No such file or directory"):
        ask(make_tool("", command=["./no-such-program"]))


def test_a_tool_that_hangs_is_stopped_with_everything_that_it_started(make_tool, tmp_path):
    hangs = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
    with pytest.raises(StationUnreachable, match="it took longer than 3 s and was stopped"):
        ask(make_tool(hangs), timeout_seconds=3)

    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    until_gone(pids)
    assert make_tool.runs[0].exit_status is None


def test_a_child_that_holds_the_output_is_stopped_too(make_tool, tmp_path):
    leaves = """
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("pids").write_text(str(child.pid))
print('{"status": "Accepted"}')
"""
    with pytest.raises(StationUnreachable, match="it took longer than 3 s"):
        ask(make_tool(leaves), timeout_seconds=3)

    until_gone([int((tmp_path / "pids").read_text())])


def test_an_engine_that_is_stopped_leaves_no_program_behind(make_tool, tmp_path):
    waits = "import os, pathlib, time\npathlib.Path('pids').write_text(str(os.getpid()))\ntime.sleep(600)"

    async def scenario():
        asking = asyncio.create_task(
            make_tool(waits).ask(Question(version=1, operation="read", station_id="S1"), timeout_seconds=600)
        )
        deadline = time.monotonic() + 20
        while not ((tmp_path / "pids").exists() and (tmp_path / "pids").read_text()):
            assert time.monotonic() < deadline, "the program has not begun"
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(scenario())

    until_gone([int((tmp_path / "pids").read_text())])


def until_gone(pids):
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a program was left behind"
        os.sched_yield()


def is_alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_gets_its_secrets_and_none_of_ours_and_tells_them_to_nobody(make_tool, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:ours@h/x")
    tells = """
import json, os, sys
print(json.dumps({"password": os.environ["EASEE_PASSWORD"], "ours": "DATABASE_URL" in os.environ}))
print("login with hunter2hunter2, api_key: abcdef", file=sys.stderr)
sys.exit(3)
"""
    tool = make_tool(tells, secrets={"EASEE_PASSWORD": Secret("hunter2hunter2")}, variables={"REGION": "eu"})

    with pytest.raises(StationUnreachable) as caught:
        ask(tool, operation="write", key="AuthorizationKey", value="0123456789abcdef", keys=())

    [run] = make_tool.runs
    everything = f"{caught.value} {run}"
    assert all(secret not in everything for secret in ("hunter2", "abcdef"))
    assert json.loads(run.output) == {"password": "****", "ours": False}
    assert (run.began_at, run.exit_status, run.question["value"]) == (NOW, 3, "****")


def test_the_schemas_say_what_is_asked_and_what_may_be_answered():
    told = schemas()
    question = {"$ref": "#/$defs/Question", "$defs": told["$defs"]}
    answer = {"$ref": "#/$defs/Answer", "$defs": told["$defs"]}
    asked = msgspec.to_builtins(Question(version=1, operation="read", station_id="S1", keys=("url",)))

    jsonschema.validate(json.loads(json.dumps(asked)), question)
    jsonschema.validate({"status": "Accepted", "values": {"url": None}}, answer)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"status": "Great"}, answer)
