"""What the databases of back-offices take: SteVe and CitrineOS."""

from expectations.expectation import Expectation, between, written_as
from expectations.outgoing.fits import REFUSE, distinct, required, strings
from expectations.outgoing.ocpi import evse_id_form

_STATION_TEXTS = ("vendor", "model", "serial_number", "firmware", "iccid", "imsi")


def steve_station() -> tuple[Expectation, ...]:
    """List what SteVe takes as a charge box: its columns have 255 characters."""
    return (
        *required("station", "station_id"),
        distinct("station", "station_id"),
        _printable("station", "station_id", 255),
        *strings("station", dict.fromkeys((*_STATION_TEXTS, "ocpp_protocol"), 255)),
    )


def steve_evse() -> tuple[Expectation, ...]:
    """List what SteVe takes as a connector or an EVSE."""
    return (
        *required("evse", "evse_uid", "station_id", "connector_id"),
        distinct("evse", "evse_uid"),
        between("evse.connector_not_zero", "connector_id", "No EVSE is connector 0.", REFUSE, lowest=1),
        evse_id_form(),
    )


def steve_token() -> tuple[Expectation, ...]:
    """List what SteVe takes as a tag. Its column is wider than what OCPP 1.6 lets a station say."""
    return (
        *required("token", "token_uid", "is_blocked"),
        distinct("token", "token_uid"),
        _printable("token", "token_uid", 20),
        _printable("token", "parent_uid", 20),
    )


def citrineos_station() -> tuple[Expectation, ...]:
    """List what CitrineOS takes as a charging station: its columns are as wide as OCPP 1.6 allows."""
    return (
        *required("station", "station_id"),
        distinct("station", "station_id"),
        _printable("station", "station_id", 36),
        *strings("station", {"vendor": 20, "model": 20, "serial_number": 25, "firmware": 50, "iccid": 20, "imsi": 20}),
    )


def citrineos_evse() -> tuple[Expectation, ...]:
    """List what CitrineOS takes as an EVSE."""
    return (
        *required("evse", "evse_uid", "station_id", "connector_id"),
        distinct("evse", "evse_uid"),
        between("evse.connector_not_zero", "connector_id", "No EVSE is connector 0.", REFUSE, lowest=1),
        evse_id_form(),
    )


def citrineos_token() -> tuple[Expectation, ...]:
    """List what CitrineOS takes as an authorisation: an idToken of OCPP 2.0.1 has 36 characters."""
    return (
        *required("token", "token_uid", "is_blocked"),
        distinct("token", "token_uid"),
        _printable("token", "token_uid", 36),
        _printable("token", "parent_uid", 36),
    )


def citrineos_location() -> tuple[Expectation, ...]:
    """List what CitrineOS takes as a location."""
    return (
        *required("location", "location_id", "name"),
        distinct("location", "location_id"),
        between("location.latitude_holds", "latitude", "Latitudes are degrees.", REFUSE, lowest=-90, highest=90),
        between("location.longitude_holds", "longitude", "Longitudes are degrees.", REFUSE, lowest=-180, highest=180),
        *strings("location", dict.fromkeys(("name", "street", "city", "postal_code", "country", "time_zone"), 255)),
    )


def _printable(entity: str, column: str, most: int) -> Expectation:
    return written_as(
        f"{entity}.{column}_fits",
        column,
        f"The {column.replace('_', ' ')} of every {entity} is printable, without blanks at either end, "
        f"and at most {most} characters long.",
        REFUSE,
        pattern=rf"[!-~](?:[ -~]{{0,{most - 2}}}[!-~])?",
    )
