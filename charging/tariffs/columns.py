"""What many CDRs should state, in columns: identical to recomputing each of them alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

import polars as pl

from charging.roaming.cdr import Cdr
from charging.roaming.frame import micro, to_cdrs
from charging.roaming.terms import Terms
from charging.tariffs.cost import NotPriceable
from charging.tariffs.recompute import recompute
from charging.tariffs.tariff import Tariff

PRICED = pl.Schema(
    {
        "cdr_key": pl.String,
        "net_micro": pl.Int64,
        "gross_micro": pl.Int64,
        "tolerance_micro": pl.Int64,
        "line_count": pl.Int64,
        "reason": pl.String,
    }
)
"""One row a CDR. `reason` says why it cannot be priced, and is null where it was; an amount is null where the tariff
does not tell it (VAT that no protocol states)."""
Row = tuple[str, int | None, int | None, int | None, int | None, str | None]
_MICRO = Decimal("0.000001")
_TOO_GREAT = "its price is too great a number"
_NOT_EXACT = "its numbers do not fit into columns: it must be priced from its CDR"


def price_frame(
    frame: pl.DataFrame,
    *,
    tariffs: Sequence[Tariff],
    terms: Terms,
    as_of: str = "started_at",
    cdrs: Mapping[str, Cdr] | None = None,
) -> pl.DataFrame:
    """Return what each CDR of a frame should state (`PRICED`), in the frame's order.

    `as_of` names the column with the instant whose tariffs count. `cdrs` holds, by key, those whose row is not exact.
    """
    beside = cdrs or {}
    by_place = dict(zip(_places(frame), to_cdrs(frame.filter("is_exact")), strict=True))
    rows = [
        _row(key, by_place.get(place) or beside.get(key), at, tariffs=tariffs, terms=terms)
        for place, (key, at) in enumerate(frame.select("cdr_key", as_of).iter_rows())
    ]
    return pl.DataFrame(rows, schema=PRICED, orient="row")


def _places(frame: pl.DataFrame) -> list[int]:
    return frame["is_exact"].arg_true().to_list()


def _row(key: str, cdr: Cdr | None, at: datetime, *, tariffs: Sequence[Tariff], terms: Terms) -> Row:
    if cdr is None:
        return _unpriced(key, _NOT_EXACT)
    found = recompute(cdr, tariffs=tariffs, terms=terms, as_of=at)
    if isinstance(found, NotPriceable):
        return _unpriced(key, found.reason)
    net, gross = (None if amount is None else micro(amount) for amount in (found.net, found.gross))
    tolerance = micro(found.tolerance.quantize(_MICRO, rounding=ROUND_FLOOR))  # amounts differ by whole millionths
    if tolerance is None or (net, gross).count(None) > (found.net, found.gross).count(None):
        return _unpriced(key, _TOO_GREAT)
    return key, net, gross, tolerance, found.line_count, None


def _unpriced(key: str, reason: str) -> Row:
    return key, None, None, None, None, reason
