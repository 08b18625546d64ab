"""`rehome remap impact`, `stickers` and `registrations`: what is to be done outside, and what has been."""

import json

import pytest
from typer.testing import CliRunner

from charging.database.operations import clean as write
from charging.errors import SettingsError, UnknownThing
from charging.network import Evse
from console.cli import app

WORD = ("--by", "The owner", "--reason", "as agreed")


@pytest.fixture
def run(engine, home, migrated_url, monkeypatch):
    """What runs a command on two EVSEs, one of whose changes is approved, and returns exit status and document."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    evses = [
        Evse(evse_uid="CS-2*1", station_id="CS-2", connector_id=1, evse_id=None),
        Evse(evse_uid="CS-3*1", station_id="CS-3", connector_id=1, evse_id="no id at all!"),
    ]
    with engine.begin() as connection:
        write.store_entities(connection, evses, extract_id="legacy-1")

    def made(*arguments):
        result = CliRunner().invoke(app, ["remap", *arguments, "--json"])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, json.loads(result.stdout)

    made("propose")
    made("approve", *WORD, "--yes")
    return made


def work(run):
    _, listed = run("stickers", "list")
    return {each["evse_uid"]: each["work"] for each in listed["stickers"]}


def test_publishes_the_sheet_and_says_where_it_is(run, home):
    status, sheet = run("impact")

    assert status == 0
    assert sheet["path"] == str(home / "reports" / "impact-evse-ids.html")
    assert sheet["totals"] == {"sticker": None, "alias": None}
    assert (home / "reports" / "stickers" / "sheet-1.svg").exists()


def test_ticks_off_a_sticker_however_often_it_is_said(run):
    first, again = (run("stickers", "done", "CS-2*1", "--by", "The crew") for _ in range(2))

    assert [status for status, _ in (first, again)] == [0, 0]
    assert [result["outcomes"][0]["result"] for _, result in (first, again)] == ["done", "unchanged"]
    assert work(run) == {"CS-2*1": "done", "CS-3*1": "to_do"}


def test_ticks_off_no_sticker_whose_change_nobody_has_approved(run):
    status, result = run("stickers", "done", "CS-3*1", "--by", "The crew")

    assert (status, result["outcomes"][0]["result"]) == (1, "refused")
    assert work(run)["CS-3*1"] == "to_do"


def test_notes_who_has_been_told(run):
    run("registrations", "set", "national access point", "told", "--by", "The data team", "--reason", "a file")

    _, listed = run("registrations", "list")
    assert [(each["name"], each["state"], each["changes"]) for each in listed["recipients"]] == [
        ("national access point", "told", 0)
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(("stickers", "done", "CS-2*1"), SettingsError, id="a sticker by nobody"),
        pytest.param(("stickers", "done", "CS-9*1", "--by", "The crew"), UnknownThing, id="a sticker nobody wants"),
        pytest.param(("registrations", "set", "nobody", "told", "--by", "The team"), UnknownThing, id="nobody to tell"),
    ],
)
def test_refuses_what_makes_no_sense(run, arguments, error):
    with pytest.raises(error):
        run(*arguments)
