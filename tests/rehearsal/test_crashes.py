"""A wave goes on by itself while its database is crashed, paused and robbed; what was acknowledged is stored."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from random import Random

import pytest

from charging.clock import system_clock
from charging.database import embedded
from charging.migration.lifecycle import Stage
from rehearsal import crashes, liars
from rehearsal.network import Behaviour

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def own(open_folder):
    """A durable cluster for the journal alone."""
    cluster, engine = crashes.prepared(open_folder())
    yield cluster, engine
    engine.dispose()
    embedded.stop(cluster)


@pytest.fixture
def played(own, database_url, target_database_url, tmp_path):
    """What moves some stations while the journal's database is struck."""

    def play(*, stations):
        cluster, engine = own
        strikes, told = crashes.Strikes(cluster, Random(3)), []
        network, actors = liars.liars(7, each=stations, behaviours=[Behaviour.GOOD], as_of=AS_OF)
        keep = partial(crashes.struck, engine=engine, plan_id="plan", strikes=strikes, clock=system_clock, told=told)
        urls = {"legacy": database_url, "target": target_database_url}
        moved = liars.move(network, actors, home=tmp_path, urls=urls, clock=system_clock, keep=keep)
        return asyncio.run(moved), strikes, crashes.missing(engine, "plan", told[0]), told[0]

    return play


def test_nothing_that_was_acknowledged_is_lost_and_nobody_has_to_help(played):
    verdicts, strikes, missing, told = played(stations=6)

    assert missing == []
    assert Counter(one.stage for one in verdicts) == {Stage.VERIFIED: 6}
    assert strikes.restarts >= 1
    assert len(told.waits) >= 1


def test_a_journal_that_acknowledges_too_early_is_caught(played):
    with crashes.wrong("acknowledges before it has committed"):
        _, strikes, missing, _ = played(stations=6)

    assert strikes.restarts >= 1
    assert missing != []
