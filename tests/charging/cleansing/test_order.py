from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.cleansing.order import in_order


def moments(*minutes):
    return [datetime(2026, 10, 25, minute // 60, minute % 60, tzinfo=UTC) for minute in minutes]


@pytest.mark.parametrize(
    ("times", "told"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([moments(10), moments(20)], moments(10, 20), id="nothing to tell apart"),
        pytest.param([moments(10, 70), moments(60)], moments(10, 60), id="the later would come after the next"),
        pytest.param([moments(60), moments(10, 70)], moments(60, 70), id="the earlier would come before the last"),
        pytest.param([moments(10, 70)], [None], id="both are possible"),
        pytest.param([moments(10, 70), []], [None, None], id="one means nothing"),
    ],
)
def test_the_only_order_that_is_possible_tells_times_apart(times, told):
    assert in_order(times) == told


@given(st.lists(st.integers(0, 100), min_size=1).map(sorted), st.randoms(use_true_random=False))
def test_what_is_told_is_never_wrong(minutes, random):
    times = [sorted({*moments(minute), *moments(minute + random.choice((0, 60)))}) for minute in minutes]
    for told, minute in zip(in_order(times), minutes, strict=True):
        assert told in {None, *moments(minute)}
