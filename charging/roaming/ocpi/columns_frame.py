"""The columns of plain records: from arrays of integers and slices of the page to the canonical frame."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import INSTANT, LINE, SCHEMA, to_frame
from charging.roaming.ocpi import columns_fields as fields
from charging.roaming.ocpi.columns_context import Context
from charging.roaming.ocpi.columns_lex import Bytes, Ints
from charging.roaming.ocpi.columns_quality import Codes, Flags, found
from charging.roaming.ocpi.columns_read import BY_REMARK, IS_CREDIT, NOT_SIGNIFICANT, Read
from charging.roaming.ocpi.columns_text import gathered, lines
from charging.roaming.ocpi.columns_values import NO_OFFSET, NONE, Longs
from charging.roaming.ocpi.parse_numbers import MEASURES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK = to_frame(
    [
        Cdr(
            side=Side.THEIRS,
            partner="",
            owner="",
            cdr_id="",
            session_id=None,
            authorization_reference=None,
            evse_raw="",
            evse_compact="",
            token_uid=None,
            contract_compact=None,
            started_at=_EPOCH,
            ended_at=_EPOCH,
            energy_kwh=Decimal(0),
            net=None,
            gross=None,
            currency="",
            tariff_id=None,
            lines=(),
            is_credit=False,
            credits_cdr_id=None,
            last_updated=_EPOCH,
            raw_sha256="",
        )
    ]
)
"""What an OCPI CDR has in the columns that nothing is read into."""
_MEASURE_NAMES = pl.Series([str(measure) for measure in MEASURES.values()], dtype=pl.String)


def plain_rows(
    read: Read, *, whole: bytes, hashes: Bytes, rows: Longs, is_in_wh: Flags, within: Context
) -> pl.DataFrame:
    """Return the canonical rows of some records, of which each has its hash."""
    buffer = np.frombuffer(whole, np.uint8)
    where = within.where.rows(buffer, read.texts[:, _WHERE], rows)
    who = within.who.rows(buffer, read.texts[:, _WHO], rows)
    whose = within.whose.rows(buffer, read.texts[:, _WHOSE], rows)
    made: dict[str, pl.Series | list[str]] = {
        **{name: _BLANK[name].new_from_index(0, len(rows)) for name in SCHEMA},
        "partner": pl.Series([within.partner]).new_from_index(0, len(rows)),
        **dict(zip(_OWN, gathered(buffer, read.texts[:, list(_OWN.values())], rows), strict=True)),
        **whose.to_dict(),
        **where.drop("codes").to_dict(),
        **who.drop("codes").to_dict(),
        **{
            name: pl.Series(read.instants[rows, place]).cast(INSTANT)
            for place, name in enumerate(("started_at", "ended_at", "last_updated"))
        },
        **{name: _number(read.numbers[rows, place]) for place, name in enumerate(_NUMBER_COLUMNS)},
        "tariff_id": _tariffs(read, whole, read.tariff_of[rows]),
        "lines": _lines(read, whole, rows),
        "is_credit": pl.Series(read.marked[rows, IS_CREDIT] == 1),
        "raw_sha256": lines(hashes.tobytes().hex("\n", hashes.shape[1])) if len(rows) else [],
        "quality": _quality(_masks(read, rows, is_in_wh, within, where["codes"], who["codes"]), within.codes),
        "start_offset_minutes": _number(read.offsets[rows, 0], none=NO_OFFSET),
        "is_cost_significant": pl.Series(read.marked[rows, BY_REMARK] != NOT_SIGNIFICANT),
    }
    frame = pl.DataFrame(made, schema=SCHEMA)
    return frame.with_columns(
        cdr_key=pl.concat_str(
            pl.col("side"), pl.col("partner"), pl.col("owner"), pl.col("cdr_id"), pl.col("raw_sha256").str.slice(0, 12),
            separator="|",
        )
    )  # fmt: skip


_WHERE = [fields.EVSE, fields.EVSE_UID, fields.CONNECTOR, fields.COUNTRY, fields.LATITUDE, fields.LONGITUDE]
_WHO = [fields.TOKEN, fields.CONTRACT]
_WHOSE = [fields.COUNTRY_CODE, fields.PARTY_ID, fields.CURRENCY]
_OWN = {
    "cdr_id": fields.CDR_ID,
    "session_id": fields.SESSION_ID,
    "authorization_reference": fields.AUTHORIZATION,
    "credits_cdr_id": fields.CREDITS,
    "invoice_id": fields.INVOICE,
}
"""Texts that are each record's own. The remark alone need not be ASCII, and becomes no column."""
_NUMBER_COLUMNS = ("energy_kwh_micro", "total_hours_micro", "parking_hours_micro", "net_micro", "gross_micro")


def _masks(read: Read, rows: Longs, is_in_wh: Flags, within: Context, *said: pl.Series) -> Longs:
    """Return the codes of each row, as the integers of `Codes`."""
    codes = within.codes
    masks = np.zeros(len(read.numbers), np.int64)
    for code, fires in found(read, is_in_wh):
        masks[fires] |= codes.of((code,))
    masks = masks[rows]
    for each in said:
        masks |= each.to_numpy()
    return masks if within.has_owner or within.owner else masks | codes.of(("owner.from_evse",))


def _quality(masks: Longs, codes: Codes) -> pl.Series:
    distinct, which = np.unique(masks, return_inverse=True)
    lists = pl.Series([codes.names(int(mask)) for mask in distinct], dtype=pl.List(pl.String))
    return lists.gather(which.astype(np.uint32))


def _number(values: npt.NDArray[np.signedinteger], *, none: int = NONE) -> pl.Series:
    return pl.select(pl.when(pl.lit(pl.Series(values)) != none).then(pl.lit(pl.Series(values)))).to_series()


def _tariffs(read: Read, whole: bytes, which: Longs | Ints) -> pl.Series:
    names = [whole[begin:end].decode("ascii") for begin, end in read.tariffs.tolist()]
    return pl.Series([*names, None], dtype=pl.String).gather(np.where(which < 0, len(names), which).astype(np.uint32))


def _lines(read: Read, whole: bytes, rows: Longs) -> pl.Series:
    """Return the lines of each row as a list."""
    counts = np.diff(read.line_first)
    row_of = np.full(len(counts), -1, np.int64)
    row_of[rows] = np.arange(len(rows))
    row = np.repeat(row_of, counts)
    lines = read.lines[row >= 0]  # those of a record that is not plain are read by the parser of objects
    flat = pl.DataFrame(
        {
            "measure": _MEASURE_NAMES.gather(lines[:, 0].astype(np.uint32)),
            "started_at": pl.Series(lines[:, 1]).cast(INSTANT),
            "volume_micro": lines[:, 2],
            "tariff_id": _tariffs(read, whole, lines[:, 3]),
        }
    )
    row = row[row >= 0].astype(np.uint32)
    lists = pl.DataFrame({"row": row, "line": flat.to_struct()}).group_by("row", maintain_order=True).agg("line")
    if len(lists) == len(rows):
        return lists["line"]
    every = pl.DataFrame({"row": np.arange(len(rows), dtype=np.uint32)}).join(
        lists, on="row", how="left", maintain_order="left"
    )
    return every["line"].fill_null(pl.Series([[]], dtype=pl.List(LINE)))
