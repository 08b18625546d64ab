"""The engine under virtual time: whatever goes wrong, from a seed; and the same engine with one mistake is caught."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from rehearsal.simulation.chance import CALM, Fault, Odds
from rehearsal.simulation.station import HARMLESS, Lie
from rehearsal.simulation.world import World
from rehearsal.simulation.wrong_engines import MISTAKES, wrong

SEEDS = 60
MOST_SEEDS = 240
"""Within how many a mistake must be found."""
SEED_OF_MANY_FAULTS = 14


def play(seed, *, odds=None):
    return World(seed, odds=odds or Odds()).play()


def test_nothing_that_must_never_be_happens_whatever_goes_wrong():
    faults, stages = Counter(), Counter()
    for seed in range(SEEDS):
        result = play(seed)
        assert result.breaks == [], f"seed {seed}:\n" + "\n".join(result.faults)
        faults.update(result.counts)
        stages.update(result.stages)

    assert {fault for fault in Fault if not faults[fault]} == set(), "a danger that never happened proves nothing"
    assert set(stages) == {"verified", "rolled_back", "to_site"}


def test_all_stations_are_moved_when_nothing_goes_wrong():
    for seed in range(4):
        result = play(seed, odds=CALM)

        assert (set(result.stages), result.breaks, result.faults) == ({"verified"}, [], [])


def test_only_what_harms_nobody_counts_as_moved():
    lies = Counter()
    for seed in range(SEEDS):
        world = World(seed, odds=Odds(lie=1000, most_kills=1, most_weather=0))
        world.play()
        for name, entry in world.books.entries.items():
            lies[world.stations[name].lie] += 1
            if entry.stage == "verified":
                assert world.stations[name].lie in HARMLESS, f"seed {seed}: {name} {world.stations[name].lie}"

    assert set(lies) == set(Lie) - {Lie.NONE}


def test_the_same_seed_is_the_same_story_in_every_process():
    played = f"World({SEED_OF_MANY_FAULTS}, odds=Odds()).play().sha256"
    told = f"from rehearsal.simulation.world import *; print({played})"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", told],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert hashes == {play(SEED_OF_MANY_FAULTS).sha256}
    assert play(SEED_OF_MANY_FAULTS + 1).sha256 not in hashes


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_engine_is_caught(mistake):
    with wrong(mistake):
        caught = next((seed for seed in range(MOST_SEEDS) if play(seed).breaks), None)

    assert caught is not None
