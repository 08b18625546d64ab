"""A night's verdicts in columns: the fields of `Judged`, amounts as scaled integers."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import polars as pl

from charging.reconciliation.summary import Summary
from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Cohort
from charging.roaming.frame import from_micro, micro
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
    }
)
"""One row a verdict. Where an amount does not fit, `is_exact` is false and the `Judged` is among `inexact`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFrame:
    """The verdicts in the schema `JUDGED`, in an order that depends on the records alone, and their summary."""

    judged: pl.DataFrame
    summary: Summary
    inexact: tuple[Judged, ...] = ()


def to_judged_frame(judged: Iterable[Judged]) -> pl.DataFrame:
    """Return verdicts in columns, in their order."""
    return pl.DataFrame([_row(one) for one in judged], schema=JUDGED, orient="row")


def to_judged(night: NightFrame) -> list[Judged]:
    """Return the verdicts of a night as values, in its order."""
    exactly = {(one.ours_key, one.theirs_key): one for one in night.inexact}
    return [
        exactly.get((row["ours_key"], row["theirs_key"])) or _judged(row) for row in night.judged.iter_rows(named=True)
    ]


def _row(one: Judged) -> tuple[object, ...]:
    scaled = {name: None if (amount := getattr(one, name)) is None else micro(amount) for name in AMOUNTS}
    is_exact = all(scaled[name] is not None or getattr(one, name) is None for name in AMOUNTS)
    return (
        *(
            scaled[field.name] if field.name in AMOUNTS else _plain(getattr(one, field.name))
            for field in fields(Judged)
        ),
        is_exact,
    )


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return int(value) if isinstance(value, Tier) else value if value is None else str(value)


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
