"""Firmware updates by what stations say, and by what they boot with."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16 import enums as v16
from ocpp.v201 import enums as v201

from charging.migration.firmware.status import (
    ANSWERS,
    DEADLINES,
    FINAL,
    SAID,
    SETTLED,
    TRANSITIONS,
    Happened,
    State,
    standing,
)

START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW, OLD = "5.1.0", "5.0.3"


def after(*events, now=None, request_id=None):
    """Return the standing after an order and these events, a minute apart: `=x` is a boot with x, else a status."""
    happened = [Happened(at=START, answer="")]
    for number, event in enumerate(events, start=1):
        at = START + number * MINUTE
        happened.append(Happened(at=at, booted_with=event[1:]) if event[0] == "=" else Happened(at=at, said=event))
    return standing(happened, expected=NEW, now=now or START + (len(events) + 1) * MINUTE, request_id=request_id)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([], State.ORDERED, id="ordered"),
        pytest.param(["Downloading"], State.FETCHING, id="fetching"),
        pytest.param(["Downloading", "Downloaded"], State.FETCHED, id="fetched"),
        pytest.param(["Downloading", "Downloaded", "Installing"], State.INSTALLING, id="installing"),
        pytest.param(["Downloading", "Downloaded", "Installing", "Installed"], State.REPORTED, id="says installed"),
        pytest.param(["Installing", "Installed", f"={NEW}"], State.CONFIRMED, id="and boots with it"),
        pytest.param(["Installing", f"={NEW}", "Installed"], State.CONFIRMED, id="said after the boot"),
        pytest.param([f"={NEW}"], State.CONFIRMED, id="no word, and the right version"),
        pytest.param(["Installing", "Installed", f"={OLD}"], State.OTHER_VERSION, id="installed, boots with the old"),
        pytest.param(["Installing", f"={OLD}", f"={NEW}"], State.CONFIRMED, id="boots twice, the right one last"),
        pytest.param([f"={OLD}", "Downloading"], State.FETCHING, id="a boot before it began is any boot"),
        pytest.param(["Downloading", "DownloadFailed"], State.FAILED, id="download failed"),
        pytest.param(["DownloadFailed", "Downloading", "Downloaded"], State.FETCHED, id="fetched again by itself"),
        pytest.param(["Downloaded", "InvalidSignature"], State.FAILED, id="bad signature"),
        pytest.param(["Installing", "InstallVerificationFailed"], State.FAILED, id="bad installation"),
        pytest.param(["DownloadScheduled", "Downloading", "DownloadPaused"], State.FETCHING, id="paused"),
        pytest.param(["Downloaded", "SignatureVerified", "InstallScheduled"], State.FETCHED, id="waits to install"),
        pytest.param(["Installing", "InstallRebooting"], State.INSTALLING, id="reboots"),
        pytest.param(["Idle"], State.ORDERED, id="idle is no news"),
        pytest.param(["Downloading", "Quantum"], State.FETCHING, id="a word that nobody knows"),
    ],
)
def test_the_boots_version_is_what_counts(events, state):
    found = after(*events)

    assert found.state is state
    assert found.reason


@pytest.mark.parametrize(
    ("answer", "state"),
    [(answer, state) for answer, state in ANSWERS.items()] + [("NotSupported", State.REFUSED)],
)
def test_an_order_is_taken_or_refused(answer, state):
    found = standing([Happened(at=START, answer=answer)], expected=NEW, now=START)

    assert found.state is state


def test_a_status_of_an_earlier_order_is_not_this_ones():
    happened = [
        Happened(at=START, answer="Accepted"),
        Happened(at=START + MINUTE, said="InstallationFailed", request_id=7),
        Happened(at=START + 2 * MINUTE, said="Downloading", request_id=8),
    ]

    assert standing(happened, expected=NEW, now=START + 3 * MINUTE, request_id=8).state is State.FETCHING


def test_what_is_said_out_of_turn_is_noted_and_in_nobodys_way():
    found = after("Installing", "Installed", "Downloading", f"={NEW}")

    assert found.state is State.CONFIRMED
    assert found.deviations == ("it said Downloading while it was reported",)


@pytest.mark.parametrize("state", DEADLINES)
def test_every_state_that_waits_has_a_deadline_that_is_kept_and_can_still_come_right(state):
    said = next((word for word, means in SAID.items() if means is state and word != "DownloadScheduled"), None)
    events = [said] if said else []
    began = START + len(events) * MINUTE

    early = after(*events, now=began + DEADLINES[state] - timedelta(seconds=1))
    late = after(*events, now=began + DEADLINES[state])

    assert (early.state, late.state) == (state, State.OVERDUE)
    assert "nothing since" in late.reason
    assert after(*events, f"={NEW}", now=began + 2 * DEADLINES[state]).state is State.CONFIRMED


def test_every_state_is_settled_or_has_a_deadline_and_every_transition_is_known():
    assert set(TRANSITIONS) == set(State)
    assert set(DEADLINES) | SETTLED | {State.PLANNED} == set(State)
    assert all(not TRANSITIONS[state] for state in FINAL)


def test_every_status_of_every_version_of_ocpp_is_known():
    words = {str(one.value) for enum in (v16.FirmwareStatus, v201.FirmwareStatusEnumType) for one in enum}
    answers = {str(one.value) for one in v201.UpdateFirmwareStatusEnumType}

    assert words <= SAID.keys()
    assert answers <= ANSWERS.keys()


@given(st.lists(st.sampled_from([*SAID, f"={OLD}", f"={NEW}"]), max_size=12))
def test_nothing_but_a_boot_with_the_expected_version_confirms(events):
    found = after(*events)

    assert (found.state is State.CONFIRMED) == (f"={NEW}" in events)
