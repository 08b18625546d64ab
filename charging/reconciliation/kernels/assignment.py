"""The best one-to-one assignment of sessions by their starts: as many pairs as possible, and these the nearest."""

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Ints, Keys, Rows


@compiled
def reaches(our_keys: Keys, our_starts: Ints, their_keys: Keys, their_starts: Ints, window: int) -> tuple[Rows, Rows]:
    """Return, for each of ours, where theirs of its key within the window begin and end; both are sorted."""
    firsts, lasts = np.zeros(our_keys.size, np.int32), np.zeros(our_keys.size, np.int32)
    begin = end = group = stop = 0
    for at in range(our_keys.size):
        if at == 0 or our_keys[at - 1] != our_keys[at]:
            group = stop
            while group < their_keys.size and their_keys[group] < our_keys[at]:
                group += 1
            stop = group
            while stop < their_keys.size and their_keys[stop] == our_keys[at]:
                stop += 1
            begin = end = group
        while begin < stop and their_starts[begin] < our_starts[at] - window:
            begin += 1
        end = max(end, begin)
        while end < stop and their_starts[end] <= our_starts[at] + window:
            end += 1
        firsts[at], lasts[at] = begin, end
    return firsts, lasts


@compiled
def assigned(our_starts: Ints, their_starts: Ints, firsts: Rows, lasts: Rows, window: int) -> Rows:
    """Return the place of theirs for each of ours, or -1.

    On a line the cheapest assignment never crosses, so that a run of sessions that reach into each other is solved by
    dynamic programming along both, within the band of what is near enough; runs are independent.
    """
    chosen = np.full(our_starts.size, -1, np.int32)
    start = 0
    while start < our_starts.size:
        stop, width = start + 1, lasts[start] - firsts[start] + 1
        while stop < our_starts.size and firsts[stop] < lasts[stop - 1]:
            width += lasts[stop] - firsts[stop] + 1
            stop += 1
        if stop - start == 1:
            _nearest(our_starts, their_starts, firsts, lasts, start, chosen)
        else:
            _solve(our_starts, their_starts, firsts, lasts, start, stop, width, window, chosen)
        start = stop
    return chosen


@inner
def _nearest(our_starts: Ints, their_starts: Ints, firsts: Rows, lasts: Rows, at: int, chosen: Rows) -> None:
    for place in range(firsts[at], lasts[at]):
        if chosen[at] < 0 or abs(their_starts[place] - our_starts[at]) < abs(their_starts[chosen[at]] - our_starts[at]):
            chosen[at] = place


@inner
def _solve(
    our_starts: Ints,
    their_starts: Ints,
    firsts: Rows,
    lasts: Rows,
    start: int,
    stop: int,
    width: int,
    window: int,
    chosen: Rows,
) -> None:
    """Fill the band row by row: column 0 of a row is before the first within reach, and stands for taking none."""
    pair = window * (stop - start + 1) + 1  # one pair more outweighs every distance together
    best, choice = np.zeros(width, np.int64), np.zeros(width, np.uint8)
    offsets = np.zeros(stop - start + 1, np.int64)
    for row in range(stop - start):
        at = start + row
        offset = offsets[row]
        columns = lasts[at] - firsts[at] + 1
        offsets[row + 1] = offset + columns
        for column in range(columns):
            place = firsts[at] + column - 1
            found = _above(best, offsets, firsts, lasts, row, at, place)
            taken = 0
            if column and best[offset + column - 1] > found:
                found, taken = best[offset + column - 1], 1
            if column:
                distance = abs(their_starts[place] - our_starts[at])
                together = _above(best, offsets, firsts, lasts, row, at, place - 1) + pair - distance
                if together > found:
                    found, taken = together, 2
            best[offset + column], choice[offset + column] = found, taken
    row, place = stop - start - 1, lasts[stop - 1] - 1
    while row >= 0:
        at = start + row
        place = min(place, lasts[at] - 1)
        taken = choice[offsets[row] + place - firsts[at] + 1]
        if taken == 2:
            chosen[at] = place
        row -= taken != 1
        place -= taken != 0


@inner
def _above(best: Ints, offsets: Ints, firsts: Rows, lasts: Rows, row: int, at: int, place: int) -> int:
    """Return the best of the rows before, with theirs up to `place`."""
    if row == 0:
        return 0
    column = min(place, lasts[at - 1] - 1) - firsts[at - 1] + 1
    return best[offsets[row - 1] + max(column, 0)]  # type: ignore[no-any-return] # an element is an int to numba
