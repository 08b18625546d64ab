"""Verdicts while a night is being judged: rows instead of keys, codes instead of texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.frame import micro

VERDICT = pl.Enum([verdict.value for verdict in Verdict])
COMPACT = pl.Schema(
    {
        "ours_row": pl.Int32(),
        "theirs_row": pl.Int32(),
        "verdict": VERDICT,
        "tier": pl.Int8(),
        "kinds": pl.UInt32(),
        "difference": pl.Int64(),
        "money": pl.Int64(),
        "currency": pl.Int32(),
        "cohort": pl.Int8(),
        "explanation": pl.String(),
        "is_exact": pl.Boolean(),
    }
)
"""One row a verdict. Amounts are in millionths; `kinds` has a bit for each `Kind`; the codes are those of `Facts`."""
ORDER = tuple(Kind)
_UNSAID = {"is_exact": True, "kinds": 0, "cohort": -1, "money": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Verdicts, and those of them, as values, whose amounts do not fit into columns."""

    frame: pl.DataFrame
    inexact: Sequence[Judged] = ()


def bits(kinds: Iterable[Kind]) -> int:
    """Return kinds as bits."""
    return sum(1 << ORDER.index(kind) for kind in set(kinds))


def kinds_of(mask: int) -> list[str]:
    """Return the kinds that bits stand for, in their order."""
    return [kind.value for place, kind in enumerate(ORDER) if mask >> place & 1]


def compact(given: pl.DataFrame, **named: object) -> pl.DataFrame:
    """Return verdicts of the schema `COMPACT`: a frame's columns, and others as values or expressions on them."""
    columns = {
        name: value if isinstance(value, pl.Expr | pl.Series) else pl.lit(value) for name, value in named.items()
    }
    told = given.with_columns(**columns)
    missing = {name: pl.lit(_UNSAID.get(name)) for name in COMPACT if name not in told.columns}
    return told.with_columns(**missing).select(pl.col(name).cast(dtype) for name, dtype in COMPACT.items())


def scaled(one: Judged) -> tuple[int | None, int | None, bool]:
    """Return a verdict's difference and money at risk in millionths, or neither where one of them does not fit."""
    difference = None if one.difference is None else micro(one.difference)
    money = micro(one.money_at_risk)
    if money is None or (difference is None and one.difference is not None):
        return None, None, False
    return difference, money, True
