"""What a person says of a station, and what the target has seen of it."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.migration.ports import Sighting
from charging.migration.visits import Outcome, Report, State, rule

OPENED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def report(outcome=Outcome.DONE, note=""):
    return Report(station_id="S1", outcome=outcome, by="J. Field", note=note)


def seen(heard_at, *, is_connected=None):
    return Sighting(
        station_id="S1", is_connected=is_connected, booted_at=None, heard_at=heard_at, firmware="1", open_transactions=0
    )


@pytest.mark.parametrize(
    ("outcome", "sighting", "state", "reason"),
    [
        pytest.param(Outcome.DONE, seen(OPENED + SECOND), State.DONE, "heard it since", id="heard since"),
        pytest.param(
            Outcome.DONE, seen(OPENED + SECOND, is_connected=True), State.DONE, "heard it since", id="and connected"
        ),
        pytest.param(Outcome.DONE, seen(OPENED), State.REPORTED, "has not heard it since", id="heard at that instant"),
        pytest.param(Outcome.DONE, seen(None), State.REPORTED, "has not heard it since", id="never heard"),
        pytest.param(Outcome.DONE, None, State.REPORTED, "load it first", id="not known there"),
        pytest.param(
            Outcome.DONE, seen(OPENED + SECOND, is_connected=False), State.REPORTED, "lost it again", id="gone again"
        ),
        pytest.param(Outcome.NOT_DONE, seen(OPENED + SECOND), State.OPEN, "could not do it", id="not done"),
    ],
)
def test_a_word_is_not_enough(outcome, sighting, state, reason):
    ruling = rule(report(outcome, note="the door was locked"), leads_to="target", opened_at=OPENED, seen=sighting)

    assert ruling.state is state
    assert reason in ruling.reason
    assert "J. Field" in ruling.reason


@pytest.mark.parametrize(
    ("sighting", "state", "reason"),
    [
        pytest.param(seen(OPENED + SECOND), State.DONE, "brought back by hand by J. Field; the legacy", id="heard"),
        pytest.param(seen(OPENED), State.REPORTED, "the legacy has not heard it since", id="not since"),
        pytest.param(None, State.REPORTED, "the legacy does not know the station", id="not known there"),
    ],
)
def test_what_comes_back_is_back_once_the_legacy_has_heard_it(sighting, state, reason):
    ruling = rule(report(), leads_to="legacy", opened_at=OPENED, seen=sighting)

    assert (ruling.state, ruling.leads_to) == (state, "legacy")
    assert reason in ruling.reason
