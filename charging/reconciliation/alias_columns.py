"""Former EVSE ids in columns: for each row that bears one, what it stood for when its session began."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.aliases import Aliases
from charging.roaming.frame import INSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliased:
    """The rows of one side that bear a former id, in their order."""

    rows: npt.NDArray[np.uint32]
    names: pl.DataFrame
    """`current`: the compact id that the EVSE bears now."""
    are_expired: npt.NDArray[np.bool_]


def aliased(source: pl.LazyFrame, aliases: Aliases) -> Aliased:
    """Return who of a side bears a former id; of several aliases, the first that holds at the start counts."""
    listed = [
        (former, order, alias.evse_compact, alias.valid_from, alias.valid_until, alias.expires_at)
        for former, known in aliases.items()
        for order, alias in enumerate(known)
    ]
    names = pl.DataFrame(
        listed,
        schema={
            "evse_compact": pl.String,
            "order": pl.Int64,
            "current": pl.String,
            "valid_from": INSTANT,
            "valid_until": INSTANT,
            "expires_at": INSTANT,
        },
        orient="row",
    )
    found = _holding(source, names) if listed else names.with_columns(row=pl.lit(0, pl.UInt32), started_at="expires_at")
    return Aliased(
        rows=found["row"].cast(pl.UInt32).to_numpy(),
        names=found.select("current"),
        are_expired=found.select((pl.col("started_at") >= pl.col("expires_at")).fill_null(value=False))
        .to_series()
        .to_numpy(),
    )


def _holding(source: pl.LazyFrame, names: pl.DataFrame) -> pl.DataFrame:
    formers = names["evse_compact"].unique().implode()
    bearing = (
        source.select("evse_compact", "started_at")
        .with_row_index("row")
        .filter(pl.col("evse_compact").is_in(formers))
        .collect()
    )
    start = pl.col("started_at")
    return (
        bearing.join(names, on="evse_compact", how="inner")
        .filter(
            pl.col("valid_from").is_null() | (pl.col("valid_from") <= start),
            pl.col("valid_until").is_null() | (start < pl.col("valid_until")),
        )
        .sort("row", "order")
        .unique("row", keep="first", maintain_order=True)
    )
