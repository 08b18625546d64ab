"""How well two rows agree on being of one session, whatever their ids say."""

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Evidence = tuple[Ints, Ints, Ints, Keys, Keys, Keys]
"""Start, end (microseconds), energy (millionths of a kWh), current EVSE, token, contract (hashes; 0: not stated)."""

START_WINDOW = 120_000_000
_DAY = 86_400_000_000
_LEAST_ENERGY = 10_000_000
"""A hundred times 0.1 kWh: energies are compared in hundredths, so that one per cent stays whole."""


@njit(cache=True, nogil=True)
def has_same_energy(one: int, other: int) -> bool:
    """Whether two energies differ by no more than 0.1 kWh or one per cent of the greater."""
    return abs(one - other) * 100 <= max(_LEAST_ENERGY, one, other)


@njit(cache=True, nogil=True)
def overlaps(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two sessions share at least four fifths of the longer one."""
    shared = min(end, other_end) - max(start, other_start)
    longer = max(end - start, other_end - other_start)
    return longer > 0 and shared * 5 >= longer * 4


@njit(cache=True, nogil=True)
def is_plausible(ours: Evidence, i: int, theirs: Evidence, j: int) -> bool:
    """Whether an equal id may be believed of rows `i` and `j`.

    An id alone proves nothing: two back-offices both count their transactions 1, 2, 3. The start must be the same, or
    place and driver, or one of these and the energy or some of the time; within a day, so that a clock set to local
    time still passes.
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
    return has_same_energy(ours[2][i], theirs[2][j]) or (min(ours[1][i], theirs[1][j]) > max(ours[0][i], theirs[0][j]))
