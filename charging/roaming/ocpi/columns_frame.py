"""The columns of plain records: from arrays of integers and slices of the page to the canonical frame."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import INSTANT, LINE, SCHEMA, to_frame
from charging.roaming.ocpi import columns_fields as fields
from charging.roaming.ocpi.columns_context import Context
from charging.roaming.ocpi.columns_lex import Ints
from charging.roaming.ocpi.columns_quality import Codes, Flags, found
from charging.roaming.ocpi.columns_read import BY_REMARK, IS_CREDIT, NOT_SIGNIFICANT, Read
from charging.roaming.ocpi.columns_text import gathered
from charging.roaming.ocpi.columns_values import NO_OFFSET, NONE, Longs
from charging.roaming.ocpi.parse_numbers import MEASURES
from charging.roaming.ocpi.parse_stated import available

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
    read: Read, *, whole: bytes, bounds: Ints, rows: Longs, is_in_wh: Flags, within: Context
) -> pl.DataFrame:
    """Return the canonical rows of some records, which lie in `whole` between `bounds`."""
    # The remark alone need not be ASCII, and becomes no column.
    found_texts = gathered(np.frombuffer(whole, np.uint8), read.texts[:, : fields.REMARK], rows)

    def filled(column: int) -> list[str]:
        return found_texts[column]

    def texts(column: int) -> list[str | None]:
        return [text or None for text in found_texts[column]]

    evse_uids = [available(uid) for uid in texts(fields.EVSE_UID)]
    identity = _identity(texts, filled, within)
    hashes = [sha256(whole[begin:end]).hexdigest() for begin, end in zip(*bounds.T.tolist(), strict=True)]
    places = zip(texts(fields.COUNTRY), texts(fields.LATITUDE), texts(fields.LONGITUDE), strict=True)
    masks = _masks(read, rows, is_in_wh, within=within, identity=identity, places=places)
    start, end, updated = (pl.Series(read.instants[rows, place]).cast(INSTANT) for place in range(3))
    number = {name: _number(read.numbers[rows, place]) for place, name in enumerate(_NUMBER_COLUMNS)}
    columns: dict[str, pl.Series | list[str] | list[str | None]] = {
        "partner": pl.Series([within.partner]).new_from_index(0, len(rows)),
        "owner": identity.owners,
        "cdr_id": filled(fields.CDR_ID),
        "session_id": texts(fields.SESSION_ID),
        "authorization_reference": texts(fields.AUTHORIZATION),
        "evse_raw": identity.evses,
        "evse_compact": [within.evses[evse] for evse in identity.evses],
        "token_uid": [within.tokens[token] for token in identity.tokens],
        "contract_compact": [within.contracts[contract] for contract in identity.contracts],
        "started_at": start,
        "ended_at": end,
        "currency": [within.upper[currency] for currency in filled(fields.CURRENCY)],
        "tariff_id": _tariffs(read, whole, read.tariff_of[rows]),
        "lines": _lines(read, whole, rows),
        "is_credit": pl.Series(read.marked[rows, IS_CREDIT] == 1),
        "credits_cdr_id": texts(fields.CREDITS),
        "last_updated": updated,
        "raw_sha256": hashes,
        "quality": _quality(masks, within.codes),
        "evse_uid": evse_uids,
        "connector_id": [available(connector) for connector in texts(fields.CONNECTOR)],
        "start_offset_minutes": _number(read.offsets[rows, 0], none=NO_OFFSET),
        "is_cost_significant": pl.Series(read.marked[rows, BY_REMARK] != NOT_SIGNIFICANT),
        "invoice_id": texts(fields.INVOICE),
        **number,
    }
    made = {name: columns[name] if name in columns else _BLANK[name].new_from_index(0, len(rows)) for name in SCHEMA}
    frame = pl.DataFrame(made, schema=SCHEMA)
    return frame.with_columns(
        cdr_key=pl.concat_str(
            pl.col("side"), pl.col("partner"), pl.col("owner"), pl.col("cdr_id"), pl.col("raw_sha256").str.slice(0, 12),
            separator="|",
        )
    )  # fmt: skip


_NUMBER_COLUMNS = ("energy_kwh_micro", "total_hours_micro", "parking_hours_micro", "net_micro", "gross_micro")


@dataclass(frozen=True, slots=True)
class _Identity:
    owners: list[str]
    evses: list[str]
    tokens: list[str | None]
    contracts: list[str | None]


def _identity(
    texts: Callable[[int], list[str | None]], filled: Callable[[int], list[str]], within: Context
) -> _Identity:
    if within.has_owner:
        upper = within.upper
        parties = zip(filled(fields.COUNTRY_CODE), filled(fields.PARTY_ID), strict=True)
        owners = [upper[f"{country}-{party}"] for country, party in parties]
        return _Identity(owners, filled(fields.EVSE), [*filled(fields.TOKEN)], [*filled(fields.CONTRACT)])
    evses = [evse or uid or "" for evse, uid in zip(texts(fields.EVSE), texts(fields.EVSE_UID), strict=True)]
    owners = [within.owner or within.owners[evse] for evse in evses]
    ids = filled(fields.TOKEN)
    are_contracts = [within.is_contract[each] for each in ids]
    return _Identity(
        owners,
        evses,
        [None if is_one else each for each, is_one in zip(ids, are_contracts, strict=True)],
        [each if is_one else None for each, is_one in zip(ids, are_contracts, strict=True)],
    )


def _masks(
    read: Read,
    rows: Longs,
    is_in_wh: Flags,
    *,
    within: Context,
    identity: _Identity,
    places: Iterable[tuple[str | None, str | None, str | None]],
) -> Longs:
    """Return the codes of each row, as the integers of `Codes`."""
    codes = within.codes
    masks = np.zeros(len(read.numbers), np.int64)
    for code, fires in found(read, is_in_wh):
        masks[fires] |= codes.of((code,))
    masks = masks[rows]
    evse, contract, place = within.evse_codes, within.contract_codes, within.place_codes
    masks |= np.array([evse[each] for each in identity.evses], np.int64)
    masks |= np.array([contract[each] for each in identity.contracts], np.int64)
    masks |= np.array([place[each] for each in places], np.int64)
    if not within.has_owner:
        of_contract, of_uid = codes.of(("auth_id.is_contract",)), codes.of(("auth_id.is_uid",))
        told = (of_uid if contract is None else of_contract for contract in identity.contracts)
        masks |= np.fromiter(told, np.int64, len(rows))
        masks |= 0 if within.owner else codes.of(("owner.from_evse",))
    return masks


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
