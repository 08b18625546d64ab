"""A night in numbers, and the proof that nothing was lost on the way."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from charging.errors import CountsDisagree
from charging.reconciliation.clock_offset import ClockOffset
from charging.reconciliation.verdict import Judged, Verdict
from charging.roaming.cdr import Cdr, Cohort
from charging.roaming.terms import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts are of verdicts; a verdict on a pair counts once. Amounts are without VAT, by currency."""

    ours: int
    theirs: int
    verdicts: Mapping[Verdict, int]
    tiers: Mapping[Tier, int]
    cohorts: Mapping[Cohort | None, Mapping[Verdict, int]]
    ours_total: Mapping[str, Decimal]
    theirs_total: Mapping[str, Decimal]
    money_at_risk: Mapping[tuple[Verdict, str], Decimal]
    clock: ClockOffset | None = None
    """How far their clock is from ours, by how many votes; it was allowed for in matching."""

    @property
    def matched(self) -> int:
        """How many pairs were found."""
        return sum(self.tiers.values())


def summarise(judged: Sequence[Judged], *, ours: Sequence[Cdr], theirs: Sequence[Cdr]) -> Summary:
    """Return the night in numbers.

    Raises:
        CountsDisagree: unless every CDR of either side is in exactly one verdict, and the differences of the verdicts
            add up to the difference of the sides.
    """
    _require_every_record(judged, ours, theirs)
    _require_every_cent(judged, ours, theirs)
    by_cohort: defaultdict[Cohort | None, Counter[Verdict]] = defaultdict(Counter)
    at_risk: defaultdict[tuple[Verdict, str], Decimal] = defaultdict(Decimal)
    for one in judged:
        by_cohort[one.cohort][one.verdict] += 1
        if one.money_at_risk:
            at_risk[one.verdict, one.currency] += one.money_at_risk
    return Summary(
        ours=len(ours),
        theirs=len(theirs),
        verdicts=dict(Counter(one.verdict for one in judged)),
        tiers=dict(Counter(one.tier for one in judged if one.tier is not None)),
        cohorts={cohort: dict(counts) for cohort, counts in by_cohort.items()},
        ours_total=_totals(ours),
        theirs_total=_totals(theirs),
        money_at_risk=dict(at_risk),
    )


def _require_every_record(judged: Sequence[Judged], ours: Sequence[Cdr], theirs: Sequence[Cdr]) -> None:
    came_in = Counter(cdr.cdr_key for cdr in (*ours, *theirs))
    in_a_verdict = Counter(key for one in judged for key in (one.ours_key, one.theirs_key) if key is not None)
    if came_in != in_a_verdict:
        quarantined = sum(one.verdict is Verdict.AMBIGUOUS for one in judged)
        raise CountsDisagree(
            "reconciliation",
            rows_in=came_in.total(),
            loaded=in_a_verdict.total() - quarantined,
            quarantined=quarantined,
        )


def _require_every_cent(judged: Sequence[Judged], ours: Sequence[Cdr], theirs: Sequence[Cdr]) -> None:
    """The law of conservation: by currency, the differences of the verdicts are theirs minus ours.

    A pair whose amounts cannot be subtracted (two currencies, or none stated) enters with what each side states.
    """
    amounts = {cdr.cdr_key: (cdr.currency, cdr.net or Decimal(0)) for cdr in (*ours, *theirs)}
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in judged:
        if one.difference is not None:
            found[one.currency] += one.difference
            continue
        for key, sign in ((one.ours_key, -1), (one.theirs_key, 1)):
            if key is not None:
                currency, net = amounts[key]
                found[currency] += sign * net
    ours_total, theirs_total = _totals(ours), _totals(theirs)
    for currency in found.keys() | ours_total.keys() | theirs_total.keys():
        expected = theirs_total.get(currency, Decimal(0)) - ours_total.get(currency, Decimal(0))
        if found.get(currency, Decimal(0)) != expected:
            raise CountsDisagree(
                f"reconciliation, {currency} unaccounted for: {expected - found.get(currency, Decimal(0))}",
                rows_in=len(ours) + len(theirs),
                loaded=len(judged),
                quarantined=0,
            )


def _totals(cdrs: Iterable[Cdr]) -> dict[str, Decimal]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cdr in cdrs:
        totals[cdr.currency] += cdr.net or Decimal(0)
    return dict(totals)
