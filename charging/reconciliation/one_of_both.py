"""Of a charge that both back-offices hold, one CDR of ours is held against the partner's: the other repeats it."""

from datetime import timedelta
from typing import Any

import polars as pl

from charging.reconciliation.billed_twice import BilledTwice
from charging.roaming.frame import SCHEMA

SECONDS = pl.Schema({"cdr_key": pl.String(), "session_id": pl.String(), "last_updated": SCHEMA["last_updated"]})
"""As what a CDR of ours is judged: a repetition bears the session id of what it repeats, and was stated after it."""


def one_of_both(ours: pl.LazyFrame, theirs: pl.LazyFrame, twice: BilledTwice) -> pl.DataFrame:
    """Return as what to judge the CDRs of charges that certainly are held twice, in the schema `SECONDS`.

    The first is the one whose id, or session's id, the partner uses; else the legacy's. Where the partner uses both,
    it has been billed twice, and each is judged by itself.
    """
    pairs = twice.sessions.filter("is_certain").select("legacy_key", "target_key")
    keys = pl.concat([pairs["legacy_key"], pairs["target_key"]])
    if keys.is_empty():
        return pl.DataFrame(schema=SECONDS)
    stated = (
        ours.select("cdr_key", "cdr_id", "session_id", "last_updated")
        .filter(pl.col("cdr_key").is_in(keys.implode()))
        .collect()
    )
    used = _used(theirs, stated)
    by_key = {row["cdr_key"]: row for row in stated.iter_rows(named=True)}
    told: list[dict[str, Any]] = []
    for legacy, target in pairs.iter_rows():
        is_used = [
            bool({_id(by_key[key]["cdr_id"]), _id(by_key[key]["session_id"])} & used) for key in (legacy, target)
        ]
        if all(is_used):
            continue
        first, second = (by_key[key] for key in ((target, legacy) if is_used[1] else (legacy, target)))
        session_id = first["session_id"] or f"session of {first['cdr_key']}"
        later = max(first["last_updated"], second["last_updated"]) + timedelta(microseconds=1)
        told.append({"cdr_key": first["cdr_key"], "session_id": session_id, "last_updated": first["last_updated"]})
        told.append({"cdr_key": second["cdr_key"], "session_id": session_id, "last_updated": later})
    return pl.DataFrame(told, schema=SECONDS)


def judged_as(ours: pl.LazyFrame, seconds: pl.DataFrame) -> pl.LazyFrame:
    """Return CDRs of ours as they are judged; what is stored of them stays as it is."""
    if seconds.is_empty():
        return ours
    names = [name for name in SECONDS if name != "cdr_key"]
    told = ours.join(seconds.lazy(), on="cdr_key", how="left", suffix="_now", maintain_order="left")
    return told.with_columns(pl.coalesce(f"{name}_now", name).alias(name) for name in names).select(list(SCHEMA))


def _used(theirs: pl.LazyFrame, stated: pl.DataFrame) -> set[str | None]:
    """Return which ids of these CDRs stand in the partner's, as a CDR's or a session's."""
    ids = pl.concat([stated["cdr_id"], stated["session_id"]]).drop_nulls().str.to_uppercase().unique()
    found = [
        theirs.select(pl.col(name).str.to_uppercase())
        .filter(pl.col(name).is_in(ids.implode()))
        .unique()
        .collect()[name]
        for name in ("cdr_id", "session_id")
    ]
    return set(pl.concat(found))


def _id(stated: str | None) -> str | None:
    return None if stated is None else stated.upper()
