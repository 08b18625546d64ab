"""Logs of stations, as a user asks for them."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from charging.clock import system_clock
from charging.database.operations import diagnostics as store
from charging.database.operations.diagnostics import Request
from charging.errors import RouteRefused, SettingsError
from charging.migration.diagnostics import Standing, State
from console.cli import app

WHO = ("--by", "help desk", "--reason", "it is silent")


@pytest.fixture
def run(home, migrated_url):
    """What runs a command in a home whose database has our tables; errors come as they are."""
    runner = CliRunner(
        env={"REHOME_HOME": str(home), "DATABASE_URL": migrated_url, "LOGS": "ftp://u:pass-word@logs.example/in"}
    )

    def ran(*words):
        ended = runner.invoke(app, ["diagnostics", *words])
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended

    return ran


def test_a_dry_run_asks_nobody_and_shows_no_password(run, engine):
    dry = run("fetch", "A", "B", "A", "--to", "env:LOGS", *WHO)

    assert dry.exit_code == 0
    assert dry.stdout.count("would be asked") == 2
    assert "dry run: nobody was asked to upload to ftp://****@logs.example/in; --yes asks" in dry.stdout
    assert "no station was asked" in run("list").stdout


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("fetch", "A", *WHO), SettingsError, "diagnostics.location is missing"),
        (("fetch", "A", "--to", "env:LOGS", "--by", "x", "--reason", "y"), RouteRefused, "nobody is named"),
        (("fetch", "A", "--to", "env:LOGS", *WHO, "--yes"), SettingsError, "legacy is not described"),
        (("list", "--since", "yesterday"), SettingsError, "no instant"),
    ],
)
def test_what_cannot_be_is_one_sentence(run, words, error, said):
    with pytest.raises(error, match=said):
        run(*words)


def test_what_was_asked_for_is_listed_with_where_there_are_no_news(run, engine):
    now = system_clock()
    asked = {"location": "ftp://****@logs.example/in", "by": "help desk", "reason": "it is silent", "asked_at": now}
    with engine.begin() as connection:
        for station_id, via, state in (("A", "legacy", State.ASKED), ("B", "gateway", State.UPLOADED)):
            request = Request(station_id=station_id, via=via, news_after=now - timedelta(days=1), **asked)
            known = Standing(state=state, reason="it said so", since=now)
            store.stand(connection, store.intend(connection, request), known, file_name=f"{station_id}.zip")

    listed, of_one = run("list"), json.loads(run("list", "B", "--json").stdout)

    assert listed.exit_code == 1
    assert "asked     A.zip: it said so" in listed.stdout
    assert "asked by help desk through the gateway: it is silent" in listed.stdout
    assert "NO NEWS through the legacy" in listed.stdout
    assert [one["state"] for one in of_one["requests"]] == ["uploaded"]
    assert of_one["silent"] == {}
