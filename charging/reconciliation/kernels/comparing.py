"""Every difference between the two rows of each pair: `charging.reconciliation.compare`, on columns."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Ints, Keys, Rows

Bytes = npt.NDArray[np.uint8]
Measured = tuple[Ints, Ints, Ints, Keys]
"""Start, end, energy and current EVSE, as in `Evidence`."""
Stated = tuple[Ints, Ints, Keys, Rows, Bytes]
"""Net, gross (millionths; NONE: not stated), tariff (hash; 0: not stated), currency (code), flags."""

Compared = tuple[Bytes, npt.NDArray[np.uint16], Ints, Ints]
"""For each pair: what is found, its kinds, theirs minus ours without VAT, and the money at stake."""

NONE = -(2**63)


class Flag(IntEnum):
    """Bits of a row."""

    INSIGNIFICANT = 1
    UNUSUAL = 2
    """Its numbers do not fit: the object rules judge it."""
    ALIASED = 4
    EXPIRED = 8
    SPECIAL = 16
    """It may be more than a final CDR of the usual kind: its own side is corrected first."""


class Bit(IntEnum):
    """Bits of a pair: in the order of `Kind`, as far as it goes."""

    ENERGY = 1
    DURATION = 2
    CLOCK = 4
    NET = 8
    GROSS = 16
    CURRENCY = 32
    VAT_CONFUSION = 64
    TARIFF = 256
    EVSE_ALIAS = 512
    EVSE_ALIAS_EXPIRED = 1024
    INSIGNIFICANT = 8192


class Finding(IntEnum):
    """What can be said of a pair before anything is priced."""

    EQUAL = 0
    WITHIN_TOLERANCE = 1
    QUANTITY_DIFFERS = 2
    MONEY = 3
    """Whose amount is right depends on the tariff."""
    UNUSUAL = 4


@compiled
def compared(
    ours: Measured,
    theirs: Measured,
    our_amounts: Stated,
    their_amounts: Stated,
    tolerances: tuple[int, int, int],
) -> Compared:
    """Return, for each pair, what is found, its kinds, theirs minus ours without VAT, and the money at stake.

    The two rows of a pair stand at the same place.
    """
    count = ours[0].size
    findings, kinds = np.zeros(count, np.uint8), np.zeros(count, np.uint16)
    differences, stakes = np.empty(count, np.int64), np.empty(count, np.int64)
    for at in range(count):
        energy = theirs[2][at] - ours[2][at]
        duration = (theirs[1][at] - theirs[0][at]) - (ours[1][at] - ours[0][at])
        clock = theirs[0][at] - ours[0][at]
        is_comparable = our_amounts[3][at] == their_amounts[3][at]
        net = _minus(their_amounts[0][at], our_amounts[0][at], is_comparable)
        gross = _minus(their_amounts[1][at], our_amounts[1][at], is_comparable)
        found = _quantities(energy, duration, clock, tolerances)
        found |= _amounts(our_amounts, their_amounts, at, net, gross, is_comparable)
        flags = our_amounts[4][at] | their_amounts[4][at]
        if flags & Flag.ALIASED and ours[3][at] == theirs[3][at]:
            found |= Bit.EVSE_ALIAS
        if flags & Flag.EXPIRED:
            found |= Bit.EVSE_ALIAS_EXPIRED
        money = gross if net == 0 and gross not in (0, NONE) else net
        is_same = energy == 0 and duration == 0 and clock == 0 and net in (0, NONE) and gross in (0, NONE)
        if flags & Flag.INSIGNIFICANT:
            found = (found | Bit.INSIGNIFICANT) & ~(Bit.NET | Bit.GROSS)
        if flags & Flag.UNUSUAL:
            findings[at] = Finding.UNUSUAL
        elif found & (Bit.ENERGY | Bit.DURATION):
            findings[at] = Finding.QUANTITY_DIFFERS
        elif money == 0 or flags & Flag.INSIGNIFICANT:
            findings[at] = Finding.EQUAL if is_same else Finding.WITHIN_TOLERANCE
        else:
            findings[at] = Finding.MONEY
        kinds[at], differences[at], stakes[at] = found, net, money
    return findings, kinds, differences, stakes


@inner
def _minus(one: int, other: int, is_comparable: bool) -> int:
    return NONE if not is_comparable or NONE in (one, other) else one - other


@inner
def _quantities(energy: int, duration: int, clock: int, tolerances: tuple[int, int, int]) -> int:
    found = 0
    if abs(energy) > tolerances[0]:
        found |= Bit.ENERGY
    if abs(duration) > tolerances[1]:
        found |= Bit.DURATION
    if abs(clock) > tolerances[2]:
        found |= Bit.CLOCK
    return found


@inner
def _amounts(ours: Stated, theirs: Stated, at: int, net: int, gross: int, is_comparable: bool) -> int:
    found = 0
    if net not in (0, NONE):
        found |= Bit.NET
    if gross not in (0, NONE):
        found |= Bit.GROSS
    if not is_comparable:
        found |= Bit.CURRENCY
    elif ours[0][at] != theirs[0][at] and (
        (ours[1][at] != NONE and ours[1][at] == theirs[0][at]) or (ours[0][at] != NONE and ours[0][at] == theirs[1][at])
    ):
        found |= Bit.VAT_CONFUSION
    if ours[2][at] != 0 and theirs[2][at] != 0 and ours[2][at] != theirs[2][at]:
        found |= Bit.TARIFF
    return found
