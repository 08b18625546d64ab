"""Writing CDRs and verdicts that stand in columns: a night of millions goes into PostgreSQL as CSV, made by polars.

What does not fit into the columns is written from its objects, so that nothing is rounded and nothing is left out.
"""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.database.columns import storable_document
from charging.database.operations import roaming, rows
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.verdict import Judged
from charging.reconciliation.wording import number_text
from charging.roaming.cdr import Cdr
from charging.roaming.frame import NUMBERS
from charging.roaming.terms import Tier

SLICE = 50_000
"""Rows that are made to text at once: a million of them at once would take the memory of a night."""
_INSTANT = "%Y-%m-%d %H:%M:%S%.6f%:z"
_TIERS = {tier.value: tier.name.lower() for tier in Tier}
_LISTS = ("quality", "session_aliases")
_NUL, _REPLACED = "\0", "\ufffd"
_DOCUMENT = msgspec.json.Encoder()


def store_cdr_frame(connection: sa.Connection, frame: pl.DataFrame, *, cdrs: Iterable[Cdr] = (), at: datetime) -> int:
    """Store versions of CDRs as `store_cdrs` does, and return how many are new.

    `frame` has `charging.roaming.frame.SCHEMA`; `cdrs` are those of its rows that are not exact. Only one transaction
    at a time may do this for a partner (`take_turns`).
    """
    exact = frame.filter("is_exact").unique("cdr_key", keep="first", maintain_order=True)
    fresh = 0
    for part in exact.iter_slices(SLICE):
        new = part.filter(~pl.col("cdr_key").is_in(_there(connection, part).implode()))
        texts = _cdr_texts(new, at)
        rows.copy_csv(connection, tables.cdr, texts.columns, (_csv(texts),))
        fresh += new.height
    others = list(cdrs)
    if others:
        fresh += roaming.store_cdrs(connection, others, at=at)
    return fresh


def store_verdicts(connection: sa.Connection, night: NightFrame, *, partner: str, day: date) -> None:
    """Make the verdicts of a partner's night, whose head is there, exactly these."""
    row = tables.verdict.c
    connection.execute(sa.delete(tables.verdict).where(row.partner == partner, row.day == day))
    number, exactly = 1, {(one.ours_key, one.theirs_key): one for one in night.inexact}
    for part in night.judged.iter_slices(SLICE):
        texts = _verdict_texts(part, exactly).select(
            pl.lit(partner).alias("partner"),
            pl.lit(day).alias("day"),
            pl.int_range(number, number + part.height).alias("verdict_number"),
            pl.all(),
        )
        rows.copy_csv(connection, tables.verdict, texts.columns, (_csv(texts),))
        number += part.height
    rows.analyze(connection, tables.verdict)


def _there(connection: sa.Connection, part: pl.DataFrame) -> pl.Series:
    """Return which of some versions are stored already."""
    found: list[pl.Series] = [pl.Series("cdr_key", [], dtype=pl.String)]
    row = tables.cdr.c
    for (partner, side), group in part.group_by("partner", "side"):
        wanted = sa.literal(group["cdr_key"].to_list(), ARRAY(row.cdr_key.type))
        chosen = sa.select(row.cdr_key).where(row.partner == partner, row.side == side, row.cdr_key == sa.any_(wanted))
        found.append(pl.Series("cdr_key", list(connection.scalars(chosen)), dtype=pl.String))
    return pl.concat(found)


def _cdr_texts(frame: pl.DataFrame, at: datetime) -> pl.DataFrame:
    stated = {
        **{name: number_text(pl.col(f"{name}_micro")) for name in NUMBERS},
        **{name: _json_texts(name) for name in _LISTS},
        "lines": _lines(),
        "stored_at": pl.lit(at),
    }
    return frame.select(
        stated.get(column.name, pl.col(column.name)).alias(column.name) for column in tables.cdr.columns
    )


def _verdict_texts(part: pl.DataFrame, exactly: dict[tuple[str | None, str | None], Judged]) -> pl.DataFrame:
    kinds = _json_texts("kinds")
    texts = part.select(
        "verdict",
        pl.col("tier").replace_strict(_TIERS, return_dtype=pl.String),
        "ours_key",
        "theirs_key",
        "cohort",
        "currency",
        kinds.alias("kinds"),
        number_text(pl.col("difference_micro")).alias("difference"),
        number_text(pl.col("money_at_risk_micro")).alias("money_at_risk"),
        "explanation",
        "next_step",
    )
    places = (~part["is_exact"]).arg_true()
    long = [exactly[keys] for keys in part[places].select("ours_key", "theirs_key").iter_rows()]
    return texts.with_columns(
        texts[name].scatter(places, [_text(getattr(one, name)) for one in long])
        for name in ("difference", "money_at_risk")
        if long
    )


def _text(number: object) -> str | None:
    return None if number is None else str(number)


def _json_texts(name: str) -> pl.Expr:
    """Return a list of texts as JSON. Hardly any row has one, so that the few are made one by one."""
    column = pl.col(name)
    return (
        pl.when(column.list.len() == 0)
        .then(pl.lit("[]"))
        .otherwise(column.map_batches(_encoded, return_dtype=pl.String))
    )


def _encoded(lists: pl.Series) -> pl.Series:
    known: dict[tuple[str, ...], str] = {(): "[]"}
    texts = []
    for each in map(tuple, lists):
        if each not in known:
            known[each] = _DOCUMENT.encode(storable_document(each)).decode()
        texts.append(known[each])
    return pl.Series(lists.name, texts, dtype=pl.String)


def _lines() -> pl.Expr:
    line = pl.element().struct
    return (
        pl.lit("[")
        + pl.col("lines")
        .list.eval(
            pl.struct(
                measure=line.field("measure"),
                started_at=line.field("started_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z"),
                volume=number_text(line.field("volume_micro")),
                tariff_id=line.field("tariff_id").str.replace_all(_NUL, _REPLACED, literal=True),
            ).struct.json_encode()
        )
        .list.join(",")
        + pl.lit("]")
    )


def _csv(texts: pl.DataFrame) -> bytes:
    strings = [name for name, dtype in texts.schema.items() if dtype == pl.String]
    storable = texts.with_columns(pl.col(strings).str.replace_all(_NUL, _REPLACED, literal=True))
    text = storable.write_csv(include_header=False, quote_style="non_numeric", datetime_format=_INSTANT)
    return text.encode()
