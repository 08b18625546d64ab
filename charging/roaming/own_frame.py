"""Our own CDRs in columns, priced as `own.billed` bills each of them, many times faster. Pure."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from charging.roaming.cdr import Cdr
from charging.roaming.frame import to_frame
from charging.roaming.own import billed, version
from charging.roaming.partner import Partner
from charging.tariffs.agreed import agreed
from charging.tariffs.columns import price_frame
from charging.tariffs.compiled import compile_tables
from charging.tariffs.frame_lines import microseconds


def priced_in_columns(cdrs: Sequence[Cdr], partner: Partner) -> tuple[pl.DataFrame, list[Cdr]]:
    """Return CDRs of ours, whose lines name no tariff, as they cost; and those of them whose rows are not exact.

    The usual ones are priced in columns; whatever has no price, or only nearly one, goes through `billed`.
    """
    frame = to_frame(cdrs)
    if not cdrs:
        return frame, []
    found = price_frame(frame, tariffs=partner.tariffs, terms=partner.terms)
    is_usual = found["reason"].is_null()
    usual = frame.with_columns(found["net_micro"], found["gross_micro"], _tariff_ids(frame, partner)).filter(is_usual)
    alone = [billed(cdrs[place], partner) for place in (~is_usual).arg_true()]
    others = to_frame(alone)
    return pl.concat([_identified(usual), others]), [
        cdr for cdr, is_exact in zip(alone, others["is_exact"], strict=True) if not is_exact
    ]


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """Return CDRs as versions of their own: what `own.identified` makes of each."""
    facts = frame.select("raw_sha256", "net_micro", "gross_micro", "tariff_id").iter_rows()
    hashes = pl.Series([version(*each) for each in facts], dtype=pl.String)
    key = pl.concat_str("side", "partner", "owner", "cdr_id", hashes.str.slice(0, 12), separator="|")
    return frame.with_columns(cdr_key=key, raw_sha256=hashes)


def _tariff_ids(frame: pl.DataFrame, partner: Partner) -> pl.Series:
    """Return by which tariff each is priced: the one that had been agreed last when it began."""
    breaks = compile_tables(partner.tariffs, partner.terms.rounding).breaks
    times = frame.select("started_at", time=pl.lit(np.searchsorted(breaks, microseconds(frame["started_at"]), "right")))
    ids = {time: _tariff_id(partner, at) for at, time in times.unique("time").iter_rows()}
    return times["time"].replace_strict(ids, return_dtype=pl.String).alias("tariff_id")


def _tariff_id(partner: Partner, at: datetime) -> str | None:
    chosen = agreed(partner.tariffs, at=at).default
    return None if chosen is None else chosen.tariff_id
