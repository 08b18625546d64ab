"""What became of each row of a load, as far as the target was seen to hold it. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from charging.errors import CountsDisagree
from charging.targets.change import Action, Applied, Change, Difference


class Verdict(StrEnum):
    """Where a row ended."""

    LOADED = "loaded"
    """It is there, and every field reads as it should or is left to the target on purpose."""
    REFUSED = "refused"
    """It was not sent: the reason says who decides."""
    FAILED = "failed"
    """It was sent, and the target said no."""
    MISSING = "missing"
    """The target accepted it and does not have it."""
    ALTERED = "altered"
    """The target has it, and has changed what it says."""
    UNKNOWN = "unknown"
    """The target did not say what it has."""

    @property
    def is_settled(self) -> bool:
        """Whether nobody needs to look at the target: it has the row, or was not asked to take it."""
        return self in {Verdict.LOADED, Verdict.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row's end, with what the target did to its fields."""

    entity: str
    key: str
    verdict: Verdict
    reason: str
    differences: tuple[Difference, ...]


def outcomes(changes: Sequence[Change], applied: Sequence[Applied], differences: Sequence[Difference]) -> list[Outcome]:
    """Return how every planned row ended. What was observed decides, not what the target answered.

    Raises:
        CountsDisagree: if a row was planned twice, or not every row was applied.
    """
    errors = {(one.entity, one.key): one.error for one in applied}
    if not len(changes) == len({(one.entity, one.key) for one in changes}) == len(errors):
        raise CountsDisagree("the load", rows_in=len(changes), loaded=len(errors), quarantined=0)
    found: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in differences:
        found[difference.entity, difference.key].append(difference)
    return [_outcome(one, errors[one.entity, one.key], found[one.entity, one.key]) for one in changes]


def _outcome(change: Change, error: str | None, differences: Sequence[Difference]) -> Outcome:
    if change.action in {Action.REFUSE, Action.UNKNOWN}:
        verdict = Verdict.REFUSED if change.action is Action.REFUSE else Verdict.UNKNOWN
        return _ended(change, verdict, change.reason)
    if not differences:
        return _ended(change, Verdict.LOADED, "")
    if any(each.field == "" for each in differences):
        reason = error or "the target accepted it, and does not have it"
        return _ended(change, Verdict.FAILED if error else Verdict.MISSING, reason, differences)
    told = ", ".join(f"{each.field}: {each.expected!r} reads {each.found!r}" for each in differences)
    return _ended(change, Verdict.FAILED if error else Verdict.ALTERED, error or told, differences)


def _ended(change: Change, verdict: Verdict, reason: str, differences: Sequence[Difference] = ()) -> Outcome:
    return Outcome(entity=change.entity, key=change.key, verdict=verdict, reason=reason, differences=tuple(differences))
