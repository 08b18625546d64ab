"""What a good table of stations looks like."""

from charging.network.model import Lane
from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    filled,
    not_after,
    one_of,
    some_rows,
    unique,
    written_as,
)


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of stations."""
    return (
        some_rows("station"),
        filled("station.has_identity", "station_id", "Every station has an OCPP identity.", Consequence.BLOCK),
        unique("station.is_unique", "station_id", "No OCPP identity occurs twice.", Consequence.BLOCK),
        written_as(
            "station.identity_printable",
            "station_id",
            "OCPP identities are printable ASCII without blanks at either end, and at most 255 characters long.",
            Consequence.QUARANTINE,
            pattern=r"[!-~](?:[ -~]{0,253}[!-~])?",
        ),
        written_as(
            "station.identity_fits",
            "station_id",
            "OCPP identities have at most 48 characters, all that OCPP 2.0.1 allows.",
            Consequence.WARN,
            pattern=r"(?:.|\n){1,48}",
        ),
        one_of(
            "station.location_known",
            "location_id",
            "Every location that a station names is in the table of locations.",
            Consequence.QUARANTINE,
            known=given.location_ids,
        ),
        one_of(
            "station.lane_known",
            "lane",
            "Every station is in one of the four lanes.",
            Consequence.BLOCK,
            known={lane.value for lane in Lane},
        ),
        not_after(
            "station.seen_in_the_past",
            "last_seen_at",
            "No station was last seen in the future.",
            Consequence.QUARANTINE,
            instant=given.as_of,
        ),
        written_as(
            "station.iccid_whole",
            "iccid",
            "ICCIDs have 19 or 20 digits: a spreadsheet has not shortened them.",
            Consequence.WARN,
            pattern=r"[0-9]{19,20}",
        ),
        filled(
            "station.has_location",
            "location_id",
            "At least 98 % of the stations name their location.",
            Consequence.WARN,
            mostly=0.98,
        ),
        *_recipe_can_be_chosen(),
    )


def _recipe_can_be_chosen() -> tuple[Expectation, ...]:
    return tuple(
        filled(
            f"station.has_{column}",
            column,
            f"At least 95 % of the stations name their {column}, by which a recipe is chosen.",
            Consequence.WARN,
            mostly=0.95,
        )
        for column in ("vendor", "model", "firmware")
    )
