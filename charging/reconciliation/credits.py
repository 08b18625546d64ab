"""Credits and the CDRs that they take back (OCPI 2.2.1 mod_cdrs), and negative CDRs that name none (2.1.1)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
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
Mask = npt.NDArray[np.bool_]
NO_ORIGINAL = -1
_IDS = ("owner", "cdr_id", "credits_cdr_id")
_STATED = ("currency", "last_updated", "raw_sha256")
"""What is read only of those between whom there is a choice."""
_NAME = ["owner", "name"]
_Place = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """The rows of credits, and beside each the row that it takes back, if there is one and the amounts cancel."""

    rows: Index
    originals: Index
    """NO_ORIGINAL: there is none."""
    are_wrong: Mask
    """What it names is there, and its amount does not cancel it."""

    @property
    def cancelling(self) -> tuple[Index, Index]:
        """Credits that take something back, and what."""
        found = self.originals != NO_ORIGINAL
        return self.rows[found], self.originals[found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    row: int
    owner: str
    name: str
    cdr_id: str
    currency: str
    last_updated: datetime
    raw_sha256: str
    net: Decimal

    @property
    def order(self) -> tuple[object, ...]:
        return self.last_updated, self.cdr_id, self.raw_sha256


_Found = tuple[int, int, bool]
"""A credit's row, the original's, and whether the amount is wrong."""


def credit_pairs(side: Facts, live: Mask, credit_rows: Index, *, policy: CreditPolicy) -> Credits:
    """Return every credit of a side with what it takes back; each CDR is taken back once."""
    is_free = live.copy()
    is_free[credit_rows] = False
    named = _named(side, is_free, credit_rows)
    if policy is not CreditPolicy.NEGATIVE_CDR:
        return named
    is_free[named.cancelling[1]] = False
    return _together([named, _of(_negative(side, is_free))])


def _named(side: Facts, is_free: Mask, credit_rows: Index) -> Credits:
    """Pair by the id that a credit names, or its own without `-C`.

    Of several that bear it and whose amount it cancels, the one of its own start is meant (a credit is a copy), or else
    the first stated. Where one credit and at most one original bear an id, there is nothing to choose.
    """
    if credit_rows.size == 0:
        return _of([])
    stated = pl.when(pl.col("credits_cdr_id") != "").then("credits_cdr_id")
    credits_found = _stated(side, credit_rows, pl.coalesce(stated, pl.col("cdr_id").str.strip_suffix("-C")))
    keys = credits_found.select((pl.col("name").hash(1) ^ pl.col("owner").hash(2)).clip(lower_bound=1)).to_series()
    meant = np.flatnonzero(is_free & pl.Series(side.cdr).is_in(keys.unique().implode()).to_numpy())
    originals = _stated(side, meant, pl.col("cdr_id"))
    bearers = originals.group_by(_NAME).agg(
        pl.col("row").first().alias("original"), pl.len().alias("bearers"), pl.col("is_exact").all().alias("fits")
    )
    both = credits_found.with_columns(claims=pl.len().over(_NAME)).join(
        bearers, on=_NAME, how="left", maintain_order="left"
    )
    is_plain = (pl.col("claims") == 1) & (pl.col("bearers").fill_null(0) <= 1)
    is_plain &= pl.col("is_exact") & pl.col("fits").fill_null(value=True)
    plain, rest = both.filter(is_plain), both.filter(~is_plain)
    return _together([_plainly(side, plain), _of(_chosen(side, rest, originals.join(rest, on=_NAME, how="semi")))])


def _plainly(side: Facts, plain: pl.DataFrame) -> Credits:
    """Return what each credit takes back that alone claims the one bearer of an id."""
    rows, originals = (plain[name].fill_null(NO_ORIGINAL).to_numpy().astype(np.int64) for name in ("row", "original"))
    is_there = originals != NO_ORIGINAL
    cancels = is_there & (side.currency[rows] == side.currency[originals])
    cancels &= _amounts(side, rows) + _amounts(side, originals) == 0
    return Credits(
        rows=rows, originals=np.where(cancels, originals, np.int64(NO_ORIGINAL)), are_wrong=is_there & ~cancels
    )


def _amounts(side: Facts, rows: Index) -> Index:
    net = side.net[rows]
    return np.where(net == NONE, np.int64(0), net)


def _chosen(side: Facts, credits_found: pl.DataFrame, stated: pl.DataFrame) -> Iterator[_Found]:
    originals: defaultdict[tuple[str, str], list[_Record]] = defaultdict(list)
    for one in sorted(_records(side, stated), key=lambda one: one.order):
        originals[one.owner, one.name].append(one)
    for credit in sorted(_records(side, credits_found), key=lambda one: one.order):
        candidates = originals.get((credit.owner, credit.name), [])
        cancelled = [one for one in candidates if one.currency == credit.currency and one.net + credit.net == 0]
        same = [one for one in cancelled if side.start[one.row] == side.start[credit.row]]
        if not cancelled:
            yield credit.row, NO_ORIGINAL, bool(candidates)
            continue
        original = (same or cancelled)[0]
        candidates.remove(original)
        yield credit.row, original.row, False


def _negative(side: Facts, is_free: Mask) -> Iterator[_Found]:
    """Pair a CDR of a negative amount with the one of the same place, driver and start that it cancels."""
    negative = np.flatnonzero(is_free & (side.net < 0) & (side.net != NONE))
    if negative.size == 0:
        return
    starts = pl.Series(np.unique(side.start[negative])).implode()
    others = np.flatnonzero(is_free & (side.net > 0) & pl.Series(side.start).is_in(starts).to_numpy())
    originals: defaultdict[_Place, list[_Record]] = defaultdict(list)
    for one in sorted(_records(side, _stated(side, others, pl.col("cdr_id"))), key=lambda one: one.order):
        originals[_place(side, one)].append(one)
    for credit in sorted(_records(side, _stated(side, negative, pl.col("cdr_id"))), key=lambda one: one.order):
        candidates = originals[_place(side, credit)]
        original = next((one for one in candidates if one.net + credit.net == 0), None)
        if original is not None:
            candidates.remove(original)
        is_wrong = original is None and bool(candidates)
        yield credit.row, NO_ORIGINAL if original is None else original.row, is_wrong


def _place(side: Facts, one: _Record) -> _Place:
    row = one.row
    return side.evse[row], side.token[row], side.contract[row], side.start[row], one.currency


def _stated(side: Facts, rows: Index, name: pl.Expr) -> pl.DataFrame:
    """Return the ids that rows bear, with the one by which they are looked for: without regard to case."""
    return side.rows(rows, *_IDS).with_columns(
        row=pl.Series(rows, dtype=pl.Int64),
        name=name.str.to_uppercase(),
        is_exact=~pl.Series(np.isin(rows, list(side.exact)), dtype=pl.Boolean),
    )


def _records(side: Facts, stated: pl.DataFrame) -> Iterator[_Record]:
    more = side.rows(stated["row"].to_numpy(), *_STATED)
    for texts in stated.select("row", "owner", "name", "cdr_id").hstack(more).iter_rows(named=True):
        yield _Record(net=_net(side, texts["row"]), **texts)


def _net(side: Facts, row: int) -> Decimal:
    if row in side.exact:
        return side.exact[row].net or Decimal(0)
    return Decimal(0) if side.net[row] == NONE else from_micro(int(side.net[row]))


def _of(found: Iterable[_Found]) -> Credits:
    rows, originals, are_wrong = zip(*found, strict=True) if (found := list(found)) else ((), (), ())
    return Credits(
        rows=np.array(rows, np.int64), originals=np.array(originals, np.int64), are_wrong=np.array(are_wrong, np.bool_)
    )


def _together(parts: list[Credits]) -> Credits:
    return Credits(
        rows=np.concatenate([part.rows for part in parts]),
        originals=np.concatenate([part.originals for part in parts]),
        are_wrong=np.concatenate([part.are_wrong for part in parts]),
    )
