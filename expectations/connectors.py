"""What a good table of connectors looks like."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    between,
    filled,
    one_of,
    some_rows,
)
from expectations.ocpi_words import FORMATS, POWER_TYPES, STANDARDS
from expectations.whole_table import unique_together

NEWEST = "2.3.0"


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of connectors. Volts, amperes and watts may be unknown, but never absurd."""
    return (
        some_rows("connector"),
        filled("connector.has_evse", "evse_uid", "Every connector belongs to an EVSE.", Consequence.BLOCK),
        filled("connector.has_number", "connector_number", "Every connector has a number.", Consequence.BLOCK),
        unique_together(
            "connector.is_unique",
            ("evse_uid", "connector_number"),
            "No connector occurs twice at its EVSE.",
            Consequence.BLOCK,
        ),
        one_of(
            "connector.evse_known",
            "evse_uid",
            "Every EVSE that a connector names is in the table of EVSEs.",
            Consequence.QUARANTINE,
            known=given.evse_uids,
        ),
        between(
            "connector.counts_from_one",
            "connector_number",
            "Connectors of an EVSE count from 1.",
            Consequence.QUARANTINE,
            lowest=1,
        ),
        *_words(),
        *_electricity(),
        filled(
            "connector.has_standard",
            "standard",
            "At least 95 % of the connectors name their plug, which drivers look for.",
            Consequence.WARN,
            mostly=0.95,
        ),
        filled(
            "connector.has_power",
            "max_power_w",
            "At least 90 % of the connectors name their power.",
            Consequence.WARN,
            mostly=0.9,
        ),
    )


def _words() -> tuple[Expectation, ...]:
    return tuple(
        one_of(
            f"connector.{column}_known",
            column,
            f"The {what} of every connector is one of OCPI's words.",
            Consequence.QUARANTINE,
            known=known,
        )
        for column, what, known in (
            ("standard", "plug", STANDARDS[NEWEST]),
            ("format", "format", FORMATS),
            ("power_type", "kind of current", POWER_TYPES[NEWEST]),
        )
    )


def _electricity() -> tuple[Expectation, ...]:
    return tuple(
        between(
            f"connector.{column}_plausible",
            column,
            f"{what} lie between 1 and {highest:,}.".replace(",", " "),
            Consequence.QUARANTINE,
            lowest=1,
            highest=highest,
        )
        for column, what, highest in (
            ("max_voltage", "Volts", 1_500),
            ("max_amperage", "Amperes", 3_000),
            ("max_power_w", "Watts", 4_500_000),
        )
    )
