"""Compiling ahead: nothing that a night calls may be left to the night."""

import sys
from datetime import UTC, datetime

import charging.roaming.ocpi.columns  # noqa: F401 - with it and a night, every loop is known
from charging.loops.compiled import ENTRIES
from charging.reconciliation.night import reconcile_frames
from charging.roaming.terms import Terms
from rehearsal.labelled_night import labelled_night
from rehearsal.loops import compile_all


def forms():
    """Return how many forms of each loop have been compiled; a test's own loops are of no module that is there."""
    there = [entry for entry in ENTRIES if entry.py_func.__module__ in sys.modules]
    return {entry.py_func.__qualname__: len(entry.signatures) for entry in there}


def test_every_loop_is_compiled_and_a_night_compiles_none_again():
    compile_all()
    ahead = forms()

    night = labelled_night(3000, seed=5)
    terms = Terms(currency="EUR", time_zone="Europe/Amsterdam")
    reconcile_frames(night.ours, night.theirs, terms=terms, tariffs=(), as_of=datetime(2027, 1, 1, tzinfo=UTC))

    assert min(ahead.values()) >= 1
    assert len(ahead) == 29
    assert forms() == ahead
