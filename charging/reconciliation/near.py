"""Candidates by place, driver and time: what is left once no id tells any more."""

import numpy as np
import numpy.typing as npt

from charging.loops.together import both
from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.assignment import assigned, reaches
from charging.reconciliation.kernels.evidence import Keys, Mask, Rows
from charging.reconciliation.kernels.ordering import in_order
from charging.reconciliation.kernels.sweeping import START_WINDOW, Sorted, Test, close_edges, swept
from charging.roaming.terms import Tier

_ODD = np.uint64(0x9E3779B97F4A7C15)
_NOBODY = np.empty(0, np.int32)
_Pairs = tuple[Rows, Rows]
_SWEEPS = {
    Tier.EVSE_AND_TOKEN: ((Test.START_AND_QUANTITY, "token_uid"),),
    Tier.EVSE_AND_CONTRACT: ((Test.OVERLAP_AND_ENERGY, "contract_compact"),),
    Tier.EVSE_AND_TIME: ((Test.OVERLAP, None), (Test.START, "token_uid")),
}
"""By what a tier looks, and which id of the driver must agree."""


def near_edges_of(
    tier: Tier, ours: Facts, theirs: Facts, our_free: Mask, their_free: Mask
) -> tuple[_Pairs, Rows, Rows]:
    """Return the candidates of a tier of time, and who of ours and of theirs has too many."""
    pairs: list[npt.NDArray[np.int64]] = []
    our_crowd: list[Rows] = []
    their_crowd: list[Rows] = []
    for test, driver in _SWEEPS[tier]:
        one, other = _sorted(ours, our_free, driver), _sorted(theirs, their_free, driver)
        if one[0].size == 0 or other[0].size == 0:
            continue
        left, right, our_many, their_many = swept(int(test), one, other)
        rows = one[4][left], other[4][right]
        is_same = _agree(ours, theirs, *rows, driver)
        pairs.append(rows[0][is_same].astype(np.int64) << 32 | rows[1][is_same])
        our_crowd.append(one[4][our_many])
        their_crowd.append(other[4][their_many])
    if not pairs:
        return (_NOBODY, _NOBODY), _NOBODY, _NOBODY
    found = np.unique(np.concatenate(pairs))
    edges = (found >> 32).astype(np.int32), (found & 0xFFFFFFFF).astype(np.int32)
    return edges, np.unique(np.concatenate(our_crowd)), np.unique(np.concatenate(their_crowd))


def agree_closely(ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    """Whether two rows agree in energy and in time: what tells a session from the attempt before it."""
    return close_edges(ours.evidence, theirs.evidence, left, right)


def assignment(ours: Facts, theirs: Facts, left: Rows, right: Rows) -> _Pairs:
    """Return the best one-to-one assignment by place and driver: most pairs first, then the nearest starts."""
    if left.size == 0:
        return left, right
    one, other = _sorted(ours, _only(ours, left), "token_uid"), _sorted(theirs, _only(theirs, right), "token_uid")
    firsts, lasts = reaches(one[0], one[1], other[0], other[1], START_WINDOW)
    chosen = assigned(one[1], other[1], firsts, lasts, START_WINDOW)
    return one[4][chosen >= 0], other[4][chosen[chosen >= 0]]


def _only(side: Facts, rows: Rows) -> Mask:
    mask = np.zeros(side.height, np.bool_)
    mask[rows] = True
    return mask


def _sorted(side: Facts, free: Mask, driver: str | None) -> Sorted:
    rows = np.flatnonzero(free & (side.evse != 0) & _is_known(side, driver)).astype(np.int32)
    keys = side.evse[rows]
    if driver is not None:
        keys = keys * _ODD ^ _driver(side, driver)[rows]
    order = in_order(keys, side.start[rows])
    rows = rows[order]
    return keys[order], side.start[rows], side.end[rows], side.energy[rows], rows


def _driver(side: Facts, driver: str) -> Keys:
    return side.token if driver == "token_uid" else side.contract


def _is_known(side: Facts, driver: str | None) -> Mask | np.bool_:
    return np.True_ if driver is None else _driver(side, driver) != 0


def _agree(ours: Facts, theirs: Facts, left: Rows, right: Rows, driver: str | None) -> Mask:
    """Whether the texts behind the hashes are equal."""
    if left.size == 0:
        return np.empty(0, np.bool_)
    columns = ["evse_compact"] if driver is None else ["evse_compact", driver]
    one, other = both(lambda end: end[0].rows(end[1], *columns), (ours, left), (theirs, right))
    is_same = ours.current(left, one["evse_compact"]) == theirs.current(right, other["evse_compact"])
    if driver is not None:
        is_same &= one[driver] == other[driver]
    found: Mask = is_same.to_numpy()
    return found
