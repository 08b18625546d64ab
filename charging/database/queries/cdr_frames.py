"""Reading CDRs as columns, as they were stored: the same as `to_frame(stored_cdrs...)`, for a night of millions."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIT

from charging.database import tables
from charging.database.binary.reading import FITS, NUMERIC, frames
from charging.database.queries import stored_cdrs
from charging.database.queries.stored_cdrs import Period
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import LINE, NUMBERS, SCHEMA, fits, micro_column

_AS_STORED = pl.Struct(dict.fromkeys(("measure", "started_at", "volume", "tariff_id"), pl.String()))
_READ_AS = pl.Schema(
    {
        **{
            name: pl.String() if isinstance(kind, pl.List) else kind
            for name, kind in SCHEMA.items()
            if name in tables.cdr.c
        },
        **dict.fromkeys(NUMBERS, NUMERIC),
    }
)
"""The columns of `SCHEMA` as they are read: lists as texts."""
_WRITTEN = "%Y-%m-%dT%H:%M:%S%.f%:z"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """Some CDRs, all of them exact or none: the columns hold nothing of the long numbers of those that are not."""

    frame: pl.DataFrame
    """With `SCHEMA`."""
    cdrs: tuple[Cdr, ...]
    """The same, where they are not exact."""


def cdr_frames(
    connection: sa.Connection, partner: str, side: Side, *, period: Period, every: int = 1
) -> Iterator[StoredFrame]:
    """Yield every version of every CDR of one side whose session ended in a half-open period, in no order.

    Of many, `every` n-th can be asked for, by its hash: the same ones whenever they are.
    """
    chosen = sa.select(*(tables.cdr.c[name] for name in _READ_AS)).where(_of(partner, side, period))
    if every > 1:
        chosen = chosen.where(_number() % every == 0)
    unusual: list[pl.DataFrame] = []
    for stated in frames(connection, chosen, _READ_AS):
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


def _number() -> sa.ColumnElement[int]:
    """Return the first digits of a version's hash as a number."""
    digits = sa.func.left(tables.cdr.c.raw_sha256, 8)
    number = sa.cast(sa.cast(sa.literal("x") + digits, BIT(32)), sa.BigInteger)
    return sa.case((digits.regexp_match("^[0-9a-f]{8}$"), number), else_=0)


def _frame(stated: pl.DataFrame) -> pl.DataFrame:
    """Return columns as they were read in those of `SCHEMA`."""
    lists = stated.with_columns(
        pl.col("lines").str.json_decode(pl.List(_AS_STORED)),
        *(pl.col(name).str.json_decode(pl.List(pl.String)) for name in ("quality", "session_aliases")),
    )
    volumes = pl.col("lines").list.eval(fits(pl.element().struct.field("volume"))).list.all()
    return lists.select(
        *(_column(name) for name in SCHEMA if name != "is_exact"),
        is_exact=pl.all_horizontal(volumes, *(name + FITS for name in NUMBERS)),
    )


def _column(name: str) -> pl.Expr:
    if name == "lines":
        line = pl.element().struct
        return pl.col(name).list.eval(
            pl.struct(
                measure=line.field("measure"),
                started_at=line.field("started_at").str.to_datetime(_WRITTEN, time_unit="us", time_zone="UTC"),
                volume_micro=micro_column(line.field("volume")),
                tariff_id=line.field("tariff_id"),
            ).cast(LINE)
        )
    return pl.col(name)
