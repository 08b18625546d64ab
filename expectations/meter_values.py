"""What a good table of meter values looks like."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    between,
    filled,
    not_after,
    one_of,
    some_rows,
    written_as,
)
from expectations.whole_table import unique_together

UNITS = frozenset(
    {
        *("Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "VAh", "kVAh"),
        *("A", "V", "Celsius", "Celcius", "Fahrenheit", "K", "Percent", "Hertz", "Hz"),
    }
)
"""Of OCPP 1.6 (`Celcius` is its own misprint) and of 2.0.1."""


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of meter values. What a meter has signed is asked for its presence, never for its text."""
    return (
        some_rows("meter_value"),
        filled("meter_value.has_session", "session_id", "Every sample belongs to a session.", Consequence.BLOCK),
        filled("meter_value.has_number", "sample_number", "Every sample has a number.", Consequence.BLOCK),
        unique_together(
            "meter_value.is_unique",
            ("session_id", "sample_number"),
            "No sample number occurs twice in a session.",
            Consequence.BLOCK,
        ),
        one_of(
            "meter_value.session_known",
            "session_id",
            "Every session that a sample names is in the table of sessions.",
            Consequence.QUARANTINE,
            known=given.session_ids,
        ),
        between(
            "meter_value.counts_from_one",
            "sample_number",
            "Samples of a session count from 1.",
            Consequence.QUARANTINE,
            lowest=1,
        ),
        filled("meter_value.has_time", "sampled_at", "Of every sample it is known when.", Consequence.QUARANTINE),
        not_after(
            "meter_value.in_the_past",
            "sampled_at",
            "No sample was taken in the future.",
            Consequence.QUARANTINE,
            instant=given.as_of,
        ),
        *_what_is_measured(),
    )


def _what_is_measured() -> tuple[Expectation, ...]:
    return (
        filled("meter_value.has_measurand", "measurand", "Every sample says what it is of.", Consequence.QUARANTINE),
        written_as(
            "meter_value.measurand_readable",
            "measurand",
            "Measurands are written as OCPP writes them, such as Energy.Active.Import.Register.",
            Consequence.WARN,
            pattern=r"[A-Z][A-Za-z]*(?:[.][A-Z][A-Za-z]*)*",
        ),
        one_of(
            "meter_value.unit_known",
            "unit",
            "The unit of every sample is one of OCPP's.",
            Consequence.QUARANTINE,
            known=UNITS,
        ),
        filled(
            "meter_value.has_value",
            "value",
            "At least 99 % of the samples have a number: those that are only signed have none.",
            Consequence.WARN,
            mostly=0.99,
        ),
    )
