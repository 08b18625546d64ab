"""A night of millions in numbers, and the proof that nothing was lost on the way: `summary`, on columns."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np
import polars as pl

from charging.errors import CountsDisagree
from charging.reconciliation.clock_offset import ClockOffset
from charging.reconciliation.compact import Verdicts
from charging.reconciliation.facts import COHORTS, Codes, Facts
from charging.reconciliation.kernels.comparing import NONE, Flag
from charging.reconciliation.kernels.summing import sums_by_code
from charging.reconciliation.summary import Summary
from charging.reconciliation.verdict import Verdict
from charging.roaming.cdr import Cohort
from charging.roaming.frame import from_micro
from charging.roaming.terms import Tier

_Key = TypeVar("_Key")
Totals = dict[str, Decimal]


def summarise_columns(
    verdicts: Sequence[Verdicts], *, ours: Facts, theirs: Facts, codes: Codes, clock: ClockOffset | None
) -> Summary:
    """Return the night in numbers.

    Raises:
        CountsDisagree: unless every CDR of either side is in exactly one verdict, and the differences of the verdicts
            add up to the difference of the sides.
    """
    totals = _totals(ours, codes), _totals(theirs, codes)
    _require_every_record(verdicts, ours, theirs)
    _require_every_cent(verdicts, ours, theirs, codes=codes, totals=totals)
    counts: Counter[tuple[Verdict, int | None, int]] = Counter()
    at_risk: defaultdict[tuple[Verdict, str], Decimal] = defaultdict(Decimal)
    for told in verdicts:
        grouped = told.frame.group_by("verdict", "tier", "cohort").len()
        for verdict, tier, cohort, number in grouped.iter_rows():
            counts[Verdict(verdict), tier, cohort] += number
        risky = told.frame.filter(pl.col("money") != 0).group_by("verdict", "currency")
        for verdict, currency, money in risky.agg(pl.col("money").cast(pl.Int128).sum()).iter_rows():
            at_risk[Verdict(verdict), codes.currencies[currency]] += from_micro(money)
        for one in told.inexact:
            if one.money_at_risk:
                at_risk[one.verdict, one.currency] += one.money_at_risk
    return Summary(
        ours=ours.height,
        theirs=theirs.height,
        verdicts=_summed((verdict, number) for (verdict, _, _), number in counts.items()),
        tiers=_summed((Tier(tier), number) for (_, tier, _), number in counts.items() if tier is not None),
        cohorts=_by_cohort(counts),
        ours_total=totals[0],
        theirs_total=totals[1],
        money_at_risk=dict(at_risk),
        clock=clock,
    )


def _summed(found: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    counts: Counter[_Key] = Counter()
    for key, number in found:
        counts[key] += number
    return dict(counts)


def _by_cohort(counts: Counter[tuple[Verdict, int | None, int]]) -> dict[Cohort | None, dict[Verdict, int]]:
    cohorts: defaultdict[Cohort | None, Counter[Verdict]] = defaultdict(Counter)
    for (verdict, _, code), number in counts.items():
        cohorts[None if code < 0 else Cohort(COHORTS.categories[code])][verdict] += number
    return {cohort: dict(found) for cohort, found in cohorts.items()}


def _totals(side: Facts, codes: Codes) -> Totals:
    return _sum_by_currency(side, slice(None), codes)


def _sum_by_currency(side: Facts, rows: np.ndarray | slice, codes: Codes) -> Totals:
    """Return what rows state without VAT; a currency in which only nothing is stated is there, too."""
    sums = sums_by_code(side.currency[rows], side.net[rows], unstated=NONE, count=len(codes.currencies))
    found = defaultdict(Decimal, {codes.currencies[code]: from_micro(total) for code, total in sums.items()})
    unusual = np.arange(side.height)[rows][(side.flags[rows] & Flag.UNUSUAL) != 0] if side.exact else np.empty(0, int)
    for row in side.exact.keys() & set(unusual.tolist()):
        found[side.exact[row].currency] += side.exact[row].net or Decimal(0)
    return dict(found)


def _require_every_record(verdicts: Sequence[Verdicts], ours: Facts, theirs: Facts) -> None:
    heights, told, lost = 0, 0, False
    for name, side in (("ours_row", ours), ("theirs_row", theirs)):
        rows = [one.frame[name].drop_nulls().to_numpy() for one in verdicts]
        seen, number = np.zeros(side.height, np.bool_), sum(each.size for each in rows)
        for each in rows:
            seen[each] = True
        # As many as there are, and each of them: then none is there twice.
        heights, told, lost = heights + side.height, told + number, lost or number != side.height or not seen.all()
    if lost:
        quarantined = sum(int((one.frame["verdict"] == Verdict.AMBIGUOUS.value).sum()) for one in verdicts)
        raise CountsDisagree("reconciliation", rows_in=heights, loaded=told - quarantined, quarantined=quarantined)


def _require_every_cent(
    verdicts: Sequence[Verdicts], ours: Facts, theirs: Facts, *, codes: Codes, totals: tuple[Totals, Totals]
) -> None:
    """The law of conservation: by currency, the differences of the verdicts are theirs minus ours.

    A pair whose amounts cannot be subtracted (two currencies, or none stated) enters with what each side states.
    """
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for told in verdicts:
        exact = told.frame.select("is_exact", "currency", "difference", "ours_row", "theirs_row").filter("is_exact")
        for code, total in exact.group_by("currency").agg(pl.col("difference").cast(pl.Int128).sum()).iter_rows():
            found[codes.currencies[code]] += from_micro(total)
        unsaid = exact.filter(pl.col("difference").is_null())
        for name, side, sign in (("ours_row", ours, -1), ("theirs_row", theirs, 1)):
            rows = unsaid[name].drop_nulls().to_numpy()
            for currency, total in _sum_by_currency(side, rows, codes).items():
                found[currency] += sign * total
        for one in told.inexact:
            found[one.currency] += one.difference or Decimal(0)
    for currency in found.keys() | totals[0].keys() | totals[1].keys():
        nothing = Decimal(0)
        missing = totals[1].get(currency, nothing) - totals[0].get(currency, nothing) - found.get(currency, nothing)
        if missing:
            raise CountsDisagree(
                f"reconciliation, {currency} unaccounted for: {missing}",
                rows_in=ours.height + theirs.height,
                loaded=sum(one.frame.height for one in verdicts),
                quarantined=0,
            )
