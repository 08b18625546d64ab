"""One night with one partner: everything between two lists of CDRs and a verdict on each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from charging.reconciliation.aliases import Aliases
from charging.reconciliation.corrections import Corrected, correct
from charging.reconciliation.judge import alone, judge_pair
from charging.reconciliation.match import Matched, match
from charging.reconciliation.night_frame import NightFrame, to_judged_frame
from charging.reconciliation.summary import Summary, summarise
from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import to_cdrs
from charging.roaming.terms import Terms
from charging.tariffs.tariff import Tariff

NO_ALIASES: Aliases = {}
NONE_UNREADABLE: Mapping[str, str] = {}
ALL_EXACT: Mapping[str, Cdr] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The verdicts, in an order that depends on the records alone, and their summary."""

    judged: tuple[Judged, ...]
    summary: Summary


def reconcile(
    ours: Sequence[Cdr],
    theirs: Sequence[Cdr],
    *,
    terms: Terms,
    tariffs: Sequence[Tariff],
    as_of: datetime,
    aliases: Aliases = NO_ALIASES,
    unreadable: Mapping[str, str] = NONE_UNREADABLE,
) -> Night:
    """Judge every CDR of both sides.

    `tariffs` are those agreed with the partner; `as_of` is the night's instant, by which a missing CDR is late or lost.
    `unreadable` gives the reason for every record of theirs that no parser could read, by its CDR id.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
    """
    our_side, their_side = (correct(side, aliases=aliases) for side in (ours, theirs))
    matched = match(our_side.live, their_side.live, aliases=aliases, tiers=terms.tiers)
    judged = [
        *(judge_pair(pair, terms=terms, tariffs=tariffs, aliases=aliases) for pair in matched.pairs),
        *_unmatched(matched, terms=terms, as_of=as_of, unreadable=unreadable),
        *_corrected(our_side),
        *_corrected(their_side),
    ]
    judged.sort(key=lambda one: (one.ours_key or "~", one.theirs_key or "~"))
    return Night(judged=tuple(judged), summary=summarise(judged, ours=ours, theirs=theirs))


def reconcile_frames(
    ours: pl.DataFrame,
    theirs: pl.DataFrame,
    *,
    terms: Terms,
    tariffs: Sequence[Tariff],
    as_of: datetime,
    aliases: Aliases = NO_ALIASES,
    unreadable: Mapping[str, str] = NONE_UNREADABLE,
    exact: Mapping[str, Cdr] = ALL_EXACT,
) -> NightFrame:
    """Judge every CDR of both sides, given in the columns of `charging.roaming.frame.SCHEMA`.

    As `reconcile`, for millions. `exact` has the CDRs of the rows that are not exact, by their key; a learnt lateness
    is handed in with `replace(terms, lateness=...)`.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
        KeyError: if a row is not exact and its CDR is not given.
    """
    sides = [
        [*to_cdrs(side.filter("is_exact")), *(exact[key] for key in side.filter(~pl.col("is_exact"))["cdr_key"])]
        for side in (ours, theirs)
    ]
    night = reconcile(*sides, terms=terms, tariffs=tariffs, as_of=as_of, aliases=aliases, unreadable=unreadable)
    frame = to_judged_frame(night.judged)
    inexact = tuple(one for one, fits in zip(night.judged, frame["is_exact"], strict=True) if not fits)
    return NightFrame(judged=frame, summary=night.summary, inexact=inexact)


def _unmatched(matched: Matched, *, terms: Terms, as_of: datetime, unreadable: Mapping[str, str]) -> Iterator[Judged]:
    for tie in matched.ties:
        said = f"by {tie.tier.name.lower()} it could belong to {', '.join(tie.candidates)}"
        yield alone(tie.cdr, Verdict.AMBIGUOUS, explanation=said, kinds=(Kind.TIE,))
    for cdrs, verdict in ((matched.ours, Verdict.MISSING_AT_PARTNER), (matched.theirs, Verdict.MISSING_AT_US)):
        for cdr in cdrs:
            age = as_of - cdr.ended_at
            if cdr.side is Side.OURS and cdr.cdr_id in unreadable:
                said = f"their record of it cannot be read: {unreadable[cdr.cdr_id]}"
                yield alone(cdr, verdict, explanation=said, kinds=(Kind.UNREADABLE,))
            elif age < terms.lateness:
                said = f"nothing matches it yet; it is due within {terms.lateness.days} days of {cdr.ended_at:%Y-%m-%d}"
                yield alone(cdr, Verdict.LATE, explanation=said)
            else:
                said = f"nothing matches it {age.days} days after it ended"
                yield alone(cdr, verdict, explanation=said)


def _corrected(side: Corrected) -> Iterator[Judged]:
    for found in side.credits:
        if found.original is None:
            kinds = (Kind.CREDIT_AMOUNT,) if found.is_amount_wrong else ()
            said = "its amount does not cancel the CDR it names" if kinds else "the CDR that it credits is not there"
            yield alone(found.credit, Verdict.CREDIT_UNPAIRED, explanation=said, kinds=kinds)
            continue
        for cdr, other in ((found.credit, found.original), (found.original, found.credit)):
            said = f"it and {other.cdr_id} cancel each other"
            yield alone(cdr, Verdict.CREDIT_PAIRED, explanation=said)
    for repeated in side.repeated:
        is_mutation = repeated.cdr.cdr_id == repeated.first.cdr_id
        said = f"it bills again what {repeated.first.cdr_id} bills"
        kinds = (Kind.MUTATED,) if is_mutation else ()
        yield alone(repeated.cdr, Verdict.DUPLICATE, explanation=said, kinds=kinds)
