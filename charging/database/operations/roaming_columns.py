"""Writing CDRs and verdicts that stand in columns: a night of millions goes into PostgreSQL in its binary form.

What does not fit into the columns is written from its objects, so that nothing is rounded and nothing is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

import msgspec
import polars as pl
import sqlalchemy as sa

from charging.database import tables
from charging.database.columns import storable, storable_document
from charging.database.operations import roaming, rows
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.wording import number_text
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import INSTANT, NUMBERS
from charging.roaming.terms import Tier

SLICE = 50_000
"""Rows that PostgreSQL is asked about at once."""
AT_ONCE = 10_000
"""Rows whose lists are made to JSON while it takes those before them."""
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
    ranked = _ranked(part, _stored(connection, part))
    plain = part[ranked.filter(~pl.col("is_doubtful"))["row"]]
    rows.copy_frames(connection, tables.cdr, (_cdr_rows(some, at) for some in plain.iter_slices(AT_ONCE)))
    fresh = plain.height
    doubtful = ranked.filter("is_doubtful").sort("writing", maintain_order=True)
    for again in doubtful.partition_by("writing", maintain_order=True):  # each may repeat the one before it
        with rows.arriving_frame(connection, tables.cdr, _cdr_rows(part[again["row"]], at)) as held:
            fresh += roaming.insert_versions(connection, held)
    return fresh


def _ranked(part: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a part that are not stored: which writing of its record each is, and whether it says anew.

    Only what tells records apart is looked at: the columns of so many CDRs are not copied for it.
    """
    known = stored.filter(side=str(Side.THEIRS)).select("record", "ended_at").unique()
    known = known.with_columns(is_known=pl.lit(value=True))
    records = part.select("cdr_key", "side", "ended_at", _identity()).with_row_index("row")
    new = records.filter(~pl.col("cdr_key").is_in(stored["cdr_key"].implode()))
    ranked = new.with_columns(writing=pl.int_range(pl.len()).over("record", "ended_at"))
    is_again = pl.col("is_known").is_not_null() | (pl.col("writing") > 0)
    return ranked.join(known, on=["record", "ended_at"], how="left", maintain_order="left").select(
        "row", "writing", is_doubtful=(pl.col("side") == str(Side.THEIRS)) & is_again
    )


def _identity() -> pl.Expr:
    return pl.concat_str("partner", pl.col("cdr_id").str.to_uppercase(), separator="|").alias("record")


def _stored(connection: sa.Connection, part: pl.DataFrame) -> pl.DataFrame:
    """Return `record`, `side`, `ended_at` and `cdr_key` of every version that is stored of these records."""
    found = [part.select(_identity(), "side", "ended_at", "cdr_key").clear()]
    for (partner,), group in part.with_columns(_identity()).group_by("partner"):
        records = group.unique("cdr_id", maintain_order=True).select("record", "cdr_id")
        versions = pl.DataFrame(
            list(map(tuple, connection.execute(versions_of(str(partner), records["cdr_id"])))),
            schema=["place", "side", "ended_at", "cdr_key"],
            orient="row",
        ).cast({"place": pl.Int64, "side": pl.String, "ended_at": group.schema["ended_at"], "cdr_key": pl.String})
        record = records["record"].gather(versions["place"] - 1)
        found.append(versions.select(record, "side", "ended_at", "cdr_key"))
    return pl.concat(found)


def versions_of(partner: str, cdr_ids: pl.Series) -> sa.Select[tuple[int, str, datetime, str]]:
    """Return what asks for all versions of some records, without regard to case, each with its place among the ids.

    Each is looked up by its id alone, which only one index fits: while the table grows PostgreSQL has not looked at it
    yet, and with any other condition would now and then choose a plan that reads all of a partner's for each.
    """
    row = tables.cdr.c
    ids = sa.func.unnest(rows.array(cdr_ids, sa.Text()))
    asked = ids.table_valued("cdr_id", with_ordinality="place", name="asked").render_derived()
    each = (
        sa.select(row.partner, row.side, row.ended_at, row.cdr_key)
        .where(sa.func.upper(row.cdr_id) == sa.func.upper(asked.c.cdr_id))
        .offset(0)  # keeps the condition on the partner out of it
        .lateral("each")
    )
    columns = (asked.c.place, each.c.side, each.c.ended_at, each.c.cdr_key)
    return sa.select(*columns).select_from(asked).join(each, each.c.partner == partner)


def store_night(
    connection: sa.Connection, head: Mapping[str, object], night: NightFrame, *, partner: str, day: date
) -> None:
    """Make a partner's night exactly this: its head, and a row for each verdict."""
    rows.upsert(connection, tables.reconciliation, [{**head, "partner": partner, "day": day}])
    row = tables.verdict.c
    connection.execute(sa.delete(tables.verdict).where(row.partner == partner, row.day == day))
    rows.copy_frames(connection, tables.verdict, _verdict_rows(night, partner=partner, day=day))
    rows.copy(connection, tables.verdict, _VERDICT_COLUMNS, _long_rows(night, partner=partner, day=day))
    rows.analyze(connection, tables.verdict)


def _verdict_rows(night: NightFrame, *, partner: str, day: date) -> Iterator[pl.DataFrame]:
    """Yield the rows of the verdicts whose amounts stand in the columns."""
    stated: dict[str, pl.Expr] = {
        "partner": pl.lit(partner),
        "day": pl.lit(day),
        "verdict_number": pl.col("verdict_number").cast(pl.Int32),
        "tier": pl.col("tier").replace_strict(_TIERS, return_dtype=pl.String),
        "kinds": _json_texts("kinds"),
        "difference": pl.col("difference_micro"),
        "money_at_risk": pl.col("money_at_risk_micro"),
    }
    for part in _numbered(night).iter_slices(AT_ONCE):
        yield part.filter("is_exact").select(stated.get(name, pl.col(name)).alias(name) for name in _VERDICT_COLUMNS)


def _long_rows(night: NightFrame, *, partner: str, day: date) -> Iterator[list[object]]:
    """Yield the rows of those verdicts whose amounts do not: of any length, and exact."""
    exactly = {(one.ours_key, one.theirs_key): one for one in night.inexact}
    long = _numbered(night).filter(~pl.col("is_exact")) if exactly else night.judged.clear()
    for row in long.iter_rows(named=True):
        one = exactly[row["ours_key"], row["theirs_key"]]
        stated: dict[str, object] = {
            "partner": partner,
            "day": day,
            "tier": _TIERS.get(row["tier"]),
            "kinds": rows.as_jsonb(_DOCUMENT.encode(storable_document(row["kinds"]))),
            "difference": one.difference,
            "money_at_risk": one.money_at_risk,
        }
        values = (stated.get(name, row.get(name)) for name in _VERDICT_COLUMNS)
        yield [storable(value) if isinstance(value, str) else value for value in values]


def _numbered(night: NightFrame) -> pl.DataFrame:
    return night.judged.with_row_index("verdict_number", offset=1)


def _cdr_rows(frame: pl.DataFrame, at: datetime) -> pl.DataFrame:
    stated = {
        **{name: pl.col(f"{name}_micro") for name in NUMBERS},
        **{name: _json_texts(name) for name in _LISTS},
        "lines": _lines(),
        "stored_at": pl.lit(at, INSTANT),
    }
    return frame.select(
        stated.get(column.name, pl.col(column.name)).alias(column.name) for column in tables.cdr.columns
    )


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
