"""A night is as long as the clock says, and a pair belongs to the night in which ours ended."""

from datetime import date, timedelta

import pytest

from charging.errors import UnknownThing
from tasks import night


@pytest.mark.parametrize(
    ("day", "days", "start", "end"),
    [
        pytest.param(date(2026, 3, 1), 1, "2026-02-28T23:00:00+00:00", "2026-03-01T23:00:00+00:00", id="winter"),
        pytest.param(date(2026, 3, 29), 1, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00", id="23 hours"),
        pytest.param(date(2026, 10, 25), 1, "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00", id="25 hours"),
        pytest.param(date(2026, 3, 30), 3, "2026-03-27T23:00:00+00:00", "2026-03-30T22:00:00+00:00", id="three days"),
    ],
)
def test_lasts_from_midnight_to_midnight(settings, day, days, start, end):
    first, last = night.bounds(settings, day=day, days=days)

    assert (first.isoformat(), last.isoformat()) == (start, end)


def test_follows_the_one_before_without_a_gap(settings):
    days = [date(2026, 3, 27) + timedelta(days=number) for number in range(5)]
    periods = [night.bounds(settings, day=day, days=1) for day in days]

    assert [end for _, end in periods[:-1]] == [start for start, _ in periods[1:]]


def test_is_reconciled_with_every_partner_that_has_a_file(settings):
    folder = settings.home / "partners"
    folder.mkdir()
    for name in ("roa", "hub"):
        (folder / f"{name}.toml").touch()

    assert night.partners.fn([]) == ["hub", "roa"]
    assert night.partners.fn(["roa"]) == ["roa"]
    with pytest.raises(UnknownThing, match="there is no partner 'rao': there are files for: hub, roa"):
        night.partners.fn(["rao"])


def test_says_that_there_are_no_partner_files(settings):
    with pytest.raises(UnknownThing, match="there are files for: none"):
        night.partners.fn(["roa"])
