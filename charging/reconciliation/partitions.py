"""Cutting a night into parts that can be judged apart, anywhere, with the result of the whole.

Two CDRs may come together only if they share an id, an EVSE, or a credit's reference. So a part is a set of EVSEs, with
all their CDRs of all days, and whatever any id leads to from there: credits, repetitions, superseded states, ties and
crowds lie within one part by construction, and nothing is judged twice. (Cut by days, a credit that comes a week later
would miss what it takes back, and an overlap would have to be judged twice and reconciled.) Two things are of the
whole night: tokens behind hashes are looked up before it is cut, and the clocks' offset is voted on by all parts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heapify, heapreplace
from typing import TypeVar

import polars as pl

from charging.reconciliation.aliases import Aliases
from charging.reconciliation.night_frame import JUDGED, NightFrame
from charging.reconciliation.summary import Summary
from charging.reconciliation.token_hashes import resolved

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some CDRs of both sides, which no evidence connects with any others."""

    ours: pl.DataFrame
    theirs: pl.DataFrame


def partition(ours: pl.DataFrame, theirs: pl.DataFrame, *, parts: int, aliases: Aliases) -> list[Part]:
    """Return a night in at most so many parts of about the same size, in the columns of `frame.SCHEMA`.

    One part is larger than the others where ids connect many EVSEs; a night of one EVSE has one part.
    """
    one, other = resolved(ours.lazy(), theirs.lazy())
    part_of = assigned(one, other, parts=parts, aliases=aliases)
    wanted = range(max(part_of.values(), default=-1) + 1)
    return [
        Part(ours=in_part(one, part_of, part).collect(), theirs=in_part(other, part_of, part).collect())
        for part in wanted
    ]


def assigned(ours: pl.LazyFrame, theirs: pl.LazyFrame, *, parts: int, aliases: Aliases) -> dict[str, int]:
    """Return in which of at most so many parts each EVSE is with all of its CDRs, of the scans of a night.

    Tokens behind hashes have been looked up before (`token_hashes.resolved`): a part alone knows too few.
    """
    sides = (ours, theirs)
    sizes = Counter[str]()
    for side in sides:
        sizes.update(dict(side.group_by("evse_compact").len().collect().iter_rows()))
    return _packed(_components(sizes, _connections(sides, aliases)), sizes, parts)


def in_part(side: pl.LazyFrame, part_of: Mapping[str, int], part: int) -> pl.LazyFrame:
    """Return the CDRs of one part."""
    return side.filter(pl.col("evse_compact").is_in([evse for evse, number in part_of.items() if number == part]))


def join(nights: Sequence[NightFrame]) -> NightFrame:
    """Return the whole night that was judged in parts, all of them with the clock of the whole."""
    judged = pl.concat([pl.DataFrame(schema=JUDGED), *(night.judged for night in nights)])
    return NightFrame(
        judged=judged.sort("ours_key", "theirs_key", nulls_last=True),
        summary=_joined([night.summary for night in nights]),
        inexact=tuple(one for night in nights for one in night.inexact),
    )


def _joined(parts: Sequence[Summary]) -> Summary:
    cohorts = {cohort for part in parts for cohort in part.cohorts}
    return Summary(
        ours=sum(part.ours for part in parts),
        theirs=sum(part.theirs for part in parts),
        verdicts=_counted(part.verdicts for part in parts),
        tiers=_counted(part.tiers for part in parts),
        cohorts={cohort: _counted(part.cohorts.get(cohort, {}) for part in parts) for cohort in cohorts},
        ours_total=_summed(part.ours_total for part in parts),
        theirs_total=_summed(part.theirs_total for part in parts),
        money_at_risk=_summed(part.money_at_risk for part in parts),
        clock=parts[0].clock if parts else None,
    )


def _counted(counts: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    found: Counter[_Key] = Counter()
    for each in counts:
        found.update(each)
    return dict(found)


def _summed(totals: Iterable[Mapping[_Key, Decimal]]) -> dict[_Key, Decimal]:
    found: defaultdict[_Key, Decimal] = defaultdict(Decimal)
    for each in totals:
        for key, amount in each.items():
            found[key] += amount
    return dict(found)


def _connections(sides: Sequence[pl.LazyFrame], aliases: Aliases) -> Iterator[tuple[str, str]]:
    """Yield EVSEs that belong together: by an id that both bear, or as one is the other's former id."""
    bearing = pl.concat([ids for side in sides for ids in _bearing(side)]).unique()
    shared = bearing.filter(pl.col("evse_compact").len().over("id") > 1)
    pairs = shared.select(pl.col("evse_compact").min().over("id").alias("first"), "evse_compact").unique()
    yield from pairs.collect().iter_rows()
    for former, known in aliases.items():
        yield from ((former, alias.evse_compact) for alias in known)


def _bearing(side: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """Yield ids, hashed, with the EVSEs of their CDRs: compared without regard to case, whoever owns them.

    Two ids of one hash bring EVSEs together that nothing connects, and do no harm.
    """
    meant = pl.coalesce("credits_cdr_id", pl.col("cdr_id").str.strip_suffix("-C"))
    ids = {
        "cdr": side.select("evse_compact", id="cdr_id"),
        "credit": side.filter("is_credit").select("evse_compact", id=meant),
        "session": side.select("evse_compact", id="session_id"),
        "alias": side.select("evse_compact", id="session_aliases").explode("id"),
        "authorization": side.select("evse_compact", id="authorization_reference"),
    }
    seeds = {"cdr": 1, "credit": 1, "session": 2, "alias": 2, "authorization": 3}
    for kind, named in ids.items():
        yield named.drop_nulls().with_columns(id=pl.col("id").str.to_uppercase().hash(seeds[kind])).unique()


def _components(evses: Iterable[str], connections: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return, for each EVSE, the one by which its component is called."""
    above: dict[str, str] = {}

    def top(evse: str) -> str:
        while (parent := above.get(evse, evse)) != evse:
            above[evse] = above.get(parent, parent)
            evse = parent
        return evse

    for one, other in connections:
        first, last = sorted((top(one), top(other)))
        above[last] = first
    return {evse: top(evse) for evse in evses}


def _packed(components: Mapping[str, str], sizes: Mapping[str, int], parts: int) -> dict[str, int]:
    """Return the part of each EVSE: the largest component first, each to the part that has least."""
    weights = _counted({components[evse]: number} for evse, number in sizes.items())
    loads = [(0, part) for part in range(max(1, min(parts, len(weights))))]
    heapify(loads)
    part_of: dict[str, int] = {}
    for name in sorted(weights, key=lambda each: (-weights[each], each)):
        load, part = loads[0]
        part_of[name] = part
        heapreplace(loads, (load + weights[name], part))
    return {evse: part_of[name] for evse, name in components.items()}
