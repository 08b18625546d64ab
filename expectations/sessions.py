"""What a good table of sessions looks like."""

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
"""Roaming hubs refuse more in one session (OICP 2.3)."""


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of sessions."""
    return (*_keys(given), *_times(given), *_quantities(), *_money(given))


def _keys(given: Given) -> tuple[Expectation, ...]:
    return (
        some_rows("session"),
        filled("session.has_id", "session_id", "Every session has an id.", Consequence.BLOCK),
        unique("session.is_unique", "session_id", "No session id occurs twice.", Consequence.BLOCK),
        filled("session.has_station", "station_id", "Every session belongs to a station.", Consequence.QUARANTINE),
        one_of(
            "session.station_known",
            "station_id",
            "Every station that a session names is in the table of stations.",
            Consequence.QUARANTINE,
            known=given.station_ids,
        ),
        filled(
            "session.has_token",
            "token_uid",
            "At least 95 % of the sessions name the token that began them.",
            Consequence.WARN,
            mostly=0.95,
        ),
    )


def _times(given: Given) -> tuple[Expectation, ...]:
    return (
        filled("session.has_start", "started_at", "Every session has a start.", Consequence.QUARANTINE),
        filled("session.has_stop", "stopped_at", "Every session has a stop.", Consequence.QUARANTINE),
        at_least(
            "session.stops_after_start",
            "stopped_at",
            "started_at",
            "Every session stops after it has started.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
        not_after(
            "session.in_the_past",
            "stopped_at",
            "No session stops in the future.",
            Consequence.QUARANTINE,
            instant=given.as_of,
        ),
    )


def _quantities() -> tuple[Expectation, ...]:
    return (
        between(
            "session.connector_counts_from_one",
            "connector_id",
            "Connectors count from 1: OCPP keeps 0 for the station itself.",
            Consequence.QUARANTINE,
            lowest=1,
        ),
        filled("session.has_energy", "energy_kwh", "Every session has an energy.", Consequence.QUARANTINE),
        between(
            "session.energy_plausible",
            "energy_kwh",
            f"Energies lie between 0 and {MOST_KWH} kWh.",
            Consequence.QUARANTINE,
            lowest=0,
            highest=MOST_KWH,
        ),
        at_least(
            "session.meter_goes_up",
            "meter_stop_wh",
            "meter_start_wh",
            "The meter stands no lower at the stop than at the start.",
            Consequence.QUARANTINE,
            is_exact=True,
        ),
    )


def _money(given: Given) -> tuple[Expectation, ...]:
    return (
        between("session.cost_plausible", "cost", "No cost is negative.", Consequence.QUARANTINE, lowest=0),
        written_as(
            "session.currency_readable",
            "currency",
            "Currencies are ISO 4217 codes of three capitals.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{3}",
        ),
        one_of(
            "session.currency_known",
            "currency",
            "Every currency is one that the network bills in.",
            Consequence.QUARANTINE,
            known=given.currencies,
        ),
    )
