"""Which of a partner's published tariffs was in force when: each version counts until the next one. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import attrgetter

from charging.tariffs.tariff import Tariff

LATEST = timedelta(days=2)
"""What comes longer after the day that it bears has been dated back, and counts from when it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A tariff as a partner had it for some time."""

    tariff: Tariff
    last_updated: datetime
    received_at: datetime


def in_force(versions: Iterable[Version]) -> tuple[Tariff, ...]:
    """Return tariffs of which, at each instant, at most one of an id is valid.

    The first version that we know counts from the day that it bears, as nobody knows better. A later one does so, too,
    unless it came long after: a price that was raised for sessions that are over is not the price that drivers saw.
    """
    ordered = sorted(versions, key=lambda one: (one.tariff.tariff_id, one.received_at, one.last_updated))
    return tuple(
        tariff
        for _, each in groupby(ordered, key=lambda one: one.tariff.tariff_id)
        for tariff in _one_after_another(tuple(each))
    )


def _one_after_another(versions: tuple[Version, ...]) -> list[Tariff]:
    first, *later = versions
    dated = [(first.last_updated, first), *((_counts_from(one), one) for one in later)]
    dated.sort(key=lambda one: (one[0], one[1].received_at))
    ends = [*(following for _, (following, _) in pairwise(dated)), None]
    found = []
    for (begins, one), end in zip(dated, ends, strict=True):
        start = max(filter(None, [begins, one.tariff.valid_from]))
        stop = min(filter(None, [end, one.tariff.valid_to]), default=None)
        if stop is None or start < stop:
            found.append(replace(one.tariff, valid_from=start, valid_to=stop))
    return sorted(found, key=attrgetter("valid_from"))


def _counts_from(one: Version) -> datetime:
    return one.last_updated if one.received_at - one.last_updated <= LATEST else one.received_at
