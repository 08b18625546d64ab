"""No more requests in a second than were promised, whatever the caller does between them."""

import pytest

from charging.targets.pace import Pace


@pytest.mark.parametrize(
    ("steps", "waited"),
    [
        pytest.param([0, 0, 0], [0.1, 0.1], id="a caller in a hurry waits for each turn"),
        pytest.param([0, 0.1, 0.1], [], id="one who takes its time never waits"),
        pytest.param([0, 5, 0, 0], [0.1, 0.1], id="a long rest saves nothing up"),
    ],
)
def test_lets_requests_go_at_the_promised_pace(steps, waited):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(10, now=lambda: now[0], sleep=sleep)
    for step in steps:
        now[0] += step
        pace()

    assert slept == waited
