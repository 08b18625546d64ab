"""A night's verdicts in columns: the fields of `Judged`, amounts as scaled integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import polars as pl

from charging.reconciliation.compact import COMPACT, Verdicts, kinds_of
from charging.reconciliation.facts import COHORTS, SLICE, Codes, Origin
from charging.reconciliation.summary import Summary
from charging.reconciliation.verdict import NEXT_STEP, Judged, Kind, Verdict
from charging.roaming.cdr import Cohort
from charging.roaming.frame import INSTANT, from_micro
from charging.roaming.terms import Tier

AMOUNTS = ("difference", "money_at_risk")
"""The fields of `Judged` that stand in `…_micro` columns."""
JUDGED = pl.Schema(
    {
        "verdict": pl.String(),
        "tier": pl.Int8(),
        "ours_key": pl.String(),
        "theirs_key": pl.String(),
        "kinds": pl.List(pl.String()),
        "difference_micro": pl.Int64(),
        "money_at_risk_micro": pl.Int64(),
        "currency": pl.String(),
        "explanation": pl.String(),
        "next_step": pl.String(),
        "cohort": pl.String(),
        "is_exact": pl.Boolean(),
        "ended_at": INSTANT,
    }
)
"""One row a verdict. Where an amount does not fit, `is_exact` is false and the `Judged` is among `inexact`.

`ended_at` is when the session ended, by our CDR where there is one: by it a verdict belongs to a night.
"""


_NEXT_STEP = {verdict.value: step for verdict, step in NEXT_STEP.items()}
_COHORTS = {-1: None, **dict(enumerate(COHORTS.categories))}


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFrame:
    """The verdicts in the schema `JUDGED`, in an order that depends on the records alone, and their summary."""

    judged: pl.DataFrame
    summary: Summary
    inexact: tuple[Judged, ...] = ()


def rendered(verdicts: Sequence[Verdicts], ours: Origin, theirs: Origin, codes: Codes) -> Iterator[pl.DataFrame]:
    """Yield verdicts with their keys and texts, some at a time: in the order of our rows, those without one last.

    So our keys are read in their order, and only the others' are all in memory.
    """
    told = pl.concat([pl.DataFrame(schema=COMPACT), *(one.frame for one in verdicts)], rechunk=True)
    order = told["ours_row"].arg_sort(nulls_last=True)
    kinds = _kinds(told["kinds"])
    their_keys = theirs.keys()
    for begin in range(0, told.height, SLICE):
        part = told[order[begin : begin + SLICE]]
        keys = _our_keys(part["ours_row"], ours), their_keys.gather(part["theirs_row"])
        yield _judged_frame(part, keys, kinds=kinds, ended_at=_ended_at(part, ours, theirs), codes=codes)


def _our_keys(rows: pl.Series, ours: Origin) -> pl.Series:
    """Return the keys of ascending rows."""
    first, last = (int(rows.min() or 0), int(rows.max() or 0))  # type: ignore[arg-type] # numbers have numbers as bounds
    return ours.keys(first, last - first + 1).gather(rows - first)


def _kinds(masks: pl.Series) -> pl.DataFrame:
    found = masks.unique()
    return pl.DataFrame({"kinds": found, "named": pl.Series([kinds_of(mask) for mask in found], dtype=JUDGED["kinds"])})


def _judged_frame(
    told: pl.DataFrame, keys: tuple[pl.Series, pl.Series], *, kinds: pl.DataFrame, ended_at: pl.Series, codes: Codes
) -> pl.DataFrame:
    return (
        told.hstack([keys[0].alias("ours_key"), keys[1].alias("theirs_key")])
        .join(kinds, on="kinds", how="left", maintain_order="left")
        .with_columns(
            currency=pl.col("currency").replace_strict(dict(enumerate(codes.currencies)), return_dtype=codes.currency),
            next_step=pl.col("verdict").replace_strict(_NEXT_STEP, return_dtype=pl.String),
            cohort=pl.col("cohort").replace_strict(_COHORTS, return_dtype=pl.String),
            kinds=pl.col("named"),
            difference_micro=pl.col("difference"),
            money_at_risk_micro=pl.col("money"),
            ended_at=ended_at,
        )
        .select(pl.col(name).cast(dtype) for name, dtype in JUDGED.items())
    )


def _ended_at(told: pl.DataFrame, ours: Origin, theirs: Origin) -> pl.Series:
    ends = [
        pl.Series(side.end, dtype=pl.Int64).gather(told[f"{name}_row"])
        for name, side in (("ours", ours), ("theirs", theirs))
    ]
    return pl.select(pl.coalesce(*ends).cast(INSTANT)).to_series()


def to_judged(night: NightFrame) -> list[Judged]:
    """Return the verdicts of a night as values, in its order."""
    exactly = {(one.ours_key, one.theirs_key): one for one in night.inexact}
    return [
        exactly.get((row["ours_key"], row["theirs_key"])) or _judged(row) for row in night.judged.iter_rows(named=True)
    ]


def _judged(row: dict[str, object]) -> Judged:
    stated = {field.name: row[field.name] for field in fields(Judged) if field.name not in AMOUNTS}
    amounts = {name: None if (scaled := row[f"{name}_micro"]) is None else from_micro(scaled) for name in AMOUNTS}  # type: ignore[arg-type]
    return Judged(
        **stated  # type: ignore[arg-type]
        | amounts
        | {
            "verdict": Verdict(str(row["verdict"])),
            "tier": None if row["tier"] is None else Tier(int(str(row["tier"]))),
            "kinds": tuple(Kind(kind) for kind in row["kinds"]),  # type: ignore[attr-defined]
            "cohort": None if row["cohort"] is None else Cohort(str(row["cohort"])),
        }
    )
