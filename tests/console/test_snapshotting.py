"""Stations' configuration, kept and compared from the command line; the world is on real sockets."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from charging.database import tables
from console.cli import app
from rehearsal.network import generate

AS_OF = "2026-11-20T18:00:00+00:00"


@pytest.fixture
def rehome(home, migrated_url, monkeypatch):
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))

    def run(*words):
        return CliRunner().invoke(app, ["snapshot", *map(str, words)])

    return run


@pytest.fixture
def name():
    network = generate(seed=7, stations=10, as_of=datetime.fromisoformat(AS_OF))
    return next(truth.station_id for truth in network.stations if truth.supplier == "A")


def test_what_a_station_has_is_kept_and_compared(rehome, world, engine, name):
    taken = rehome("take", name, "NOBODY", "--label", "before")
    alone = rehome("diff", name)
    with engine.begin() as connection:
        [row] = connection.execute(sa.select(tables.station_snapshot)).mappings().all()
        other = dict(row["settings"]) | {"HeartbeatInterval": "5", "Old": "x"}
        connection.execute(sa.update(tables.station_snapshot).values(settings=other))
    rehome("take", name, "--label", "after")
    found = rehome("diff", name, "--json")
    strange = rehome("diff", name, "--before", "never")

    assert taken.exit_code == 1
    assert "NOBODY               NOT TAKEN: station NOBODY cannot be reached" in taken.stdout
    assert f"there is no snapshot 'of {name} to compare with'" in str(alone.exception)
    told = json.loads(found.stdout)
    assert found.exit_code == 1
    assert {one["key"]: (one["change"], one["before"], one["after"]) for one in told["differences"]} == {
        "HeartbeatInterval": ("changed", "5", "900"),
        "Old": ("gone", "x", None),
    }
    assert (told["before"]["label"], told["after"]["label"]) == ("before", "after")
    assert "there are: 'after', 'before'" in str(strange.exception)
