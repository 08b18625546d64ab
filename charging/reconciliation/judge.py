"""Who is right about a pair: both amounts are recomputed from the agreed tariff and what each side measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from charging.reconciliation.aliases import Aliases
from charging.reconciliation.compare import Differences, compare
from charging.reconciliation.verdict import NEXT_STEP, SETTLED, Judged, Kind, Verdict
from charging.reconciliation.wording import duration, number
from charging.roaming.cdr import Cdr, Side
from charging.roaming.terms import Terms, Tier
from charging.tariffs.cost import NotPriceable
from charging.tariffs.recompute import recompute
from charging.tariffs.tariff import Tariff

NOT_JUDGED = "the amounts are not judged, as one side says that its own means nothing"
_QUANTITIES = frozenset({Kind.ENERGY, Kind.DURATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two CDRs of one session, and how that was found."""

    ours: Cdr
    theirs: Cdr
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recomputed:
    """What a CDR should have stated, and whether it did."""

    amount: Decimal
    """Without VAT, or with it where the tariff does not tell the other."""
    tolerance: Decimal
    is_right: bool


def judge_pair(pair: Pair, *, terms: Terms, tariffs: Sequence[Tariff], aliases: Aliases) -> Judged:
    """Return the verdict on two CDRs of one session. Swapping the sides mirrors it."""
    ours, theirs = pair.ours, pair.theirs
    found = compare(ours, theirs, terms=terms, aliases=aliases)
    verdict, explanation, extra = _verdict(pair, found, terms, tariffs)
    kinds = found.kinds
    if verdict in SETTLED:  # what the tariff's rounding explains is no difference
        kinds = tuple(kind for kind in kinds if kind not in {Kind.NET, Kind.GROSS})
    is_settled = verdict in SETTLED
    return Judged(
        verdict=verdict,
        tier=pair.tier,
        ours_key=ours.cdr_key,
        theirs_key=theirs.cdr_key,
        kinds=tuple(sorted((*kinds, *extra), key=list(Kind).index)),
        difference=found.net,
        money_at_risk=Decimal(0) if is_settled else _at_risk(ours, theirs, found),
        currency=ours.currency,
        explanation=explanation,
        next_step=NEXT_STEP[verdict],
        cohort=ours.cohort or theirs.cohort,
    )


def _verdict(
    pair: Pair, found: Differences, terms: Terms, tariffs: Sequence[Tariff]
) -> tuple[Verdict, str, tuple[Kind, ...]]:
    if pair.tier is Tier.EVSE_AND_TIME:
        return Verdict.AMBIGUOUS, "only the EVSE and the time agree", (Kind.SUSPECT,)
    if _QUANTITIES & set(found.kinds):
        return Verdict.QUANTITY_DIFFERS, _quantities(pair, found), ()
    if Kind.INSIGNIFICANT in found.kinds and not found.are_none:
        return Verdict.WITHIN_TOLERANCE, f"energy and time agree; {NOT_JUDGED}", ()
    if found.money == 0 or Kind.INSIGNIFICANT in found.kinds:
        if found.are_none:
            return Verdict.EQUAL, "both state the same", ()
        return Verdict.WITHIN_TOLERANCE, _clocks(found), ()
    return _who_is_right(pair, found, terms, tariffs)


def _who_is_right(
    pair: Pair, found: Differences, terms: Terms, tariffs: Sequence[Tariff]
) -> tuple[Verdict, str, tuple[Kind, ...]]:
    as_of = min(pair.ours.started_at, pair.theirs.started_at)
    zone = pair.ours.time_zone or pair.theirs.time_zone  # both were at one place
    sides = [_recompute(replace(cdr, time_zone=zone), tariffs, terms, as_of) for cdr in (pair.ours, pair.theirs)]
    ours, theirs = sides
    if isinstance(ours, str) or isinstance(theirs, str):
        reason = next(side for side in sides if isinstance(side, str))
        return Verdict.NOT_PRICEABLE, f"{_amounts(pair)}, and nobody can say who is right: {reason}", ()
    tolerance = max(ours.tolerance, theirs.tolerance)
    if found.money is not None and abs(found.money) <= tolerance and _is_near(found.gross, tolerance):
        return (
            Verdict.WITHIN_TOLERANCE,
            f"{_amounts(pair)}; {number(tolerance)} {terms.currency} may come of rounding",
            (),
        )
    goes_by_clock = any(tariff.is_local for tariff in tariffs) and zone not in {None, terms.time_zone}
    return _by_recomputation(pair, found, ours, theirs, clock=f" by the clock of {zone}" if goes_by_clock else "")


def _by_recomputation(
    pair: Pair, found: Differences, ours: _Recomputed, theirs: _Recomputed, *, clock: str
) -> tuple[Verdict, str, tuple[Kind, ...]]:
    recomputed = f"recomputed {number(ours.amount)} from ours and {number(theirs.amount)} from theirs{clock}"
    said = f"{_amounts(pair)}; {recomputed}"
    if ours.is_right and theirs.is_right:
        return Verdict.QUANTITY_DIFFERS, f"{said}: each follows from its own lines", (Kind.LINES,)
    if Kind.TARIFF in found.kinds:
        named = f"{said}: ours by tariff {pair.ours.tariff_id}, theirs by {pair.theirs.tariff_id}"
        return Verdict.TARIFF_DIFFERS, named, ()
    if ours.is_right:
        return Verdict.OURS_RIGHT, f"{said}: theirs is not what was agreed", ()
    if theirs.is_right:
        return Verdict.THEIRS_RIGHT, f"{said}: ours is not what was agreed", ()
    return Verdict.NEITHER_RIGHT, f"{said}: neither is what was agreed", ()


def _recompute(cdr: Cdr, tariffs: Sequence[Tariff], terms: Terms, as_of: datetime) -> _Recomputed | str:
    """Return what a CDR should state by its own measured quantities, or why nobody can say."""
    if cdr.net is None:
        return f"{cdr.side} states no amount"
    found = recompute(cdr, tariffs=tariffs, terms=terms, as_of=as_of)
    if isinstance(found, NotPriceable):
        return found.reason
    is_right = (
        cdr.currency == found.currency
        and (found.net is None or abs(cdr.net - found.net) <= found.tolerance)
        and (cdr.gross is None or found.gross is None or abs(cdr.gross - found.gross) <= found.tolerance)
        and (found.net is not None or cdr.gross is not None)
    )
    return _Recomputed(amount=found.amount, tolerance=found.tolerance, is_right=is_right)


def alone(cdr: Cdr, verdict: Verdict, *, explanation: str, kinds: tuple[Kind, ...] = ()) -> Judged:
    """Return the verdict on a CDR without a counterpart."""
    is_ours = cdr.side is Side.OURS
    return Judged(
        verdict=verdict,
        tier=None,
        ours_key=cdr.cdr_key if is_ours else None,
        theirs_key=None if is_ours else cdr.cdr_key,
        kinds=kinds,
        difference=None if cdr.net is None else -cdr.net if is_ours else cdr.net,
        money_at_risk=Decimal(0) if verdict in SETTLED else abs(cdr.net or Decimal(0)),
        currency=cdr.currency,
        explanation=explanation,
        next_step=NEXT_STEP[verdict],
        cohort=cdr.cohort,
    )


def _at_risk(ours: Cdr, theirs: Cdr, found: Differences) -> Decimal:
    if Kind.INSIGNIFICANT in found.kinds:
        return Decimal(0)
    if found.money is not None:
        return abs(found.money)
    return max(abs(ours.net or Decimal(0)), abs(theirs.net or Decimal(0)))


def _is_near(difference: Decimal | None, tolerance: Decimal) -> bool:
    return difference is None or abs(difference) <= tolerance


def _amounts(pair: Pair) -> str:
    return f"ours says {_amount(pair.ours)}, theirs {_amount(pair.theirs)}"


def _amount(cdr: Cdr) -> str:
    return "nothing" if cdr.net is None else f"{number(cdr.net)} {cdr.currency}"


def _quantities(pair: Pair, found: Differences) -> str:
    parts = []
    if Kind.ENERGY in found.kinds:
        parts.append(f"ours measured {number(pair.ours.energy_kwh)} kWh, theirs {number(pair.theirs.energy_kwh)}")
    if Kind.DURATION in found.kinds:
        ours, theirs = (cdr.ended_at - cdr.started_at for cdr in (pair.ours, pair.theirs))
        parts.append(f"ours lasted {duration(ours)}, theirs {duration(theirs)}")
    return "; ".join(parts)


def _clocks(found: Differences) -> str:
    if Kind.CLOCK in found.kinds:
        return f"energy and amounts agree; the clocks are {duration(abs(found.clock))} apart"
    return "the differences are smaller than agreed"
