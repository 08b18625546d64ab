"""What a good table of CDRs looks like, ours and theirs alike."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    at_least,
    between,
    filled,
    not_after,
    one_of,
    some_rows,
    unique,
    written_as,
)

MOST_KWH = 1000
"""Roaming hubs refuse more in one CDR (OICP 2.3)."""


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of CDRs. Costs may be negative: those of a credit CDR are (OCPI 2.2.1)."""
    return (*_keys(given), *_times(given), *_amounts(given))


def _keys(given: Given) -> tuple[Expectation, ...]:
    return (
        some_rows("cdr"),
        filled("cdr.has_key", "cdr_key", "Every CDR has a key.", Consequence.BLOCK),
        unique("cdr.is_unique", "cdr_key", "No CDR key occurs twice.", Consequence.BLOCK),
        filled("cdr.has_evse", "evse_compact", "Every CDR names its EVSE.", Consequence.QUARANTINE),
        one_of(
            "cdr.evse_known",
            "evse_compact",
            "Every EVSE that a CDR names is one of the network's.",
            Consequence.WARN,
            known=given.evse_ids,
        ),
        filled(
            "cdr.has_token",
            "token_uid",
            "At least 95 % of the CDRs name the token that began the session.",
            Consequence.WARN,
            mostly=0.95,
        ),
        filled(
            "cdr.has_contract",
            "contract_compact",
            "At least 95 % of the CDRs name the contract that pays.",
            Consequence.WARN,
            mostly=0.95,
        ),
    )


def _times(given: Given) -> tuple[Expectation, ...]:
    return (
        filled("cdr.has_start", "started_at", "Every CDR has a start.", Consequence.QUARANTINE),
        filled("cdr.has_end", "ended_at", "Every CDR has an end.", Consequence.QUARANTINE),
        at_least(
            "cdr.ends_after_start",
            "ended_at",
            "started_at",
            "Every CDR ends after it has started.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
        not_after(
            "cdr.in_the_past",
            "ended_at",
            "No CDR ends in the future.",
            Consequence.QUARANTINE,
            instant=given.as_of,
        ),
    )


def _amounts(given: Given) -> tuple[Expectation, ...]:
    return (
        filled("cdr.has_energy", "energy_kwh", "Every CDR has an energy.", Consequence.QUARANTINE),
        between(
            "cdr.energy_plausible",
            "energy_kwh",
            f"Energies lie between 0 and {MOST_KWH} kWh.",
            Consequence.QUARANTINE,
            lowest=0,
            highest=MOST_KWH,
        ),
        filled("cdr.has_net", "net", "At least 99 % of the CDRs state a net cost.", Consequence.WARN, mostly=0.99),
        filled("cdr.has_currency", "currency", "Every CDR has a currency.", Consequence.QUARANTINE),
        written_as(
            "cdr.currency_readable",
            "currency",
            "Currencies are ISO 4217 codes of three capitals.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{3}",
        ),
        one_of(
            "cdr.currency_known",
            "currency",
            "Every currency is one that was agreed with the partner.",
            Consequence.QUARANTINE,
            known=given.currencies,
        ),
        written_as(
            "cdr.not_odd",
            "quality",
            "At least 95 % of the CDRs came without anything odd about them.",
            Consequence.WARN,
            pattern="",
            mostly=0.95,
        ),
    )
