"""A charge that both back-offices hold is billed once: the verdict on the second of our two CDRs of it says so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import polars as pl

from charging.reconciliation.billed_twice import BilledTwice
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.summary import Summary
from charging.reconciliation.verdict import NEXT_STEP, SETTLED, Judged, Kind, Verdict
from charging.reconciliation.wording import number
from charging.roaming.cdr import Cohort
from charging.roaming.frame import from_micro, micro

_CHANGED = ("verdict", "kinds", "explanation", "next_step", "cohort")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One of the two CDRs, and what is said of both."""

    key: str
    cdr_id: str
    net: Decimal | None


def named(judged: Sequence[Judged], twice: BilledTwice) -> list[Judged]:
    """Return the verdicts; where two of our CDRs are of one charge, the second bills nothing, or a person must look.

    The one that the partner has a counterpart of is the first; where it has of both or of none, the one that is settled
    or else the legacy's. The second is a `duplicate` of the kind `two_routes` with its whole amount at risk; if only
    EVSE and time say that they are one charge, or the partner's CDR fits both, it is `ambiguous`. The first keeps its
    verdict. Each is of its own back-office's cohort again: the second was judged as of the first's (`one_of_both`).
    """
    of: dict[str | None, Judged] = {one.ours_key: one for one in judged if one.ours_key is not None}
    renamed: dict[str, Judged] = {}
    for row in twice.sessions.iter_rows(named=True):
        pair = _pair(row)
        if all(held.key in of for held in pair):
            for held, cohort in zip(pair, (Cohort.NOT_MOVED, Cohort.MOVED), strict=True):
                of[held.key] = renamed[held.key] = replace(of[held.key], cohort=cohort)
            first, second = sorted(pair, key=_standing(of))
            renamed[second.key] = _second(of[second.key], first, second, row)
    return [renamed.get(one.ours_key or "", one) for one in judged]


def named_in_columns(night: NightFrame, twice: BilledTwice) -> NightFrame:
    """Return the same of a night in columns; only the few verdicts that it is about become values meanwhile."""
    keys = pl.concat([twice.sessions["legacy_key"], twice.sessions["target_key"]])
    rows = night.judged.filter(pl.col("ours_key").is_in(keys.implode()))
    before = to_judged(replace(night, judged=rows))
    after = named(before, twice)
    changed = {str(new.ours_key): new for old, new in zip(before, after, strict=True) if new != old}
    if not changed:
        return night
    stated = pl.DataFrame(
        [
            {name: getattr(one, name) for name in ("ours_key", *_CHANGED)} | {"at_risk": micro(one.money_at_risk)}
            for one in changed.values()
        ],
        schema={"ours_key": pl.String()}
        | {name: night.judged.schema[name] for name in _CHANGED}
        | {"at_risk": pl.Int64()},
    )
    told = night.judged.join(stated, on="ours_key", how="left", suffix="_now", maintain_order="left")
    return NightFrame(
        judged=told.with_columns(
            *(pl.coalesce(f"{name}_now", name).alias(name) for name in _CHANGED),
            money_at_risk_micro=pl.coalesce("at_risk", "money_at_risk_micro"),
        ).select(night.judged.columns),
        summary=_recounted(night.summary, before, after),
        inexact=tuple(changed.get(one.ours_key or "", one) for one in night.inexact),
    )


def said(twice: BilledTwice, *, kept: pl.Series | None = None) -> Iterator[str]:
    """Yield what a night says of charges that both back-offices hold; `kept` are the keys of ours that belong to it."""
    if kept is not None:
        is_kept = pl.col("target_key").is_in(kept.drop_nulls().implode())
        twice = replace(twice, sessions=twice.sessions.filter(is_kept))
    sure = twice.sessions.filter("is_certain")
    money: dict[str, Decimal] = {}
    for row in sure.iter_rows(named=True):
        money[row["currency"]] = money.get(row["currency"], Decimal(0)) + abs(_amount(row, "target") or Decimal(0))
    if sure.height:
        amounts = ", ".join(f"{number(amount)} {currency}" for currency, amount in sorted(money.items()))
        yield f"both back-offices hold {sure.height} charges ({amounts}): each is billed once"
    if left := twice.sessions.height - sure.height + twice.tied:
        yield f"{left} CDRs of one back-office may be of a charge that the other holds, too: for a person"


def _pair(row: Mapping[str, Any]) -> tuple[_Held, _Held]:
    legacy, target = (
        _Held(key=row[f"{office}_key"], cdr_id=row[f"{office}_cdr_id"], net=_amount(row, office))
        for office in ("legacy", "target")
    )
    return legacy, target


def _amount(row: Mapping[str, Any], office: str) -> Decimal | None:
    net = row[f"{office}_net_micro"]
    return None if net is None else from_micro(net)


def _standing(of: Mapping[str | None, Judged]) -> Callable[[_Held], tuple[bool, bool, bool]]:
    """Return what puts the first before the second: not repeated already, matched, settled; else as they stand."""

    def rank(held: _Held) -> tuple[bool, bool, bool]:
        one = of[held.key]
        return one.verdict is Verdict.DUPLICATE, one.theirs_key is None, one.verdict not in SETTLED

    return rank


def _second(one: Judged, first: _Held, second: _Held, row: Mapping[str, Any]) -> Judged:
    is_sure = row["is_certain"] and one.verdict is not Verdict.AMBIGUOUS
    verdict = Verdict.DUPLICATE if is_sure else Verdict.AMBIGUOUS
    kinds = (Kind.TWO_ROUTES,) if is_sure else (Kind.TWO_ROUTES, Kind.SUSPECT)
    amounts = [held.cdr_id if held.net is None else f"{held.cdr_id} ({number(held.net)} {row['currency']})"
               for held in (first, second)]  # fmt: skip
    both = f"both back-offices hold this charge, as {amounts[0]} and as {amounts[1]}"
    told = f"{both}: it is billed once, as {first.cdr_id}" if is_sure else f"it may be that {both}"
    if one.theirs_key is not None:
        told += "; the partner has a CDR of each"
    return replace(
        one,
        verdict=verdict,
        kinds=tuple(sorted({*one.kinds, *kinds}, key=list(Kind).index)),
        money_at_risk=one.money_at_risk if second.net is None else abs(second.net),
        explanation=told,
        next_step=NEXT_STEP[verdict],
    )


def _recounted(summary: Summary, before: Sequence[Judged], after: Sequence[Judged]) -> Summary:
    verdicts = dict(summary.verdicts)
    cohorts = {cohort: dict(counts) for cohort, counts in summary.cohorts.items()}
    at_risk = dict(summary.money_at_risk)
    for judged, sign in ((before, -1), (after, 1)):
        for one in judged:
            for counts in (verdicts, cohorts.setdefault(one.cohort, {})):
                counts[one.verdict] = counts.get(one.verdict, 0) + sign
            slot = (one.verdict, one.currency)
            at_risk[slot] = at_risk.get(slot, Decimal(0)) + sign * one.money_at_risk
    return replace(
        summary,
        verdicts={verdict: count for verdict, count in verdicts.items() if count},
        cohorts={
            cohort: {name: count for name, count in counts.items() if count} for cohort, counts in cohorts.items()
        },
        money_at_risk={slot: amount for slot, amount in at_risk.items() if amount},
    )
