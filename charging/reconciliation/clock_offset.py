"""How far two feeds' clocks are apart, by the vote of what is surely one session; only ever shown and allowed for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np
import polars as pl

from charging.loops.together import both
from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.evidence import Ints, Mask, Rows
from charging.reconciliation.kernels.joining import unique_edges

LEAST_VOTES = 20
_SHARE = 0.8
_NEAR = 60_000_000
_MINUTE = 60_000_000
_LEAST = 10_000_000
"""Ten seconds: less is no offset, but stations' and networks' usual delay."""
_REACH = 15 * 3_600_000_000
"""No zone is further from UTC."""
_SINCE = 2 * 366 * 24 * 60
"""1972, in minutes: before it, zones changed at odd seconds, too."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


class OffsetKind(StrEnum):
    """What explains the difference."""

    CONSTANT = "constant"
    THEIRS_LOCAL = "theirs_local"
    """They wrote local time as UTC (`tz.offset`)."""
    OURS_LOCAL = "ours_local"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """Theirs minus ours, as most pairs have it."""

    kind: OffsetKind
    offset: timedelta
    """The median: local time's own offset changes with the season."""
    votes: int
    pairs: int
    """Of how many that could vote."""
    time_zone: str

    def of(self, their_starts: Ints) -> Ints:
        """Return by how much each instant of theirs is ahead of ours, in microseconds."""
        if self.kind is OffsetKind.CONSTANT:
            return np.full(their_starts.size, self.offset // timedelta(microseconds=1), np.int64)
        if self.kind is OffsetKind.THEIRS_LOCAL:
            return _as_local(their_starts, self.time_zone)
        return -_of_utc(their_starts, self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballots:
    """The starts of pairs by id, ours and theirs; and, where those are few, of CDRs that look alike in all else."""

    by_id: tuple[Ints, Ints]
    alike: tuple[Ints, Ints]


def ballots(ours: Facts, theirs: Facts, left: Rows, right: Rows, *, free: tuple[Mask, Mask]) -> Ballots:
    """Return who votes. `left` and `right` are pairs by id.

    Where there are too few of them, CDRs vote that have place, driver and energy in common with one of the other side
    only: also where this is but a part of a night, as then the whole may have too few.
    """
    more = _lookalikes(ours, theirs, free) if left.size < LEAST_VOTES else (left[:0], right[:0])
    return Ballots(by_id=(ours.start[left], theirs.start[right]), alike=(ours.start[more[0]], theirs.start[more[1]]))


def count(cast: Sequence[Ballots], *, time_zone: str) -> ClockOffset | None:
    """Return what most pairs agree on, or None where they are too few, disagree, or show no offset."""
    ours, theirs = (np.concatenate([each.by_id[side] for each in cast]) for side in (0, 1))
    if ours.size < LEAST_VOTES:
        ours, theirs = (
            np.concatenate([known, *(each.alike[side] for each in cast)]) for side, known in enumerate((ours, theirs))
        )
    if ours.size < LEAST_VOTES:
        return None
    apart = theirs - ours
    theirs_local, ours_local = both(lambda instants: _as_local(instants, time_zone), theirs, ours)
    candidates = [
        (OffsetKind.THEIRS_LOCAL, theirs_local),
        (OffsetKind.OURS_LOCAL, -ours_local),
        (OffsetKind.CONSTANT, np.full(apart.size, _median(apart), np.int64)),
    ]
    votes = [
        int((np.abs(apart - offset) <= _NEAR).sum()) if abs(_median(offset)) >= _LEAST else 0
        for _, offset in candidates
    ]
    most = max(votes)
    still = int((np.abs(apart) <= _NEAR).sum()) if abs(_median(apart)) < _LEAST else 0
    if most < LEAST_VOTES or most < _SHARE * apart.size or most <= still:
        return None
    kind, offset = candidates[votes.index(most)]
    return ClockOffset(
        kind=kind,
        offset=timedelta(microseconds=_median(offset)),
        votes=most,
        pairs=apart.size,
        time_zone=time_zone,
    )


def _lookalikes(ours: Facts, theirs: Facts, free: tuple[Mask, Mask]) -> tuple[Rows, Rows]:
    sides = []
    for side, is_free in ((ours, free[0]), (theirs, free[1])):
        rows = np.flatnonzero(is_free & (side.evse != 0) & (side.token != 0) & (side.energy > 0)).astype(np.int32)
        keys = (side.evse[rows] * _ODD ^ side.token[rows]) * _ODD ^ side.energy[rows].astype(np.uint64)
        frame = pl.DataFrame({"key": keys, "row": rows})
        sides.append(frame.filter(~pl.col("key").is_duplicated()))
    both = sides[0].join(sides[1], on="key", suffix="_theirs")
    left, right = both["row"].to_numpy(), both["row_theirs"].to_numpy()
    is_near = np.abs(theirs.start[right] - ours.start[left]) <= _REACH
    left, right = left[is_near], right[is_near]
    is_alone = unique_edges(left, right, ours.height, theirs.height)
    return left[is_alone], right[is_alone]


def _median(values: Ints) -> int:
    """Return the median, towards zero: swapping the sides turns its sign and nothing else."""
    middle = (values.size - 1) // 2, values.size // 2
    ordered = np.partition(values, middle)
    double = int(ordered[middle[0]]) + int(ordered[middle[1]])
    return abs(double) // 2 * (1 if double >= 0 else -1)


def _as_local(instants: Ints, time_zone: str) -> Ints:
    """Return the zone's offset where the instants are local times in truth; of an hour that is twice, the first."""

    def offsets(local: pl.Series) -> pl.Series:
        zoned = local.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        return local.to_physical() - zoned.dt.convert_time_zone("UTC").to_physical()

    return _by_minute(instants, offsets)


def _of_utc(instants: Ints, time_zone: str) -> Ints:
    """Return the zone's offset at instants that are UTC in truth."""

    def offsets(utc: pl.Series) -> pl.Series:
        zoned = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
        return zoned.dt.replace_time_zone(None).to_physical() - utc.to_physical()

    return _by_minute(instants, offsets)


def _by_minute(instants: Ints, offsets: Callable[[pl.Series], pl.Series]) -> Ints:
    """Return a zone's offsets, each minute looked up once where that is less."""
    if instants.size == 0:
        return instants
    minutes = instants // _MINUTE
    first, last = int(minutes.min()), int(minutes.max())
    is_dense = first >= _SINCE and last - first < instants.size
    asked = np.arange(first, last + 1) * _MINUTE if is_dense else instants
    found = offsets(pl.Series(asked, dtype=pl.Int64).cast(pl.Datetime("us"))).fill_null(0).to_numpy()
    return found[minutes - first] if is_dense else found
