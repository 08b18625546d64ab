"""Finding the two CDRs of one session: the surest evidence first, strictly one to one, ties left to people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from charging.reconciliation.clock_offset import Ballots, ClockOffset, ballots, count
from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.evidence import Mask, Rows
from charging.reconciliation.kernels.joining import unique_edges
from charging.reconciliation.near import agree_closely, assignment, near_edges_of
from charging.reconciliation.same_id import id_edges_of
from charging.roaming.terms import Tier

_NOBODY = np.empty(0, np.int32)
KnownClock = ClockOffset | Literal["by vote"] | None
ID_TIERS = (Tier.CDR_ID, Tier.SESSION_ID, Tier.AUTHORIZATION_REFERENCE)


@dataclass(frozen=True, slots=True)
class Edges:
    """Candidates: rows of ours, and beside each the row of theirs."""

    ours: Rows
    theirs: Rows

    def where(self, mask: Mask) -> "Edges":
        """Return some of them."""
        return Edges(ours=self.ours[mask], theirs=self.theirs[mask])


_NONE = Edges(_NOBODY, _NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Every live row of both sides: in a pair, in a tie, in a crowd, or alone."""

    pairs: Edges
    tiers: npt.NDArray[np.int8]
    """How each pair was found."""
    ties: Sequence[tuple[Tier, Edges]]
    """By tier, the candidates of whoever is left: nothing tells them apart."""
    crowds: tuple[Sequence[tuple[Tier, Rows]], Sequence[tuple[Tier, Rows]]]
    """By side and tier, who is left and has too many candidates to name them."""
    free: tuple[Mask, Mask]
    """By side, who is in no pair."""
    clock: ClockOffset | None
    likely: Edges
    """Of the ties by place, driver and time: the best assignment, for people to begin with."""


class _Board:
    """Who is still to be matched, and what has been found."""

    def __init__(self, our_live: Mask, their_live: Mask) -> None:
        self.free = our_live.copy(), their_live.copy()
        self.found: list[tuple[Tier, Edges]] = []
        self.tied: list[tuple[Tier, Edges]] = []
        self.crowded: tuple[list[tuple[Tier, Rows]], list[tuple[Tier, Rows]]] = [], []

    def settle(self, tier: Tier, edges: Edges, *refine: Callable[[Edges], Mask]) -> None:
        """Take the edges that are alone at both ends; then those of the rest that closer evidence singles out."""
        self._take(tier, edges, self._alone(edges))
        for test in refine:
            rest = edges.where(self._are_free(edges))
            closer = rest.where(test(rest))
            self._take(tier, closer, self._alone(closer))
        self.tied.append((tier, edges.where(self._are_free(edges))))

    def _take(self, tier: Tier, edges: Edges, mask: Mask) -> None:
        taken = edges.where(mask)
        self.free[0][taken.ours] = False
        self.free[1][taken.theirs] = False
        self.found.append((tier, taken))

    def _alone(self, edges: Edges) -> Mask:
        return unique_edges(edges.ours, edges.theirs, self.free[0].size, self.free[1].size)

    def _are_free(self, edges: Edges) -> Mask:
        return self.free[0][edges.ours] & self.free[1][edges.theirs]

    def pairs(self) -> Edges:
        """Return what has been found."""
        return Edges(
            ours=np.concatenate([edges.ours for _, edges in self.found] or [_NOBODY]),
            theirs=np.concatenate([edges.theirs for _, edges in self.found] or [_NOBODY]),
        )

    def matched(self, clock: ClockOffset | None, nearest: Callable[[Edges], Edges]) -> Matched:
        """Return the end of it."""
        tied = [(tier, edges.where(self._are_free(edges))) for tier, edges in self.tied]
        return Matched(
            pairs=self.pairs(),
            tiers=np.repeat(
                np.array([tier for tier, _ in self.found], np.int8), [edges.ours.size for _, edges in self.found]
            ),
            ties=tied,
            crowds=(self._left(0), self._left(1)),
            free=self.free,
            clock=clock,
            likely=next((nearest(edges) for tier, edges in tied if tier is Tier.EVSE_AND_TOKEN), _NONE),
        )

    def _left(self, side: int) -> list[tuple[Tier, Rows]]:
        return [(tier, rows[self.free[side][rows]]) for tier, rows in self.crowded[side]]


def ballots_of(ours: Facts, theirs: Facts, *, our_live: Mask, their_live: Mask, tiers: Sequence[Tier]) -> Ballots:
    """Return who votes on how far the two clocks are apart: the live rows that ids pair."""
    board = _by_ids(ours, theirs, our_live, their_live, tiers)
    return _ballots(ours, theirs, board)


def match(
    ours: Facts,
    theirs: Facts,
    *,
    our_live: Mask,
    their_live: Mask,
    tiers: Sequence[Tier],
    time_zone: str,
    clock: KnownClock = "by vote",
) -> Matched:
    """Pair the live rows of both sides.

    In each tier a pair needs a candidate that has no other candidate itself. Those in a tie go on to the next tier,
    whose other evidence may tell them apart; whoever is still tied to somebody at the end is left to people. Between
    the tiers of ids and those of time the pairs vote on how far the two clocks are apart, unless that is known: the
    whole night has voted of which this is a part.
    """
    board = _by_ids(ours, theirs, our_live, their_live, tiers)
    if clock == "by vote":
        clock = count([_ballots(ours, theirs, board)], time_zone=time_zone)
    shifted = theirs if clock is None else theirs.shifted(clock.of(theirs.start))
    for tier in (tier for tier in sorted(tiers) if tier not in ID_TIERS):
        edges, our_crowd, their_crowd = near_edges_of(tier, ours, shifted, *board.free)
        board.crowded[0].append((tier, our_crowd))
        board.crowded[1].append((tier, their_crowd))
        refine = (
            [lambda rest: agree_closely(ours, shifted, rest.ours, rest.theirs)] if tier is Tier.EVSE_AND_TOKEN else []
        )
        board.settle(tier, Edges(*edges), *refine)
    return board.matched(clock, lambda tied: Edges(*assignment(ours, shifted, tied.ours, tied.theirs)))


def _by_ids(ours: Facts, theirs: Facts, our_live: Mask, their_live: Mask, tiers: Sequence[Tier]) -> _Board:
    board = _Board(our_live, their_live)
    for tier in (tier for tier in ID_TIERS if tier in tiers):
        board.settle(tier, Edges(*id_edges_of(tier, ours, theirs, *board.free)))
    return board


def _ballots(ours: Facts, theirs: Facts, board: _Board) -> Ballots:
    found = board.pairs()
    return ballots(ours, theirs, found.ours, found.theirs, free=board.free)
