"""The lines of a frame's CDRs as columns of codes, in order of row and time."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from charging.tariffs.kernels.periods import MEASURES, NOT_AGREED, NOT_NAMED, Codes, Ints, Lines

_MEASURES = pl.Enum([measure.value for measure in MEASURES])
_ABSURD = 1 << 60
"""The volume of a measure that nobody knows: no loop prices its row."""


def to_lines(frame: pl.DataFrame, names: Sequence[str]) -> tuple[Lines, pl.Series]:
    """Return the lines of a frame, and the tariff id that each of them names; `names` are those with a code."""
    counts = frame["lines"].list.len().fill_null(0)
    offsets = np.zeros(frame.height + 1, np.int64)
    np.cumsum(counts.to_numpy(), out=offsets[1:])
    stated = frame.select("lines").filter(counts > 0).explode("lines").unnest("lines")
    measures = stated["measure"].cast(_MEASURES, strict=False).to_physical()
    volumes = pl.select(pl.when(measures.is_null()).then(_ABSURD).otherwise(stated["volume_micro"])).to_series()
    lines = Lines(
        offsets=offsets,
        measure=measures.fill_null(0).cast(pl.UInt8).to_numpy(),
        started_at=microseconds(stated["started_at"]),
        volume=volumes.cast(pl.Int64).to_numpy(),
        named=_codes(stated["tariff_id"], names),
    )
    order = _order(lines)
    return (lines, stated["tariff_id"]) if order is None else (_ordered(lines, order), stated["tariff_id"][order])


def microseconds(instants: pl.Series) -> Ints:
    """Return instants as microseconds since 1970."""
    return instants.dt.timestamp("us").to_numpy()


def _codes(ids: pl.Series, names: Sequence[str]) -> Codes:
    if ids.null_count() == ids.len():
        return np.full(ids.len(), NOT_NAMED, np.int32)
    named = ids.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int32)
    is_none = ids.is_null() | (ids == "")
    codes = pl.select(pl.when(is_none).then(NOT_NAMED).otherwise(named.fill_null(NOT_AGREED))).to_series()
    return codes.cast(pl.Int32).to_numpy()


def _order(lines: Lines) -> Ints | None:
    """Return how to put each row's lines in order of time, or None where they are."""
    rows = np.repeat(np.arange(lines.offsets.size - 1), np.diff(lines.offsets))
    is_back = (np.diff(lines.started_at) < 0) & (np.diff(rows) == 0)
    return np.lexsort((lines.started_at, rows)) if is_back.any() else None


def _ordered(lines: Lines, order: Ints) -> Lines:
    return Lines(
        offsets=lines.offsets,
        measure=lines.measure[order],
        started_at=lines.started_at[order],
        volume=lines.volume[order],
        named=lines.named[order],
    )
