"""What a good table of charging profiles looks like."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    at_least,
    between,
    filled,
    one_of,
    some_rows,
    unique,
)

PURPOSES = frozenset({"ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"})
KINDS = frozenset({"Absolute", "Recurring", "Relative"})
RECURRENCES = frozenset({"Daily", "Weekly"})
RATE_UNITS = frozenset({"A", "W"})


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of charging profiles, in the words of OCPP 1.6."""
    return (
        some_rows("charging_profile"),
        filled("charging_profile.has_id", "profile_id", "Every profile has an id.", Consequence.BLOCK),
        unique("charging_profile.is_unique", "profile_id", "No profile id occurs twice.", Consequence.BLOCK),
        one_of(
            "charging_profile.station_known",
            "station_id",
            "Every station that a profile names is in the table of stations.",
            Consequence.QUARANTINE,
            known=given.station_ids,
        ),
        *_words(),
        *_numbers(),
        at_least(
            "charging_profile.ends_after_start",
            "valid_until",
            "valid_from",
            "Every profile ends after it has begun.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
        filled("charging_profile.has_periods", "periods", "Every profile says its limits.", Consequence.QUARANTINE),
        filled(
            "charging_profile.has_station",
            "station_id",
            "At least 90 % of the profiles name their station; the others lie at none.",
            Consequence.WARN,
            mostly=0.9,
        ),
    )


def _words() -> tuple[Expectation, ...]:
    return tuple(
        one_of(
            f"charging_profile.{column}_known",
            column,
            f"The {what} of every profile is one of OCPP's.",
            Consequence.QUARANTINE,
            known=known,
        )
        for column, what, known in (
            ("purpose", "purpose", PURPOSES),
            ("kind", "kind", KINDS),
            ("recurrency", "recurrence", RECURRENCES),
            ("rate_unit", "unit", RATE_UNITS),
        )
    )


def _numbers() -> tuple[Expectation, ...]:
    return tuple(
        between(f"charging_profile.{column}_counts", column, sentence, Consequence.QUARANTINE, lowest=lowest)
        for column, sentence, lowest in (
            ("connector_id", "No connector of a profile has a negative number.", 0),
            ("stack_level", "Stack levels count from 0.", 0),
            ("duration_seconds", "No profile lasts for less than a second.", 1),
        )
    )
