"""Finding the two CDRs of one session: the surest evidence first, strictly one to one, ties left to people."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from charging.reconciliation.aliases import Aliases, current_evse
from charging.reconciliation.evidence import START_WINDOW, has_same_energy, is_plausible, overlaps
from charging.roaming.cdr import Cdr
from charging.roaming.terms import Tier

_Key = Callable[[Cdr], tuple[str, ...] | None]
_Test = Callable[[Cdr, Cdr], bool]
_Edge = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two CDRs of one session, and how that was found."""

    ours: Cdr
    theirs: Cdr
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A CDR with several candidates that nothing tells apart."""

    cdr: Cdr
    tier: Tier
    candidates: tuple[str, ...]
    """Keys of the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Every CDR of both sides, each in exactly one place."""

    pairs: tuple[Pair, ...]
    ties: tuple[Tie, ...]
    ours: tuple[Cdr, ...]
    theirs: tuple[Cdr, ...]


def match(ours: Sequence[Cdr], theirs: Sequence[Cdr], *, aliases: Aliases, tiers: Sequence[Tier]) -> Matched:
    """Pair the CDRs of both sides.

    In each tier a pair needs a candidate that has no other candidate itself. Those in a tie go on to the next tier,
    whose other evidence may tell them apart; whoever is still tied to somebody at the end is left to people.
    """
    left, right = dict(enumerate(ours)), dict(enumerate(theirs))
    pairs: list[Pair] = []
    tied: dict[Tier, list[_Edge]] = {}
    for tier in sorted(tiers):
        edges = sorted(set(_edges(tier, left, right, aliases)))
        from_ours, from_theirs = Counter(i for i, _ in edges), Counter(j for _, j in edges)
        tied[tier] = [(i, j) for i, j in edges if from_ours[i] > 1 or from_theirs[j] > 1]
        for i, j in edges:
            if from_ours[i] == 1 and from_theirs[j] == 1:
                pairs.append(Pair(ours=left.pop(i), theirs=right.pop(j), tier=tier))
    ours_ties, theirs_ties = _ties(tied, left, right)
    return Matched(
        pairs=tuple(pairs),
        ties=(*ours_ties.values(), *theirs_ties.values()),
        ours=tuple(cdr for i, cdr in left.items() if i not in ours_ties),
        theirs=tuple(cdr for j, cdr in right.items() if j not in theirs_ties),
    )


def _ties(
    tied: dict[Tier, list[_Edge]], left: dict[int, Cdr], right: dict[int, Cdr]
) -> tuple[dict[int, Tie], dict[int, Tie]]:
    """Return who is still tied to somebody that is left, by the surest tier in which that happened."""
    ours: dict[int, Tie] = {}
    theirs: dict[int, Tie] = {}
    for tier, edges in tied.items():
        by_ours: defaultdict[int, list[str]] = defaultdict(list)
        by_theirs: defaultdict[int, list[str]] = defaultdict(list)
        for i, j in edges:
            if i in left and j in right:
                by_ours[i].append(right[j].cdr_key)
                by_theirs[j].append(left[i].cdr_key)
        for i, keys in by_ours.items():
            ours.setdefault(i, Tie(cdr=left[i], tier=tier, candidates=tuple(sorted(keys))))
        for j, keys in by_theirs.items():
            theirs.setdefault(j, Tie(cdr=right[j], tier=tier, candidates=tuple(sorted(keys))))
    return ours, theirs


def _edges(tier: Tier, left: dict[int, Cdr], right: dict[int, Cdr], aliases: Aliases) -> Iterator[_Edge]:
    def is_believed(one: Cdr, other: Cdr) -> bool:
        return is_plausible(one, other, aliases=aliases)

    def starts_together(one: Cdr, other: Cdr) -> bool:
        return abs(one.started_at - other.started_at) <= START_WINDOW

    def is_one_charge(one: Cdr, other: Cdr) -> bool:
        return overlaps(one, other) and has_same_energy(one, other)

    match tier:
        case Tier.CDR_ID:
            return _candidates(left, right, lambda cdr: (cdr.owner, cdr.cdr_id.upper()), is_believed)
        case Tier.SESSION_ID:
            return _candidates(left, right, lambda cdr: _id(cdr.owner, cdr.session_id), is_believed)
        case Tier.AUTHORIZATION_REFERENCE:
            return _candidates(left, right, lambda cdr: _id(cdr.owner, cdr.authorization_reference), is_believed)
        case Tier.EVSE_AND_TOKEN:
            return _candidates(left, right, lambda cdr: _id(current_evse(cdr, aliases), cdr.token_uid), starts_together)
        case Tier.EVSE_AND_CONTRACT:
            return _candidates(
                left, right, lambda cdr: _id(current_evse(cdr, aliases), cdr.contract_compact), is_one_charge
            )
        case Tier.EVSE_AND_TIME:
            return _candidates(left, right, lambda cdr: (current_evse(cdr, aliases),), overlaps)


def _id(first: str, second: str | None) -> tuple[str, str] | None:
    return (first, second.upper()) if second else None


def _candidates(left: dict[int, Cdr], right: dict[int, Cdr], key: _Key, test: _Test) -> Iterator[_Edge]:
    """Yield who may belong together: same key, and the test passes. Only starts near enough are looked at."""
    grouped = _grouped(right, key)
    for i, one in left.items():
        group = grouped.get(key(one) or ())
        if group is None:
            continue
        for j in group.near(one):
            if test(one, right[j]):
                yield i, j


class _Group:
    """CDRs of one key, by start, to be searched by time."""

    def __init__(self, members: list[tuple[datetime, int]], longest: timedelta) -> None:
        self._starts = [start for start, _ in members]
        self._places = [place for _, place in members]
        self._reach = max(longest, timedelta(days=1))

    def near(self, cdr: Cdr) -> Sequence[int]:
        """Return those that any test could pass: a day for what is known by id, the longest session for overlaps."""
        first = bisect_left(self._starts, cdr.started_at - self._reach)
        last = bisect_right(self._starts, max(cdr.ended_at, cdr.started_at + timedelta(days=1)))
        return self._places[first:last]


def _grouped(cdrs: dict[int, Cdr], key: _Key) -> dict[tuple[str, ...], _Group]:
    members: defaultdict[tuple[str, ...], list[tuple[datetime, int]]] = defaultdict(list)
    longest: defaultdict[tuple[str, ...], timedelta] = defaultdict(timedelta)
    for place, cdr in cdrs.items():
        found = key(cdr)
        if found is not None:
            members[found].append((cdr.started_at, place))
            longest[found] = max(longest[found], cdr.ended_at - cdr.started_at)
    return {found: _Group(sorted(group), longest[found]) for found, group in members.items()}
