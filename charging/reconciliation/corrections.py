"""What happens within one side before it is compared: some records bill nothing, credits cancel, repetitions are set
aside.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.credits import Credits, credit_pairs
from charging.reconciliation.facts import SPECIAL, Facts
from charging.reconciliation.kernels.comparing import Flag
from charging.reconciliation.repetitions import repetitions
from charging.reconciliation.verdict import Kind
from charging.roaming.cdr import CdrState, Protocol, Side
from charging.roaming.partner import CreditPolicy

_RANKS = {state.value: rank for rank, state in enumerate(CdrState)}
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One side, sorted: every row is live or in exactly one of the others."""

    live: npt.NDArray[np.bool_]
    excluded: dict[Kind, Index]
    superseded: tuple[Index, Index]
    """Rows, and the rows that count in their stead."""
    credited: Credits
    repeated: tuple[Index, Index]
    """Rows, and the rows that billed the same before."""


def correct(side: Facts, *, policy: CreditPolicy) -> Corrected:
    """Set aside what bills nothing, then earlier states, then pairs of credit and original, then repetitions.

    Of several CDRs for one charge the first stated one lives: a CDR is immutable, so what came later is the mistake.
    Where records may change (OCHP, or ids that are sent again), the last state counts.
    """
    live = np.ones(side.height, np.bool_)
    special = _special(side)
    excluded = {
        Kind.INTERMEDIATE: _rows(special.filter(pl.col("state") == CdrState.INTERMEDIATE)),
        Kind.SUBSIDY: _rows(special.filter("is_subsidy", pl.col("state") != CdrState.INTERMEDIATE)),
    }
    for rows in excluded.values():
        live[rows] = False
    superseded = _versions(side, live, special, policy)
    live[superseded[0]] = False
    refused = _rows(special.filter(pl.col("state") == CdrState.REJECTED))
    excluded[Kind.REFUSED] = refused[live[refused]]
    live[refused] = False
    credits_of = _rows(special.filter("is_credit"))
    credited = credit_pairs(side, live, credits_of[live[credits_of]], policy=policy)
    live[credited.rows] = False
    live[credited.cancelling[1]] = False
    repeated = repetitions(side, live)
    live[repeated[0]] = False
    return Corrected(live=live, excluded=excluded, superseded=superseded, credited=credited, repeated=repeated)


def _special(side: Facts) -> pl.DataFrame:
    """Return the few rows that are more than a final CDR of the usual kind."""
    rows = np.flatnonzero(side.flags & Flag.SPECIAL)
    told = [test.fill_null(value=False).alias(name) for name, test in SPECIAL.items()]
    return side.rows(rows, "state", *told).with_columns(row=pl.Series(rows))


def _versions(
    side: Facts, live: npt.NDArray[np.bool_], special: pl.DataFrame, policy: CreditPolicy
) -> tuple[Index, Index]:
    """Return the earlier states of records, each with the last one.

    OCHP's ids are unique within one EVSE only (OCHP 1.3, kept in 1.4), and ours within one back-office.
    """
    if policy is CreditPolicy.RESENT_ID:
        mutable = np.flatnonzero(live)
    else:
        mutable = _rows(special.filter("is_mutable"))
        mutable = mutable[live[mutable]]
    again = mutable[pl.Series(side.cdr[mutable]).is_duplicated().to_numpy()]
    if again.size == 0:
        return again, again
    texts = side.rows(
        again,
        "owner",
        pl.col("cdr_id").str.to_uppercase(),
        pl.when(pl.col("protocol") == Protocol.OCHP).then("evse_compact").alias("within"),
        pl.when(pl.col("side") == Side.OURS).then("cohort").alias("office"),
        "last_updated",
        pl.col("state").replace_strict(_RANKS, return_dtype=pl.Int8).alias("rank"),
        "raw_sha256",
    )
    key = ["owner", "cdr_id", "within", "office"]
    found = (
        texts.with_columns(row=pl.Series(again))
        .sort("last_updated", "rank", "raw_sha256", "row")
        .with_columns(last=pl.col("row").last().over(key))
        .filter(pl.col("row") != pl.col("last"))
    )
    return _rows(found), found["last"].to_numpy().astype(np.int64)


def _rows(found: pl.DataFrame) -> Index:
    return found["row"].to_numpy().astype(np.int64)
