"""Credits and the CDRs that they take back (OCPI 2.2.1 mod_cdrs), and negative CDRs that name none (2.1.1)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.comparing import NONE
from charging.roaming.frame import from_micro
from charging.roaming.partner import CreditPolicy

Index = npt.NDArray[np.int64]
_TEXTS = ("owner", "cdr_id", "credits_cdr_id", "currency", "last_updated", "raw_sha256")
_Place = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """A credit's row and the row that it takes back, if there is one and the amounts cancel."""

    credit: int
    original: int | None
    is_amount_wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    row: int
    owner: str
    cdr_id: str
    credits_cdr_id: str | None
    currency: str
    last_updated: datetime
    raw_sha256: str
    net: Decimal

    @property
    def order(self) -> tuple[object, ...]:
        return self.last_updated, self.cdr_id, self.raw_sha256


def credit_pairs(
    side: Facts, live: npt.NDArray[np.bool_], credit_rows: Index, *, policy: CreditPolicy
) -> tuple[Credited, ...]:
    """Return every credit of a side with what it takes back; each CDR is taken back once."""
    found: list[Credited] = []
    is_free = live.copy()
    is_free[credit_rows] = False
    if credit_rows.size:
        found.extend(_named(side, is_free, credit_rows))
    if policy is CreditPolicy.NEGATIVE_CDR:
        is_free[[one.original for one in found if one.original is not None]] = False
        found.extend(_negative(side, is_free))
    return tuple(found)


def _named(side: Facts, is_free: npt.NDArray[np.bool_], credit_rows: Index) -> Iterator[Credited]:
    """Pair by the id that a credit names, or its own without `-C`.

    Of several that bear it and whose amount it cancels, the one of its own start is meant (a credit is a copy), or else
    the first stated.
    """
    credits_found = sorted(_records(side, credit_rows), key=lambda one: one.order)
    named = [(one.owner, (one.credits_cdr_id or one.cdr_id.removesuffix("-C")).upper()) for one in credits_found]
    wanted = pl.DataFrame(named, schema={"owner": pl.String, "cdr_id": pl.String}, orient="row")
    keys = wanted.select((pl.col("cdr_id").hash(1) ^ pl.col("owner").hash(2)).clip(lower_bound=1)).to_series()
    meant = is_free & pl.Series(side.cdr).is_in(keys.implode()).to_numpy()
    originals: defaultdict[tuple[str, str], list[_Record]] = defaultdict(list)
    for one in sorted(_records(side, np.flatnonzero(meant)), key=lambda one: one.order):
        originals[one.owner, one.cdr_id.upper()].append(one)
    for credit, name in zip(credits_found, named, strict=True):
        candidates = originals.get(name, [])
        cancelled = [one for one in candidates if one.currency == credit.currency and one.net + credit.net == 0]
        same = [one for one in cancelled if side.start[one.row] == side.start[credit.row]]
        if not cancelled:
            yield Credited(credit=credit.row, original=None, is_amount_wrong=bool(candidates))
            continue
        original = (same or cancelled)[0]
        candidates.remove(original)
        yield Credited(credit=credit.row, original=original.row)


def _negative(side: Facts, is_free: npt.NDArray[np.bool_]) -> Iterator[Credited]:
    """Pair a CDR of a negative amount with the one of the same place, driver and start that it cancels."""
    negative = np.flatnonzero(is_free & (side.net < 0) & (side.net != NONE))
    if negative.size == 0:
        return
    starts = pl.Series(np.unique(side.start[negative])).implode()
    others = np.flatnonzero(is_free & (side.net > 0) & pl.Series(side.start).is_in(starts).to_numpy())
    originals: defaultdict[_Place, list[_Record]] = defaultdict(list)
    for one in sorted(_records(side, others), key=lambda one: one.order):
        originals[_place(side, one)].append(one)
    for credit in sorted(_records(side, negative), key=lambda one: one.order):
        candidates = originals[_place(side, credit)]
        original = next((one for one in candidates if one.net + credit.net == 0), None)
        if original is not None:
            candidates.remove(original)
        yield Credited(
            credit=credit.row,
            original=None if original is None else original.row,
            is_amount_wrong=original is None and bool(candidates),
        )


def _place(side: Facts, one: _Record) -> _Place:
    row = one.row
    return side.evse[row], side.token[row], side.contract[row], side.start[row], one.currency


def _records(side: Facts, rows: Index) -> Iterator[_Record]:
    for row, texts in zip(rows, side.rows(rows, *_TEXTS).iter_rows(named=True), strict=True):
        yield _Record(row=int(row), net=_net(side, int(row)), **texts)


def _net(side: Facts, row: int) -> Decimal:
    if row in side.exact:
        return side.exact[row].net or Decimal(0)
    return Decimal(0) if side.net[row] == NONE else from_micro(int(side.net[row]))
