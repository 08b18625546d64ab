"""The life of a proposed id: what the rules propose, what a person decides, and what can be taken back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    NEEDS_OWNER = "needs_owner"
    COLLIDES = "collides"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVERTED = "reverted"
    RETIRED = "retired"


class Action(StrEnum):
    """What is done to a proposal. `propose` is the rules' own; everything else is somebody's."""

    PROPOSE = "propose"
    APPROVE = "approve"
    DECIDE = "decide"
    REJECT = "reject"
    REVERT = "revert"
    RETIRE = "retire"


class Result(StrEnum):
    """What came of an action on one EVSE."""

    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remapping:
    """The change of id that an EVSE stands before, or has behind it."""

    evse_uid: str
    before: str | None
    after: str
    rule: str
    state: State
    needs_owner: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an action on one EVSE, and why. Refused is a value: the others go on."""

    evse_uid: str
    result: Result
    before: str | None
    after: str | None
    reason: str


_OPEN = frozenset({State.PROPOSED, State.NEEDS_OWNER})
_FROM: Mapping[Action, frozenset[State]] = {
    Action.APPROVE: frozenset({State.PROPOSED, State.NEEDS_OWNER, State.REJECTED, State.REVERTED}),
    Action.REJECT: _OPEN | {State.COLLIDES},
    Action.REVERT: frozenset({State.APPROVED}),
}
_INTO: Mapping[Action, State] = {
    Action.APPROVE: State.APPROVED,
    Action.REJECT: State.REJECTED,
    Action.REVERT: State.REVERTED,
}
_INSTEAD: Mapping[State, str] = {
    State.APPROVED: "it has been approved: revert it",
    State.REJECTED: "it was rejected, and nothing of it was approved",
    State.REVERTED: "it was reverted already",
    State.PROPOSED: "nothing has been approved yet",
    State.NEEDS_OWNER: "nothing has been approved yet",
    State.RETIRED: "the EVSE is removed",
    State.COLLIDES: "its id is another EVSE's: decide on a free one",
}


def verdict(remapping: Remapping, action: Action) -> tuple[Result, str]:
    """Say whether an action does something, nothing more, or is refused, and why."""
    if remapping.state is _INTO[action]:
        return Result.UNCHANGED, f"it is {remapping.state} already"
    if remapping.state in _FROM[action]:
        return Result.DONE, ""
    return Result.REFUSED, _INSTEAD[remapping.state]


def follows(known: Remapping | None, proposed: Remapping) -> bool:
    """Whether a proposal of the rules takes the place of what is known: never of what a person has settled."""
    if known is None:
        return True
    is_same = (known.before, known.after, known.rule) == (proposed.before, proposed.after, proposed.rule)
    if known.state in {State.APPROVED, State.RETIRED}:
        return False
    if known.state in {State.REJECTED, State.REVERTED}:
        return not is_same
    return not is_same or known.state is not proposed.state or known.reason != proposed.reason
