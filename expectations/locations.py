"""What a good table of locations looks like."""

from expectations.expectation import Consequence, Expectation, Given, between, filled, some_rows, unique, written_as


def suite(_given: Given) -> tuple[Expectation, ...]:
    """List what is expected of locations."""
    return (
        some_rows("location"),
        filled("location.has_id", "location_id", "Every location has an id.", Consequence.BLOCK),
        unique("location.is_unique", "location_id", "No location id occurs twice.", Consequence.BLOCK),
        written_as(
            "location.id_fits",
            "location_id",
            "Location ids are printable and at most 36 characters long, as OCPI 2.2.1 wants them.",
            Consequence.QUARANTINE,
            pattern=r"[!-~](?:[ -~]{0,34}[!-~])?",
        ),
        written_as(
            "location.country",
            "country",
            "The country is an ISO 3166-1 code of two capitals.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{2}",
        ),
        between(
            "location.latitude",
            "latitude",
            "Latitudes lie between -90 and 90 degrees.",
            Consequence.QUARANTINE,
            lowest=-90,
            highest=90,
        ),
        between(
            "location.longitude",
            "longitude",
            "Longitudes lie between -180 and 180 degrees.",
            Consequence.QUARANTINE,
            lowest=-180,
            highest=180,
        ),
        filled(
            "location.is_placed",
            "latitude",
            "At least 95 % of the locations have coordinates.",
            Consequence.WARN,
            mostly=0.95,
        ),
        filled(
            "location.has_time_zone",
            "time_zone",
            "At least 99 % of the locations name their time zone, which prices by the hour depend on.",
            Consequence.WARN,
            mostly=0.99,
        ),
    )
