"""Our own CDRs in columns: what `own.own_cdrs` makes of each session, many times faster. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from charging.network import Session
from charging.roaming.cdr import Cdr, Cohort
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.own import ESTIMATED, FAILED_START, Own, Skipped, billed, own_cdrs
from charging.roaming.own_sessions import COHORTS, Known, hashes, unpriced
from charging.roaming.partner import Partner
from charging.tariffs.agreed import agreed
from charging.tariffs.columns import price_frame
from charging.tariffs.compiled import compile_tables
from charging.tariffs.frame_lines import microseconds

_USUAL = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFrame:
    """Our CDRs for one partner (`frame.SCHEMA`), and the sessions that became none."""

    frame: pl.DataFrame
    cdrs: tuple[Cdr, ...]
    """Those whose rows are not exact."""
    skipped: tuple[Skipped, ...]

    def values(self) -> Own:
        """Return the same as values."""
        return Own(cdrs=(*to_cdrs(self.frame.filter("is_exact")), *self.cdrs), skipped=self.skipped)


def own_frame(sessions: pl.DataFrame, *, partner: Partner, known: Known) -> OwnFrame:
    """Return our CDRs of sessions (`SESSIONS`), priced as agreed.

    The usual ones are made and priced in columns; whose energy no column holds, and what has no price, or only nearly
    one, is made as a value.
    """
    drivers = _drivers(sessions["token_uid"], partner, known)
    of_theirs = sessions.join(drivers, on="token_uid", maintain_order="left").with_columns(reason=_refusal())
    told = of_theirs.filter(pl.col("reason").is_null())
    is_usual = pl.col("energy_kwh").str.contains(_USUAL)
    frame, alone = _priced(unpriced(told.filter(is_usual), partner, known), partner)
    alone += _as_values(told.filter(~is_usual), partner, known)
    others = to_frame(alone)
    return OwnFrame(
        frame=pl.concat([frame, others]),
        cdrs=tuple(cdr for cdr, is_exact in zip(alone, others["is_exact"], strict=True) if not is_exact),
        skipped=tuple(_skipped(of_theirs.drop_nulls("reason"))),
    )


def _drivers(uids: pl.Series, partner: Partner, known: Known) -> pl.DataFrame:
    """Return the partner's tokens among some, as they are compared."""
    tokens = filter(None, (known.tokens.get(uid) for uid in uids.unique().drop_nulls()))
    rows = [
        (
            token.token_uid,
            known.tokens_compact[token.token_uid],
            known.contracts_compact[token.contract_id] if token.contract_id else None,
        )
        for token in tokens
        if token.issuer == partner.party
    ]
    names = ("token_uid", "uid_compact", "contract_compact")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


def _refusal() -> pl.Expr:
    refused = pl.when("is_estimated").then(pl.lit(ESTIMATED))
    return refused.when(~pl.col("is_billable")).then(pl.lit(FAILED_START)).otherwise(None)


def _skipped(refused: pl.DataFrame) -> Iterator[Skipped]:
    for session_id, office, reason in refused.select("session_id", "back_office", "reason").iter_rows():
        yield Skipped(session_id=session_id, reason=reason, back_office=office if office in COHORTS else None)


def _as_values(told: pl.DataFrame, partner: Partner, known: Known) -> list[Cdr]:
    made: list[Cdr] = []
    for (office,), part in told.group_by("back_office", maintain_order=True):
        sessions = map(_session, part.iter_rows(named=True))
        found = own_cdrs(
            sessions,
            partner=partner,
            tokens=known.tokens,
            evses=known.evses,
            cohort=_always(COHORTS.get(str(office))),
            id_at=known.id_at,
            zones=known.zones,
        )
        made += found.cdrs
    return made


def _always(cohort: Cohort | None) -> Callable[[Session], Cohort | None]:
    return lambda _: cohort


def _session(row: Mapping[str, Any]) -> Session:
    stated: dict[str, Any] = {field.name: row.get(field.name) for field in fields(Session)}
    return Session(**stated | {"energy_kwh": Decimal(row["energy_kwh"])})


def _priced(frame: pl.DataFrame, partner: Partner) -> tuple[pl.DataFrame, list[Cdr]]:
    """Return CDRs as they cost, and as values those that no loop could price."""
    if frame.is_empty():
        return frame, []
    found = price_frame(frame, tariffs=partner.tariffs, terms=partner.terms)
    is_usual = found["reason"].is_null()
    usual = frame.with_columns(found["net_micro"], found["gross_micro"], _tariff_ids(frame, partner)).filter(is_usual)
    return _identified(usual), [billed(cdr, partner) for cdr in to_cdrs(frame.filter(~is_usual))]


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """Return CDRs as versions of their own: what `own.identified` makes of each."""
    facts = ("raw_sha256", "net_micro", "gross_micro", "tariff_id")
    made = hashes(frame, map(pl.col, facts))
    key = pl.concat_str("side", "partner", "owner", "cdr_id", made.str.slice(0, 12), separator="|")
    return frame.with_columns(cdr_key=key, raw_sha256=made)


def _tariff_ids(frame: pl.DataFrame, partner: Partner) -> pl.Series:
    """Return by which tariff each is priced: the one that had been agreed last when it began."""
    breaks = compile_tables(partner.tariffs, partner.terms.rounding).breaks
    times = frame.select("started_at", time=pl.lit(np.searchsorted(breaks, microseconds(frame["started_at"]), "right")))
    ids = {time: _tariff_id(partner, at) for at, time in times.unique("time").iter_rows()}
    return times["time"].replace_strict(ids, return_dtype=pl.String).alias("tariff_id")


def _tariff_id(partner: Partner, at: datetime) -> str | None:
    chosen = agreed(partner.tariffs, at=at).default
    return None if chosen is None else chosen.tariff_id
