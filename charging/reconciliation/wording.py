"""Numbers as an explanation says them, of values and of columns: the same words for the same number."""

from datetime import timedelta
from decimal import Decimal

import polars as pl

_DECIMALS = 2
_MICRO = 1_000_000


def number(stated: Decimal) -> str:
    """Return a number without needless zeros, but with two decimals at least: `4.50`, `0.001`."""
    whole, _, decimals = f"{stated:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<{_DECIMALS}}"


def duration(stated: timedelta) -> str:
    """Return whole hours, minutes and seconds: `25:00:01`."""
    seconds = abs(stated) // timedelta(seconds=1)
    sign = "-" if stated < timedelta(0) else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def number_text(micro: pl.Expr) -> pl.Expr:
    """Return `number` of a column of millionths."""
    decimals = (micro.abs() % _MICRO).cast(pl.String).str.zfill(6).str.strip_chars_end("0")
    padded = (
        pl.when(decimals.str.len_bytes() < _DECIMALS).then(decimals.str.pad_end(_DECIMALS, "0")).otherwise(decimals)
    )
    return pl.format("{}{}.{}", _sign(micro), micro.abs() // _MICRO, padded)


def duration_text(micro: pl.Expr) -> pl.Expr:
    """Return `duration` of a column of microseconds."""
    seconds = micro.abs() // _MICRO
    minutes, rest = ((part % 60).cast(pl.String).str.zfill(2) for part in (seconds // 60, seconds))
    return pl.format("{}{}:{}:{}", _sign(micro), seconds // 3600, minutes, rest)


def _sign(micro: pl.Expr) -> pl.Expr:
    return pl.when(micro < 0).then(pl.lit("-")).otherwise(pl.lit(""))
