"""What of a judged neighbourhood belongs to one night, in columns: its verdicts, its numbers, the hashes of both."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import polars as pl

from charging import canonical
from charging.reconciliation.follow_up.case import BESIDES, TARGETS
from charging.reconciliation.night_frame import NightFrame, to_judged
from charging.reconciliation.verdict import SETTLED, Judged
from charging.reconciliation.wording import number_text
from charging.roaming.cdr import Cohort
from charging.roaming.frame import from_micro
from charging.roaming.terms import Tier

Period = tuple[datetime, datetime]
_AT_ONCE = 50_000
_SETTLED = [str(verdict) for verdict in SETTLED]
_BESIDES = [str(verdict) for verdict in BESIDES]
KEYS = ("ours_key", "theirs_key")
_AMOUNTS = ("difference", "money_at_risk")
_ESCAPED = {character: json.dumps(character)[1:-1] for character in ('"', "\\", *map(chr, range(32)))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The verdicts that belong to a night, and those beside it that were judged with them."""

    kept: NightFrame
    beside: NightFrame


def share(night: NightFrame, *, period: Period) -> Share:
    """Return which verdicts belong to a half-open period: a pair belongs where ours ended."""
    is_kept = (pl.col("ended_at") >= period[0]) & (pl.col("ended_at") < period[1])
    return Share(kept=chosen(night, is_kept), beside=chosen(night, ~is_kept))


def chosen(night: NightFrame, wanted: pl.Expr) -> NightFrame:
    """Return some verdicts of a night, in its order; its summary stays the whole night's."""
    judged = night.judged.filter(wanted)
    if not night.inexact:
        return replace(night, judged=judged)
    there = set(judged.filter(~pl.col("is_exact")).select(KEYS).iter_rows())
    inexact = tuple(one for one in night.inexact if (one.ours_key, one.theirs_key) in there)
    return replace(night, judged=judged, inexact=inexact)


def open_or_about(night: NightFrame, keys: Sequence[str]) -> list[Judged]:
    """Return the verdicts that somebody must act on, and all that are about any version of these CDRs, as values."""
    records = sorted({_record(key) for key in keys} | set(keys))
    of_them = [(_record_of(name).is_in(records) | pl.col(name).is_in(records)).fill_null(value=False) for name in KEYS]
    return to_judged(chosen(night, pl.any_horizontal(~pl.col("verdict").is_in(_SETTLED), *of_them)))


def about(night: NightFrame, subjects: Sequence[str]) -> list[Judged]:
    """Return the verdicts on some subjects (`follow_up.case.subject`), as values, in their order."""
    return to_judged(chosen(night, subject().is_in(list(subjects))))


def subject() -> pl.Expr:
    """Return `follow_up.case.subject` of a column of verdicts."""
    key = pl.coalesce(*KEYS)
    is_targets = pl.col("ours_key").is_not_null() & (pl.col("cohort") == Cohort.MOVED).fill_null(value=False)
    mark = pl.when(is_targets).then(pl.lit(TARGETS)).otherwise(pl.lit(""))
    record = pl.concat_str(mark, pl.coalesce(*(_record_of(name) for name in KEYS)))
    return pl.when(pl.col("verdict").is_in(_BESIDES)).then(key).otherwise(record)


def _record_of(name: str) -> pl.Expr:
    """Return `follow_up.case.record` of a column of keys."""
    return pl.col(name).str.replace(r"\|[^|]*$", "").str.to_uppercase()


def _record(key: str) -> str:
    return key.rpartition("|")[0].upper()


def money_at_risk(night: NightFrame) -> dict[str, Decimal]:
    """Return what is at risk by currency, the currency first that comes first among the verdicts."""
    risky = night.judged.filter((pl.col("money_at_risk_micro") != 0) | ~pl.col("is_exact"))
    sums = risky.group_by("currency", maintain_order=True).agg(
        pl.col("money_at_risk_micro").filter(pl.col("is_exact")).cast(pl.Int128).sum()
    )
    found = {currency: from_micro(total) for currency, total in sums.iter_rows()}
    for one in night.inexact:
        found[one.currency] += one.money_at_risk
    return {currency: amount for currency, amount in found.items() if amount}


def verdict_counts(night: NightFrame) -> dict[str, int]:
    """Return how many verdicts of each kind there are, in the order in which they come."""
    return dict(night.judged.group_by("verdict", maintain_order=True).len().iter_rows())


def tier_counts(night: NightFrame) -> dict[str, int]:
    """Return how many pairs each tier has found, by its name."""
    counts = night.judged["tier"].drop_nulls().value_counts(sort=False)
    return {Tier(tier).name.lower(): number for tier, number in sorted(counts.iter_rows())}


def to_follow_up(night: NightFrame) -> int:
    """Return how many verdicts somebody must look at."""
    return int((~night.judged["verdict"].is_in(_SETTLED)).sum())


def inputs_digest(night: NightFrame, *, period: Period) -> str:
    """Return what tells the inputs of two nights apart: `canonical.digest` of the sorted keys, and the period."""
    keys = pl.concat([night.judged[name].drop_nulls().alias("key") for name in KEYS]).sort()
    found = sha256(b"[[")
    for number, part in enumerate(_texts(keys)):
        found.update(b"," * bool(number) + part)
    found.update(b"]," + canonical.text(period).encode() + b"]")
    return found.hexdigest()


def verdicts_digest(night: NightFrame) -> str:
    """Return what tells two judgements of a night apart: everything but how they are worded."""
    exactly = {(one.ours_key, one.theirs_key): one for one in night.inexact}
    ordered = night.judged.with_columns(pl.col(*KEYS, "currency").fill_null("")).sort("verdict", *KEYS)
    found = sha256(b"[")
    for number, part in enumerate(ordered.iter_slices(_AT_ONCE)):
        found.update(b"," * bool(number) + ",".join(_said(part, exactly)).encode())
    found.update(b"]")
    return found.hexdigest()


def _said(part: pl.DataFrame, exactly: Mapping[tuple[str | None, str | None], Judged]) -> pl.Series:
    """Return what each verdict says, as the canonical text of a list."""
    amounts = part.select(number_text(pl.col(f"{name}_micro")).fill_null("None").alias(name) for name in _AMOUNTS)
    places = (~part["is_exact"]).arg_true()
    long = [exactly[ours or None, theirs or None] for ours, theirs in part[places].select(KEYS).iter_rows()]
    exact = [amounts[name].scatter(places, [str(getattr(one, name)) for one in long]) for name in _AMOUNTS]
    kinds = pl.col("kinds").list.eval(pl.format('"{}",', pl.element())).list.join("")
    told = [_quoted(pl.col(name)) for name in ("verdict", *KEYS, *_AMOUNTS, "currency", "cohort")]
    said = pl.format("[{},{},{},{}{},{},{},{}]", *told[:3], kinds, *told[3:])
    return part.with_columns(*exact, pl.col("cohort").fill_null("None")).select(said).to_series()


def _quoted(text: pl.Expr) -> pl.Expr:
    """Return texts as they stand in JSON."""
    return pl.format('"{}"', text.str.replace_many(_ESCAPED))


def _texts(keys: pl.Series) -> Iterator[bytes]:
    for first in range(0, keys.len(), _AT_ONCE):
        yield _inside(keys[first : first + _AT_ONCE].to_list())


def _inside(entries: Sequence[object]) -> bytes:
    """Return what stands between the brackets of a list's canonical text."""
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text[1:-1].encode("utf-8", errors="surrogatepass")
