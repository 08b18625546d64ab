"""One night with one partner: everything between two lists of CDRs and a verdict on each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from charging.loops.together import both
from charging.reconciliation.aliases import Aliases
from charging.reconciliation.clock_offset import Ballots
from charging.reconciliation.compact import Verdicts
from charging.reconciliation.corrections import correct
from charging.reconciliation.facts import Codes, Facts, Origin, codes_of, facts
from charging.reconciliation.kernels.comparing import Flag
from charging.reconciliation.match import KnownClock, ballots_of, match
from charging.reconciliation.money_verdicts import Agreement
from charging.reconciliation.night_frame import JUDGED, NightFrame, rendered, to_judged
from charging.reconciliation.pair_verdicts import judge_pairs
from charging.reconciliation.single_verdicts import corrected, unmatched
from charging.reconciliation.summary import Summary
from charging.reconciliation.summary_columns import summarise_columns
from charging.reconciliation.tie_verdicts import ties
from charging.reconciliation.token_hashes import resolved
from charging.reconciliation.verdict import Judged
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import SCHEMA, to_cdrs, to_frame
from charging.roaming.partner import CreditPolicy
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrendered:
    """A night before its rows are given their keys and texts."""

    ours: Origin
    theirs: Origin
    codes: Codes
    verdicts: Sequence[Verdicts]
    summary: Summary

    def rendered(self) -> Iterator[pl.DataFrame]:
        """Yield the verdicts in the schema `JUDGED`, some at a time, in the order of our rows."""
        return rendered(self.verdicts, self.ours, self.theirs, self.codes)


def reconcile(
    ours: Sequence[Cdr],
    theirs: Sequence[Cdr],
    *,
    terms: Terms,
    tariffs: Sequence[Tariff],
    as_of: datetime,
    aliases: Aliases = NO_ALIASES,
    unreadable: Mapping[str, str] = NONE_UNREADABLE,
    credit_policy: CreditPolicy = CreditPolicy.CREDIT_CDR,
) -> Night:
    """Judge every CDR of both sides.

    `tariffs` are those agreed with the partner; `as_of` is the night's instant, by which a missing CDR is late or lost.
    `unreadable` gives the reason for every record of theirs that no parser could read, by its CDR id.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
    """
    frames = [to_frame(side) for side in (ours, theirs)]
    wanted = {key for frame in frames for key in frame.filter(~pl.col("is_exact"))["cdr_key"]}
    night = reconcile_frames(
        *frames,
        terms=terms,
        tariffs=tariffs,
        as_of=as_of,
        aliases=aliases,
        unreadable=unreadable,
        exact={cdr.cdr_key: cdr for cdr in (*ours, *theirs) if cdr.cdr_key in wanted},
        credit_policy=credit_policy,
    )
    return Night(judged=tuple(to_judged(night)), summary=night.summary)


def reconcile_frames(
    ours: pl.DataFrame | pl.LazyFrame,
    theirs: pl.DataFrame | pl.LazyFrame,
    *,
    terms: Terms,
    tariffs: Sequence[Tariff],
    as_of: datetime,
    aliases: Aliases = NO_ALIASES,
    unreadable: Mapping[str, str] = NONE_UNREADABLE,
    exact: Mapping[str, Cdr] = ALL_EXACT,
    credit_policy: CreditPolicy = CreditPolicy.CREDIT_CDR,
    clock: KnownClock = "by vote",
) -> NightFrame:
    """Judge every CDR of both sides, given in the columns of `charging.roaming.frame.SCHEMA`, in memory or as scans.

    As `reconcile`, for millions. `exact` has the CDRs of the rows that are not exact, by their key; a learnt lateness
    is handed in with `replace(terms, lateness=...)`. `clock` is given where this is a part of a night that has voted.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
        KeyError: if a row is not exact and its CDR is not given.
    """
    night = judge_scans(
        ours.lazy(),
        theirs.lazy(),
        terms=terms,
        tariffs=tariffs,
        as_of=as_of,
        aliases=aliases,
        unreadable=unreadable,
        exact=exact,
        credit_policy=credit_policy,
        clock=clock,
    )
    judged = pl.concat([pl.DataFrame(schema=JUDGED), *night.rendered()])
    return NightFrame(
        judged=judged.sort("ours_key", "theirs_key", nulls_last=True),
        summary=night.summary,
        inexact=tuple(one for told in night.verdicts for one in told.inexact),
    )


def judge_scans(
    ours: pl.LazyFrame,
    theirs: pl.LazyFrame,
    *,
    terms: Terms,
    tariffs: Sequence[Tariff],
    as_of: datetime,
    aliases: Aliases = NO_ALIASES,
    unreadable: Mapping[str, str] = NONE_UNREADABLE,
    exact: Mapping[str, Cdr] = ALL_EXACT,
    credit_policy: CreditPolicy = CreditPolicy.CREDIT_CDR,
    clock: KnownClock = "by vote",
) -> Unrendered:
    """Judge every CDR of two scans, of which only the columns that are needed are read, and only while they are.

    Raises:
        CountsDisagree: if a record or a cent is unaccounted for.
        KeyError: if a row is not exact and its CDR is not given.
    """
    codes = codes_of(ours, theirs)
    our_facts, their_facts = _both_facts(ours, theirs, aliases=aliases, codes=codes, exact=exact)
    our_side, their_side = both(lambda side: correct(side, policy=credit_policy), our_facts, their_facts)
    matched = match(
        our_facts,
        their_facts,
        our_live=our_side.live,
        their_live=their_side.live,
        tiers=terms.tiers,
        time_zone=terms.time_zone,
        clock=clock,
    )
    our_facts, their_facts = our_facts.without_ids(), their_facts.without_ids()
    tied, tied_rows = ties(our_facts, their_facts, matched)
    told = [
        *judge_pairs(
            our_facts, their_facts, matched, agreement=Agreement(terms=terms, tariffs=tariffs, aliases=aliases)
        ),
        *tied,
    ]
    for at, (which, side, found) in enumerate(
        ((Side.OURS, our_facts, our_side), (Side.THEIRS, their_facts, their_side))
    ):
        is_alone = matched.free[at].copy()
        is_alone[tied_rows[at]] = False
        rows = np.flatnonzero(is_alone)
        if rows.size:
            told.append(unmatched(side, which, rows, terms=terms, as_of=as_of, unreadable=unreadable))
        told.extend(corrected(side, which, found))
    verdicts = [one for one in told if one.frame.height]
    summary = summarise_columns(verdicts, ours=our_facts, theirs=their_facts, codes=codes, clock=matched.clock)
    return Unrendered(ours=our_facts.origin, theirs=their_facts.origin, codes=codes, verdicts=verdicts, summary=summary)


def cast_ballots(
    ours: pl.DataFrame | pl.LazyFrame,
    theirs: pl.DataFrame | pl.LazyFrame,
    *,
    terms: Terms,
    aliases: Aliases = NO_ALIASES,
    exact: Mapping[str, Cdr] = ALL_EXACT,
    credit_policy: CreditPolicy = CreditPolicy.CREDIT_CDR,
) -> Ballots:
    """Return who of a part of a night votes on how far the two clocks are apart.

    Raises:
        KeyError: if a row is not exact and its CDR is not given.
    """
    codes = codes_of(ours.lazy(), theirs.lazy())
    our_facts, their_facts = _both_facts(ours.lazy(), theirs.lazy(), aliases=aliases, codes=codes, exact=exact)
    our_side, their_side = both(lambda side: correct(side, policy=credit_policy), our_facts, their_facts)
    return ballots_of(our_facts, their_facts, our_live=our_side.live, their_live=their_side.live, tiers=terms.tiers)


def _both_facts(
    ours: pl.LazyFrame, theirs: pl.LazyFrame, *, aliases: Aliases, codes: Codes, exact: Mapping[str, Cdr]
) -> tuple[Facts, Facts]:
    return both(lambda side: _with_exact(facts(side, aliases=aliases, codes=codes), exact), *resolved(ours, theirs))


def _with_exact(side: Facts, exact: Mapping[str, Cdr]) -> Facts:
    """Give a side the CDRs of its unusual rows: those whose numbers do not fit, and those too great to reckon with."""
    rows = np.flatnonzero(side.flags & Flag.UNUSUAL)
    if rows.size == 0:
        return side
    stated = side.rows(rows, *SCHEMA)
    fitting = iter(to_cdrs(stated.filter("is_exact")))
    cdrs = [next(fitting) if fits else exact[key] for key, fits in stated.select("cdr_key", "is_exact").iter_rows()]
    return replace(side, exact=dict(zip(rows.tolist(), cdrs, strict=True)))
