"""Every difference between the two rows of each pair: `charging.reconciliation.compare`, on columns."""

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled, inner
from charging.reconciliation.kernels.evidence import Ints, Keys, Rows

Bytes = npt.NDArray[np.uint8]
Measured = tuple[Ints, Ints, Ints, Keys]
"""Start, end, energy and current EVSE, as in `Evidence`."""
Stated = tuple[Ints, Ints, Keys, Rows, Bytes]
"""Net, gross (millionths; NONE: not stated), tariff (hash; 0: not stated), currency (code), flags."""

_Measures = tuple[int, int, int, int]
_Amounts = tuple[int, int, int, int, int]
"""The same of one row; hashes as the signed numbers of the same bits."""

Compared = tuple[Bytes, npt.NDArray[np.uint16], Ints, Ints]
"""For each pair: what is found, its kinds, theirs minus ours without VAT, and the money at stake."""

NONE = -(2**63)
_COLUMNS = 9
_AT_ONCE = 1 << 10
"""Pairs whose columns fit into the processor's nearest cache."""


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
    left: Rows,
    right: Rows,
    tolerances: tuple[int, int, int],
) -> Compared:
    """Return, for each pair of rows, what is found, its kinds, theirs minus ours without VAT, and the money at stake.

    What some pairs state is brought together first, column by column: one memory access then waits for no other.
    """
    findings, kinds = np.empty(left.size, np.uint8), np.empty(left.size, np.uint16)
    differences, stakes = np.empty(left.size, np.int64), np.empty(left.size, np.int64)
    one, other = np.empty((_COLUMNS, _AT_ONCE), np.int64), np.empty((_COLUMNS, _AT_ONCE), np.int64)
    for begin in range(0, left.size, _AT_ONCE):
        _bring(ours, our_amounts, left, begin, one)
        _bring(theirs, their_amounts, right, begin, other)
        for at in range(min(_AT_ONCE, left.size - begin)):
            # Numbers, not the columns: whatever is handed an array counts who holds it, and that takes longer.
            found = _compare(
                (one[0, at], one[1, at], one[2, at], one[3, at]),
                (other[0, at], other[1, at], other[2, at], other[3, at]),
                (one[4, at], one[5, at], one[6, at], one[7, at], one[8, at]),
                (other[4, at], other[5, at], other[6, at], other[7, at], other[8, at]),
                tolerances,
            )
            findings[begin + at], kinds[begin + at], differences[begin + at], stakes[begin + at] = found
    return findings, kinds, differences, stakes


@inner
def _bring(measured: Measured, stated: Stated, rows: Rows, begin: int, here: npt.NDArray[np.int64]) -> None:
    _gather(measured[0], rows, begin, here[0])
    _gather(measured[1], rows, begin, here[1])
    _gather(measured[2], rows, begin, here[2])
    _gather(measured[3], rows, begin, here[3])
    _gather(stated[0], rows, begin, here[4])
    _gather(stated[1], rows, begin, here[5])
    _gather(stated[2], rows, begin, here[6])
    _gather(stated[3], rows, begin, here[7])
    _gather(stated[4], rows, begin, here[8])


@inner
def _gather(column: npt.NDArray[Any], rows: Rows, begin: int, here: Ints) -> None:
    for at in range(min(here.size, rows.size - begin)):
        here[at] = column[rows[begin + at]]


@inner
def _compare(
    ours: _Measures, theirs: _Measures, our_amounts: _Amounts, their_amounts: _Amounts, tolerances: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    energy = theirs[2] - ours[2]
    duration = (theirs[1] - theirs[0]) - (ours[1] - ours[0])
    clock = theirs[0] - ours[0]
    is_comparable = our_amounts[3] == their_amounts[3]
    net = _minus(their_amounts[0], our_amounts[0], is_comparable)
    gross = _minus(their_amounts[1], our_amounts[1], is_comparable)
    found = _quantities(energy, duration, clock, tolerances)
    found |= _amounts(our_amounts, their_amounts, net, gross, is_comparable)
    flags = our_amounts[4] | their_amounts[4]
    if flags & Flag.ALIASED and ours[3] == theirs[3]:
        found |= Bit.EVSE_ALIAS
    if flags & Flag.EXPIRED:
        found |= Bit.EVSE_ALIAS_EXPIRED
    money = gross if net == 0 and gross not in (0, NONE) else net
    is_same = energy == 0 and duration == 0 and clock == 0 and net in (0, NONE) and gross in (0, NONE)
    if flags & Flag.INSIGNIFICANT:
        found = (found | Bit.INSIGNIFICANT) & ~(Bit.NET | Bit.GROSS)
    if flags & Flag.UNUSUAL:
        finding = Finding.UNUSUAL
    elif found & (Bit.ENERGY | Bit.DURATION):
        finding = Finding.QUANTITY_DIFFERS
    elif money == 0 or flags & Flag.INSIGNIFICANT:
        finding = Finding.EQUAL if is_same else Finding.WITHIN_TOLERANCE
    else:
        finding = Finding.MONEY
    return finding, found, net, money


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
def _amounts(ours: _Amounts, theirs: _Amounts, net: int, gross: int, is_comparable: bool) -> int:
    found = 0
    if net not in (0, NONE):
        found |= Bit.NET
    if gross not in (0, NONE):
        found |= Bit.GROSS
    if not is_comparable:
        found |= Bit.CURRENCY
    elif ours[0] != theirs[0] and (
        (ours[1] != NONE and ours[1] == theirs[0]) or (ours[0] != NONE and ours[0] == theirs[1])
    ):
        found |= Bit.VAT_CONFUSION
    if ours[2] != 0 and theirs[2] != 0 and ours[2] != theirs[2]:
        found |= Bit.TARIFF
    return found
