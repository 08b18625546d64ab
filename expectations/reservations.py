"""What a good table of reservations looks like."""

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


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of reservations. Connector 0 is right here: it reserves any EVSE of the station."""
    return (
        some_rows("reservation"),
        filled("reservation.has_id", "reservation_id", "Every reservation has an id.", Consequence.BLOCK),
        unique("reservation.is_unique", "reservation_id", "No reservation id occurs twice.", Consequence.BLOCK),
        filled("reservation.has_station", "station_id", "Every reservation names a station.", Consequence.QUARANTINE),
        one_of(
            "reservation.station_known",
            "station_id",
            "Every station that a reservation names is in the table of stations.",
            Consequence.QUARANTINE,
            known=given.station_ids,
        ),
        one_of(
            "reservation.token_known",
            "token_uid",
            "Every token that a reservation is for is in the table of tokens.",
            Consequence.WARN,
            known=given.token_uids,
        ),
        between(
            "reservation.connector_counts",
            "connector_id",
            "No reserved connector has a negative number.",
            Consequence.QUARANTINE,
            lowest=0,
        ),
        filled(
            "reservation.has_token",
            "token_uid",
            "At least 95 % of the reservations say for whom.",
            Consequence.WARN,
            mostly=0.95,
        ),
        filled(
            "reservation.has_end",
            "expires_at",
            "Every reservation ends: one without an end would keep an EVSE for ever.",
            Consequence.QUARANTINE,
        ),
        at_least(
            "reservation.ends_after_start",
            "expires_at",
            "starts_at",
            "Every reservation ends after it has begun.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
    )
