"""The verdicts on CDRs that are in no pair: missing, late, tied, credited, repeated, or billing nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.compact import Verdicts, bits, compact, scaled
from charging.reconciliation.corrections import Corrected
from charging.reconciliation.credits import NO_ORIGINAL
from charging.reconciliation.facts import Facts
from charging.reconciliation.judge import alone
from charging.reconciliation.kernels.comparing import NONE
from charging.reconciliation.verdict import SETTLED, Judged, Kind, Verdict
from charging.roaming.cdr import Side
from charging.roaming.terms import Terms

_DAY = 86_400_000_000
Index = npt.NDArray[np.integer]
_EXCLUDED = {
    Kind.INTERMEDIATE: "it is a report on the way and bills nothing",
    Kind.SUBSIDY: "it is the anonymous copy that a subsidy gets, and bills nothing",
    Kind.REFUSED: "the hub refused it as implausible: it bills nothing",
}


def singles(
    side: Facts,
    which: Side,
    rows: Index,
    *,
    verdict: Verdict | pl.Series,
    said: str | pl.Series | pl.Expr,
    kinds: Sequence[Kind] | pl.Series = (),
) -> Verdicts:
    """Return verdicts on single CDRs; an absent side counts as nothing."""
    sign = -1 if which is Side.OURS else 1
    net = side.net[rows]
    settled = pl.col("verdict").is_in([each.value for each in SETTLED])
    given = pl.DataFrame(
        {
            f"{which.value}_row": pl.Series(rows, dtype=pl.Int32),
            "net": pl.Series(net, dtype=pl.Int64).replace(NONE, None),
            "currency": side.currency[rows],
            "cohort": side.cohort[rows],
        }
    ).with_columns(verdict=verdict if isinstance(verdict, pl.Series) else pl.lit(verdict.value))
    frame = compact(
        given,
        difference=pl.col("net") * sign,
        money=pl.when(settled).then(0).otherwise(pl.col("net").abs().fill_null(0)),
        explanation=said,
        kinds=kinds if isinstance(kinds, pl.Series) else bits(kinds),
    )
    return _exactly(side, rows, frame)


def _exactly(side: Facts, rows: Index, frame: pl.DataFrame) -> Verdicts:
    """Put the amounts of unusual rows in their places, as far as they fit."""
    if not side.exact:
        return Verdicts(frame=frame)
    places = [place for place, row in enumerate(rows) if int(row) in side.exact]
    judged: list[Judged] = []
    for place in places:
        told = frame.row(place, named=True)
        kinds = tuple(kind for at, kind in enumerate(Kind) if told["kinds"] >> at & 1)
        cdr = side.exact[int(rows[place])]
        judged.append(alone(cdr, Verdict(told["verdict"]), explanation=told["explanation"], kinds=kinds))
    amounts = pl.DataFrame(
        [(place, *scaled(one)) for place, one in zip(places, judged, strict=True)],
        schema={"place": pl.UInt32, "difference": pl.Int64, "money": pl.Int64, "is_exact": pl.Boolean},
        orient="row",
    )
    fitted = frame.with_row_index("place").update(amounts, on="place", include_nulls=True).drop("place")
    return Verdicts(frame=fitted, inexact=[one for one in judged if not scaled(one)[2]])


def unmatched(
    side: Facts, which: Side, rows: Index, *, terms: Terms, as_of: datetime, unreadable: Mapping[str, str]
) -> Verdicts:
    """Return who has no counterpart: late or missing, and what is known of the reason."""
    missing = Verdict.MISSING_AT_PARTNER if which is Side.OURS else Verdict.MISSING_AT_US
    now = int(pl.Series([as_of], dtype=pl.Datetime("us", "UTC")).to_physical()[0])
    age = pl.Series(now - side.end[rows], dtype=pl.Int64)
    ended = pl.Series(side.end[rows], dtype=pl.Int64).cast(pl.Datetime("us"))
    reasons = _reasons(side, rows, unreadable) if which is Side.OURS else pl.Series([None] * len(rows), dtype=pl.String)
    lateness = int(terms.lateness.total_seconds() * 1_000_000)
    told = pl.DataFrame({"age": age, "ended": ended, "reason": reasons}).select(
        verdict=pl.when(pl.col("reason").is_null(), pl.col("age") < lateness)
        .then(pl.lit(Verdict.LATE.value))
        .otherwise(pl.lit(missing.value)),
        said=pl.when(pl.col("reason").is_not_null())
        .then(pl.format("their record of it cannot be read: {}", "reason"))
        .when(pl.col("age") < lateness)
        .then(
            pl.format(
                f"nothing matches it yet; it is due within {terms.lateness.days} days of {{}}",
                pl.col("ended").dt.strftime("%Y-%m-%d"),
            )
        )
        .otherwise(pl.format("nothing matches it {} days after it ended", pl.col("age") // _DAY)),
        kinds=pl.when(pl.col("reason").is_not_null()).then(bits([Kind.UNREADABLE])).otherwise(0),
    )
    return singles(side, which, rows, verdict=told["verdict"], said=told["said"], kinds=told["kinds"])


def _reasons(side: Facts, rows: Index, unreadable: Mapping[str, str]) -> pl.Series:
    if not unreadable:
        return pl.Series([None] * len(rows), dtype=pl.String)
    return side.rows(rows, "cdr_id").to_series().replace_strict(dict(unreadable), default=None, return_dtype=pl.String)


def corrected(side: Facts, which: Side, found: Corrected) -> list[Verdicts]:
    """Return the verdicts on whatever one side settled with itself."""
    told = [
        singles(side, which, rows, verdict=Verdict.EXCLUDED, said=_EXCLUDED[kind], kinds=[kind])
        for kind, rows in found.excluded.items()
        if rows.size
    ]
    settled = [each for each in _settled(found) if each[2][0].size]
    texts = _ids(side, [pair for _, _, pair in settled])
    for (verdict, words, (rows, _)), (ids, named) in zip(settled, texts, strict=True):
        mutated = (ids == named).cast(pl.UInt32) * (bits([Kind.MUTATED]) if verdict is Verdict.DUPLICATE else 0)
        said = pl.DataFrame({"named": named}).select(pl.format(words, "named")).to_series()
        told.append(singles(side, which, rows, verdict=verdict, said=said, kinds=mutated))
    is_alone = found.credited.originals == NO_ORIGINAL
    alone_rows, is_wrong = found.credited.rows[is_alone], found.credited.are_wrong[is_alone]
    if alone_rows.size == 0:
        return told
    unpaired = pl.DataFrame({"is_wrong": is_wrong}).select(
        said=pl.when("is_wrong")
        .then(pl.lit("its amount does not cancel the CDR it names"))
        .otherwise(pl.lit("the CDR that it credits is not there")),
        kinds=pl.when("is_wrong").then(bits([Kind.CREDIT_AMOUNT])).otherwise(0),
    )
    told.append(
        singles(
            side, which, alone_rows, verdict=Verdict.CREDIT_UNPAIRED, said=unpaired["said"], kinds=unpaired["kinds"]
        )
    )
    return told


def _settled(found: Corrected) -> Iterator[tuple[Verdict, str, tuple[Index, Index]]]:
    yield Verdict.SUPERSEDED, "a later state of {} counts in its stead", found.superseded
    yield Verdict.DUPLICATE, "it bills again what {} bills", found.repeated
    yield Verdict.CREDIT_PAIRED, "it and {} cancel each other", _cancelling(found)


def _cancelling(found: Corrected) -> tuple[Index, Index]:
    taking, taken = found.credited.cancelling
    return np.concatenate([taking, taken]), np.concatenate([taken, taking])


def _ids(side: Facts, pairs: Sequence[tuple[Index, Index]]) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Yield the ids of pairs of rows: all of them are read at once."""
    every = [np.empty(0, np.int64), *(rows for pair in pairs for rows in pair)]
    ids = side.rows(np.concatenate(every), "cdr_id").to_series()
    cuts = np.cumsum([rows.size for rows in every])
    parts = [ids[int(begin) : int(end)] for begin, end in pairwise(cuts)]
    yield from zip(parts[::2], parts[1::2], strict=True)
