"""Sessions that two back-offices both billed while both were in use: the same charge under two ids."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from charging.reconciliation.aliases import Aliases
from charging.reconciliation.clock_offset import ClockOffset
from charging.reconciliation.corrections import correct
from charging.reconciliation.facts import codes_of, facts
from charging.reconciliation.kernels.comparing import NONE
from charging.reconciliation.match import match
from charging.reconciliation.token_hashes import resolved
from charging.roaming.cdr import Cohort
from charging.roaming.partner import CreditPolicy
from charging.roaming.terms import Tier

TIERS = (Tier.AUTHORIZATION_REFERENCE, Tier.EVSE_AND_TOKEN, Tier.EVSE_AND_CONTRACT, Tier.EVSE_AND_TIME)
"""Ids of transactions tell nothing between back-offices: each counts its own 1, 2, 3."""
TWICE = pl.Schema(
    {
        "legacy_key": pl.String(),
        "target_key": pl.String(),
        "legacy_cdr_id": pl.String(),
        "target_cdr_id": pl.String(),
        "tier": pl.Int8(),
        "is_certain": pl.Boolean(),
        "currency": pl.String(),
        "legacy_net_micro": pl.Int64(),
        "target_net_micro": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledTwice:
    """One row a session that both bill (`TWICE`), by key; of ties nobody can tell which, and they are only counted."""

    sessions: pl.DataFrame
    tied: int
    clock: ClockOffset | None


def held_twice(ours: pl.LazyFrame, *, aliases: Aliases, time_zone: str) -> BilledTwice:
    """Return which of our CDRs are of one charge: those of a back-office each. A CDR's cohort says whose it is."""
    legacy, target = (ours.filter(pl.col("cohort") == cohort.value) for cohort in (Cohort.NOT_MOVED, Cohort.MOVED))
    return match_offices(legacy, target, aliases=aliases, time_zone=time_zone)


def match_offices(
    legacy: pl.LazyFrame,
    target: pl.LazyFrame,
    *,
    aliases: Aliases,
    time_zone: str,
    tiers: Sequence[Tier] = TIERS,
) -> BilledTwice:
    """Return the sessions of which both back-offices have a CDR that stands.

    Both frames are in the columns of `charging.roaming.frame.SCHEMA`. What either credited, repeated or never billed
    is not billed twice. Where only EVSE and time agree, a person has to look: `is_certain` is false.
    """
    if any(office.limit(1).collect().is_empty() for office in (legacy, target)):
        return BilledTwice(sessions=pl.DataFrame(schema=TWICE), tied=0, clock=None)
    scans = resolved(legacy, target)
    codes = codes_of(*scans)
    sides = [facts(scan, aliases=aliases, codes=codes) for scan in scans]
    lives = [correct(side, policy=CreditPolicy.CREDIT_CDR).live for side in sides]
    found = match(*sides, our_live=lives[0], their_live=lives[1], tiers=tiers, time_zone=time_zone)
    rows = {"legacy": found.pairs.ours, "target": found.pairs.theirs}
    columns = {
        name: side.rows(rows[name], "cdr_key", "cdr_id", "currency").with_columns(net=pl.Series(side.net[rows[name]]))
        for name, side in zip(rows, sides, strict=True)
    }
    sessions = pl.DataFrame(
        {
            "legacy_key": columns["legacy"]["cdr_key"],
            "target_key": columns["target"]["cdr_key"],
            "legacy_cdr_id": columns["legacy"]["cdr_id"],
            "target_cdr_id": columns["target"]["cdr_id"],
            "tier": found.tiers,
            "is_certain": found.tiers != Tier.EVSE_AND_TIME,
            "currency": columns["legacy"]["currency"],
            "legacy_net_micro": columns["legacy"]["net"].replace(NONE, None),
            "target_net_micro": columns["target"]["net"].replace(NONE, None),
        },
        schema=TWICE,
    )
    tied = {(side, row) for _, edges in found.ties for side, of in enumerate((edges.ours, edges.theirs)) for row in of}
    return BilledTwice(sessions=sessions.sort("legacy_key"), tied=len(tied), clock=found.clock)
