"""What a good table of EVSEs looks like."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    between,
    filled,
    one_of,
    some_rows,
    unique,
    written_as,
)


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of EVSEs."""
    return (
        some_rows("evse"),
        filled("evse.has_uid", "evse_uid", "Every EVSE has a uid.", Consequence.BLOCK),
        unique("evse.is_unique", "evse_uid", "No EVSE uid occurs twice.", Consequence.BLOCK),
        unique("evse.id_is_unique", "evse_id", "No published EVSE id occurs twice.", Consequence.BLOCK),
        filled("evse.has_station", "station_id", "Every EVSE belongs to a station.", Consequence.QUARANTINE),
        one_of(
            "evse.station_known",
            "station_id",
            "Every station that an EVSE names is in the table of stations.",
            Consequence.QUARANTINE,
            known=given.station_ids,
        ),
        between(
            "evse.connector_counts_from_one",
            "connector_id",
            "Connectors count from 1: OCPP keeps 0 for the station itself.",
            Consequence.QUARANTINE,
            lowest=1,
        ),
        written_as(
            "evse.id_readable",
            "evse_id",
            "Published EVSE ids have the form of eMI3: country, operator, E, outlet. Others stay as they are until "
            "they are remapped, and no target is sent them before.",
            Consequence.WARN,
            pattern=r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,29}",
        ),
    )
