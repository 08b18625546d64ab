"""`rehome remap`: dry until it is told otherwise, in somebody's name, and the same however often it is said."""

import json

import pytest
from typer.testing import CliRunner

from charging.database.operations import clean as write
from charging.errors import SettingsError, UnknownThing
from charging.network import Evse
from console.cli import app

WORD = ("--by", "The owner", "--reason", "as agreed")


@pytest.fixture
def run(engine, settings):
    """What runs a command on a network of three EVSEs and returns its exit status and its document."""
    evses = [
        Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*E1"),
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
    return made


@pytest.fixture
def settings(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))


def state(run, uid):
    _, listed = run("list")
    return {each["evse_uid"]: each["state"] for each in listed["remappings"]}.get(uid)


def test_changes_nothing_until_it_is_told_to(run):
    status, shown = run("approve", *WORD)

    assert (status, shown["dry_run"]) == (0, True)
    assert [each["result"] for each in shown["outcomes"]] == ["done"]
    assert state(run, "CS-2*1") == "proposed"


def test_approves_what_leaves_nothing_to_the_owner(run):
    run("approve", *WORD, "--yes")

    assert (state(run, "CS-2*1"), state(run, "CS-3*1")) == ("approved", "needs_owner")
    assert run("approve", *WORD, "--yes")[1]["outcomes"] == []


def test_approves_what_is_the_owners_where_its_rule_is_named(run):
    run("approve", "--rule", "id.nonconforming", *WORD, "--yes")

    assert (state(run, "CS-2*1"), state(run, "CS-3*1")) == ("proposed", "approved")


def test_says_by_its_exit_status_that_a_choice_is_refused(run):
    status, shown = run("decide", "CS-3*1", "--id", "NLEVNE1", *WORD, "--yes")

    assert status == 1
    assert "CS-1*1 bears it" in shown["outcomes"][0]["reason"]


def test_takes_back_what_was_decided_and_remembers_both(run):
    run("decide", "CS-3*1", "--id", "NL*EVN*E3", *WORD, "--yes")
    _, reverted = run("revert", "CS-3*1", *WORD, "--yes")
    _, again = run("revert", "CS-3*1", *WORD, "--yes")

    assert [each["result"] for each in (*reverted["outcomes"], *again["outcomes"])] == ["done", "unchanged"]
    _, resolved = run("resolve", "NL*EVN*E3")
    assert (resolved["evse_uid"], resolved["was"], resolved["current"]) == ("CS-3*1", "alias", "no id at all!")
    _, history = run("history", "CS-3*1")
    assert [event["action"] for event in history["events"]] == ["propose", "decide", "revert"]


def test_says_what_an_evse_was_called_on_a_day(run):
    run("decide", "CS-3*1", "--id", "NL*EVN*E3", *WORD, "--yes")

    assert run("known-as", "CS-3*1", "--at", "2020-01-01")[1]["id"] == "no id at all!"
    assert run("known-as", "CS-3*1")[1]["id"] == "NL*EVN*E3"


def test_frees_the_id_of_a_removed_evse(run):
    run("retire", "CS-1*1", *WORD, "--yes")
    status, _ = run("decide", "CS-3*1", "--id", "NL*EVN*E1", *WORD, "--yes")

    assert status == 0


def test_lists_one_state(run):
    _, listed = run("list", "--state", "needs_owner")

    assert [each["evse_uid"] for each in listed["remappings"]] == ["CS-3*1"]


def test_fails_to_resolve_what_was_never_ours(run):
    assert run("resolve", "NL*XXX*E1")[0] == 1


@pytest.mark.parametrize("word", [("--by", "", "--reason", "x"), ("--by", "The owner", "--reason", " ")])
def test_acts_for_nobody_and_for_no_reason_never(run, word):
    with pytest.raises(SettingsError):
        run("approve", *word, "--yes")


def test_names_what_it_does_not_know(run):
    with pytest.raises(UnknownThing, match="CS-9"):
        run("reject", "CS-9*1", *WORD)
