"""The life of a station."""

import pytest

from charging.errors import IllegalTransition
from charging.migration.lifecycle import DEADLINES, FINAL, TRANSITIONS, Stage, require_transition


def test_every_stage_has_its_transitions_and_is_final_or_has_a_deadline():
    assert set(TRANSITIONS) == set(Stage)
    assert set(DEADLINES) == set(Stage) - FINAL


def test_every_stage_is_reached_and_leads_to_a_final_one():
    reached, to_visit = {Stage.PLANNED}, [Stage.PLANNED]
    while to_visit:
        following = TRANSITIONS[to_visit.pop()] - reached
        reached |= following
        to_visit += following
    assert reached == set(Stage)
    assert all(TRANSITIONS[stage] for stage in set(Stage) - FINAL)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(Stage.CUT_OVER, Stage.VERIFIED, id="accepted is not arrived"),
        pytest.param(Stage.PLANNED, Stage.WRITING, id="nothing is written before the drain"),
        pytest.param(Stage.WRITING, Stage.ROLLED_BACK, id="rolled back only after rolling back"),
        pytest.param(Stage.TO_SITE, Stage.READY, id="a work order is closed by a person"),
    ],
)
def test_no_stage_can_be_skipped(before, after):
    with pytest.raises(IllegalTransition, match=f"cannot go from {before} to {after}"):
        require_transition("S1", before=before, after=after)


def test_a_rolled_back_station_may_try_again():
    require_transition("S1", before=Stage.ROLLED_BACK, after=Stage.READY)
