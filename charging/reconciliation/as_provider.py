"""What explains a verdict where a partner bills us: whom it bills for, and what its own sessions say. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.verdict import Judged, Kind, Verdict
from charging.roaming.cdr import Cdr
from charging.roaming.holders import Holders, Standing
from charging.roaming.own import Skipped

_KIND: Mapping[Standing, tuple[Kind, str]] = {
    Standing.UNKNOWN: (Kind.TOKEN_UNKNOWN, "its token is none of ours"),
    Standing.EXPIRED: (Kind.TOKEN_EXPIRED, "its token or contract was not valid when it began"),
    Standing.BLOCKED: (Kind.TOKEN_BLOCKED, "its token or contract is blocked now"),
}
_WITHOUT_OURS = frozenset({Verdict.MISSING_AT_US, Verdict.LATE})


def named(
    judged: Sequence[Judged], cdrs: Iterable[Cdr], *, skipped: Iterable[Skipped], holders: Holders
) -> list[Judged]:
    """Return the verdicts on what a partner bills us, with what is known of its driver and of its session.

    No verdict changes: what has none of our CDRs beside it is without one because of what is named here.
    """
    by_key = {cdr.cdr_key: cdr for cdr in cdrs}
    unbilled = {one.session_id.upper(): one for one in skipped if one.why is not None}
    return [_named(one, by_key.get(one.theirs_key or ""), unbilled, holders) for one in judged]


def doubtful(night: NightFrame, theirs: pl.LazyFrame, holders: Holders) -> pl.Expr:
    """Return which verdicts of a night `named` may have something to say on: the others stay as they are."""
    of_blocked = pl.col("token_uid").is_in(sorted(holders.blocked_tokens)) | pl.col("contract_compact").is_in(
        sorted(holders.blocked_contracts)
    )
    keys = theirs.filter(of_blocked.fill_null(value=False)).select("cdr_key").collect()["cdr_key"]
    there = night.judged["theirs_key"].is_in(keys.implode())
    return pl.col("theirs_key").is_not_null() & (pl.col("ours_key").is_null() | pl.lit(there))


def _named(one: Judged, theirs: Cdr | None, unbilled: Mapping[str, Skipped], holders: Holders) -> Judged:
    if theirs is None:
        return one
    found = [*_driver(one, theirs, holders), *_session(one, theirs, unbilled)]
    kinds = tuple(dict.fromkeys([*one.kinds, *(kind for kind, _ in found)]))
    said = dict.fromkeys(sentence for _, sentence in found)
    return replace(one, kinds=kinds, explanation="; ".join([one.explanation, *said])) if found else one


def _driver(one: Judged, theirs: Cdr, holders: Holders) -> Iterable[tuple[Kind, str]]:
    if theirs.token_uid is None and theirs.contract_compact is None:  # nobody is named
        return
    standing = holders.standing(theirs.token_uid, theirs.contract_compact, at=theirs.started_at)
    if standing in _KIND and (standing is Standing.BLOCKED or one.ours_key is None):
        yield _KIND[standing]


def _session(one: Judged, theirs: Cdr, unbilled: Mapping[str, Skipped]) -> Iterable[tuple[Kind, str]]:
    names = (theirs.session_id, *theirs.session_aliases)
    of_it = next((unbilled[name.upper()] for name in names if name and name.upper() in unbilled), None)
    if of_it is not None and of_it.why is not None and one.verdict in _WITHOUT_OURS:
        yield Kind(of_it.why.value), of_it.reason
