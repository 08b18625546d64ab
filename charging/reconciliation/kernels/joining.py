"""Candidates by equal id: a hash join that tests the evidence as it goes, and gives up on ids that everybody bears."""

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Evidence, Keys, Mask, Rows

CROWD = 64
"""An id that more CDRs of one side bear, or a place and time with more candidates, tells nobody apart."""
START_WINDOW = 120_000_000
_DAY = 86_400_000_000
_QUARTER = 900_000_000
_MINUTE = 60_000_000
_WATT_HOURS = 10_000
_TELLING_ENERGY, _TELLING_TIME = 500_000, 5 * _MINUTE
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FULL = 255


@inner
def is_plausible(ours: Evidence, i: int, theirs: Evidence, j: int) -> bool:
    """Whether an equal id may be believed of rows `i` and `j`.

    An id alone proves nothing: two back-offices both count their transactions 1, 2, 3, and may come to the same number
    at the same place on one day. The start must be the same, or place and driver, or one of these and some of the
    time; or one of these, the energy and the duration, where the clocks are whole quarters of an hour apart.
    """
    apart = abs(ours[0][i] - theirs[0][j])
    if apart > _DAY:
        return False
    if apart <= START_WINDOW:
        return True
    has_evse = ours[3][i] != 0 and ours[3][i] == theirs[3][j]
    has_token = ours[4][i] != 0 and ours[4][i] == theirs[4][j]
    if has_evse and has_token:
        return True
    if not (has_evse or has_token or (ours[5][i] != 0 and ours[5][i] == theirs[5][j])):
        return False
    if min(ours[1][i], theirs[1][j]) > max(ours[0][i], theirs[0][j]):
        return True
    return _is_shifted(ours, i, theirs, j, apart)


@inner
def _is_shifted(ours: Evidence, i: int, theirs: Evidence, j: int, apart: int) -> bool:
    """Whether two rows tell of one session by clocks that are whole quarters of an hour apart.

    Failed starts of some seconds and watt-hours are all alike: only half a kWh or five minutes tell a session.
    """
    lasted, other = ours[1][i] - ours[0][i], theirs[1][j] - theirs[0][j]
    if min(ours[2][i], theirs[2][j]) < _TELLING_ENERGY and min(lasted, other) < _TELLING_TIME:
        return False
    off = apart % _QUARTER
    return (
        abs(ours[2][i] - theirs[2][j]) <= _WATT_HOURS
        and abs(lasted - other) <= _MINUTE
        and min(off, _QUARTER - off) <= START_WINDOW
    )


@inner
def _table(keys: Keys) -> tuple[Rows, Rows, int, int]:
    bits = 4
    while (1 << bits) * 2 < keys.size * 3:
        bits += 1
    head = np.full(1 << bits, -1, np.int32)
    following = np.full(keys.size, -1, np.int32)
    for place in range(keys.size):
        slot = _slot(keys[place], head, keys, 64 - bits)
        following[place] = head[slot]
        head[slot] = place
    return head, following, bits, 1 << bits


@inner
def _slot(key: np.uint64, head: Rows, keys: Keys, shift: int) -> np.int64:
    slot = np.int64((key * _MIX) >> np.uint64(shift))
    while head[slot] >= 0 and keys[head[slot]] != key:
        slot = (slot + 1) & (head.size - 1)
    return slot


@inner
def _grown(rows: Rows) -> Rows:
    wider = np.empty(rows.size * 2, np.int32)
    for at in range(rows.size):  # a slice would compile the sentence that says where sizes differ: seconds
        wider[at] = rows[at]
    return wider


@compiled
def id_edges(
    our_keys: Keys, our_rows: Rows, theirs_keys: Keys, their_rows: Rows, ours: Evidence, theirs: Evidence
) -> tuple[Rows, Rows]:
    """Return the pairs of rows (ours, theirs) that bear the same key and may be believed to be one session."""
    head, following, bits, size = _table(theirs_keys)
    slots = np.empty(our_keys.size, np.int32)
    bearers = np.zeros((2, size), np.uint8)
    for place in range(our_keys.size):
        slot = _slot(our_keys[place], head, theirs_keys, 64 - bits)
        slots[place] = slot if head[slot] >= 0 else -1
        if head[slot] >= 0 and bearers[0, slot] < _FULL:
            bearers[0, slot] += 1
    for taken in range(size):
        place = head[taken]
        while place >= 0 and bearers[1, taken] < _FULL:
            bearers[1, taken] += 1
            place = following[place]
    left, right, found = np.empty(our_keys.size + 16, np.int32), np.empty(our_keys.size + 16, np.int32), 0
    for at in range(our_keys.size):
        slot = slots[at]
        if slot < 0 or bearers[0, slot] > CROWD or bearers[1, slot] > CROWD:
            continue
        place = head[slot]
        while place >= 0:
            if is_plausible(ours, our_rows[at], theirs, their_rows[place]):
                if found == left.size:
                    left, right = _grown(left), _grown(right)
                left[found], right[found] = our_rows[at], their_rows[place]
                found += 1
            place = following[place]
    return left[:found], right[:found]


@compiled
def repeats(keys: Keys) -> Mask:
    """Return who may bear a key that another one bears: all that do, and one in sixteen that does not.

    A map of bits that fits into the processor's cache spares the others the hash table.
    """
    bits = 10
    while (1 << bits) < keys.size * 16:
        bits += 1
    seen, again = np.zeros(1 << (bits - 3), np.uint8), np.zeros(1 << (bits - 3), np.uint8)
    for key in keys:
        at = (key * _MIX) >> np.uint64(64 - bits)
        bit = np.uint8(1 << (at & np.uint64(7)))
        again[at >> np.uint64(3)] |= seen[at >> np.uint64(3)] & bit
        seen[at >> np.uint64(3)] |= bit
    found = np.empty(keys.size, np.bool_)
    for place in range(keys.size):
        at = (keys[place] * _MIX) >> np.uint64(64 - bits)
        found[place] = keys[place] != 0 and again[at >> np.uint64(3)] >> np.uint8(at & np.uint64(7)) & 1
    return found


@compiled
def repeated_keys(keys: Keys, rows: Rows, facts: Evidence, order: int) -> tuple[Rows, Rows]:
    """Return the pairs of rows of one side that bear the same key and may be believed to bill one session.

    `order` is a start's greatest distance in microseconds where the key says place, driver and time, or else 0: then
    the evidence is that of an id.
    """
    head, following, bits, _ = _table(keys)
    left, right, found = np.empty(keys.size // 8 + 16, np.int32), np.empty(keys.size // 8 + 16, np.int32), 0
    for at in range(keys.size):
        place, steps = following[at], 0
        if place < 0 or _is_crowded(following, head, keys, at, 64 - bits):
            continue
        while place >= 0 and steps <= CROWD:
            one, other = rows[at], rows[place]
            is_one = abs(facts[0][one] - facts[0][other]) <= order if order else is_plausible(facts, one, facts, other)
            if is_one:
                if found == left.size:
                    left, right = _grown(left), _grown(right)
                left[found], right[found] = one, other
                found += 1
            place = following[place]
            steps += 1
    return left[:found], right[:found]


@inner
def _is_crowded(following: Rows, head: Rows, keys: Keys, at: int, shift: int) -> bool:
    place, bearers = head[_slot(keys[at], head, keys, shift)], 0
    while place >= 0 and bearers <= CROWD:
        bearers += 1
        place = following[place]
    return bearers > CROWD


@compiled
def unique_edges(left: Rows, right: Rows, our_height: int, their_height: int) -> Mask:
    """Return which edges are the only one of both of their ends."""
    ours, theirs = np.zeros(our_height, np.uint8), np.zeros(their_height, np.uint8)
    for at in range(left.size):
        ours[left[at]] += ours[left[at]] < _FULL
        theirs[right[at]] += theirs[right[at]] < _FULL
    alone = np.empty(left.size, np.bool_)
    for at in range(left.size):
        alone[at] = ours[left[at]] == 1 and theirs[right[at]] == 1
    return alone
