"""A night of any size whose truth is known: two sides in columns, with every dirt that real ones have, and what is so.

The truth stands apart from the sides; nothing of the engine that is judged by it is used here. Among the dirt are
renumbered ids (those of the next session at the same EVSE), retries, former EVSE ids, credits with replacements,
repetitions, ids lost on the way, wrong energies and amounts, and the night on which the clocks go back. Ids are as long
and as random as real ones are.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.roaming.frame import LINE, SCHEMA
from rehearsal.labelled_ids import IdsOf, Kind, sha256s, stated_ids, uuids

Mask = npt.NDArray[np.bool_]

BEGIN = datetime(2026, 10, 10, tzinfo=UTC)
"""A fortnight later the clocks go back."""
FORMER, OPERATOR = "NLEVX", "NLEVN"
_SECOND = 1_000_000
_SLOT = 4500
_PER_EVSE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledNight:
    """Both sides, and the truth: one row a CDR with its session, its part, and whether evidence tells its pair."""

    ours: pl.DataFrame
    theirs: pl.DataFrame
    truth: pl.DataFrame
    """`cdr_key`, `session`, `part` (live, duplicate, credited, credit), `is_decidable`: there is a pair to be found."""
    former_ids: dict[str, str]
    """The compact EVSE ids that some CDRs of theirs still use, and the ones of now."""


def labelled_night(
    sessions: int, *, seed: int, clock_skew_seconds: int = 0, ids_of: IdsOf = stated_ids
) -> LabelledNight:
    """Return a night of about so many sessions; the same seed makes the same night."""
    random = np.random.default_rng(seed)
    true = _sessions(sessions, random)
    height = true.height
    is_attempt = true["is_attempt"].to_numpy()
    has_ours, has_theirs = random.random(height) >= 0.01, random.random(height) >= 0.01
    mode = random.choice(6, size=height, p=[0.86, 0.04, 0.04, 0.02, 0.035, 0.005])
    mode[random.random(height) < 0.002] = _RENUMBERED
    is_dearer, is_more = random.random(height) < 0.005, random.random(height) < 0.01
    ours = _side(true, "ours", ids_of).filter(has_ours)
    faults = pl.DataFrame({"mode": mode, "is_more": is_more, "is_dearer": is_dearer})
    sent = _sent(true, faults, random, clock_skew_seconds, ids_of)
    theirs, parts = _repeated_and_credited(sent, has_theirs, random)
    is_linked = mode < _LOST
    by_token = (mode == _LOST) | (mode == _RENUMBERED)
    is_decidable = (
        has_ours
        & has_theirs
        & (is_linked | (by_token & ~(is_attempt & is_more)) | ((mode == _CONTRACT_ONLY) & ~is_attempt & ~is_more))
    )
    labels = pl.DataFrame({"session": true["session"], "is_decidable": is_decidable})
    truth = pl.concat([ours.select("cdr_key", "session").with_columns(part=pl.lit("live")), parts])
    former = {evse.replace(OPERATOR, FORMER): evse for evse in true["evse_compact"].unique()}
    return LabelledNight(
        ours=ours.select(SCHEMA.names()),
        theirs=theirs.select(SCHEMA.names()),
        truth=truth.join(labels, on="session").sort("cdr_key"),
        former_ids=former,
    )


_LOST, _CONTRACT_ONLY, _RENUMBERED = 4, 5, 6


def _sessions(wanted: int, random: np.random.Generator) -> pl.DataFrame:
    """Return what truly happened; before two in a hundred there was an attempt that hardly charged."""
    number = np.arange(wanted)
    evses = max(wanted // _PER_EVSE, 1)
    start = number // evses * _SLOT + random.integers(0, 1200, wanted)
    tokens = max(wanted // 8, 4)
    charged = pl.DataFrame(
        {
            "session": number,
            "evse": number % evses,
            "token": random.integers(0, tokens, wanted),
            "start": start,
            "seconds": random.integers(600, 3000, wanted),
            "wh": random.integers(1000, 40_000, wanted),
            "is_attempt": np.zeros(wanted, np.bool_),
        }
    )
    retried = charged.filter(random.random(wanted) < 0.02)
    attempts = retried.with_columns(
        session=pl.col("session") + wanted,
        start=pl.col("start") - pl.Series(random.integers(60, 110, retried.height)),
        seconds=pl.Series(random.integers(20, 50, retried.height)),
        wh=pl.Series(random.integers(0, 100, retried.height)),
        is_attempt=pl.lit(value=True),
    )
    return pl.concat([charged, attempts]).with_columns(
        evse_compact=pl.format(f"{OPERATOR}E{{}}", pl.col("evse").cast(pl.String).str.zfill(8)),
        token_uid=pl.format("04{}", pl.col("token").cast(pl.String).str.zfill(12)),
        contract_compact=pl.format("NLROAC{}", pl.col("token").cast(pl.String).str.zfill(8)),
    )


def _amount(wh: pl.Expr, percent: int) -> pl.Expr:
    """Return 0.50 and 0.40 a kWh, with so many per cent of it, in millionths: whole cents, half a one rounded up."""
    exact = (500_000 + wh * 400) * percent
    return (exact + 500_000) // 1_000_000 * 10_000


def _side(true: pl.DataFrame, side: str, ids_of: IdsOf) -> pl.DataFrame:
    """Return the right CDR of each session, as one side would state it."""
    instant = SCHEMA["started_at"]
    named = {kind: ids_of(kind, true["session"], true["evse"]) for kind in (Kind.CDR, Kind.SESSION, Kind.AUTHORIZATION)}
    begin = int(BEGIN.timestamp()) * _SECOND
    started = (pl.col("start") * _SECOND + begin).cast(instant)
    stated = true.with_columns(
        side=pl.lit(side),
        partner=pl.lit("roa"),
        owner=pl.lit("NL-EVN"),
        cdr_id=named[Kind.CDR],
        session_id=named[Kind.SESSION],
        authorization_reference=pl.when(pl.col("session") % 2 == 0).then(named[Kind.AUTHORIZATION]),
        evse_raw=pl.col("evse_compact").str.replace(OPERATOR, f"{OPERATOR[:2]}*{OPERATOR[2:]}*", literal=True),
        evse_uid=uuids(Kind.EVSE, true["evse"]),
        connector_id=pl.lit("1"),
        started_at=started,
        ended_at=((pl.col("start") + pl.col("seconds")) * _SECOND + begin).cast(instant),
        energy_kwh_micro=pl.col("wh") * 1000,
        total_hours_micro=pl.col("seconds") * 10_000 // 3600 * 100,
        net_micro=_amount(pl.col("wh"), 100),
        gross_micro=_amount(pl.col("wh"), 121),
        currency=pl.lit("EUR"),
        tariff_id=pl.lit("T"),
        is_credit=pl.lit(value=False),
        last_updated=((pl.col("start") + pl.col("seconds") + 60) * _SECOND + begin).cast(instant),
        quality=pl.lit([], dtype=pl.List(pl.String)),
        session_aliases=pl.lit([], dtype=pl.List(pl.String)),
        protocol=pl.lit("ocpi"),
        state=pl.lit("final"),
        is_cost_significant=pl.lit(value=True),
        is_exact=pl.lit(value=True),
    )
    return _keyed(_measured(stated))


def _measured(stated: pl.DataFrame) -> pl.DataFrame:
    line = pl.struct(
        measure=pl.lit("ENERGY"),
        started_at="started_at",
        volume_micro="energy_kwh_micro",
        tariff_id=pl.lit(None, pl.String),
    )
    return stated.with_columns(lines=pl.concat_list(line).cast(pl.List(LINE)))


def _keyed(stated: pl.DataFrame) -> pl.DataFrame:
    sha = sha256s(stated.select(pl.struct("cdr_id", "net_micro", "session", "last_updated").hash(1)).to_series())
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in stated.columns]
    return (
        stated.with_columns(*missing)
        .with_columns(raw_sha256=sha)
        .with_columns(
            cdr_key=pl.format("{}|{}|{}|{}|{}", "side", "partner", "owner", "cdr_id", pl.col("raw_sha256").str.head(12))
        )
    )


def _sent(
    true: pl.DataFrame, faults: pl.DataFrame, random: np.random.Generator, clock_skew_seconds: int, ids_of: IdsOf
) -> pl.DataFrame:
    """Return what the partner states of each session: its ids, its clock, its faults."""
    height = true.height
    jitter = pl.Series(random.integers(-4, 5, height) + clock_skew_seconds)
    wh = pl.when(faults["is_more"]).then(pl.col("wh") + pl.col("wh") // 10 + 150).otherwise("wh")
    stated = _side(true.with_columns(start=pl.col("start") + jitter, wh=wh), "theirs", ids_of)
    evses = true["evse"].n_unique()
    modes = faults["mode"]
    has_id, has_session = modes <= 1, modes.is_in([0, 1, 2])
    lost = uuids(Kind.HUB, true["session"])
    renumbered = ids_of(Kind.CDR, true["session"] + evses, true["evse"])
    is_former = pl.Series(random.random(height) < 0.05)
    return _keyed(
        stated.with_columns(
            cdr_id=pl.when(modes == _RENUMBERED)
            .then(renumbered)
            .when(~has_id)
            .then(lost)
            .when(modes == 1)
            .then(pl.col("cdr_id").str.to_uppercase())
            .otherwise("cdr_id"),
            session_id=pl.when(has_session).then("session_id"),
            authorization_reference=pl.when(modes == 3)
            .then(ids_of(Kind.AUTHORIZATION, true["session"], true["evse"]))
            .otherwise(pl.when(modes < 3).then("authorization_reference")),
            token_uid=pl.when(modes != _CONTRACT_ONLY).then("token_uid"),
            evse_compact=pl.when(is_former)
            .then(pl.col("evse_compact").str.replace(OPERATOR, FORMER, literal=True))
            .otherwise("evse_compact"),
            net_micro=pl.col("net_micro") + faults["is_dearer"].cast(pl.Int64) * 350_000,
        )
    )


def _repeated_and_credited(
    sent: pl.DataFrame, has_theirs: Mask, random: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add repetitions, and credits of wrong CDRs with the right ones that replace them."""
    is_wrong = random.random(sent.height) < 0.01
    is_again = (random.random(sent.height) < 0.005) & ~is_wrong
    hour = pl.duration(hours=1)
    right = sent.with_columns(part=pl.lit("live"))
    renamed = {"cdr_id": pl.format("{}-N", "cdr_id"), "last_updated": pl.col("last_updated") + 2 * hour}
    replacement = _keyed(right.filter(is_wrong).with_columns(**renamed))
    wrong = _keyed(
        right.filter(is_wrong).with_columns(net_micro=pl.col("net_micro") + 1_000_000, part=pl.lit("credited"))
    )
    credit = _keyed(
        wrong.with_columns(
            cdr_id=pl.format("{}-C", "cdr_id"),
            credits_cdr_id="cdr_id",
            is_credit=pl.lit(value=True),
            net_micro=-pl.col("net_micro"),
            gross_micro=-pl.col("gross_micro"),
            last_updated=pl.col("last_updated") + hour,
            part=pl.lit("credit"),
        )
    )
    again = _keyed(
        right.filter(is_again).with_columns(
            cdr_id=pl.format("{}-R", "cdr_id"), last_updated=pl.col("last_updated") + hour, part=pl.lit("duplicate")
        )
    )
    there = sent.filter(has_theirs).select("session")
    columns = [*SCHEMA.names(), "session", "part"]
    every = pl.concat([part.select(columns) for part in (right.filter(~is_wrong), replacement, wrong, credit, again)])
    theirs = every.join(there, on="session", how="semi").sample(
        fraction=1, shuffle=True, seed=int(random.integers(2**31))
    )
    return theirs, theirs.select("cdr_key", "session", "part")
