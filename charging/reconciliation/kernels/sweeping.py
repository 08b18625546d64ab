"""Candidates by place, driver and time: both sides sorted by key and start, then swept once."""

from enum import IntEnum

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Evidence, Ints, Keys, Mask, Rows

CROWD = 64
"""More candidates than these at one place and time tell nobody apart."""
START_WINDOW = 120_000_000
_LEAST_ENERGY = 10_000_000
"""A hundred times 0.1 kWh: energies are compared in hundredths, so that one per cent stays whole."""

Sorted = tuple[Keys, Ints, Ints, Ints, Rows]
"""Key, start, end, energy and row, sorted by key and start."""


class Test(IntEnum):
    """What two rows of one key must have in common."""

    START_AND_QUANTITY = 0
    """Start within two minutes, and the energy or the time: a retry begins near what it repeats."""
    START = 1
    OVERLAP_AND_ENERGY = 2
    OVERLAP = 3


@inner
def has_same_energy(one: int, other: int) -> bool:
    """Whether two energies differ by no more than 0.1 kWh or one per cent of the greater."""
    return abs(one - other) * 100 <= max(_LEAST_ENERGY, one, other)


@inner
def overlaps(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two sessions share at least four fifths of the longer one."""
    shared = min(end, other_end) - max(start, other_start)
    longer = max(end - start, other_end - other_start)
    return longer > 0 and shared * 5 >= longer * 4


@inner
def _reach(test: int, start: int, end: int) -> int:
    """How far the other's start may be: who shares four fifths of the longer starts within a quarter of either."""
    return START_WINDOW if test <= Test.START else (end - start) // 4


@inner
def _passes(test: int, one: Sorted, i: int, other: Sorted, j: int) -> bool:
    is_together = abs(one[1][i] - other[1][j]) <= START_WINDOW
    if test == Test.START:
        return is_together  # type: ignore[no-any-return] # a comparison of elements
    shares = overlaps(one[1][i], one[2][i], other[1][j], other[2][j])
    if test == Test.OVERLAP:
        return shares
    has_energy = has_same_energy(one[3][i], other[3][j])
    if test == Test.OVERLAP_AND_ENERGY:
        return shares and has_energy
    return is_together and (shares or has_energy)


@inner
def _bound(values: Ints, first: int, last: int, limit: int) -> int:
    """Return the first place whose value is not below the limit."""
    while first < last:
        middle = (first + last) // 2
        if values[middle] < limit:
            first = middle + 1
        else:
            last = middle
    return first


@inner
def _windows(test: int, one: Sorted, other: Sorted) -> tuple[Rows, Rows]:
    """Return, for each row of `one`, where the rows of `other` begin and end that lie within its reach."""
    firsts, lasts = np.zeros(one[0].size, np.int32), np.zeros(one[0].size, np.int32)
    begin = end = 0
    for at in range(one[0].size):
        key = one[0][at]
        if at == 0 or one[0][at - 1] != key:
            begin = end
            while begin < other[0].size and other[0][begin] < key:
                begin += 1
            end = begin
            while end < other[0].size and other[0][end] == key:
                end += 1
        reach = _reach(test, one[1][at], one[2][at])
        first = _bound(other[1], begin, end, one[1][at] - reach)
        firsts[at], lasts[at] = first, _bound(other[1], first, end, one[1][at] + reach + 1)
    return firsts, lasts


@inner
def _grown(rows: Rows) -> Rows:
    wider = np.empty(rows.size * 2, np.int32)
    for at in range(rows.size):  # a slice would compile the sentence that says where sizes differ: seconds
        wider[at] = rows[at]
    return wider


@compiled
def swept(test: int, ours: Sorted, theirs: Sorted) -> tuple[Rows, Rows, Mask, Mask]:
    """Return the edges that pass the test, and who of either side has too many near it to tell them apart."""
    firsts, lasts = _windows(test, ours, theirs)
    their_firsts, their_lasts = _windows(test, theirs, ours)
    our_crowd, their_crowd = (lasts - firsts) > CROWD, (their_lasts - their_firsts) > CROWD
    left, right, found = np.empty(ours[0].size + 16, np.int32), np.empty(ours[0].size + 16, np.int32), 0
    for at in range(ours[0].size):
        if our_crowd[at]:
            continue
        for place in range(firsts[at], lasts[at]):
            if not their_crowd[place] and _passes(test, ours, at, theirs, place):
                if found == left.size:
                    left, right = _grown(left), _grown(right)
                left[found], right[found] = at, place
                found += 1
    return left[:found], right[:found], our_crowd, their_crowd


@compiled
def close_edges(ours: Evidence, theirs: Evidence, left: Rows, right: Rows) -> Mask:
    """Return which edges agree in energy and share four fifths of their time."""
    are_close = np.empty(left.size, np.bool_)
    for at in range(left.size):
        i, j = left[at], right[at]
        are_close[at] = has_same_energy(ours[2][i], theirs[2][j]) and overlaps(
            ours[0][i], ours[1][i], theirs[0][j], theirs[1][j]
        )
    return are_close
