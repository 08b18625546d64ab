"""Reading CDRs as columns, as they were stored: the same as `to_frame(stored_cdrs...)`, for a night of millions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import stored_cdrs
from charging.database.queries.csv_frames import frames
from charging.database.queries.stored_cdrs import Period
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import INSTANT, LINE, NUMBERS, SCHEMA

_FITS = r"^-?[0-9]{1,12}(\.[0-9]{1,6}0*)?$"
"""A number that `…_micro` columns hold."""
_SCALED = pl.Decimal(38, 6)
_AS_STORED = pl.Struct(dict.fromkeys(("measure", "started_at", "volume", "tariff_id"), pl.String()))
_WRITTEN = "%Y-%m-%dT%H:%M:%S%.f%:z"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """Some CDRs, all of them exact or none: the columns hold nothing of the long numbers of those that are not."""

    frame: pl.DataFrame
    """With `SCHEMA`."""
    cdrs: tuple[Cdr, ...]
    """The same, where they are not exact."""


def cdr_frames(connection: sa.Connection, partner: str, side: Side, *, period: Period) -> Iterator[StoredFrame]:
    """Yield every version of every CDR of one side whose session ended in a half-open period, in no order."""
    columns: list[Any] = [_as_read(name) for name in _read_as()]
    chosen = sa.select(*columns).where(_of(partner, side, period))
    unusual: list[pl.DataFrame] = []
    for stated in frames(connection, chosen, _read_as()):
        frame = _frame(stated)
        yield StoredFrame(frame=frame.filter("is_exact"), cdrs=())
        unusual.append(frame.filter(~pl.col("is_exact")))
    if long := [frame for frame in unusual if frame.height]:
        frame = pl.concat(long)
        known = stored_cdrs.by_keys(connection, partner, frame["cdr_key"].to_list())
        yield StoredFrame(frame=frame, cdrs=tuple(known[key] for key in frame["cdr_key"]))


def count(connection: sa.Connection, partner: str, side: Side, *, period: Period) -> int:
    """Return how many versions there are."""
    return connection.scalar(sa.select(sa.func.count()).select_from(tables.cdr).where(_of(partner, side, period))) or 0


def _of(partner: str, side: Side, period: Period) -> sa.ColumnElement[bool]:
    row = tables.cdr.c
    is_inside = sa.and_(row.ended_at >= period[0], row.ended_at < period[1])
    return sa.and_(row.partner == partner, row.side == str(side), is_inside)


def _read_as() -> pl.Schema:
    """Return the columns of `SCHEMA` as they are read: numbers and lists as texts, instants as microseconds."""
    whole = (pl.Boolean(), pl.Int32())
    return pl.Schema(
        {
            name.removesuffix("_micro"): pl.Int64() if kind == INSTANT else kind if kind in whole else pl.String()
            for name, kind in SCHEMA.items()
            if name != "is_exact"
        }
    )


def _as_read(name: str) -> sa.ColumnElement[object]:
    kind = SCHEMA.get(name)
    if kind == INSTANT:
        return _micros(name)
    if name in NUMBERS or isinstance(kind, pl.List):
        return sa.cast(tables.cdr.c[name], sa.Text)
    return tables.cdr.c[name]


def _micros(name: str) -> sa.ColumnElement[object]:
    return sa.cast(sa.func.extract("epoch", tables.cdr.c[name]) * 1_000_000, sa.BigInteger)


def _frame(stated: pl.DataFrame) -> pl.DataFrame:
    """Return columns as they were read in those of `SCHEMA`."""
    lists = stated.with_columns(
        pl.col("lines").str.json_decode(pl.List(_AS_STORED)),
        *(pl.col(name).str.json_decode(pl.List(pl.String)) for name in ("quality", "session_aliases")),
    )
    volumes = pl.col("lines").list.eval(pl.element().struct.field("volume").str.contains(_FITS)).list.all()
    fits = [pl.col(name).str.contains(_FITS).fill_null(value=True) for name in NUMBERS]
    return lists.select(
        *(_column(name, kind) for name, kind in SCHEMA.items() if name != "is_exact"),
        is_exact=pl.all_horizontal(volumes, *fits),
    )


def _column(name: str, kind: pl.DataType) -> pl.Expr:
    if name == "lines":
        line = pl.element().struct
        return pl.col(name).list.eval(
            pl.struct(
                measure=line.field("measure"),
                started_at=line.field("started_at").str.to_datetime(_WRITTEN, time_unit="us", time_zone="UTC"),
                volume_micro=_micro(line.field("volume")),
                tariff_id=line.field("tariff_id"),
            ).cast(LINE)
        )
    number = name.removesuffix("_micro")
    return _micro(pl.col(number)).alias(name) if number in NUMBERS else pl.col(name).cast(kind)


def _micro(text: pl.Expr) -> pl.Expr:
    held = pl.when(text.str.contains(_FITS)).then(text)
    return held.cast(_SCALED, strict=False).to_physical().cast(pl.Int64, strict=False)
