"""Candidates by equal id: a hash join that tests the evidence as it goes, and gives up on ids that everybody bears."""

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Evidence, Ints, Keys, Mask, Rows

CROWD = 64
"""An id that more CDRs of one side bear, or a place and time with more candidates, tells nobody apart."""
START_WINDOW = 120_000_000
_DAY = 86_400_000_000
_QUARTER = 900_000_000
_MINUTE = 60_000_000
_WATT_HOURS = 10_000
_TELLING_ENERGY, _TELLING_TIME = 500_000, 5 * _MINUTE
_MIXES = tuple(np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_MIX = _MIXES[0]
_FULL = 255
_PART = 1 << 13
"""Keys of one half in a part: with its table, a quarter of a megabyte."""


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
def _table(keys: Keys, begin: int, end: int) -> tuple[Rows, Rows, int]:
    """Return a hash table of some keys: by slot the last place of a key, by place (from `begin`) the one before."""
    bits = 4
    while (1 << bits) * 2 < (end - begin) * 3:
        bits += 1
    head = np.full(1 << bits, -1, np.int32)
    following = np.full(end - begin, -1, np.int32)
    for place in range(begin, end):
        slot = _slot(keys[place], head, keys, 64 - bits)
        following[place - begin] = head[slot]
        head[slot] = place
    return head, following, 64 - bits


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


@inner
def _bounds(keys: Keys, half: int, bits: int) -> Rows:
    """Return where each of the parts begins into which one half of the keys falls by their mixed bits."""
    begins = np.zeros((1 << bits) + 1, np.int32)
    for key in keys:
        part = _part(key, half, bits)
        if part >= 0:
            begins[part + 1] += 1
    for before in range(1 << bits):
        begins[before + 1] += begins[before]
    return begins


@inner
def _part(key: np.uint64, half: int, bits: int) -> np.int64:
    # Other bits than those that choose a slot: within a part these must still differ.
    mixed = np.int64((key * _MIX) >> np.uint64(1)) & ((2 << bits) - 1)
    return mixed >> 1 if mixed & 1 == half else np.int64(-1)


@inner
def _parted(keys: Keys, rows: Rows, begins: Rows, half: int, bits: int) -> tuple[Keys, Rows]:
    at = begins.copy()
    keys_of, rows_of = np.empty(begins[-1], np.uint64), np.empty(begins[-1], np.int32)
    for place in range(keys.size):
        part = _part(keys[place], half, bits)
        if part >= 0:
            keys_of[at[part]], rows_of[at[part]] = keys[place], rows[place]
            at[part] += 1
    return keys_of, rows_of


@compiled
def id_edges(
    our_keys: Keys, our_rows: Rows, their_keys: Keys, their_rows: Rows, ours: Evidence, theirs: Evidence, half: int
) -> tuple[Rows, Rows]:
    """Return the pairs of rows (ours, theirs) that bear the same key and may be believed to be one session.

    Of the two halves of all keys (0, 1) one is looked at, in parts that fit into the processor's cache.
    """
    bits = 0
    while (_PART << bits) < their_keys.size:
        bits += 1
    our_begins, their_begins = _bounds(our_keys, half, bits), _bounds(their_keys, half, bits)
    keys, rows = _parted(our_keys, our_rows, our_begins, half, bits)
    others, other_rows = _parted(their_keys, their_rows, their_begins, half, bits)
    left, right, found = np.empty(keys.size + 16, np.int32), np.empty(keys.size + 16, np.int32), 0
    for part in range(1 << bits):
        our_begin, our_end = our_begins[part], our_begins[part + 1]
        begin, end = their_begins[part], their_begins[part + 1]
        head, following, shift = _table(others, begin, end)
        bearers = np.zeros((2, head.size), np.uint8)
        for at in range(our_begin, our_end):
            slot = _slot(keys[at], head, others, shift)
            bearers[0, slot] += bearers[0, slot] < _FULL
        for place in range(begin, end):
            slot = _slot(others[place], head, others, shift)
            bearers[1, slot] += bearers[1, slot] < _FULL
        for at in range(our_begin, our_end):
            slot = _slot(keys[at], head, others, shift)
            if bearers[0, slot] > CROWD or bearers[1, slot] > CROWD:
                continue
            place = head[slot]
            while place >= 0:
                if is_plausible(ours, rows[at], theirs, other_rows[place]):
                    if found == left.size:
                        left, right = _grown(left), _grown(right)
                    left[found], right[found] = rows[at], other_rows[place]
                    found += 1
                place = following[place - begin]
    return left[:found], right[:found]


@compiled
def by_left(left: Rows, right: Rows, height: int) -> tuple[Rows, Rows]:
    """Return edges by their left end; those of one end stay in their order."""
    begins = np.zeros(height + 1, np.int32)
    for row in left:
        begins[row + 1] += 1
    for row in range(height):
        begins[row + 1] += begins[row]
    lefts, rights = np.empty_like(left), np.empty_like(right)
    for at in range(left.size):
        place = begins[left[at]]
        lefts[place], rights[place] = left[at], right[at]
        begins[left[at]] += 1
    return lefts, rights


@compiled
def place_keys(evses: Keys, tokens: Keys, contracts: Keys, starts: Ints, begin: int, step: int) -> Keys:
    """Return place, driver and time as one key, 0 where one of them is not stated; `begin` moves the grid of time."""
    keys = np.zeros(evses.size, np.uint64)
    for row in range(evses.size):
        driver = tokens[row] if tokens[row] != 0 else contracts[row]
        if evses[row] != 0 and driver != 0:
            time = np.uint64((starts[row] + begin) // step)
            keys[row] = evses[row] * _MIXES[0] ^ driver * _MIXES[1] ^ time * _MIXES[2]
    return keys


@compiled
def repeats(keys: Keys, live: Mask) -> Rows:
    """Return who of the live may bear a key that another one bears: all that do, and one in sixteen that does not.

    A map of bits that fits into the processor's cache spares the others the hash table.
    """
    bits = 10
    while (1 << bits) < keys.size * 16:
        bits += 1
    seen, again = np.zeros(1 << (bits - 3), np.uint8), np.zeros(1 << (bits - 3), np.uint8)
    for row in range(keys.size):
        if live[row] and keys[row] != 0:
            at = (keys[row] * _MIX) >> np.uint64(64 - bits)
            bit = np.uint8(1 << (at & np.uint64(7)))
            again[at >> np.uint64(3)] |= seen[at >> np.uint64(3)] & bit
            seen[at >> np.uint64(3)] |= bit
    rows, found = np.empty(keys.size // 8 + 16, np.int32), 0
    for row in range(keys.size):
        if live[row] and keys[row] != 0:
            at = (keys[row] * _MIX) >> np.uint64(64 - bits)
            if again[at >> np.uint64(3)] >> np.uint8(at & np.uint64(7)) & 1:
                if found == rows.size:
                    rows = _grown(rows)
                rows[found] = row
                found += 1
    return rows[:found]


@compiled
def repeated_keys(keys: Keys, rows: Rows, facts: Evidence, order: int) -> tuple[Rows, Rows]:
    """Return the pairs of rows of one side that bear the same key and may be believed to bill one session.

    `order` is a start's greatest distance in microseconds where the key says place, driver and time, or else 0: then
    the evidence is that of an id.
    """
    head, following, shift = _table(keys, 0, keys.size)
    left, right, found = np.empty(keys.size // 8 + 16, np.int32), np.empty(keys.size // 8 + 16, np.int32), 0
    for at in range(keys.size):
        place, steps = following[at], 0
        if place < 0 or _is_crowded(following, head, keys, at, shift):
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
