"""What a feed does always is told from what it does sometimes."""

import json

import pytest

from charging.roaming.frame import to_frame
from charging.roaming.ocpi.parse import parse_cdrs
from charging.roaming.ocpi.quality_votes import Habit, votes_on_units

WH = {"charging_periods__0__dimensions__0__volume": 8000, "charging_periods__1__dimensions__0__volume": 2123}
MINUTES = {"charging_periods__0__dimensions__1__volume": 30, "charging_periods__1__dimensions__1__volume": 30}


@pytest.fixture
def habit(record):
    def of(code, *, count, with_it, **changes):
        records = [record(id=f"C-{number}", **(changes if number < with_it else {})) for number in range(count)]
        frame = to_frame(parse_cdrs(json.dumps(records).encode(), partner="roa").cdrs)
        return next(vote for vote in votes_on_units(frame) if vote.code == code)

    return of


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        pytest.param("unit.energy_wh", WH, id="ENERGY in Wh"),
        pytest.param("unit.time_min", MINUTES, id="TIME in minutes"),
        pytest.param("unit.total_energy_wh", {"total_energy": 10123, **WH}, id="everything in Wh"),
    ],
)
@pytest.mark.parametrize(
    ("count", "with_it", "expected"),
    [
        (20, 20, Habit.ALWAYS),
        (19, 19, Habit.TOO_FEW),
        (100, 99, Habit.ALWAYS),
        (100, 98, Habit.SOME),
        (20, 0, Habit.NEVER),
    ],
)
def test_a_habit_takes_twenty_that_nearly_all_agree(habit, code, changes, count, with_it, expected):
    vote = habit(code, count=count, with_it=with_it, **changes)

    assert (vote.habit, vote.speak_for, vote.speak_against) == (expected, with_it, count - with_it)
    assert f"{with_it} of {count}" in vote.shown


def test_records_that_cannot_tell_do_not_vote(habit):
    assert habit("unit.energy_wh", count=30, with_it=30, charging_periods=[]).speak_against == 0


def test_an_empty_feed_has_no_habits():
    assert {vote.habit for vote in votes_on_units(to_frame([]))} == {Habit.NEVER}
