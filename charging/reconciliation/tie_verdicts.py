"""CDRs that could belong to several: for people, with everything that speaks for each."""

import numpy as np
import polars as pl

from charging.reconciliation.compact import Verdicts
from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.joining import CROWD
from charging.reconciliation.match import Matched
from charging.reconciliation.single_verdicts import Index, singles
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import Side
from charging.roaming.terms import Tier

_NOBODY = np.empty(0, np.int32)
_NAMES = {int(tier): tier.name.lower() for tier in Tier}


def ties(ours: Facts, theirs: Facts, matched: Matched) -> tuple[list[Verdicts], tuple[Index, Index]]:
    """Return the verdicts on whoever is tied to somebody that is left, and who they are, by side.

    Each by the surest tier in which that happened.
    """
    has_crowd = any(rows.size for side in matched.crowds for _, rows in side)
    if not has_crowd and all(found.ours.size == 0 for _, found in matched.ties):
        return [], (_NOBODY, _NOBODY)
    edges = pl.concat(
        [
            pl.DataFrame({"ours": found.ours, "theirs": found.theirs}).with_columns(tier=pl.lit(tier, pl.Int8))
            for tier, found in matched.ties
        ]
        or [pl.DataFrame(schema={"ours": pl.Int32, "theirs": pl.Int32, "tier": pl.Int8})]
    )
    likely = pl.DataFrame({"ours": matched.likely.ours, "theirs": matched.likely.theirs})
    told, rows = [], []
    for at, (which, side, other) in enumerate(((Side.OURS, ours, theirs), (Side.THEIRS, theirs, ours))):
        named = _candidates(edges, likely, which, other)
        crowd = _crowd(matched, at, named["row"])
        for found in (named, crowd):
            rows_of = found["row"].to_numpy()
            told.append(singles(side, which, rows_of, verdict=Verdict.AMBIGUOUS, said=found["said"], kinds=[Kind.TIE]))
        rows.append(np.concatenate([named["row"].to_numpy(), crowd["row"].to_numpy()]))
    return told, (rows[0], rows[1])


def _candidates(edges: pl.DataFrame, likely: pl.DataFrame, which: Side, other: Facts) -> pl.DataFrame:
    ends = ["ours", "theirs"] if which is Side.OURS else ["theirs", "ours"]
    of = edges.select("tier", row=ends[0], other=ends[1])
    keyed = of.with_columns(key=other.rows(of["other"].to_numpy(), "cdr_key").to_series())
    nearest = likely.select(row=ends[0], other=ends[1])
    best = nearest.with_columns(best=other.rows(nearest["other"].to_numpy(), "cdr_key").to_series()).drop("other")
    return (
        keyed.filter(pl.col("tier") == pl.col("tier").min().over("row"))
        .group_by("row")
        .agg(pl.col("tier").first(), pl.col("key").sort().str.join(", "))
        .join(best, on="row", how="left")
        .sort("row")
        .select(
            "row",
            said=pl.format(
                "by {} it could belong to {}{}",
                pl.col("tier").replace_strict(_NAMES, return_dtype=pl.String),
                "key",
                pl.when(pl.col("best").is_null())
                .then(pl.lit(""))
                .otherwise(pl.format("; all taken together, {} is the nearest in time", "best")),
            ),
        )
    )


def _crowd(matched: Matched, side: int, tied: pl.Series) -> pl.DataFrame:
    found = pl.concat(
        [pl.DataFrame({"row": rows}).with_columns(tier=pl.lit(tier, pl.Int8)) for tier, rows in matched.crowds[side]]
        or [pl.DataFrame(schema={"row": pl.Int32, "tier": pl.Int8})]
    )
    return (
        found.filter(~pl.col("row").is_in(tied.implode()))
        .group_by("row")
        .agg(pl.col("tier").min())
        .sort("row")
        .select(
            "row",
            said=pl.format(
                f"by {{}} it could belong to more than {CROWD} others",
                pl.col("tier").replace_strict(_NAMES, return_dtype=pl.String),
            ),
        )
    )
