"""What only happens while two back-offices run beside each other, named on the verdicts that it explains."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Cdr, Side


def named(judged: Sequence[Judged], cdrs: Iterable[Cdr], *, moved_at: Mapping[str, datetime]) -> list[Judged]:
    """Return the verdicts, with the kinds that the move explains; `moved_at` is by station.

    A session straddles the cutover if its station was told to leave while it ran. It took two routes if a repetition of
    ours was recorded by the other back-office than what it repeats: the cohort of a CDR of ours says by which.
    """
    by_key = {cdr.cdr_key: cdr for cdr in cdrs}
    places = _places(by_key.values())
    return [_named(one, by_key, places, moved_at) for one in judged]


def _named(
    one: Judged,
    by_key: Mapping[str, Cdr],
    places: Mapping[tuple[str, str | None], Sequence[Cdr]],
    moved_at: Mapping[str, datetime],
) -> Judged:
    cdr = by_key.get(str(one.ours_key or one.theirs_key))
    if cdr is None:
        return one
    kinds: list[Kind] = []
    told = moved_at.get(cdr.station_id or "")
    if told is not None and cdr.started_at < told < cdr.ended_at:
        kinds.append(Kind.STRADDLES_CUTOVER)
    if one.verdict is Verdict.DUPLICATE and cdr.side is Side.OURS and Kind.TWO_ROUTES not in one.kinds:
        beside = places[cdr.evse_compact, cdr.token_uid]
        if any(other.cohort is not cdr.cohort and _overlap(cdr, other) for other in beside):
            kinds.append(Kind.TWO_ROUTES)
    return replace(one, kinds=(*one.kinds, *kinds)) if kinds else one


def _places(cdrs: Iterable[Cdr]) -> Mapping[tuple[str, str | None], Sequence[Cdr]]:
    found: defaultdict[tuple[str, str | None], list[Cdr]] = defaultdict(list)
    for cdr in cdrs:
        if cdr.side is Side.OURS:
            found[cdr.evse_compact, cdr.token_uid].append(cdr)
    return found


def _overlap(one: Cdr, other: Cdr) -> bool:
    return one.started_at < other.ended_at and other.started_at < one.ended_at
