"""The life of a case. Every transition lives in this file."""

from collections.abc import Mapping
from enum import StrEnum

from charging.errors import IllegalStep
from charging.reconciliation.verdict import Verdict


class State(StrEnum):
    """How far a verdict has been followed."""

    WAITING = "waiting"
    """Nothing matches its CDR yet, and it is not due."""
    FOUND = "found"
    """Somebody must look at it; nothing has been proposed."""
    PROPOSED = "proposed"
    """What we would send is written, and waits for a person to release it."""
    SENT = "sent"
    """A question, a CDR or a credit went to the partner."""
    DISPUTED = "disputed"
    """The partner has our dispute of its amount."""
    ANSWERED = "answered"
    """The partner has answered; somebody must say what follows."""
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    """Nobody will pay it: a decision, with its reason."""
    WITHDRAWN = "withdrawn"
    """We claim nothing, or another case has taken it up."""


class Event(StrEnum):
    """What can happen to a case: first what a night finds, then what people do."""

    WAITED_FOR = "waited_for"
    CHANGED = "changed"
    """A night gives another verdict, or another amount."""
    AGREED = "agreed"
    """A night finds nothing to follow any more."""
    JOINED = "joined"
    """Its CDR is one of a pair whose other CDR has a case of its own."""
    GONE = "gone"
    """The night has no such CDR any more."""
    PROPOSED = "proposed"
    SENT = "sent"
    DISPUTED = "disputed"
    ANSWERED = "answered"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


class Turn(StrEnum):
    """Who must act."""

    US = "us"
    PARTNER = "partner"
    COMMITTEE = "committee"
    NOBODY = "nobody"


CLOSED: frozenset[State] = frozenset({State.SETTLED, State.WRITTEN_OFF, State.WITHDRAWN})
"""States in which a case may rest. In every other one it has an age, and somebody's turn."""
_OPEN = tuple(state for state in State if state not in CLOSED)
_AT_WORK = (State.FOUND, State.PROPOSED, State.SENT, State.DISPUTED, State.ANSWERED)

TRANSITIONS: Mapping[Event, Mapping[State, State]] = {
    Event.WAITED_FOR: {State.WAITING: State.WAITING, State.FOUND: State.WAITING, State.PROPOSED: State.WAITING},
    Event.CHANGED: dict.fromkeys(State, State.FOUND),  # also what was closed: it is another finding now
    Event.AGREED: {
        **dict.fromkeys(_OPEN, State.SETTLED),
        State.WRITTEN_OFF: State.SETTLED,  # what was given up has come after all
    },
    Event.JOINED: dict.fromkeys(_OPEN, State.WITHDRAWN),
    Event.GONE: dict.fromkeys(_OPEN, State.FOUND),
    Event.PROPOSED: {State.FOUND: State.PROPOSED, State.ANSWERED: State.PROPOSED},
    Event.SENT: {State.PROPOSED: State.SENT},
    Event.DISPUTED: {State.PROPOSED: State.DISPUTED},
    Event.ANSWERED: {State.SENT: State.ANSWERED, State.DISPUTED: State.ANSWERED},
    Event.SETTLED: dict.fromkeys(_OPEN, State.SETTLED),
    Event.WRITTEN_OFF: dict.fromkeys(_AT_WORK, State.WRITTEN_OFF),
    Event.WITHDRAWN: dict.fromkeys(_AT_WORK, State.WITHDRAWN),
    Event.REOPENED: dict.fromkeys(sorted(CLOSED), State.FOUND),
}
_TURNS: Mapping[State, Turn] = {
    State.FOUND: Turn.US,
    State.PROPOSED: Turn.US,
    State.SENT: Turn.PARTNER,
    State.DISPUTED: Turn.PARTNER,
    State.ANSWERED: Turn.US,
}


def after(case_key: str, before: State, event: Event) -> State:
    """Return the state that follows.

    Raises:
        IllegalStep: if that cannot happen to a case in this state.
    """
    found = TRANSITIONS[event].get(before)
    if found is None:
        possible = sorted(str(other) for other, steps in TRANSITIONS.items() if before in steps)
        raise IllegalStep(case_key, str(before), str(event), possible)
    return found


def turn(state: State, *, verdict: Verdict, is_ours: bool, escalation: int = 0) -> Turn:
    """Return who must act; `is_ours` says whether the CDR that waits for its counterpart is ours."""
    if state in CLOSED:
        return Turn.NOBODY
    if escalation:
        return Turn.COMMITTEE
    if state is State.WAITING or verdict is Verdict.LATE:
        return Turn.PARTNER if is_ours else Turn.US
    return _TURNS[state]
