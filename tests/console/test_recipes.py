"""Recipes from the command line; a station is asked in a world on real sockets."""

import json
from datetime import datetime

import pytest
from typer.testing import CliRunner

from charging.database.operations import clean as write
from charging.migration.recipe_files import parse_recipes
from charging.network import Lane, Station
from console.cli import app
from rehearsal.network import generate

AS_OF = "2026-11-20T18:00:00+00:00"
PROPOSED = """
recipe = "mine"
version = 1
vendor = "Supplier A"
models = ["A1*"]
method = "config"
source = "made up"
[[writes]]
key = "ConnectionURL"
template = "{url}/{identity}"
"""


@pytest.fixture
def rehome(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))

    def run(*words):
        return CliRunner().invoke(app, ["recipe", *map(str, words)])

    return run


def station(station_id):
    return Station(
        station_id=station_id,
        location_id=None,
        vendor="Supplier A",
        model="A1-Duo",
        serial_number=None,
        firmware="3.2.4",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6J",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


@pytest.fixture
def known(engine):
    with engine.begin() as connection:
        write.store_entities(connection, [station("RSH-0000"), station("S-2")], extract_id="legacy-1")


def test_lists_every_recipe_with_its_method(rehome):
    shown = rehome("list")
    told = json.loads(rehome("list", "--json").stdout)["recipes"]

    assert f"{len(told)} recipes" in shown.stdout
    assert {"config", "slot", "script", "onsite", "discover"} <= {one["method"] for one in told}


def test_shows_what_is_written_or_done_for_one_station(rehome, home):
    (home / "rehome.toml").write_text('[target]\ndatabase = "env:X"\nws = "wss://new.example/ocpp"\n')

    written = rehome("show", "vestel", "--station", "RDAM 123").stdout
    done = rehome("show", "keba", "--station", "RDAM 123").stdout

    assert "ConnectionURL = wss://new.example/ocpp/RDAM%20123  (read back: exact)" in written
    assert "Set the charge point identity to RDAM 123." in done


def test_shows_what_a_station_of_ocpp_2_would_be_told(rehome):
    shown = rehome("show", "ocpp2", "--station", "H 1").stdout

    assert '"ocppCsmsUrl": "wss://TARGET/ocpp"' in shown
    assert "write 2  OCPPCommCtrlr.NetworkConfigurationPriority = 2,1  (read back: exact)" in shown
    assert "shown for a station that uses profile 1" in shown


def test_a_recipe_that_is_not_there_is_named(rehome):
    missing = rehome("show", "alfen")

    assert "there is no recipe 'alfen': alfen-4, alfen-6, alfen-ocpp2" in str(missing.exception)


def test_checks_a_file_and_says_which_stations_it_would_move(rehome, tmp_path, known):
    file = tmp_path / "mine.toml"
    file.write_text(PROPOSED)

    good = rehome("check", file)
    file.write_text(PROPOSED.replace("{identity}", "{serial}"))
    wrong = rehome("check", file)
    file.write_text(PROPOSED.replace('"mine"', '"vestel"'))
    taken = rehome("check", file)

    assert (good.exit_code, wrong.exit_code, taken.exit_code) == (0, 1, 1)
    assert "it is the one for 2 known stations: RSH-0000, S-2" in good.stdout
    assert "asks for serial" in wrong.stdout
    assert "'vestel' is also the name of vestel.toml" in taken.stdout


def test_a_station_is_asked_and_a_recipe_is_proposed_and_nothing_else_happens(rehome, engine, world, tmp_path):
    network = generate(seed=7, stations=10, as_of=datetime.fromisoformat(AS_OF))
    name = next(truth.station_id for truth in network.stations if truth.supplier == "A")
    with engine.begin() as connection:
        write.store_entities(connection, [station(name)], extract_id="legacy-1")
    file = tmp_path / "proposed.toml"

    shown = rehome("discover", name)
    written = rehome("discover", name, "--out", file)
    again = rehome("discover", name, "--out", file)
    unknown = rehome("discover", "NOBODY")

    assert shown.exit_code == written.exit_code == 0, shown.exception
    assert f"ConnectionURL = {world.ws}/{name}" in shown.stdout
    assert "its value names the legacy's host; made of {url}/{identity}" in shown.stdout
    assert "proposal: ConnectionURL holds the legacy's address" in shown.stdout
    [recipe] = parse_recipes({file.name: file.read_text()})
    assert recipe.stations == (name,)
    assert "is there already" in str(again.exception)
    assert "there is no station 'NOBODY'" in str(unknown.exception)
    assert rehome("check", file).exit_code == 0
