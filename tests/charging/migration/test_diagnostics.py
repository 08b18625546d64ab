"""What a station says of the upload of its log, and what that means."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.migration.diagnostics import (
    FINAL,
    PATIENCE,
    SAID,
    TRANSITIONS,
    Said,
    Standing,
    State,
    Told,
    begun,
    standing,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED = Standing(state=State.ASKED, reason="it will upload a.log", since=AT)


def said(*statuses, number=None):
    return [
        Said(at=AT + timedelta(minutes=minute), status=status, request_number=number)
        for minute, status in enumerate(statuses, start=1)
    ]


def after(*statuses, now=AT + timedelta(minutes=30), known=ASKED, number=None):
    return standing(known, said(*statuses, number=number), request_number=7, now=now)


@pytest.mark.parametrize(
    ("status", "file_name", "state", "reason"),
    [
        pytest.param("", "a.log", State.ASKED, "a.log", id="1.6: the file's name is the promise"),
        pytest.param("", None, State.REFUSED, "nothing to give", id="1.6: no name, nothing to give"),
        pytest.param("Accepted", None, State.ASKED, "its log", id="2: accepted without a name"),
        pytest.param("AcceptedCanceled", "b.log", State.ASKED, "b.log", id="2: an earlier one was given up for it"),
        pytest.param("Rejected", None, State.REFUSED, "Rejected", id="2: rejected"),
        pytest.param("NotImplemented", "a.log", State.REFUSED, "NotImplemented", id="a CALLERROR"),
    ],
)
def test_an_answer_is_a_promise_or_none(status, file_name, state, reason):
    known = begun(Told(status=status, file_name=file_name), at=AT)

    assert (known.state, known.since) == (state, AT)
    assert reason in known.reason


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ((), State.ASKED),
        (("Idle",), State.ASKED),
        (("Uploading",), State.UPLOADING),
        (("Uploading", "Idle"), State.UPLOADING),
        (("Uploading", "Uploaded"), State.UPLOADED),
        (("Uploaded",), State.UPLOADED),
        (("Uploading", "UploadFailed"), State.FAILED),
        (("Uploading", "UploadFailure", "Uploading", "Uploaded"), State.UPLOADED),
        (("Uploaded", "UploadFailed"), State.UPLOADED),
        (("PermissionDenied",), State.FAILED),
        (("SomethingNew",), State.ASKED),
    ],
)
def test_statuses_are_followed_in_order(statuses, state):
    found = after(*statuses)

    assert found.state is state
    assert standing(found, said(*statuses), request_number=7, now=AT + timedelta(minutes=30)) == found, "told again"


def test_what_is_said_of_another_request_is_not_of_this_one():
    assert after("Uploaded", number=6).state is State.ASKED
    assert after("Uploaded", number=7).state is State.UPLOADED


@pytest.mark.parametrize(
    ("statuses", "last"), [((), AT), (("Uploading",), AT + timedelta(minutes=1))], ids=["asked", "uploading"]
)
def test_silence_is_overdue_after_an_hour_and_not_before(statuses, last):
    short, over = after(*statuses, now=last + PATIENCE - timedelta(seconds=1)), after(*statuses, now=last + PATIENCE)

    assert short.state is not State.OVERDUE
    assert (over.state, over.since) == (State.OVERDUE, last + PATIENCE)
    assert after("Uploaded", known=over).state is State.UPLOADED, "it came late"


def test_every_status_leads_to_a_state_that_its_table_knows():
    reached = {state for states in TRANSITIONS.values() for state in states}

    assert {state for state in SAID.values() if state is not None} <= reached
    assert set(TRANSITIONS) == set(State)
    assert {State.UPLOADED, State.REFUSED, State.NOT_ASKED} == FINAL
