"""CDRs of one side that bill again what another one bills: the same id, session, or place, driver and start.

Of our own CDRs an id repeats only what the same back-office has stated: each counts its transactions 1, 2, 3.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.evidence import Keys, Rows
from charging.reconciliation.kernels.joining import place_keys, repeated_keys, repeats
from charging.roaming.cdr import Side

Index = npt.NDArray[np.int64]
_SAME_START = 2_000_000
_TEXTS = (
    *("side", "cohort", "owner", "cdr_id", "session_id", "token_uid", "contract_compact"),
    *("evse_compact", "last_updated"),
)


def repetitions(side: Facts, live: npt.NDArray[np.bool_]) -> tuple[Index, Index]:
    """Return the rows that bill again, each with the first stated one that lives and bills the same."""
    edges = [
        (*_repeated(side, live, keys, order), kind)
        for kind, keys, order in (
            (0, side.cdr, 0),
            (1, side.session, 0),
            *((2, _places(side, begin), _SAME_START) for begin in (0, _SAME_START)),
        )
    ]
    found = pl.concat(
        [
            pl.DataFrame({"one": one, "other": other}).with_columns(kind=pl.lit(kind, pl.Int8))
            for one, other, kind in edges
        ]
    )
    if found.height == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return _first_lives(_oriented(side, found.cast({"one": pl.Int64, "other": pl.Int64})))


def _repeated(side: Facts, live: npt.NDArray[np.bool_], keys: Keys, order: int) -> tuple[Rows, Rows]:
    rows = repeats(keys, live)
    return repeated_keys(keys[rows], rows, side.evidence, order)


def _places(side: Facts, begin: int) -> Keys:
    """Return place, driver and time as one key; two grids of time, half a step apart, leave no neighbours apart."""
    return place_keys(side.evse, side.token, side.contract, side.start, begin, 2 * _SAME_START)


def _oriented(side: Facts, edges: pl.DataFrame) -> pl.DataFrame:
    """Return the edges whose texts agree, from the later stated to the earlier one, in that order."""
    rows = np.unique(np.concatenate([edges["one"].to_numpy(), edges["other"].to_numpy()]))
    texts = (
        _in_order(side, side.rows(rows, *_TEXTS).with_columns(row=pl.Series(rows)))
        .with_row_index("rank")
        .with_columns(pl.col("cdr_id", "session_id").str.to_uppercase())
    )
    one, other = (texts.select(pl.all().name.suffix(f"_{name}")) for name in ("one", "other"))
    joined = edges.join(one, left_on="one", right_on="row_one").join(other, left_on="other", right_on="row_other")
    is_swapped = pl.col("rank_one") < pl.col("rank_other")
    return (
        joined.filter(_is_same())
        .select(
            later=pl.when(is_swapped).then("other").otherwise("one"),
            earlier=pl.when(is_swapped).then("one").otherwise("other"),
            rank=pl.max_horizontal("rank_one", "rank_other"),
            first=pl.min_horizontal("rank_one", "rank_other"),
            kind="kind",
        )
        .sort("rank", "kind", "first")
    )


def _in_order(side: Facts, texts: pl.DataFrame) -> pl.DataFrame:
    """Return texts by when they were stated. The records' own hashes are read only where nothing else orders them."""
    rows = texts["row"].to_numpy()
    is_tied = pl.struct("last_updated", "cdr_id").is_duplicated()
    tied = texts.filter(is_tied)["row"]
    hashes = side.rows(tied.to_numpy(), "raw_sha256").with_columns(row=tied)
    return (
        texts.with_columns(evse=side.current(rows, texts["evse_compact"]))
        .join(hashes, on="row", how="left", maintain_order="left")
        .sort("last_updated", "cdr_id", "raw_sha256", "row")
    )


def _is_same() -> pl.Expr:
    """Whether the texts behind the hashes are equal, by kind of edge."""

    def agree(name: str) -> pl.Expr:
        return pl.col(f"{name}_one") == pl.col(f"{name}_other")

    has_no_token = pl.col("token_uid_one").is_null() & pl.col("token_uid_other").is_null()
    has_driver = agree("token_uid").fill_null(value=False) | (has_no_token & agree("contract_compact"))
    has_one_counter = (pl.col("side_one") != Side.OURS) | agree("cohort").fill_null(value=True)
    has_one_owner = agree("owner") & has_one_counter
    by_kind = [has_one_owner & agree("cdr_id"), has_one_owner & agree("session_id"), agree("evse") & has_driver]
    return pl.any_horizontal((pl.col("kind") == kind) & test for kind, test in enumerate(by_kind))


def _first_lives(edges: pl.DataFrame) -> tuple[Index, Index]:
    """Walk through the later ones in their order: who repeats one that lives does not live itself."""
    first_of: dict[int, int] = {}
    for later, earlier in edges.select("later", "earlier").iter_rows():
        if later not in first_of and earlier not in first_of:
            first_of[later] = earlier
    return np.fromiter(first_of, np.int64, len(first_of)), np.fromiter(first_of.values(), np.int64, len(first_of))
