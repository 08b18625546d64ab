from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from charging.tariffs.wall_clock import UNKNOWN, wall_clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(instant):
    return (instant - EPOCH) // MICROSECOND


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Amsterdam", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"]
)
def test_shows_what_a_clock_on_the_wall_shows(zone):
    every_quarter = [
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n, microseconds=-1) for n in range(0, 36_000, 3)
    ]
    near_changes = [datetime(2026, *day, 0, 59, 59, tzinfo=UTC) for day in ((3, 29), (10, 25))]
    instants = [*every_quarter, *near_changes]

    found = wall_clock(np.array([microseconds(instant) for instant in instants]), ZoneInfo(zone))

    assert list(found) == [microseconds(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)) for instant in instants]


def test_is_not_known_where_the_clock_changes_within_a_quarter_of_an_hour():
    monrovia = ZoneInfo("Africa/Monrovia")  # which left its mean time on 7 January 1972 at 00:44:30 UTC
    before, within, after = (datetime(1972, 1, 7, 0, minute, tzinfo=UTC) for minute in (29, 31, 45))

    found = wall_clock(np.array([microseconds(instant) for instant in (before, within, after)]), monrovia)

    assert list(found) == [microseconds(before) - 2_670_000_000, UNKNOWN, microseconds(after)]


def test_is_not_known_outside_of_the_calendar():
    assert wall_clock(np.array([microseconds(datetime.max.replace(tzinfo=UTC))]), ZoneInfo("Asia/Tokyo"))[0] == UNKNOWN


def test_of_nothing_is_nothing():
    assert wall_clock(np.zeros(0, np.int64), ZoneInfo("UTC")).size == 0
