"""Facts that hold for some time, looked up for many instants at once. Pure."""

from datetime import UTC, datetime

import polars as pl

from charging.roaming.frame import INSTANT

EVER = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
FACTS = pl.Schema(
    {
        "about": pl.String(),
        "order": pl.Int32(),
        "begins_at": INSTANT,
        "ends_at": INSTANT,
        "found": pl.String(),
    }
)
"""What is found of something from one instant until before another; of several, the first in order counts."""


def holding(facts: pl.DataFrame, *, about: pl.Series, at: pl.Series) -> pl.Series:
    """Return what held (`FACTS`) of each thing at its instant, in their order; None where nothing did."""
    rows = pl.DataFrame({"about": about, "at": at}).with_row_index("row")
    held = rows.join(facts, on="about").filter(pl.col("begins_at") <= pl.col("at"), pl.col("at") < pl.col("ends_at"))
    first = held.sort("row", "order").unique("row", keep="first", maintain_order=True).select("row", "found")
    return rows.select("row").join(first, on="row", how="left", maintain_order="left")["found"]
