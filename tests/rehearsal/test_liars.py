"""Fourteen ways to lie, over real sockets: each is found for what it is, and none counts as moved."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from charging.clock import system_clock
from charging.migration.lifecycle import DEADLINES, Stage
from rehearsal import frames, liars, liars_found
from rehearsal.network import Behaviour
from rehearsal.simulation.wrong_engines import wrong
from rehearsal.station_lies import LIES

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def moved(database_url, target_database_url, tmp_path, monkeypatch):
    """What moves one station of each behaviour."""
    monkeypatch.setattr(frames, "ANSWER_WITHIN_SECONDS", liars.ANSWER_WITHIN_SECONDS)
    monkeypatch.setitem(DEADLINES, Stage.DRAINING, timedelta(minutes=15))

    def play(*behaviours):
        network, actors = liars.liars(7, each=1, behaviours=behaviours, as_of=AS_OF)
        urls = {"legacy": database_url, "target": target_database_url}
        return asyncio.run(liars.move(network, actors, home=tmp_path, urls=urls, clock=system_clock))

    return play


def test_every_lie_is_found_and_an_honest_station_moves(moved):
    verdicts = moved(*sorted(LIES), Behaviour.GOOD)

    assert liars_found.wrongs(verdicts) == []
    assert Counter(one.behaviour for one in verdicts) == Counter([*LIES, Behaviour.GOOD])
    assert len(LIES) == 14


@pytest.mark.parametrize(
    ("mistake", "lie"),
    [
        pytest.param("asks nobody who it is", Behaviour.BOOTS_AS_ANOTHER, id="another box"),
        pytest.param("does not watch whether it stays", Behaviour.AT_BOTH, id="at both"),
        pytest.param("accepted counts as arrived", Behaviour.ECHOES_KEYS, id="not arrived"),
        pytest.param("believes whatever address it shows", Behaviour.SHOWS_ANOTHERS_KEYS, id="another's address"),
    ],
)
def test_an_engine_that_believes_a_lie_is_caught(moved, mistake, lie):
    with wrong(mistake):
        verdicts = moved(lie)

    assert liars_found.wrongs(verdicts) != []
