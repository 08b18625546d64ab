"""What is known beside the evidence, named on the few verdicts of a night that it explains."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from charging.reconciliation.night_frame import JUDGED, NightFrame
from charging.reconciliation.night_share import KEYS, chosen
from charging.reconciliation.verdict import Judged, Verdict
from charging.roaming.frame import INSTANT

_PUT = ("kinds", "explanation")


def with_named(night: NightFrame, named: Sequence[Judged]) -> NightFrame:
    """Return a night in which some verdicts have the kinds and the explanation of these values."""
    if not named:
        return night
    by_keys = {(one.ours_key, one.theirs_key): one for one in named}
    told = pl.DataFrame(
        [(*keys, [str(kind) for kind in one.kinds], one.explanation) for keys, one in by_keys.items()],
        schema={name: JUDGED[name] for name in (*KEYS, *_PUT)},
        orient="row",
    )
    place = night.judged.select(KEYS).join(
        told.select(*KEYS, place=pl.int_range(pl.len())),
        on=KEYS,
        how="left",
        nulls_equal=True,
        maintain_order="left",
        validate="m:1",
    )["place"]
    judged = night.judged.with_columns(
        pl.select(pl.coalesce(told[name].gather(place), night.judged[name]).alias(name)).to_series() for name in _PUT
    )
    return replace(
        night,
        judged=judged,
        inexact=tuple(by_keys.get((one.ours_key, one.theirs_key), one) for one in night.inexact),
    )


def doubtful(night: NightFrame, sides: Sequence[pl.LazyFrame], *, moved_at: Mapping[str, datetime]) -> NightFrame:
    """Return the verdicts that `coexistence.named` may have something to say on; `sides` are both sides' CDRs.

    Those are the verdicts on sessions during which their station was told to leave, and on what we bill again.
    """
    moved = pl.LazyFrame(
        {"station_id": list(moved_at), "told": list(moved_at.values())},
        schema={"station_id": pl.String, "told": INSTANT},
    )
    straddling = [
        side.select("cdr_key", "station_id", "started_at", "ended_at")
        .join(moved, on="station_id")
        .filter(pl.col("started_at") < pl.col("told"), pl.col("told") < pl.col("ended_at"))
        .select("cdr_key")
        for side in (sides if moved_at else ())
    ]
    keys = pl.concat([pl.LazyFrame(schema={"cdr_key": pl.String}), *straddling]).collect()["cdr_key"].implode()
    is_ours_again = (pl.col("verdict") == str(Verdict.DUPLICATE)) & pl.col("ours_key").is_not_null()
    return chosen(night, is_ours_again | pl.coalesce(*KEYS).is_in(keys))


def neighbours(doubtful: NightFrame, sides: Sequence[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """Return of each side the CDRs of some verdicts, and those of the same EVSEs and tokens."""
    keys = doubtful.judged.lazy().select(cdr_key=pl.coalesce(*KEYS))
    place = ["evse_compact", "token_uid"]
    found = []
    for side in sides:
        places = side.join(keys, on="cdr_key", how="semi").select(place).unique()
        found.append(side.join(places, on=place, how="semi", nulls_equal=True))
    return found
