"""What many CDRs should state, in columns: identical to recomputing each of them alone.

The usual ones are priced by loops over integers; whatever could not be exact there goes through `recompute`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.roaming.cdr import Cdr
from charging.roaming.frame import micro, to_cdrs
from charging.roaming.terms import Terms
from charging.tariffs import refusals
from charging.tariffs.agreed import with_vat
from charging.tariffs.compiled import Tables, compile_tables
from charging.tariffs.cost import NotPriceable
from charging.tariffs.frame_lines import microseconds, to_lines
from charging.tariffs.kernels import forms
from charging.tariffs.kernels.bills import bill
from charging.tariffs.kernels.forms import Bills
from charging.tariffs.kernels.periods import Ints, Periods, to_periods
from charging.tariffs.recompute import recompute
from charging.tariffs.rounding import RoundAt, RoundMode
from charging.tariffs.tariff import Tariff
from charging.tariffs.wall_clock import UNKNOWN, wall_clock

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
_SLICE = 65_536
"""Rows at a time: their lines and periods stay below a hundred megabytes."""
_ROUND_AT = {RoundAt.TOTAL: forms.AT_TOTAL, RoundAt.PERIOD: forms.AT_PERIOD, RoundAt.LINE: forms.AT_LINE}
_MODE = {RoundMode.HALF_UP: forms.HALF_UP, RoundMode.HALF_EVEN: forms.HALF_EVEN, RoundMode.DOWN: forms.DOWN}
_GREATEST = 2**63 - 1


class _Priced(NamedTuple):
    """The columns of `PRICED` in the making, by row."""

    amounts: Ints
    """Net and gross, in millionths."""
    is_known: npt.NDArray[np.bool_]
    tolerance: Ints
    line_count: Ints
    reasons: dict[int, str]


def price_frame(
    frame: pl.DataFrame,
    *,
    tariffs: Sequence[Tariff],
    terms: Terms,
    as_of: str = "started_at",
    cdrs: Mapping[str, Cdr] | None = None,
    whole: Callable[[list[int]], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Return what each CDR of a frame should state (`PRICED`), in the frame's order.

    `as_of` names the column with the instant whose tariffs count. `cdrs` holds, by key, those whose row is not exact.
    A frame may leave out what no loop reads (all but key, lines, end, time zone and `is_exact`): `whole` returns all
    columns of the rows at some places.
    """
    priced = _Priced(
        np.zeros((2, frame.height), np.int64),
        np.zeros((2, frame.height), np.bool_),
        np.zeros(frame.height, np.int64),
        np.zeros(frame.height, np.int64),
        {},
    )
    tables = compile_tables([with_vat(tariff, terms.vat_percent) for tariff in tariffs], terms.rounding)
    exact = frame["is_exact"].arg_true().to_numpy()
    unusual = [
        place
        for first in range(0, exact.size, _SLICE)
        for place in _price_slice(
            frame, exact[first : first + _SLICE], tables=tables, terms=terms, as_of=as_of, priced=priced
        )
    ]
    rest = frame[unusual] if whole is None or not unusual else whole(unusual)
    alone: dict[int, Cdr | None] = dict(zip(unusual, to_cdrs(rest), strict=True))
    for place in (~frame["is_exact"]).arg_true():
        alone[place] = (cdrs or {}).get(frame["cdr_key"][place])
    for place, cdr in alone.items():
        _price_alone(cdr, frame[as_of][place], place, priced, tariffs=tariffs, terms=terms)
    return _to_frame(frame["cdr_key"], priced)


def _price_slice(
    frame: pl.DataFrame, places: Ints, *, tables: Tables, terms: Terms, as_of: str, priced: _Priced
) -> list[int]:
    """Price the usual rows among some; return the places of the others."""
    zones = [pl.col("time_zone").fill_null(terms.time_zone)] if tables.is_local else []
    chosen = frame[places].select("lines", "ended_at", *zones, as_of=as_of)
    lines, named = to_lines(chosen, tables.names)
    periods = to_periods(lines, microseconds(chosen["ended_at"]))
    local = _local(periods, chosen["time_zone"]) if tables.is_local else np.zeros((2, lines.measure.size), np.int64)
    segments = np.searchsorted(tables.breaks, microseconds(chosen["as_of"]), side="right").astype(np.int32)
    at, mode = _ROUND_AT[terms.rounding.at], _MODE[terms.rounding.mode]
    made = bill(periods, local, segments, tables.choice, tables.rules, tables.elements, at, mode)
    _take(made, places, tables, terms, priced)
    for row in np.flatnonzero((made.state != forms.PRICED) & (made.state != forms.UNUSUAL)):
        priced.reasons[int(places[row])] = _reason(made, int(row), named)
    return [int(place) for place in places[made.state == forms.UNUSUAL]]


def _local(periods: Periods, zones: pl.Series) -> Ints:
    """Return the wall clock of each period, by its row's zone; a row of which it is not known is not usual."""
    count = periods.offsets[-1]
    rows = np.repeat(np.arange(periods.is_usual.size), np.diff(periods.offsets))
    local = np.zeros((2, periods.started_at.size), np.int64)
    names = zones.unique()
    for name in names:
        here = slice(0, count) if names.len() == 1 else np.flatnonzero((zones == name).to_numpy()[rows])
        for side, instants in enumerate((periods.started_at, periods.last_at)):
            local[side, here] = wall_clock(instants[here], ZoneInfo(name))
    periods.is_usual[rows[(local[:, :count] == UNKNOWN).any(axis=0)]] = False
    return local


def _take(made: Bills, places: Ints, tables: Tables, terms: Terms, priced: _Priced) -> None:
    is_priced = made.state == forms.PRICED
    here, tariff = places[is_priced], made.tariff[is_priced]
    millionths = 10 ** (6 - tables.decimals[tariff])
    for side, amounts in enumerate((made.net[is_priced], made.gross[is_priced])):
        priced.amounts[side, here] = amounts * millionths
        priced.is_known[side, here] = amounts >= 0
    counts = made.line_count[is_priced]
    priced.line_count[here] = counts
    agreed = terms.tolerances.money
    derived = tables.half_units[tariff] * np.maximum(1, counts)
    priced.tolerance[here] = derived if agreed is None else _millionths(agreed)


def _reason(made: Bills, row: int, named: pl.Series) -> str:
    detail = int(made.detail[row])
    match made.state[row]:
        case forms.CHANGES:
            return refusals.changes_within(detail)
        case forms.AVERAGE_POWER:
            return refusals.average_power(detail)
        case forms.NO_CURRENT:
            return refusals.no_current(detail)
        case forms.NOT_KNOWN:
            return refusals.not_known(named[detail])
        case forms.NONE_AGREED:
            return refusals.NONE_AGREED
        case _:
            return refusals.NO_PERIODS


def _price_alone(
    cdr: Cdr | None, as_of: datetime, place: int, priced: _Priced, *, tariffs: Sequence[Tariff], terms: Terms
) -> None:
    if cdr is None:
        priced.reasons[place] = refusals.NOT_EXACT
        return
    found = recompute(cdr, tariffs=tariffs, terms=terms, as_of=as_of)
    if isinstance(found, NotPriceable):
        priced.reasons[place] = found.reason
        return
    for side, amount in enumerate((found.net, found.gross)):
        scaled = None if amount is None else micro(amount)
        if scaled is None and amount is not None:
            priced.reasons[place] = refusals.TOO_GREAT
            return
        priced.amounts[side, place], priced.is_known[side, place] = scaled or 0, scaled is not None
    priced.tolerance[place], priced.line_count[place] = _millionths(found.tolerance), found.line_count


def _millionths(tolerance: Decimal) -> int:
    """Return the whole millionths in a tolerance: amounts differ by no others."""
    return min(_GREATEST, int(tolerance.scaleb(6)))


def _to_frame(keys: pl.Series, priced: _Priced) -> pl.DataFrame:
    reasons: list[str | None] = [None] * keys.len()
    for place, reason in priced.reasons.items():
        reasons[place] = reason
    reason_column = pl.Series("reason", reasons, dtype=pl.String)
    is_priced = reason_column.is_null()
    known = [is_priced & pl.Series(side) for side in priced.is_known]
    columns = {
        "net_micro": (priced.amounts[0], known[0]),
        "gross_micro": (priced.amounts[1], known[1]),
        "tolerance_micro": (priced.tolerance, is_priced),
        "line_count": (priced.line_count, is_priced),
    }
    return pl.DataFrame([keys, reason_column]).select(
        "cdr_key",
        *(
            pl.when(is_there).then(pl.lit(pl.Series(column))).alias(name)
            for name, (column, is_there) in columns.items()
        ),
        "reason",
    )
