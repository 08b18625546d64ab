"""Which way stations are reached is in the settings, and what is missing there is named."""

import asyncio
import json
import sys

import pytest

from charging import settings as configuration
from charging.errors import SettingsError, StationUnreachable
from charging.migration.recipe_files import parse_recipes, shipped_texts
from charging.ocpp.channels.by_station import ByStation, RouteByAddress
from charging.ocpp.channels.citrineos import CitrineOsChannel
from charging.ocpp.channels.steve import SteveChannel
from charging.ocpp.channels.tool import Question
from tasks import channels

STEVE = (
    'database = "env:DATABASE_URL"\nrest = "http://127.0.0.1:9"\nuser = "u"\npassword = "env:PW"\nws = "ws://steve"\n'
)
CITRINEOS = 'kind = "citrineos"\ngraphql = "http://127.0.0.1:9/g"\n'
RECIPES = {recipe.name: recipe for recipe in parse_recipes(shipped_texts())}


@pytest.fixture
def write(settings, monkeypatch):
    monkeypatch.setenv("PW", "hunter2hunter2")

    def written(text):
        (settings.home / configuration.FILE).write_text(text)
        return configuration.load(settings.home)

    return written


def kind_of(opened):
    async def scenario():
        async with opened as channel:
            return type(channel)

    return asyncio.run(scenario())


def test_a_back_office_is_reached_by_its_kind(write):
    settings = write(f'[legacy]\n{STEVE}[target]\n{CITRINEOS}api = "http://127.0.0.1:9"\nws = "wss://citrine"\n')

    assert kind_of(channels.opened(settings, "legacy", recipes={"S1": RECIPES["vestel"]})) is SteveChannel
    assert kind_of(channels.opened(settings, "target", recipes={})) is CitrineOsChannel
    assert [channels.dialled(settings, name) for name in ("legacy", "target")] == ["ws://steve", "wss://citrine"]


def test_a_recipe_with_a_tool_has_its_stations_reached_by_it(write):
    settings = write(f'[legacy]\n{STEVE}[tools.easee]\ncommand = ["true"]\n')

    assert kind_of(channels.opened(settings, "legacy", recipes={"E1": RECIPES["easee"]})) is ByStation


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            f"[legacy]\n{STEVE}", r"tools\.easee is not described: add a table \[tools\.easee\]", id="no tool"
        ),
        pytest.param(
            f'[legacy]\n{STEVE}[tools.easee]\ncommand = ["true"]\nsecrets = {{ A = "hunter2" }}\n',
            r"tools\.easee\.secrets\.A holds something else than a reference",
            id="a secret in clear",
        ),
    ],
)
def test_a_tool_that_cannot_be_used_is_named_before_anything_is_opened(write, text, problem):
    settings = write(text)

    with pytest.raises(SettingsError, match=problem):
        kind_of(channels.opened(settings, "legacy", recipes={"E1": RECIPES["easee"]}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[tools.easee]\ncommand = []\n", r"tools\.easee\.command in .* is not right", id="no command"),
        pytest.param(
            '[tools.easee]\ncommand = ["x"]\nfoldr = "y"\n',
            r"foldr in .* is unknown: known are command, folder",
            id="misspelt",
        ),
    ],
)
def test_a_tool_that_is_not_rightly_described_is_named(write, text, problem):
    with pytest.raises(SettingsError, match=problem):
        write(text)


@pytest.mark.parametrize(
    ("ask", "key"),
    [(lambda settings: channels.office(settings, "target"), "api"), (lambda s: channels.dialled(s, "target"), "ws")],
    ids=["api", "ws"],
)
def test_what_a_citrineos_must_say_is_asked_for(write, ask, key):
    settings = write(f"[target]\n{CITRINEOS}")

    with pytest.raises(SettingsError, match=rf"target\.{key} is missing, and needed for this"):
        ask(settings)


def test_every_run_of_a_tool_is_kept_for_us_alone(write):
    command = json.dumps([sys.executable, "-c", "import os, sys; sys.exit(os.environ['EASEE'])"])
    settings = write(f'[tools.easee]\ncommand = {command}\nsecrets = {{ EASEE = "env:PW" }}\n')
    tool = channels.tool(settings, "easee")

    with pytest.raises(StationUnreachable):
        asyncio.run(tool.ask(Question(version=1, operation="read", station_id="E1"), timeout_seconds=20))

    kept = settings.home / "logs" / "tools" / "easee.jsonl"
    [run] = map(json.loads, kept.read_text().splitlines())
    assert (run["station_id"], run["exit_status"]) == ("E1", 1)
    assert "hunter2" not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_stations_behind_the_gateway_need_no_api_of_the_back_office(write):
    settings = write('[target]\nkind = "ocpi"\nversions_url = "http://x"\ntoken = "env:PW"\nparty = "NL-NEW"\n')
    behind = {"G1": RECIPES["gateway"]}

    assert kind_of(channels.opened(settings, "target", recipes=behind)) is RouteByAddress
    assert channels.address(settings, "target", recipes=behind) == "target"
    with pytest.raises(SettingsError, match="which no station can dial"):
        channels.address(settings, "target", recipes=behind | {"V1": RECIPES["vestel"]})


def test_a_wave_may_hold_stations_of_every_kind_of_channel(write):
    settings = write(f'[legacy]\n{STEVE}[tools.easee]\ncommand = ["true"]\n')
    mixed = {"G1": RECIPES["gateway"], "E1": RECIPES["easee"], "V1": RECIPES["vestel"]}

    assert kind_of(channels.opened(settings, "legacy", recipes=mixed)) is ByStation
    assert channels.address(settings, "legacy", recipes=mixed) == "ws://steve"
