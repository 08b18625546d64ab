"""A published tariff counts from the day that it bears until its next version, unless it came long after."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.roaming.published import LATEST, Version, in_force
from charging.tariffs.tariff import Tariff, valid_at

DAY = timedelta(days=1)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def version(kind, last_updated, *, received_at=None, tariff_id="T", **more):
    tariff = Tariff(tariff_id=tariff_id, currency="EUR", elements=(), kind=kind, **more)
    return Version(tariff=tariff, last_updated=last_updated, received_at=received_at or last_updated)


def kind_at(versions, at):
    found = valid_at(in_force(versions), at)
    return found and found.kind


@pytest.mark.parametrize(
    ("received_at", "at", "kind"),
    [
        pytest.param(MARCH, MARCH - timedelta(seconds=1), "before", id="until the next one"),
        pytest.param(MARCH, MARCH, "after", id="from the day that it bears"),
        pytest.param(MARCH + LATEST, MARCH, "after", id="that came with the night after"),
        pytest.param(MARCH + 9 * DAY, MARCH + 8 * DAY, "before", id="that was dated back"),
        pytest.param(MARCH + 9 * DAY, MARCH + 9 * DAY, "after", id="that was dated back, from when it came"),
    ],
)
def test_a_version_counts(received_at, at, kind):
    versions = [version("before", MARCH - 30 * DAY), version("after", MARCH, received_at=received_at)]

    assert kind_at(versions, at) == kind


def test_the_first_version_counts_from_the_day_that_it_bears_whenever_it_came():
    only = version("first", MARCH, received_at=MARCH + 60 * DAY)

    assert (kind_at([only], MARCH), kind_at([only], MARCH - DAY)) == ("first", None)


def test_its_own_bounds_hold_within_those_of_its_version():
    bounded = version("bounded", MARCH, valid_from=MARCH + DAY, valid_to=MARCH + 2 * DAY)

    found = [kind_at([bounded], MARCH + hours * timedelta(hours=1)) for hours in (0, 24, 47, 48)]
    assert found == [None, "bounded", "bounded", None]


def test_tariffs_of_different_ids_do_not_end_one_another():
    assert len(in_force([version("t", MARCH), version("u", MARCH + DAY, tariff_id="U")])) == 2
