"""Fourteen ways to lie, over real sockets: each is found for what it is, and none counts as moved."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from charging.clock import system_clock
from charging.migration.lifecycle import DEADLINES, Stage
from rehearsal import frames, liars, liars_found, wave_plan
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


NOT_READ, NOT_THERE = "it accepted K, but reads it back as 'x'", "it did not arrive: the target has not heard it"


@pytest.mark.parametrize(
    ("supplier", "reason", "is_found"),
    [
        pytest.param("A", NOT_READ, True, id="read back"),
        pytest.param("A", NOT_THERE, False, id="it should have been read back"),
        pytest.param("C", NOT_THERE, True, id="it leaves at the write: nothing can be read back"),
        pytest.param("C", NOT_READ, False, id="nothing was read back"),
    ],
)
def test_a_forgotten_key_is_found_by_what_its_recipe_can_see(supplier, reason, is_found):
    verdict = liars_found.Verdict(
        station_id="S1",
        supplier=supplier,
        behaviour=Behaviour.FORGETS_KEY,
        stage=Stage.ROLLED_BACK,
        reason=reason,
        was_at=frozenset({"legacy"}),
        is_as_installed=True,
    )

    assert (liars_found.wrongs([verdict]) == []) is is_found


def test_those_that_leave_at_the_last_write_are_the_suppliers_whose_recipe_has_no_reset():
    by_keys = {recipe.vendor[-1] for recipe in wave_plan.recipes() if recipe.writes and recipe.reset == "none"}

    assert by_keys == liars_found.LEAVES_AT_ONCE
