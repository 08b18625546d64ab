"""Whose amount is right, for the pairs whose amounts differ; and the pairs that no column can hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from charging.loops.together import both
from charging.reconciliation.aliases import Aliases
from charging.reconciliation.compact import Verdicts, bits, compact, scaled
from charging.reconciliation.facts import Facts
from charging.reconciliation.judge import Pair, judge_pair
from charging.reconciliation.kernels.comparing import NONE, Bit
from charging.reconciliation.verdict import SETTLED, Judged, Kind, Verdict
from charging.reconciliation.wording import number_text
from charging.roaming.cdr import Cdr
from charging.roaming.frame import SCHEMA, to_cdrs
from charging.roaming.terms import Terms, Tier
from charging.tariffs.columns import price_frame
from charging.tariffs.tariff import Tariff

_PRICED = ("net_micro", "gross_micro", "tolerance_micro", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """By what pairs are judged."""

    terms: Terms
    tariffs: Sequence[Tariff]
    aliases: Aliases


def at_risk(pairs: pl.DataFrame, ours: Facts, theirs: Facts) -> pl.Expr:
    """Return the money at stake in pairs that are not settled: the difference, or else the greater amount."""
    amounts = [
        np.where(net == NONE, 0, np.abs(net))
        for net in (ours.net[pairs["ours_row"].to_numpy()], theirs.net[pairs["theirs_row"].to_numpy()])
    ]
    greater = pl.lit(pl.Series(np.maximum(*amounts), dtype=pl.Int64))
    return (
        pl.when(pl.col("kinds") & int(Bit.INSIGNIFICANT) != 0)
        .then(0)
        .otherwise(pl.coalesce(pl.col("stake").abs(), greater))
    )


def who_is_right(pairs: pl.DataFrame, ours: Facts, theirs: Facts, *, agreement: Agreement) -> Verdicts:
    """Recompute both amounts from the agreed tariffs and what each side measured, and judge by them."""
    if len({tariff.currency for tariff in agreement.tariffs}) > 1:
        return unusual(pairs, ours, theirs, agreement=agreement)
    earliest = np.minimum(ours.start[pairs["ours_row"].to_numpy()], theirs.start[pairs["theirs_row"].to_numpy()])
    zones = _zones(pairs, ours, theirs)
    sides = both(
        lambda side: _side(*side, pairs[f"{side[0]}_row"].to_numpy(), (earliest, zones), agreement),
        *(("ours", ours), ("theirs", theirs)),
    )
    recomputed = (
        pairs.hstack(sides[0])
        .hstack(sides[1])
        .with_columns(
            tolerance=pl.max_horizontal("tolerance_ours", "tolerance_theirs"),
            gross_apart=pl.when(pl.col("kinds") & int(Bit.CURRENCY) == 0).then(
                pl.col("stated_gross_theirs") - pl.col("stated_gross_ours")
            ),
            reason=pl.coalesce("reason_ours", "reason_theirs"),
            said=pl.format("ours says {}, theirs {}", "says_ours", "says_theirs"),
            clock=_clock(zones, agreement),
        )
    )
    judged = recomputed.with_columns(verdict=_verdict())
    told = judged.with_columns(
        kinds=pl.when(pl.col("verdict") == Verdict.QUANTITY_DIFFERS.value)
        .then(pl.col("kinds") | bits([Kind.LINES]))
        .when(pl.col("verdict").is_in([verdict.value for verdict in SETTLED]))
        .then(pl.col("kinds") & (2**32 - 1 - (Bit.NET | Bit.GROSS)))
        .otherwise("kinds"),
        money=pl.when(pl.col("verdict") == Verdict.WITHIN_TOLERANCE.value)
        .then(0)
        .otherwise(at_risk(pairs, ours, theirs)),
    )
    return Verdicts(frame=compact(told, explanation=_explanation(agreement.terms.currency)))


def _zones(pairs: pl.DataFrame, ours: Facts, theirs: Facts) -> pl.Series:
    """Return the time zone of each pair's location, where either side knows it: both were at one place."""
    stated = [side.rows(pairs[f"{name}_row"].to_numpy(), "time_zone").to_series()
              for name, side in (("ours", ours), ("theirs", theirs))]  # fmt: skip
    return pl.select(pl.coalesce(*stated).alias("time_zone")).to_series()


def _clock(zones: pl.Series, agreement: Agreement) -> pl.Series:
    """Return what is said of the clock that a tariff went by: nothing where it is the agreed one, or none matters."""
    if not any(tariff.is_local for tariff in agreement.tariffs):
        return zones.clear(zones.len()).fill_null("")
    own = pl.when(zones != agreement.terms.time_zone).then(pl.format(" by the clock of {}", zones))
    return pl.select(own.otherwise(pl.lit(""))).to_series().fill_null("")


def _side(
    name: str,
    side: Facts,
    rows: "np.typing.NDArray[np.int32]",
    when_and_where: tuple[np.ndarray, pl.Series],
    agreement: Agreement,
) -> pl.DataFrame:
    """Return what one side of each pair states, and what it should state."""
    as_of, zones = when_and_where
    stated = side.rows(rows, "lines", "currency", "tariff_id").with_columns(
        zones,
        pl.lit("").alias("cdr_key"),  # these rows are exact: nobody is looked up by the key
        pl.lit(value=True).alias("is_exact"),
        *(
            pl.Series(name, instants, dtype=pl.Int64).cast(SCHEMA["started_at"])
            for name, instants in (("as_of", as_of), ("ended_at", side.end[rows]))
        ),
        *(
            pl.Series(name, amounts[rows], dtype=pl.Int64).replace(NONE, None)
            for name, amounts in (("stated_net", side.net), ("stated_gross", side.gross))
        ),
    )
    priced = price_frame(
        stated,
        tariffs=agreement.tariffs,
        terms=agreement.terms,
        as_of="as_of",
        whole=lambda places: side.rows(rows[places], *SCHEMA).with_columns(zones[places]),
    ).select(_PRICED)
    currency = agreement.tariffs[0].currency if agreement.tariffs else agreement.terms.currency
    net, gross = pl.col("stated_net"), pl.col("stated_gross")
    is_near = {
        amount: (stated_amount - pl.col(f"{amount}_micro")).abs() <= pl.col("tolerance_micro")
        for amount, stated_amount in (("net", net), ("gross", gross))
    }
    return (
        priced.hstack(stated.select("currency", "tariff_id", "stated_net", "stated_gross"))
        .select(
            stated_gross="stated_gross",
            tariff="tariff_id",
            tolerance="tolerance_micro",
            reason=pl.when(net.is_null()).then(pl.lit(f"{name} states no amount")).otherwise("reason"),
            amount=pl.coalesce("net_micro", "gross_micro"),
            is_right=(pl.col("currency") == currency)
            & (pl.col("net_micro").is_null() | is_near["net"])
            & (gross.is_null() | pl.col("gross_micro").is_null() | is_near["gross"])
            & (pl.col("net_micro").is_not_null() | gross.is_not_null()),
            says=pl.when(net.is_null())
            .then(pl.lit("nothing"))
            .otherwise(pl.format("{} {}", number_text(net), "currency")),
        )
        .select(pl.all().name.suffix(f"_{name}"))
    )


def _verdict() -> pl.Expr:
    tolerance = pl.col("tolerance")
    is_rounding = (
        pl.col("stake").is_not_null()
        & (pl.col("stake").abs() <= tolerance)
        & (pl.col("gross_apart").is_null() | (pl.col("gross_apart").abs() <= tolerance))
    )
    return (
        pl.when(pl.col("reason").is_not_null())
        .then(pl.lit(Verdict.NOT_PRICEABLE.value))
        .when(is_rounding)
        .then(pl.lit(Verdict.WITHIN_TOLERANCE.value))
        .when(pl.col("is_right_ours") & pl.col("is_right_theirs"))
        .then(pl.lit(Verdict.QUANTITY_DIFFERS.value))
        .when(pl.col("kinds") & int(Bit.TARIFF) != 0)
        .then(pl.lit(Verdict.TARIFF_DIFFERS.value))
        .when("is_right_ours")
        .then(pl.lit(Verdict.OURS_RIGHT.value))
        .when("is_right_theirs")
        .then(pl.lit(Verdict.THEIRS_RIGHT.value))
        .otherwise(pl.lit(Verdict.NEITHER_RIGHT.value))
    )


def _explanation(currency: str) -> pl.Expr:
    recomputed = pl.format(
        "{}; recomputed {} from ours and {} from theirs{}",
        "said",
        number_text(pl.col("amount_ours")),
        number_text(pl.col("amount_theirs")),
        "clock",
    )
    endings = {
        Verdict.QUANTITY_DIFFERS: pl.format("{}: each follows from its own lines", recomputed),
        Verdict.TARIFF_DIFFERS: pl.format(
            "{}: ours by tariff {}, theirs by {}", recomputed, "tariff_ours", "tariff_theirs"
        ),
        Verdict.OURS_RIGHT: pl.format("{}: theirs is not what was agreed", recomputed),
        Verdict.THEIRS_RIGHT: pl.format("{}: ours is not what was agreed", recomputed),
        Verdict.NEITHER_RIGHT: pl.format("{}: neither is what was agreed", recomputed),
        Verdict.NOT_PRICEABLE: pl.format("{}, and nobody can say who is right: {}", "said", "reason"),
        Verdict.WITHIN_TOLERANCE: pl.format(
            "{}; {} {} may come of rounding", "said", number_text(pl.col("tolerance")), pl.lit(currency)
        ),
    }
    return pl.coalesce(pl.when(pl.col("verdict") == verdict.value).then(ending) for verdict, ending in endings.items())


def unusual(pairs: pl.DataFrame, ours: Facts, theirs: Facts, *, agreement: Agreement) -> Verdicts:
    """Judge pairs one by one: what no column can hold is exact all the same."""
    sides = [cdrs_of(side, pairs[f"{name}_row"]) for name, side in (("ours", ours), ("theirs", theirs))]
    judged = [
        judge_pair(
            Pair(ours=our, theirs=their, tier=Tier(tier)),
            terms=agreement.terms,
            tariffs=agreement.tariffs,
            aliases=agreement.aliases,
        )
        for our, their, tier in zip(*sides, pairs["tier"], strict=True)
    ]
    return Verdicts(frame=_by_object(pairs, judged), inexact=[one for one in judged if not scaled(one)[2]])


def _by_object(pairs: pl.DataFrame, judged: Sequence[Judged]) -> pl.DataFrame:
    amounts = pl.DataFrame(
        [scaled(one) for one in judged],
        schema={"difference": pl.Int64, "money": pl.Int64, "is_exact": pl.Boolean},
        orient="row",
    )
    return compact(
        pairs.drop("difference"),
        verdict=pl.Series([one.verdict.value for one in judged]),
        kinds=pl.Series([bits(one.kinds) for one in judged], dtype=pl.UInt32),
        explanation=pl.Series([one.explanation for one in judged]),
        **{name: amounts[name] for name in amounts.columns},
    )


def cdrs_of(side: Facts, rows: pl.Series) -> list[Cdr]:
    """Return the CDRs of some rows."""
    plain = rows.filter(~rows.is_in(list(side.exact)))
    stated = dict(zip(plain, to_cdrs(side.rows(plain.to_numpy(), *SCHEMA)), strict=True))
    return [side.exact.get(row) or stated[row] for row in rows]
