"""Of a charge that both back-offices hold, one CDR of ours is held against the partner's: the other repeats it."""

from datetime import timedelta
from typing import Any

import polars as pl

from charging.reconciliation.billed_twice import BilledTwice
from charging.roaming.frame import SCHEMA

SECONDS = pl.Schema({name: SCHEMA[name] for name in ("cdr_key", "cohort", "session_id", "last_updated")})
"""As what a CDR of ours is judged: a repetition bears the session id of what it repeats, as if the same back-office had
stated it after that."""
_AT_ONCE = timedelta(seconds=120)


def one_of_both(ours: pl.LazyFrame, theirs: pl.LazyFrame, twice: BilledTwice) -> pl.DataFrame:
    """Return as what to judge the CDRs of charges that certainly are held twice, in the schema `SECONDS`.

    The first is the one whose id, or session's id, the partner uses; else the legacy's. Where the partner uses both, a
    CDR for each, it has been billed twice, and each is judged by itself.
    """
    pairs = twice.sessions.filter("is_certain").select("legacy_key", "target_key")
    keys = pl.concat([pairs["legacy_key"], pairs["target_key"]])
    if keys.is_empty():
        return pl.DataFrame(schema=SECONDS)
    stated = (
        ours.select("cdr_key", "cohort", "cdr_id", "session_id", "started_at", "last_updated")
        .filter(pl.col("cdr_key").is_in(keys.implode()))
        .collect()
    )
    users = _users(ours, theirs, stated)
    by_key = {row["cdr_key"]: row for row in stated.iter_rows(named=True)}
    told: list[dict[str, Any]] = []
    for legacy, target in pairs.iter_rows():
        of_legacy, of_target = (users.get(key, frozenset()) for key in (legacy, target))
        is_targets = bool(of_target - of_legacy)
        if is_targets and of_legacy - of_target:
            continue
        first, second = (by_key[key] for key in ((target, legacy) if is_targets else (legacy, target)))
        session_id = first["session_id"] or f"session of {first['cdr_key']}"
        later = max(first["last_updated"], second["last_updated"]) + timedelta(microseconds=1)
        as_first = {"cohort": first["cohort"], "session_id": session_id}
        told.append({"cdr_key": first["cdr_key"], "last_updated": first["last_updated"]} | as_first)
        told.append({"cdr_key": second["cdr_key"], "last_updated": later} | as_first)
    return pl.DataFrame(told, schema=SECONDS)


def judged_as(ours: pl.LazyFrame, seconds: pl.DataFrame) -> pl.LazyFrame:
    """Return CDRs of ours as they are judged; what is stored of them stays as it is."""
    if seconds.is_empty():
        return ours
    names = [name for name in SECONDS if name != "cdr_key"]
    told = ours.join(seconds.lazy(), on="cdr_key", how="left", suffix="_now", maintain_order="left")
    return told.with_columns(pl.coalesce(f"{name}_now", name).alias(name) for name in names).select(list(SCHEMA))


def _users(ours: pl.LazyFrame, theirs: pl.LazyFrame, stated: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Return, by key, which CDRs of the partner's bear the id of a CDR of ours, or of its session.

    Where CDRs of both back-offices bear an id, the session must also have begun at about the same time.
    """
    ids = _by_id(stated.lazy(), "cdr_key", "started_at").collect()
    wanted = pl.col("id").is_in(ids["id"].unique().implode())
    shared = (
        _by_id(ours, "cohort")
        .filter(wanted)
        .group_by("id")
        .agg(is_shared=pl.col("cohort").drop_nulls().n_unique() > 1)
        .collect()
    )
    used = _by_id(theirs, "cdr_key", "started_at").filter(wanted).collect()
    found = ids.join(shared, on="id").join(used, on="id", suffix="_theirs")
    is_then = (pl.col("started_at") - pl.col("started_at_theirs")).abs() <= _AT_ONCE
    users = found.filter(~pl.col("is_shared") | is_then).group_by("cdr_key").agg(pl.col("cdr_key_theirs").unique())
    return {key: frozenset(by) for key, by in users.iter_rows()}


def _by_id(side: pl.LazyFrame, *columns: str) -> pl.LazyFrame:
    """Return columns of CDRs by each of their ids, which are compared without regard to case."""
    named = [side.select(*columns, id=pl.col(name).str.to_uppercase()) for name in ("cdr_id", "session_id")]
    return pl.concat(named).drop_nulls("id")
