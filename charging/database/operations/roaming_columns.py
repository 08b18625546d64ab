"""Writing CDRs and verdicts that stand in columns: a night of millions goes into PostgreSQL as CSV, made by polars.

What does not fit into the columns is written from its objects, so that nothing is rounded and nothing is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

import msgspec
import polars as pl
import sqlalchemy as sa

from charging.database import tables
from charging.database.columns import storable_document
from charging.database.operations import roaming, rows
from charging.loops.together import ahead
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.verdict import Judged
from charging.reconciliation.wording import number_text
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import NUMBERS
from charging.roaming.terms import Tier

SLICE = 50_000
"""Rows that PostgreSQL is asked about at once."""
AT_ONCE = 10_000
"""Rows that are made to text while it takes those before them."""
_INSTANT = "%Y-%m-%d %H:%M:%S%.6f%:z"
_TIERS = {tier.value: tier.name.lower() for tier in Tier}
_VERDICT_COLUMNS = [column.name for column in tables.verdict.columns]
_LISTS = ("quality", "session_aliases")
_NUL, _REPLACED = "\0", "\ufffd"
_DOCUMENT = msgspec.json.Encoder()


def store_cdr_frame(connection: sa.Connection, frame: pl.DataFrame, *, cdrs: Iterable[Cdr] = (), at: datetime) -> int:
    """Store versions of CDRs as `store_cdrs` does, and return how many are new.

    `frame` has `charging.roaming.frame.SCHEMA`; `cdrs` are those of its rows that are not exact. Only one transaction
    at a time may do this for a partner (`take_turns`).
    """
    names = pl.col("cdr_key", "cdr_id").str.replace_all(_NUL, _REPLACED, literal=True)
    exact = frame.filter("is_exact").with_columns(names).unique("cdr_key", keep="first", maintain_order=True)
    fresh = sum(_store_new(connection, part, at=at) for part in exact.iter_slices(SLICE))
    return fresh + sum(roaming.store_cdrs(connection, others, at=at) for others in _by_writing(cdrs))


def _by_writing(cdrs: Iterable[Cdr]) -> list[list[Cdr]]:
    """Return CDRs in turns, of which none has a record twice: what repeats a record must find it stored."""
    seen: Counter[tuple[str, str, str, datetime]] = Counter()
    turns: list[list[Cdr]] = []
    for cdr in cdrs:
        record = (cdr.side, cdr.partner, cdr.cdr_id.upper(), cdr.ended_at)
        if seen[record] == len(turns):
            turns.append([])
        turns[seen[record]].append(cdr)
        seen[record] += 1
    return turns


def _store_new(connection: sa.Connection, part: pl.DataFrame, *, at: datetime) -> int:
    """Store those versions that are not there. Whether a record only came in another writing, PostgreSQL must tell."""
    new = part.filter(~pl.col("cdr_key").is_in(_there(connection, part).implode()))
    ranked = new.with_columns(_identity()).with_columns(writing=pl.int_range(pl.len()).over("record", "ended_at"))
    known = _records_there(connection, new.filter(side=str(Side.THEIRS)))
    known = known.with_columns(is_known=pl.lit(value=True))
    ranked = ranked.join(known, on=["record", "ended_at"], how="left", maintain_order="left")
    is_doubtful = (pl.col("side") == str(Side.THEIRS)) & (pl.col("is_known").is_not_null() | (pl.col("writing") > 0))
    plain = ranked.filter(~is_doubtful)
    made = (_csv(_cdr_texts(some, at)) for some in plain.iter_slices(AT_ONCE))
    rows.copy_csv(connection, tables.cdr, roaming.CDR_COLUMNS, ahead(made))
    fresh = plain.height
    doubtful = ranked.filter(is_doubtful).sort("writing", maintain_order=True)
    for again in doubtful.partition_by("writing", maintain_order=True):  # each may repeat the one before it
        texts = _cdr_texts(again, at)
        with rows.arriving_csv(connection, tables.cdr, texts.columns, (_csv(texts),)) as held:
            fresh += roaming.insert_versions(connection, held)
    return fresh


def _identity() -> pl.Expr:
    return pl.concat_str("partner", pl.col("cdr_id").str.to_uppercase(), separator="|").alias("record")


def _records_there(connection: sa.Connection, part: pl.DataFrame) -> pl.DataFrame:
    """Return which records of these, a partner's, are stored, in whatever version that ended at the same instant."""
    row, found = tables.cdr.c, [part.select(_identity(), "ended_at").clear()]
    for (partner,), group in part.with_columns(_identity()).group_by("partner"):
        ends = group["ended_at"].dt.strftime(_INSTANT)
        stated = (rows.array(group["cdr_id"], sa.Text()), rows.array(ends, row.ended_at.type))
        asked = sa.func.unnest(*stated).table_valued("cdr_id", "ended_at", with_ordinality="place", name="asked")
        asked = asked.render_derived()
        is_there = sa.and_(
            row.partner == partner,
            row.side == str(Side.THEIRS),
            row.ended_at == asked.c.ended_at,
            sa.func.upper(row.cdr_id) == sa.func.upper(asked.c.cdr_id),
        )
        places = connection.scalars(sa.select(asked.c.place).join(tables.cdr, is_there).distinct())
        found.append(group.select("record", "ended_at")[[place - 1 for place in places]])
    return pl.concat(found).unique()


def store_night(
    connection: sa.Connection, head: Mapping[str, object], night: NightFrame, *, partner: str, day: date
) -> None:
    """Make a partner's night exactly this: its head, and a row for each verdict."""
    rows.upsert(connection, tables.reconciliation, [{**head, "partner": partner, "day": day}])
    row = tables.verdict.c
    connection.execute(sa.delete(tables.verdict).where(row.partner == partner, row.day == day))
    rows.copy_csv(connection, tables.verdict, _VERDICT_COLUMNS, ahead(_verdict_csv(night, partner=partner, day=day)))
    rows.analyze(connection, tables.verdict)


def _verdict_csv(night: NightFrame, *, partner: str, day: date) -> Iterator[bytes]:
    number, exactly = 1, {(one.ours_key, one.theirs_key): one for one in night.inexact}
    for part in night.judged.iter_slices(AT_ONCE):
        numbers = pl.int_range(number, number + part.height)
        texts = _verdict_texts(part, exactly).with_columns(
            partner=pl.lit(partner), day=pl.lit(day), verdict_number=numbers
        )
        yield _csv(texts.select(_VERDICT_COLUMNS))
        number += part.height


def _there(connection: sa.Connection, part: pl.DataFrame) -> pl.Series:
    """Return which of some versions are stored already."""
    found: list[pl.Series] = [pl.Series("cdr_key", [], dtype=pl.String)]
    row = tables.cdr.c
    for (partner, side), group in part.group_by("partner", "side"):
        wanted = sa.any_(rows.array(group["cdr_key"], row.cdr_key.type))
        chosen = sa.select(row.cdr_key).where(row.partner == partner, row.side == side, row.cdr_key == wanted)
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
    return pl.col(name).map_batches(_encoded, return_dtype=pl.String)


def _encoded(lists: pl.Series) -> pl.Series:
    places = (lists.list.len() > 0).arg_true()
    known: dict[tuple[str, ...], str] = {}
    for each in map(tuple, lists.gather(places)):
        if each not in known:
            known[each] = _DOCUMENT.encode(storable_document(each)).decode()
    made = pl.repeat("[]", len(lists), dtype=pl.String, eager=True).alias(lists.name)
    return made.scatter(places, [known[each] for each in map(tuple, lists.gather(places))])


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
