import pytest

from charging.cleansing.line_stop import LIMITS, Waiting, stopped
from charging.migration.criteria import Limits


@pytest.mark.parametrize(
    ("entity", "count", "total", "stands"),
    [
        pytest.param("station", 5, 100, False, id="at the limit of stations"),
        pytest.param("station", 51, 1000, True, id="beyond it"),
        pytest.param("token", 2, 100, False, id="at the limit of tokens"),
        pytest.param("token", 21, 1000, True, id="beyond that"),
        pytest.param("token", 0, 0, False, id="nothing at all"),
    ],
)
def test_the_line_stands_beyond_its_limits(entity, count, total, stands):
    assert bool(stopped([Waiting(entity=entity, count=count, total=total)])) is stands


def test_gates_judge_by_the_same_limits():
    assert (Limits().quarantined_stations, Limits().quarantined_tokens) == (LIMITS["station"], LIMITS["token"])
