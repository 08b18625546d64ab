"""Candidates that bear the same id: hashes propose, the texts behind them decide.

Two back-offices both count their transactions 1, 2, 3. An id that CDRs of both bear proves nothing by itself: place and
time must agree with it, or what comes after the ids must tell.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from charging.loops.together import both
from charging.reconciliation.facts import COHORTS, SLICE, Facts
from charging.reconciliation.kernels.evidence import Keys, Mask, Rows
from charging.reconciliation.kernels.joining import START_WINDOW, by_left, id_edges, repeats
from charging.roaming.terms import Tier

_COLUMNS = {
    Tier.CDR_ID: "cdr_id",
    Tier.SESSION_ID: "session_id",
    Tier.AUTHORIZATION_REFERENCE: "authorization_reference",
}


def id_edges_of(tier: Tier, ours: Facts, theirs: Facts, our_free: Mask, their_free: Mask) -> tuple[Rows, Rows]:
    """Return the candidates of a tier of ids, each an agreement of the texts."""
    (our_keys, our_rows), (their_keys, their_rows) = both(
        lambda side: _keys(tier, *side), (ours, our_free), (theirs, their_free)
    )
    if our_rows.size == 0 or their_rows.size == 0:
        return our_rows[:0], their_rows[:0]
    lefts, rights = zip(
        *both(
            lambda half: id_edges(our_keys, our_rows, their_keys, their_rows, ours.evidence, theirs.evidence, half),
            *(0, 1),
        ),
        strict=True,
    )
    left, right = by_left(np.concatenate(lefts), np.concatenate(rights), ours.height)
    if tier is Tier.SESSION_ID and any(side.session_aliases[0].size for side in (ours, theirs)):
        # An alias may lead to where the session's own id leads: two edges of one pair would be a tie with itself.
        pairs = np.unique(left.astype(np.int64) << 32 | right)
        left, right = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    is_same = _agree(_COLUMNS[tier], ours, theirs, left, right)
    if tier is Tier.SESSION_ID and not is_same.all():
        doubtful = np.flatnonzero(~is_same)
        is_same[doubtful] = _share_an_alias(ours, theirs, left[doubtful], right[doubtful])
    left, right = left[is_same], right[is_same]
    is_shared = _in_both_offices(tier, ours)[left]
    if is_shared.any():
        shared = np.flatnonzero(is_shared)
        is_sure = np.ones(left.size, np.bool_)
        is_sure[shared] = _agree_in_place_and_time(ours, theirs, left[shared], right[shared])
        left, right = left[is_sure], right[is_sure]
    return left, right


def _in_both_offices(tier: Tier, ours: Facts) -> Mask:
    """Return which of our CDRs bear an id that one of the other back-office bears, too, matched or not.

    Two ids of one hash are taken for one: then place and time are asked in vain, and nothing is lost.
    """
    found = np.zeros(ours.height, np.bool_)
    has_cohort = ours.cohort >= 0
    if tier is Tier.AUTHORIZATION_REFERENCE or np.unique(ours.cohort[has_cohort]).size < len(COHORTS.categories):
        return found
    keys, rows = _keys(tier, ours, has_cohort)
    again = repeats(keys, np.ones(keys.size, np.bool_))
    keys, rows = keys[again], rows[again]
    offices = [keys[ours.cohort[rows] == cohort] for cohort in range(len(COHORTS.categories))]
    found[rows[np.isin(keys, np.intersect1d(*offices))]] = True
    return found


def _agree_in_place_and_time(ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    """Whether candidates are at one EVSE, and begin together or share at least four fifths of the longer one."""
    starts, ends = ((getattr(ours, name)[left], getattr(theirs, name)[right]) for name in ("start", "end"))
    shared = np.minimum(*ends) - np.maximum(*starts)
    longer = np.maximum(ends[0] - starts[0], ends[1] - starts[1])
    is_then = (np.abs(starts[0] - starts[1]) <= START_WINDOW) | ((longer > 0) & (shared * 5 >= longer * 4))
    is_there = (ours.current_evses(left) == theirs.current_evses(right)).fill_null(value=False).to_numpy()
    found: Mask = is_then & is_there & (ours.evse[left] != 0)
    return found


def _keys(tier: Tier, side: Facts, free: Mask) -> tuple[Keys, Rows]:
    if tier is Tier.AUTHORIZATION_REFERENCE:
        rows = np.flatnonzero(free).astype(np.int32)
        keys = side.authorization(rows)
        return keys[keys != 0], rows[keys != 0]
    keys = side.cdr if tier is Tier.CDR_ID else side.session
    rows = np.flatnonzero(free & (keys != 0)).astype(np.int32)
    if tier is not Tier.SESSION_ID or side.session_aliases[0].size == 0:
        return keys[rows], rows
    more, of = side.session_aliases
    return np.concatenate([keys[rows], more[free[of]]]), np.concatenate([rows, of[free[of]]])


def _agree(column: str, ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    """Whether the texts behind the hashes are equal. `left` ascends: ours are read in slices, and few are in memory."""
    if left.size == 0:
        return np.empty(0, np.bool_)
    others = theirs.texts(column)

    def same(numbers: range) -> Sequence[Mask]:
        cuts = np.searchsorted(left, [number * SLICE for number in (*numbers, numbers.stop)])
        return [
            _are_same(
                ours.part(number, column).gather(left[begin:end] - number * SLICE), others.gather(right[begin:end])
            )
            for number, (begin, end) in zip(numbers, pairwise(cuts), strict=True)
        ]

    first, last = int(left[0]) // SLICE, int(left[-1]) // SLICE + 1
    middle = (first + last) // 2
    one, other = both(same, range(first, middle), range(middle, last))
    found: Mask = np.concatenate([*one, *other]) & (ours.owner[left] == theirs.owner[right])
    return found


def _are_same(one: pl.Series, other: pl.Series) -> Mask:
    found: Mask = (one == other).fill_null(value=False).to_numpy().copy()
    if not found.all():  # ids are compared without regard to case, which few need
        unlike = np.flatnonzero(~found)
        is_same = one[unlike].str.to_uppercase() == other[unlike].str.to_uppercase()
        found[unlike] = is_same.fill_null(value=False).to_numpy()
    return found


def _share_an_alias(ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    """Whether the session is known to both under one of its ids: its own, the hub's, the operator's, the provider's."""
    columns = ("owner", "session_id", "session_aliases")
    sides = (side.rows(rows, *columns).iter_rows() for side, rows in ((ours, left), (theirs, right)))
    return np.array([bool(_names(*one) & _names(*other)) for one, other in zip(*sides, strict=True)], np.bool_)


def _names(owner: str, session_id: str | None, aliases: list[str]) -> set[tuple[str, str]]:
    return {(owner, name.upper()) for name in (session_id, *aliases) if name}
