"""What a good feed of CDRs looks like, asked of the canonical frame: whichever protocol it came in."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
import polars as pl

from charging.roaming.ocpi.quality import MOST_KWH
from charging.roaming.ocpi.quality_votes import MOST_KW
from expectations.check import ask
from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    at_least,
    between,
    filled,
    not_after,
    one_of,
    unique,
    written_as,
)
from expectations.findings import Findings

SUITE = "roaming.feed"
FEWEST = 3
"""In a night of one or two CDRs a broken record is no sign of another unit."""
_MILLION = 1_000_000
_LONGEST_HOURS = 72
_FIRST = datetime(2010, 1, 1, tzinfo=UTC)
"""Nobody roamed before; stations whose clock was never set write 1970, 2000…"""

DETECTORS: Mapping[str, tuple[str, Consequence]] = {
    "unit.energy_wh": ("No CDR has its ENERGY in Wh.", Consequence.WARN),
    "unit.time_min": ("No CDR has its TIME in minutes.", Consequence.WARN),
    "unit.time_sec": ("No CDR has its TIME in seconds.", Consequence.WARN),
    "number.as_text": ("No CDR sends its numbers as text.", Consequence.WARN),
    "coords.swapped": ("No CDR has latitude and longitude the wrong way round.", Consequence.WARN),
    "coords.unreadable": ("Every CDR's coordinates are degrees.", Consequence.WARN),
    "location.country_alpha2": ("Countries have three letters, as OCPI wants them.", Consequence.WARN),
    "time.sum": ("TIME and PARKING_TIME add up to the total time.", Consequence.WARN),
    "time.duration": ("From start to end it is the total time.", Consequence.WARN),
    "time.offset_stated": ("Instants are written in UTC.", Consequence.WARN),
    "time.leap_second": ("No instant is a sixtieth second.", Consequence.WARN),
    "time.unknown": ("Every CDR knows when its session began.", Consequence.WARN),
    "tz.local_as_utc": ("No CDR is an hour longer or shorter than its total time.", Consequence.WARN),
    "energy.impossible": ("Every CDR's energy is one that its station could deliver.", Consequence.QUARANTINE),
    "energy.sum": ("ENERGY adds up to the total energy.", Consequence.WARN),
    "cost.sign": ("Credits are negative, and nothing else is.", Consequence.WARN),
    "cost.currency_mismatch": ("A CDR and its enclosed tariffs are in one currency.", Consequence.WARN),
    "cost.vat_confusion": ("No total is less with VAT than without.", Consequence.WARN),
    "cost.subtotal_sum": ("The parts of a cost add up to its total.", Consequence.WARN),
    "cost.not_significant": ("Every CDR means the total that it states.", Consequence.WARN),
    "credit.no_reference": ("Every credit names what it takes back.", Consequence.WARN),
    "credit.energy_negated": ("A credit negates its total cost only.", Consequence.WARN),
    "id.evse_unreadable": ("Every EVSE id follows a standard.", Consequence.WARN),
    "id.not_available": ("Every CDR has an EVSE.", Consequence.WARN),
    "con.unreadable": ("Every contract id follows a standard.", Consequence.WARN),
    "con.check_digit": ("Every contract id's check digit is right.", Consequence.WARN),
}
"""The codes of a record (`Cdr.quality`), with what is expected instead, and what follows where it is not so."""


def check_feed(frame: pl.DataFrame, *, given: Given) -> Findings:
    """Ask what is expected of a feed, of a canonical frame (`charging.roaming.frame.SCHEMA`); rows go by `cdr_key`.

    Raises:
        UnreadableSource: if an expectation cannot be evaluated on these values.
        CountsDisagree: if Great Expectations does not name every failing row.
    """
    asked = as_asked(frame)
    beyond = sum(1 for power in asked["mean_kw"] if power is not None and power > MOST_KW)
    return ask(SUITE, suite(given, beyond_power=beyond), asked, key="cdr_key")


def suite(given: Given, *, beyond_power: int = FEWEST) -> tuple[Expectation, ...]:
    """List what is expected of a feed of CDRs. An empty one is no fault: there are nights without a charge.

    `beyond_power` is how many CDRs mean a power that no station has: a feed of so few blocks nothing.
    """
    return (*_identity(given), *_times(given), *_amounts(given, beyond_power), *_detectors())


def as_asked(frame: pl.DataFrame) -> pd.DataFrame:
    """Return the columns that are asked about, in pandas: whole numbers stay so, what is missing is None."""
    energy, hours = pl.col("energy_kwh_micro"), pl.col("total_hours_micro")
    is_claim = ~pl.col("is_credit")
    columns = frame.select(
        "cdr_key",
        "started_at",
        "ended_at",
        "evse_compact",
        "currency",
        "energy_kwh_micro",
        "total_hours_micro",
        "net_micro",
        has_driver=pl.coalesce("token_uid", "contract_compact", "token_hash"),
        claim_id=pl.when(is_claim).then(pl.concat_str("owner", "cdr_id", separator="|")),
        claim_session=pl.when(is_claim).then(pl.concat_str("owner", "session_id", separator="|")),
        claim_content=pl.when(is_claim).then(
            pl.concat_str("evse_compact", "token_uid", pl.col("started_at").dt.epoch("us"), separator="|")
        ),
        mean_kw=pl.when(hours > 0).then(energy // hours),
        codes=pl.when(pl.col("quality").list.len() > 0).then(pl.col("quality").list.join(" ")),
    )
    # Objects, as pandas would make floats of whole numbers with gaps.
    return pd.DataFrame({name: pd.Series(columns[name].to_list(), dtype=object) for name in columns.columns})


def _identity(given: Given) -> tuple[Expectation, ...]:
    warn, block = Consequence.WARN, Consequence.BLOCK
    return (
        filled("feed.has_key", "cdr_key", "Every CDR has a key.", block),
        unique("feed.key_is_unique", "cdr_key", "No version of a CDR occurs twice.", block),
        unique("dup.id", "claim_id", "No CDR id stands for two records.", warn),
        unique("dup.session", "claim_session", "No session is billed twice.", warn),
        unique("dup.content", "claim_content", "No driver begins two charges at one EVSE at once.", warn),
        filled("feed.has_evse", "evse_compact", "Every CDR names its EVSE.", Consequence.QUARANTINE),
        filled("feed.has_driver", "has_driver", "At least 95 % of the CDRs name who charged.", warn, mostly=0.95),
        one_of(
            "feed.evse_known",
            "evse_compact",
            "Every EVSE that a CDR names is one of the network's.",
            warn,
            known=given.evse_ids,
        ),
    )


def _times(given: Given) -> tuple[Expectation, ...]:
    quarantine = Consequence.QUARANTINE
    return (
        at_least("feed.ends_after_start", "ended_at", "started_at", "Every CDR ends after it has started.", quarantine),
        not_after("feed.in_the_past", "ended_at", "No CDR ends in the future.", quarantine, instant=given.as_of),
        Expectation(
            expectation_id="feed.clock_was_set",
            asks="ExpectColumnValuesToBeBetween",
            columns=("started_at",),
            sentence=f"No CDR starts before {_FIRST.year}.",
            consequence=Consequence.WARN,
            arguments={"min_value": _FIRST},
        ),
        between(
            "feed.is_no_stuck_session",
            "total_hours_micro",
            f"No session is longer than {_LONGEST_HOURS} hours.",
            Consequence.WARN,
            lowest=0,
            highest=_LONGEST_HOURS * _MILLION,
        ),
    )


def _amounts(given: Given, beyond_power: int) -> tuple[Expectation, ...]:
    return (
        between(
            "feed.energy_plausible",
            "energy_kwh_micro",
            f"Energies lie between 0 and {MOST_KWH} kWh.",
            Consequence.QUARANTINE,
            lowest=0,
            highest=MOST_KWH * _MILLION,
        ),
        Expectation(
            expectation_id="feed.units_agree",
            asks="ExpectColumnValuesToBeBetween",
            columns=("mean_kw",),
            sentence=f"At least 80 % of the CDRs mean {MOST_KW} kW or less: else the feed is in another unit.",
            consequence=Consequence.BLOCK if beyond_power >= FEWEST else Consequence.WARN,
            arguments={"max_value": MOST_KW, "mostly": 0.8},
            is_exact=True,
        ),
        filled("feed.has_net", "net_micro", "At least 99 % of the CDRs state a cost.", Consequence.WARN, mostly=0.99),
        written_as(
            "feed.currency_readable",
            "currency",
            "Currencies are ISO 4217 codes of three capitals.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{3}",
        ),
        one_of(
            "feed.currency_known",
            "currency",
            "Every currency is one that was agreed with the partner.",
            Consequence.QUARANTINE,
            known=given.currencies,
        ),
    )


def _detectors() -> tuple[Expectation, ...]:
    return tuple(
        Expectation(
            expectation_id=code,
            asks="ExpectColumnValuesToNotMatchRegex",
            columns=("codes",),
            sentence=sentence,
            consequence=consequence,
            arguments={"regex": rf"(?:^| ){code.replace('.', '[.]')}(?: |$)"},
        )
        for code, (sentence, consequence) in DETECTORS.items()
    )
