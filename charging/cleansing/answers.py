"""What owners have answered about rows: rules that may stop one no longer, values that they gave, what stays out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

ANSWERED = "owner.answer"
"""The rule of a fix that no rule made: the owner gave the value."""

UNREADABLE = frozenset(
    {
        *("csv.shift", "row.no_key", "row.total", "conn.number", "mv.garbage", "mv.missing", "mv.disagree"),
        *("tx.time", "tx.zone", "tx.dst", "tx.century", "tx.no_stop", "tx.cost"),
        *("tok.access", "tok.expiry", "loc.country", "con.access", "con.validity", "res.times"),
        *("tariff.unreadable", "tariff.no_price", "tariff.price", "tariff.currency", "tariff.validity"),
        *("mv.orphan", "mv.time", "mv.unit"),
        *("profile.level", "profile.words", "profile.times", "profile.periods"),
    }
)
"""Rules that miss a value, or cannot read it: saying that all is well gives none, so an answer must bring it."""


class Choice(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    RELEASED = "released"
    """Load it as it is: the rule that set it aside is waived, all others still judge it."""
    CORRECTED = "corrected"
    """Load it with the values that the owner gave; every rule still judges it."""
    DISCARDED = "discarded"
    """Leave it out for good; it stays where it is, and is counted."""


class Decided(Protocol):
    """A decision as it was written down, with what it was about."""

    @property
    def choice(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def corrections(self) -> Mapping[str, str | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """Why a row stays out, in the words of the rule that set it aside at first."""

    rule: str
    reason: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that was decided about one row, taken together."""

    waived: frozenset[str] = frozenset()
    values: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    discarded: Discarded | None = None


NOTHING = Answer()
NOBODY: Mapping[tuple[str, int], Answer] = MappingProxyType({})
"""The answers by the place (file and line) of their row, where nobody has answered."""


def taken_together(decisions: Iterable[Decided]) -> Answer:
    """Return what decisions about one row come to, the oldest first; `waiting` takes back all before it."""
    answer = NOTHING
    for one in decisions:
        match Choice(one.choice):
            case Choice.WAITING:
                answer = NOTHING
            case Choice.RELEASED:
                answer = Answer(waived=answer.waived | {one.rule}, values=dict(answer.values) | dict(one.corrections))
            case Choice.CORRECTED:
                answer = Answer(waived=answer.waived, values=dict(answer.values) | dict(one.corrections))
            case Choice.DISCARDED:
                discarded = Discarded(rule=one.rule, reason=one.reason, owner=one.owner)
                answer = Answer(waived=answer.waived, values=answer.values, discarded=discarded)
    return answer
