"""What an OCPI receiver takes, by version: the fields of its objects, flat, under the names that they have there."""

from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from expectations.expectation import Expectation, between, written_as
from expectations.ocpi_words import EVSE_STATUSES, FORMATS, POWER_TYPES, STANDARDS, TOKEN_TYPES, WHITELISTS
from expectations.outgoing.fits import REFUSE, ci_strings, distinct, required, strings, words

ID_LENGTHS: Mapping[str, int] = {"2.1.1": 39, "2.2.1": 36, "2.3.0": 36}
"""Of locations, EVSEs and connectors alike."""

EVSE_ID = r"[A-Z]{2}[*]?[A-Z0-9]{3}[*]?E[A-Z0-9][A-Z0-9*]{0,29}"
LATITUDE = r"-?[0-9]{1,2}[.][0-9]{5,7}"
LONGITUDE = r"-?[0-9]{1,3}[.][0-9]{5,7}"


def location(version: str) -> tuple[Expectation, ...]:
    """List what is expected of locations."""
    address = {"name": 255, "address": 45, "city": 45, "postal_code": 10}
    needs_postal_code = ("postal_code",) if version == "2.1.1" else ()
    needs_time_zone = () if version == "2.1.1" else ("time_zone",)
    return (
        *required("location", "id", "address", "city", "country", "latitude", "longitude"),
        *required("location", *needs_postal_code, *needs_time_zone),
        distinct("location", "id"),
        *ci_strings("location", {"id": ID_LENGTHS[version], **_owner(version)}),
        *strings("location", address),
        _country(),
        _written("location.latitude_form", "latitude", "Latitudes have 5 to 7 decimals.", LATITUDE),
        _written("location.longitude_form", "longitude", "Longitudes have 5 to 7 decimals.", LONGITUDE),
        *words("location", {"time_zone": _time_zones()}, whose="the IANA database"),
    )


def evse(version: str) -> tuple[Expectation, ...]:
    """List what is expected of EVSEs. `connectors` is how many the EVSE is sent with; OCPI wants one at least."""
    return (
        *required("evse", "uid", "status"),
        distinct("evse", "uid"),
        *ci_strings("evse", {"uid": ID_LENGTHS[version], "evse_id": 48}),
        evse_id_form(),
        between("evse.connectors_sent", "connectors", "Every EVSE has a connector.", REFUSE, lowest=1),
        between("evse.connector_not_zero", "connector_id", "No EVSE is connector 0.", REFUSE, lowest=1),
        *words("evse", {"status": EVSE_STATUSES}, whose="OCPI"),
    )


def evse_id_form() -> Expectation:
    """Expect EVSE ids as every partner takes them; others are remapped first."""
    sentence = "EVSE ids are a country, an operator, E and an outlet; others must be remapped first."
    return _written("evse.evse_id_form", "evse_id", sentence, EVSE_ID)


def connector(version: str) -> tuple[Expectation, ...]:
    """List what is expected of connectors."""
    volts, amperes = ("voltage", "amperage") if version == "2.1.1" else ("max_voltage", "max_amperage")
    known = {"standard": STANDARDS[version], "format": FORMATS, "power_type": POWER_TYPES[version]}
    return (
        *required("connector", "id", "standard", "format", "power_type", volts, amperes),
        *ci_strings("connector", {"id": ID_LENGTHS[version], "tariff_id": 36}),
        _written("connector.not_zero", "id", "No connector is connector 0.", r"(?!0+\Z).*"),
        *words("connector", known, whose=f"OCPI {version}"),
        between("connector.volts", volts, "No connector has less than 1 volt.", REFUSE, lowest=1),
        between("connector.amperes", amperes, "No connector has less than 1 ampere.", REFUSE, lowest=1),
    )


def token(version: str) -> tuple[Expectation, ...]:
    """List what is expected of tokens."""
    contract = "auth_id" if version == "2.1.1" else "contract_id"
    return (
        *required("token", "uid", "type", contract, "issuer", "valid", "whitelist"),
        distinct("token", "uid"),
        *ci_strings("token", {"uid": 36, contract: 36, **_owner(version)}),
        *([] if version == "2.1.1" else ci_strings("token", {"group_id": 36})),
        *strings("token", {"issuer": 64, "visual_number": 64}),
        *words("token", {"type": TOKEN_TYPES[version], "whitelist": WHITELISTS}, whose=f"OCPI {version}"),
    )


def tariff(version: str) -> tuple[Expectation, ...]:
    """List what is expected of tariffs."""
    return (
        *required("tariff", "id", "currency", "elements"),
        distinct("tariff", "id"),
        *ci_strings("tariff", {"id": 36, **_owner(version)}),
        _written("tariff.currency_form", "currency", "Currencies are ISO 4217 codes.", r"[A-Z]{3}"),
    )


def _owner(version: str) -> dict[str, int]:
    return {} if version == "2.1.1" else {"country_code": 2, "party_id": 3}


def _country() -> Expectation:
    return _written("location.country_form", "country", "Countries are ISO 3166-1 alpha-3 codes.", r"[A-Z]{3}")


def _written(expectation_id: str, column: str, sentence: str, pattern: str) -> Expectation:
    return written_as(expectation_id, column, sentence, REFUSE, pattern=pattern)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
