"""The fourteen ways to lie in OCPP 2.0.1, over real sockets: each is found for what it is, and none counts as moved."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from charging.clock import system_clock
from charging.migration.lifecycle import DEADLINES, Stage
from rehearsal import liars_2, liars_found
from rehearsal.simulation.wrong_engines import wrong
from rehearsal.station_lies import LIES
from rehearsal.truth import Behaviour


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """What moves one station of each behaviour."""
    monkeypatch.setitem(DEADLINES, Stage.DRAINING, timedelta(minutes=15))
    return lambda *behaviours: asyncio.run(liars_2.move(tmp_path, behaviours, clock=system_clock))


def wrongs(verdicts):
    return liars_found.wrongs(verdicts, found_by=liars_2.FOUND_BY_2)


def test_every_lie_is_found_and_an_honest_station_moves(moved):
    verdicts = moved(*sorted(LIES), Behaviour.GOOD)

    assert wrongs(verdicts) == []
    assert Counter(one.behaviour for one in verdicts) == Counter([*LIES, Behaviour.GOOD])
    assert [one.behaviour for one in verdicts if one.stage is Stage.VERIFIED] == [Behaviour.GOOD]


@pytest.mark.parametrize(
    ("mistake", "lie"),
    [
        pytest.param("asks nobody who it is", Behaviour.BOOTS_AS_ANOTHER, id="another box"),
        pytest.param("does not watch whether it stays", Behaviour.AT_BOTH, id="at both"),
    ],
)
def test_an_engine_that_believes_a_lie_is_caught(moved, mistake, lie):
    with wrong(mistake):
        verdicts = moved(lie)

    assert wrongs(verdicts) != []
